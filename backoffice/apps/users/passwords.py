"""Setting the password of a member of staff in the admin."""

from http import HTTPStatus
from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm

from backoffice.apps.users.models import User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import name_of, note


class PasswordMixin(DjangoUserAdmin):
    """Django's page of a new password, for members of staff, behind the roles' table."""

    change_password_form = AdminPasswordChangeForm
    actions_detail = ("set_password",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A break-glass account is changed by another one only: its password would be a way up.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_set_password_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        person = self.get_object(request, unquote(str(object_id)))
        is_staff = person is not None and person.role != User.Role.STUDENT
        return is_staff and self.has_change_permission(request, person)

    @action(description=_("Set password"), icon="key", permissions=["set_password"])
    def set_password(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return redirect("admin:auth_user_password_change", object_id)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Django's page. Raises PermissionDenied for whoever may not set this password."""
        if not self.has_set_password_permission(request, id):
            raise PermissionDenied
        response = super().user_change_password(request, id, form_url)
        # Django redirects once the password is set.
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            person = self.get_object(request, unquote(id))
            message = _("Set the password of %(person)s") % {"person": name_of(person)}
            note(message, source=ChangeSet.Source.ACTION)
        return response
