"""What a request was about, by the page it asked for and the answer it got."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import models
from django.http import HttpRequest, HttpResponseBase

from backoffice.admin_site.pages.related_links import KEY
from backoffice.audit.access_log.log import (
    NOTED,
    Kind,
    access_by,
    is_personal,
    person_of,
    printable,
)
from backoffice.audit.models import AccessRecord

LISTS, SEARCHES = ("changelist",), ("autocomplete", "search")
REFUSALS = (400, 403)


class RequestTarget(NamedTuple):
    """A page of a model, and the key of the row it is of, blank for none."""

    model: type[models.Model]
    page: str
    key: str


def build_access_record(
    request: HttpRequest, response: HttpResponseBase, refusal: str
) -> AccessRecord | None:
    """The row to store for a request; None where nobody's data was asked for."""
    if response.status_code in REFUSALS:
        return _refused(request, response, refusal)
    if response.status_code != 200 or request.method == "HEAD":
        return None
    if is_download(response):
        return _exported(request, response)
    return _viewed(request, response) if request.method == "GET" else None


def is_download(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Disposition", "").startswith("attachment")


def _refused(request: HttpRequest, response: HttpResponseBase, refusal: str) -> AccessRecord | None:
    # Strangers stand in the server's log: no table is theirs to fill.
    if not _is_known(request):
        return None
    target = target_of(request)
    # A refused row is named, its data is not repeated.
    about = _about(target, _stored_row(target)) if target else {}
    fields = {"status": response.status_code, "sentence": printable(refusal, 300)}
    return access_by(request, Kind.REFUSED, **about | fields)


def _exported(request: HttpRequest, response: HttpResponseBase) -> AccessRecord | None:
    # A download that notes nothing is recorded all the same.
    noted = getattr(request, NOTED, None)
    target = target_of(request)
    about = _about(target, _stored_row(target)) if target and noted is None else {}
    fields = about | (noted or {}) | {"status": response.status_code}
    return access_by(request, Kind.EXPORT, **fields) if _is_known(request) else None


def _viewed(request: HttpRequest, response: HttpResponseBase) -> AccessRecord | None:
    target = target_of(request)
    if target is None:
        return _searched(request, response)
    if not is_personal(target.model) or not _is_known(request):
        return None
    context = getattr(response, "context_data", None) or {}
    if target.key:
        # The page has fetched the row already.
        row = context.get("original")
        row = row if isinstance(row, target.model) else _stored_row(target)
        return access_by(request, Kind.VIEW, status=response.status_code, **_about(target, row))
    if target.page not in LISTS:
        return None
    rows: Sequence[Any] = getattr(context.get("cl"), "result_list", ())
    label = target.model._meta.label_lower
    return access_by(request, Kind.LIST, label=label, rows=len(rows), status=200)


def _searched(request: HttpRequest, response: HttpResponseBase) -> AccessRecord | None:
    match = request.resolver_match
    # The search of a choice, or of the command palette.
    is_search = match is not None and match.url_name in SEARCHES
    term = request.GET.get("term") or ("extended" in request.GET and request.GET.get("s"))
    if not is_search or not term or not _is_known(request):
        return None
    return access_by(request, Kind.SEARCH, status=response.status_code)


def _is_known(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated


def target_of(request: HttpRequest) -> RequestTarget | None:
    match = request.resolver_match
    model_page = _page_named(match.url_name) if match and match.url_name else None
    if model_page is None:
        return None
    keys = [match.kwargs[name] for name in ("object_id", "id", "number") if name in match.kwargs]
    key = unquote(str((keys or match.args or [""])[0]))
    return RequestTarget(*model_page, key if KEY.fullmatch(key) else "")


@cache
def _page_named(name: str) -> tuple[type[models.Model], str] | None:
    for model in admin.site._registry:
        # Admin addresses are named like users_user_change.
        own = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(own):
            return model, name.removeprefix(own)
    return None


def _stored_row(target: RequestTarget) -> models.Model | None:
    if not target.key:
        return None
    # The row's name and its person come with the same query.
    related = {*(admin.site.get_model_admin(target.model).list_select_related or ())}
    if is_personal(target.model):
        related |= {target.model.person_path.rpartition("__")[0]} - {""}
    rows = target.model._base_manager.select_related(*related)
    return rows.filter(pk=target.key).first()


def _about(target: RequestTarget, row: models.Model | None) -> dict[str, Any]:
    fields = {"label": target.model._meta.label_lower, "object_id": target.key}
    if row is None:
        return fields
    person = person_of(row) if is_personal(target.model) else None
    return fields | {"object_text": printable(row, 200), "person_id": person}
