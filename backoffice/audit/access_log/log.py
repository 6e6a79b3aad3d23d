"""Who looked at, searched for or exported whose data, who was refused, and who logged in.

One row for a request that is worth it. A model says whose data its rows are in `person_path`; only
looks at such models are recorded. A view that exports says so with `note_export`.
"""

import hashlib
import logging
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import Error, models
from django.http import HttpRequest
from django.utils.translation import gettext as _

from backoffice.admin_site.client_address import client_address
from backoffice.audit.models import AccessRecord
from backoffice.audit.record.recording import name_of

logger = logging.getLogger(__name__)
Kind = AccessRecord.Kind
NOTED = "_noted_access"
PAUSED_NOTED_EVERY = 300  # seconds; who goes on trying during a pause fills no table
SECRETS = ("csrfmiddlewaretoken", "password", "token")


def is_personal(model: type[models.Model]) -> bool:
    return getattr(model, "person_path", None) is not None


def personal_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if is_personal(model)]


def person_of(row: models.Model) -> int | None:
    """The key of the person whose data the row is; None where the path to them breaks off."""
    *relations, last = [*type(row).person_path.split("__")]
    for name in relations:
        row = getattr(row, name)
    return getattr(row, f"{last}_id") if last else row.pk


def note_export(request: HttpRequest, model: type[models.Model], rows: int | None) -> None:
    """Say what the download that a view is about to answer with holds, and how many rows."""
    setattr(request, NOTED, {"label": model._meta.label_lower, "rows": rows})


def refusal_of(error: Exception) -> str:
    if isinstance(error, PermissionDenied):
        return str(error) or _("No right to do this.")
    return str(error)


def access_by(request: HttpRequest, kind: str, **fields: Any) -> AccessRecord:
    """The row for a request, not stored yet; it names whoever is logged in."""
    user = getattr(request, "user", None)
    known = user if user is not None and user.is_authenticated else None
    by = {"actor_id": known.pk if known else None, "actor_name": name_of(known) if known else ""}
    return AccessRecord(kind=kind, **_sent(request) | by | fields)


def _sent(request: HttpRequest) -> dict[str, Any]:
    query = [
        (name, each)
        for name, values in request.GET.lists()
        if not any(word in name.lower() for word in SECRETS)
        for each in values
        if each
    ]
    return {
        "method": (request.method or "")[:10],
        "path": printable(request.path, 200),
        "asked": printable(urlencode(query, safe=" ,/:@"), 300),
        "request_id": getattr(request, "request_id", ""),
        "address": client_address(request),
    }


def printable(text: Any, most: int) -> str:
    # PostgreSQL takes no NUL in a text.
    return str(text).replace("\0", "")[:most]


def stored(row: AccessRecord) -> bool:
    """Store a row; whether that went well. A failure is logged, not raised."""
    try:
        row.save(force_insert=True)
    except Error:
        logger.exception("An access was not recorded: %s %s", row.method, row.path)
        return False
    return True


def record_look(request: HttpRequest, row: models.Model) -> None:
    """Record that somebody looks at a row on the page of another one, which is recorded anyway."""
    about = {"label": row._meta.label_lower, "object_id": str(row.pk)}
    about |= {"object_text": printable(row, 200), "person_id": person_of(row)}
    stored(access_by(request, Kind.VIEW, status=200, **about))


def log_in(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    stored(access_by(request, Kind.LOGIN, actor_id=user.pk, actor_name=name_of(user)))


def log_out(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    # Django sends the signal without a person where nobody was logged in.
    if user is not None:
        stored(access_by(request, Kind.LOGOUT, actor_id=user.pk, actor_name=name_of(user)))


def fail_to_log_in(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any
) -> None:
    if request is None:
        return
    typed = printable(credentials.get(get_user_model().USERNAME_FIELD) or "", 150)
    if _is_paused(request) and not _is_first_of_the_pause(request, typed):
        return
    known = get_user_model()._base_manager.filter(username=typed).first()
    why = _("Paused after too many wrong passwords.") if _is_paused(request) else ""
    # A name nobody has may be a password in the wrong box: only its beginning is stored.
    tried = typed if known else f"{typed[:2]}…"
    whose = {"person": known, "object_text": tried, "sentence": why}
    stored(access_by(request, Kind.FAILED, actor_id=None, actor_name="", **whose))


def _is_paused(request: HttpRequest) -> bool:
    return bool(getattr(request, "axes_locked_out", False))


def _is_first_of_the_pause(request: HttpRequest, typed: str) -> bool:
    who = hashlib.sha256(f"{client_address(request)} {typed}".encode()).hexdigest()
    return cache.add(f"paused-{who}", 1, PAUSED_NOTED_EVERY)
