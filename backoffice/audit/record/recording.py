"""Who is doing what, and why, while it is done.

Everything written inside `with recording(...)` belongs to one change set. A request opens one by
itself (see the middleware); a command, a job and an import open their own. An inner one inherits
from the outer one. The values travel to the database with every statement (see
record/session_context.py).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connections, router, transaction
from django.utils.translation import gettext as _

from backoffice.audit.models import ChangeSet
from backoffice.audit.record.postgres_triggers import context_sql

_current: ContextVar["Record | None"] = ContextVar("record", default=None)


class _CommitHook:
    """Waits in the transaction that wrote a change set; its end, either way, takes it out."""

    def __call__(self) -> None:
        pass


@dataclass
class Record:
    """The current action. Its change set is written when the first change needs it.

    An action of several transactions has a change set in each, all with its `request_id`.
    """

    source: str = "system"
    actor: AbstractUser | AnonymousUser | None = None
    actor_name: str = ""
    reason: str = ""
    request_id: str = ""
    address: str | None = None
    batch: int | None = None
    # The table of an import's plan: where the history finds each row's line of the file.
    lines: str = ""
    # Whether the actor is who a command line says, which asks nobody for a password.
    is_claimed: bool = False
    key: UUID = field(default_factory=uuid4, init=False)
    _change_set: ChangeSet | None = field(default=None, init=False, repr=False)
    _commit_hook: _CommitHook = field(default_factory=_CommitHook, init=False, repr=False)

    def __post_init__(self) -> None:
        self.request_id = self.request_id or self.key.hex

    @property
    def known_actor(self) -> AbstractUser | None:
        """The person, unless nobody is logged in."""
        return self.actor if self.actor is not None and self.actor.is_authenticated else None

    @property
    def change_set(self) -> ChangeSet:
        """The change set of this action in this transaction; on SQLite, of the whole action."""
        if self._change_set is None or not self._is_of_this_transaction():
            self._change_set = self._write()
        return self._change_set

    @property
    def change_set_id(self) -> int:
        return self.change_set.pk

    def _write(self) -> ChangeSet:
        using = router.db_for_write(ChangeSet)
        if connections[using].vendor == "postgresql":
            # By the function that the triggers call, so that they and we mean the same row.
            with connections[using].cursor() as cursor:
                cursor.execute(f"{context_sql(self.as_json())}; SELECT backoffice_change_set()")
                row = ChangeSet.objects.using(using).get(pk=cursor.fetchone()[0])
        else:
            known = ChangeSet.objects.filter(key=self.key).first()
            row = known or ChangeSet.objects.create(key=self.key, **self._field_values())
        self._commit_hook = _CommitHook()
        transaction.on_commit(self._commit_hook, using=using)
        return row

    def _field_values(self) -> dict[str, Any]:
        actor = self.known_actor
        return {
            "actor_id": actor.pk if actor else None,
            "actor_name": self.actor_name or (claimed(name_of(actor)) if actor else ""),
            "source": str(self.source),
            "reason": self.reason,
            "request_id": self.request_id,
            "address": self.address,
            "batch": self.batch,
        }

    def as_json(self) -> str:
        """What the database has to know to record a change, as JSON."""
        values = self._field_values() | {"deed": str(self.key), "lines": self.lines}
        return json.dumps(
            {name: value for name, value in values.items() if value not in (None, "")}
        )

    def _is_of_this_transaction(self) -> bool:
        # Django forgets a hook with its savepoint: without the hook the row is gone too.
        hooks = transaction.get_connection(router.db_for_write(ChangeSet)).run_on_commit
        return any(hook is self._commit_hook for _savepoints, hook, _robust in hooks)


def note(reason: str, **fields: Any) -> None:
    """Write a change set for what changes no recorded row: a look, a password."""
    with recording(reason=reason, **fields) as record:
        _written = record.change_set


@contextmanager
def lines_from(plan: str) -> Iterator[None]:
    """While an import writes: its plan's table tells which line of the file each row comes from."""
    record = _current.get()
    if record is None:
        yield
        return
    record.lines = plan
    try:
        yield
    finally:
        record.lines = ""


def name_of(actor: AbstractUser) -> str:
    """A person as text, for a record that outlives the account: “Ada Lovelace (ada)”."""
    full_name = actor.get_full_name()
    return f"{full_name} ({actor.get_username()})" if full_name else actor.get_username()


def claimed(name: str, most: int = 500) -> str:
    """A name of at most so many characters, marked where only a command line says it."""
    record = _current.get()
    template = _("%(name)s, claimed at the command line")
    mark = template if record is not None and record.is_claimed else "%(name)s"
    return mark % {"name": name[: most - len(mark % {"name": ""})]}


def current_record() -> Record | None:
    return _current.get()


def current_change_set_id() -> int:
    """The id of the current change set. Raises LookupError outside of `recording`."""
    record = _current.get()
    if record is None:
        raise LookupError("Nothing is being recorded here.")
    return record.change_set_id


@contextmanager
def recording(**fields: Any) -> Iterator[Record]:
    """Put all changes made inside under one change set.

    Takes source (a ChangeSet.Source), actor, actor_name, reason, request_id, address, batch and
    is_claimed.
    """
    outer = _current.get()
    if outer and outer.source == ChangeSet.Source.DEMO:
        fields["source"] = outer.source  # a file that brings demo data in is demo data
    record = replace(outer, **fields) if outer else Record(**fields)
    token = _current.set(record)
    try:
        yield record
    finally:
        _current.reset(token)
