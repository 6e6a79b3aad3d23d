"""How long a session lasts: until 30 minutes without use, and never longer than 12 hours."""

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

IDLE, LONGEST = 30 * 60, 12 * 3600  # seconds
NOTED_EVERY = 60  # seconds; a note for every request would be a write for every request
BEGAN, USED = "began_at", "used_at"


def begin(request: HttpRequest, **_kwargs: Any) -> None:
    request.session[BEGAN] = request.session[USED] = int(time.time())


class SessionLimitMiddleware(MiddlewareMixin):
    """Ends a session that was left alone, or that is old. Stands behind the authentication."""

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        session = request.session
        if not session.session_key or not request.user.is_authenticated:
            return None
        now = int(time.time())
        why = _why_over(session.setdefault(BEGAN, now), session.setdefault(USED, now), now)
        if why:
            logout(request)
            messages.warning(request, why)
            return HttpResponseRedirect(f"{reverse('admin:login')}?next={request.path}")
        if now - session[USED] >= NOTED_EVERY:
            session[USED] = now
        return None


def _why_over(began: int, used: int, now: int) -> str:
    if now - used > IDLE:
        return _("You were logged out after 30 minutes without use. Log in to go on.")
    if now - began > LONGEST:
        return _("You were logged out after 12 hours. Log in to go on.")
    return ""
