"""Who counts as a second person: no account that the first one, or both of one's makers, may hold.

Who sets another's password, e-mail address, role or account may hold that account. They stand
behind it, until a third person confirms that its owner has it now; a login or a new password shows
nothing, as the setter can do both. Two accounts are two people where nobody stands behind both.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from backoffice.audit.models import AccountConfirmation, ChangeSet, CredentialChange
from backoffice.audit.record.recording import current_record, name_of, note

Rows = TypeVar("Rows", bound=models.QuerySet[Any])
# In place of a person: whoever runs commands at the server, which asks nobody who they are.
OPERATOR = None


def operator_name() -> str:
    """What stands in place of a name for whoever runs commands at the server."""
    return _("Operator at the server")


@dataclass(frozen=True)
class Setter:
    """Who sets credentials: a person, or the operator at the server."""

    person: Any
    name: str
    # Further ones who may be behind it: of a command, whoever the operator claims to be; of what
    # was asked for earlier, who stood behind the asker then.
    also: frozenset[int | None] = frozenset()

    @property
    def key(self) -> int | None:
        return self.person.pk if self.person is not None else OPERATOR


_setter: ContextVar[Setter | None] = ContextVar("setter", default=None)


@contextmanager
def setting(setter: Setter) -> Iterator[None]:
    """Inside, credentials are set by this one, and not by whoever is logged in."""
    token = _setter.set(setter)
    try:
        yield
    finally:
        _setter.reset(token)


def current_setter() -> Setter | None:
    """Who sets credentials now; nobody where demo data and tests make their accounts."""
    setter, record = _setter.get(), current_record()
    if setter is not None or record is None or record.known_actor is None:
        return setter
    return Setter(record.known_actor, name_of(record.known_actor))


def note_credentials(account: Any, whats: Iterable[str], setter: Setter) -> None:
    """Record that the setter, and whoever stands behind them, set these of another's account."""
    behind = (people_behind(setter.key) | setter.also) - {setter.key, account.pk}
    people = type(account)._base_manager.filter(pk__in=behind - {OPERATOR})
    names = {OPERATOR: operator_name()} | {each.pk: name_of(each) for each in people}
    names[setter.key] = setter.name
    CredentialChange.objects.bulk_create(
        CredentialChange(
            account=account,
            what=what,
            setter_id=key,
            setter_name=names[key],
            is_direct=key == setter.key,
        )
        for what in whats
        for key in (setter.key, *sorted(behind, key=str))
    )


def people_behind(key: int | None, at: datetime | None = None) -> frozenset[int | None]:
    """The keys of an account and of all who may hold it now; None is the operator.

    `at` a time, those who stood behind it then are among them, whatever was confirmed since.
    """
    if key is OPERATOR:
        return frozenset({OPERATOR})
    changes = CredentialChange.objects.filter(account=key).unconfirmed(at)
    return frozenset({key, *changes.order_by().values_list("setter", flat=True)})


def asked_by_others(rows: Rows, approver: Any, *, by: str, at: str = "") -> Rows:
    """Those of the rows whose asker is another person than the approver: the one rule.

    `by` names the field with the asker, `at` the one with the time of asking: who stood behind the
    asker then still does, whatever was confirmed since.
    """
    # All of it is one query: the badges of every page ask this.
    mine = CredentialChange.objects.filter(account=approver.pk).unconfirmed()
    is_operators = Exists(mine.filter(setter=None))
    behind_me = Q(setter=approver.pk) | Q(setter__in=mine.exclude(setter=None).values("setter"))
    changes = CredentialChange.objects.filter(account=OuterRef(by))
    changes = changes.filter(behind_me | Q(is_operators, setter=None))
    shared = changes.unconfirmed(OuterRef(OuterRef(at)) if at else None)
    rows = rows.exclude(**{by: approver.pk}).filter(
        ~Exists(shared), ~Exists(mine.filter(setter=OuterRef(by)))
    )
    # A row without an asker is the operator's.
    return rows.exclude(is_operators, **{f"{by}__isnull": True})


def is_second_person(approver: Any, row: models.Model, *, by: str, at: str = "") -> bool:
    """Whether the approver is another person than the asker of a stored row."""
    rows = type(row)._base_manager.filter(pk=row.pk)
    return asked_by_others(rows, approver, by=by, at=at).exists()


def one_person_message() -> str:
    """Why an account does not count as a second person."""
    return _(
        "This takes another person. The account that asked and yours may be one person's: "
        "somebody set a password, an e-mail address, a role or the account itself for the other, "
        "or for both. Let somebody else approve it, or have the account confirmed first."
    )


def newest_change(account: Any) -> int | None:
    """The number of the newest change of an account's credentials that nobody confirmed yet."""
    open_changes = CredentialChange.objects.filter(account=account).unconfirmed()
    return open_changes.order_by("-pk").values_list("pk", flat=True).first()


def confirm(
    account: Any, confirmer: Any, reason: str, name: str = "", seen: int | None = None
) -> None:
    """Confirm that the owner of an account holds it now; `confirmer` None is the operator.

    `seen` is the newest change the confirmer knows of. Raises ValidationError where nothing is to
    be confirmed or another change came, and for a confirmer who may hold the account, or whom
    somebody may hold who may hold it.
    """
    newest = newest_change(account)
    if newest is None:
        raise ValidationError(_("Nobody else set anything of this account."), code="proven")
    if seen is not None and seen != newest:
        message = _(
            "Somebody set something of this account while you were looking. Look at its page, and "
            "confirm it again if its owner still holds it."
        )
        raise ValidationError(message, code="stale")
    if confirmer is not OPERATOR and not is_second_person(confirmer, account, by="pk"):
        message = _(
            "You cannot confirm this account: you set something of it, or somebody set something "
            "of it and of yours."
        )
        raise ValidationError(message, code="one_person")
    name = name or name_of(confirmer)
    AccountConfirmation.objects.create(
        account=account, confirmer=confirmer, confirmer_name=name, covers=newest, reason=reason
    )
    values = {"person": name_of(account), "reason": reason}
    note(
        _("Confirmed that %(person)s holds their account: %(reason)s") % values,
        source=ChangeSet.Source.ACTION if confirmer else ChangeSet.Source.COMMAND,
    )
