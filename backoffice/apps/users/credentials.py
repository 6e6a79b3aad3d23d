"""What an account that may approve logs in with: set by two people, or by a superuser."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.approvals import approvable, request_approval
from backoffice.audit.models import Approval
from backoffice.audit.record.recording import name_of, note
from backoffice.audit.record.second_person import confirm

PASSWORD, EMAIL = "password", "email"


def takes_two(person: User, by: Any) -> bool:
    """Whether somebody else has to agree before this person sets credentials of the account."""
    return person.may_approve and not by.is_superuser and person.pk != by.pk


def request_password(person: User, password: str, by: Any, reason: str) -> Approval:
    """Ask a second admin to agree that the account gets this temporary password.

    Raises ValidationError for one's own account, and for a password that is too weak.
    """
    _refuse_own(person, by)
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise ValidationError({"password1": error}) from error
    description = _("%(person)s gets a temporary password") % {"person": name_of(person)}
    secret = make_password(password)
    return request_approval(PASSWORD, person, description, by, reason=reason, secret=secret)


@approvable(PASSWORD)
def set_password(approval: Approval) -> None:
    """The account has the password that was asked for, until its owner chooses another one."""
    person = User.objects.select_for_update().get(pk=approval.subject_id)
    person.password = approval.secret
    person.save()
    note_password(person)


def note_password(person: User) -> None:
    """Record that a password was set: history does not hold passwords."""
    note(_("Set the password of %(person)s") % {"person": name_of(person)})


def request_email(person: User, email: str, by: Any, reason: str) -> Approval:
    """Ask a second admin to agree that the account gets this e-mail address.

    Raises ValidationError for one's own account, and for an address that somebody else has.
    """
    _refuse_own(person, by)
    person.email = email
    person.full_clean()
    description = _("%(person)s gets the e-mail address “%(email)s”") % {
        "person": name_of(person),
        "email": person.email,
    }
    return request_approval(EMAIL, person, description, by, reason=reason, email=person.email)


@approvable(EMAIL)
def set_email(approval: Approval) -> None:
    """The account has the address that was asked for."""
    person = User.objects.select_for_update().get(pk=approval.subject_id)
    person.email = approval.payload["email"]
    person.full_clean()
    person.save()


def confirm_account(
    person: User, by: Any, reason: str, name: str = "", seen: int | None = None
) -> None:
    """Confirm that the owner holds the account; `by` None is the operator at the server.

    Raises ValidationError before the owner has a password of their own, and as `confirm` does.
    """
    if person.has_temporary_password or not person.has_usable_password():
        message = _("%(person)s has chosen no password yet. Confirm the account after that.")
        raise ValidationError(message % {"person": person}, code="temporary")
    confirm(person, by, reason, name, seen)


def _refuse_own(person: User, by: Any) -> None:
    if person.pk == by.pk:
        message = _("It is your own account: nobody has to agree. Change it on your own pages.")
        raise ValidationError(message, code="own_account")
