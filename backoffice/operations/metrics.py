"""Numbers for Prometheus: for the addresses the operator allows, or for whoever has the token."""

import hmac
import ipaddress
import logging
import stat
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django_prometheus.exports import ExportToDjangoView

logger = logging.getLogger(__name__)
# All that a scraper sends. No list of what proxies add is ever complete.
SCRAPER_HEADERS = frozenset(
    f"HTTP_{name}"
    for name in (
        *("HOST", "USER_AGENT", "ACCEPT", "ACCEPT_ENCODING", "AUTHORIZATION"),
        "X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS",
    )
)
NO_COOKIE = ("HTTP_COOKIE", "")
SHORTEST = 20  # characters of a token


class UnusableToken(Exception):
    """The token file holds no token; the message says why, and what to do."""


def metrics(request: HttpRequest) -> HttpResponse:
    """Numbers of this process. Raises PermissionDenied for whoever may not read them."""
    is_allowed = request.META.get("REMOTE_ADDR") in settings.METRICS_ALLOWED_ADDRESSES
    # What a proxy hands on has the proxy's address, whoever asked.
    if not (is_allowed and is_direct(request)) and not has_token(request):
        raise PermissionDenied
    return ExportToDjangoView(request)


def is_direct(request: HttpRequest) -> bool:
    """Whether the request looks like a scraper's own: nothing says that a proxy handed it on."""
    # A blank cookie header is none.
    names = {n for n, v in request.META.items() if n.startswith("HTTP_") and (n, v) != NO_COOKIE}
    # To the server behind it, an nginx without settings speaks 1.0.
    is_current = request.META.get("SERVER_PROTOCOL") != "HTTP/1.0"
    return names <= SCRAPER_HEADERS and is_current and _is_near(request.get_host())


def _is_near(host: str) -> bool:
    """Whether a host is an address or a name without a dot; people use others, through a proxy."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "." not in name
    return True


def has_token(request: HttpRequest) -> bool:
    """Whether the request carries the token; a faulty token file is logged, and is no token."""
    scheme, _space, sent = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        token = read_token()
    except UnusableToken as error:
        logger.warning("%s", error)
        return False
    if not token or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(sent.encode(), token.encode())


def read_token() -> str:
    """The token, blank where no file is named. Raises UnusableToken."""
    path: Path | None = settings.METRICS_TOKEN_FILE
    if path is None:
        return ""
    try:
        is_open = path.stat().st_mode & stat.S_IWOTH
        words = path.read_text().split()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else _("it is no text")
        raise UnusableToken(
            _("METRICS_TOKEN_FILE names %(path)s, which cannot be read: %(why)s.")
            % {"path": path, "why": why}
        ) from error
    if is_open:
        raise UnusableToken(
            _(
                "METRICS_TOKEN_FILE names %(path)s, which everybody on the machine may change. Run:"
                " chmod o-w %(path)s"
            )
            % {"path": path}
        )
    return _only_word(words, path)


def _only_word(words: list[str], path: Path) -> str:
    if not words:
        message = _("METRICS_TOKEN_FILE names %(path)s, which is empty. Put a token into it.")
    elif len(words) > 1:
        message = _(
            "METRICS_TOKEN_FILE names %(path)s, which has more than one word. A token has no"
            " spaces."
        )
    elif len(words[0]) < SHORTEST:
        message = _(
            "METRICS_TOKEN_FILE names %(path)s, whose token has %(count)d characters; at least"
            " %(least)d are needed."
        )
    else:
        return words[0]
    values = {"path": path, "count": len(words[0]) if words else 0, "least": SHORTEST}
    raise UnusableToken(message % values)
