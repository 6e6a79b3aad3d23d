"""A password that somebody else set opens one page: that on which the person chooses another."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from backoffice.audit.models import CredentialChange

PASSWORD_PAGE = "admin:password_change"
# The page itself and the way out; what no person logs in for shows nothing of theirs.
OPEN = {PASSWORD_PAGE, "admin:logout", "healthz", "metrics"}


class TemporaryPasswordMiddleware(MiddlewareMixin):
    """Leads whoever logged in with a temporary password to the page of a new one, and there only.

    Stands behind the messages.
    """

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if not getattr(request.user, "has_temporary_password", False):
            return None
        match = request.resolver_match
        name = match.view_name if match else ""
        if name not in OPEN:
            return redirect(PASSWORD_PAGE)
        if name == PASSWORD_PAGE and request.method == "GET":
            messages.warning(request, _sentence(request.user))
        return None


def _sentence(person: Any) -> str:
    """By whom the password was set, and when."""
    changes = person.credential_changes.filter(is_direct=True)
    change = changes.filter(what=CredentialChange.What.PASSWORD).first()
    if change is None:
        return _("Your password is temporary. Choose one of your own to go on.")
    return _("%(name)s set your password on %(when)s UTC. Choose one of your own to go on.") % {
        "name": change.setter_name,
        "when": f"{change.created_at:%Y-%m-%d %H:%M}",
    }
