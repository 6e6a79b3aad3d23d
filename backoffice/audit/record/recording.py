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
from django.db import router, transaction
from django.utils.translation import gettext as _

from backoffice.audit.models import ChangeSet

_current: ContextVar["Record | None"] = ContextVar("record", default=None)


class _CommitHook:
    """Is called when the transaction that wrote a change set commits; a rollback drops it."""

    is_committed = False

    def __call__(self) -> None:
        self.is_committed = True


@dataclass
class Record:
    """The current action. Its change set is written when the first change needs it."""

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

    @property
    def known_actor(self) -> AbstractUser | None:
        """The person, unless nobody is logged in."""
        return self.actor if self.actor is not None and self.actor.is_authenticated else None

    @property
    def change_set(self) -> ChangeSet:
        """The change set: one row, written again only if a rollback took it away."""
        if self._change_set is None or self._is_rolled_back():
            self._change_set = self._write()
        return self._change_set

    @property
    def change_set_id(self) -> int:
        return self.change_set.pk

    def _write(self) -> ChangeSet:
        known = ChangeSet.objects.filter(key=self.key).first()
        row = known or ChangeSet.objects.create(key=self.key, **self._field_values())
        self._commit_hook = _CommitHook()
        transaction.on_commit(self._commit_hook, using=row._state.db)
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

    def _is_rolled_back(self) -> bool:
        if self._commit_hook.is_committed:
            return False
        using = router.db_for_write(ChangeSet)
        # Django forgets a hook with its savepoint: without the hook the row is gone too.
        hooks = transaction.get_connection(using).run_on_commit
        return all(hook is not self._commit_hook for _savepoints, hook, _robust in hooks)


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
    record = replace(outer, **fields) if outer else Record(**fields)
    token = _current.set(record)
    try:
        yield record
    finally:
        _current.reset(token)
