"""Passwords and e-mail addresses of staff in the admin, and who confirms whose account."""

from http import HTTPStatus
from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from backoffice.apps.users.credentials import (
    confirm_account,
    note_password,
    request_email,
    request_password,
    takes_two,
)
from backoffice.apps.users.forms import ConfirmForm, EmailForm, NewPasswordForm, StaffPasswordForm
from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.actions import RowAction
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording

AGREE = _("Another admin has to agree. It is neither you nor the person it is about.")
NO_SECOND = _("This account approves nothing: set it without a second person.")


class PasswordMixin(DjangoUserAdmin):
    """Django's page of a new password, for members of staff, behind the roles' table."""

    change_password_form = StaffPasswordForm
    actions_detail = ("set_password",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A break-glass account is changed by another one only: its password would be a way up.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_set_password_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        person = self.get_object(request, unquote(str(object_id)))
        # One's own takes the old one, on the page for that.
        if person is None or person.role == User.Role.STUDENT or person.pk == request.user.pk:
            return False
        return self.has_change_permission(request, person) and not takes_two(person, request.user)

    @action(description=_("Set password"), icon="key", permissions=["set_password"])
    def set_password(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return redirect("admin:auth_user_password_change", object_id)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Django's page. Raises PermissionDenied for whoever may not set this password alone."""
        if not self.has_set_password_permission(request, id):
            raise PermissionDenied
        with recording(source=ChangeSet.Source.ACTION):
            response = super().user_change_password(request, id, form_url)
            # Django redirects once the password is set.
            if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
                note_password(self.get_object(request, unquote(id)))
        return response


class CredentialActionsMixin(PasswordMixin):
    """What an account that may approve gets by two people, and the confirmation by a third."""

    # On the page of a person; in the menu of each row of the list they would be in the way.
    detail_only = ("request_password", "change_email", "confirm_account")
    actions_detail = (
        {"title": _("Account"), "icon": "manage_accounts", "items": ("set_password", *detail_only)},
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "email"] if obj is not None and takes_two(obj, request.user) else fixed

    def get_actions_row(self, request: HttpRequest) -> list[Any]:
        actions = super().get_actions_row(request)
        return [each for each in actions if each.method.__name__ not in self.detail_only]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        actions = super().get_actions_detail(request, object_id)
        own = {"request_password", "change_email"} if object_id == str(request.user.pk) else set()
        return [each for each in actions if each.method.__name__ not in own]

    @RowAction(
        _("Set password"),
        icon="key",
        text=AGREE,
        form=NewPasswordForm,
        submit=_("Ask for it"),
        when=lambda person: person.may_approve,
        refusal=NO_SECOND,
        touches=("password",),
    )
    def request_password(self, form: NewPasswordForm, person: User) -> str:
        cleaned = form.cleaned_data
        password, reason = cleaned["password1"], cleaned["reason"]
        return _asked_for(request_password(person, password, form.request.user, reason))

    @RowAction(
        _("Change e-mail"),
        icon="alternate_email",
        text=AGREE,
        form=EmailForm,
        submit=_("Ask for it"),
        when=lambda person: person.may_approve,
        refusal=NO_SECOND,
        touches=("email", "role"),  # a registrar changes students' addresses, and no staff's
    )
    def change_email(self, form: EmailForm, person: User) -> str:
        cleaned = form.cleaned_data
        email, reason = cleaned["email"], cleaned["reason"]
        return _asked_for(request_email(person, email, form.request.user, reason))

    @RowAction(
        _("Confirm account"),
        icon="handshake",
        text=_(
            "Others set something of this account. Say so only if you met the person, and they "
            "hold the account now. After that their approval counts for everybody."
        ),
        verb="confirm",
        form=ConfirmForm,
        when=lambda person: person.needs_confirmation,
        refusal=_("Nobody else set anything of this account."),
    )
    def confirm_account(self, form: ConfirmForm, person: User) -> str:
        cleaned = form.cleaned_data
        confirm_account(person, form.request.user, cleaned["reason"], seen=cleaned["seen"])
        return gettext("%(person)s is confirmed.") % {"person": person}

    @display(description=_("Set by others"))
    def display_credentials(self, person: User) -> str:
        """What others set of the account that nobody confirmed yet."""
        if person.role == User.Role.STUDENT:
            return "–"
        newest: dict[Any, Any] = {}  # of each sort and by each person
        for change in person.unconfirmed_changes:
            newest.setdefault((change.what, change.setter_name), change)
        context = {"changes": newest.values(), "person": person}
        return render_to_string("users/credentials.html", context)


def _asked_for(approval: Any) -> str:
    return gettext("Asked for: %(what)s. It waits for another admin.") % {"what": approval}
