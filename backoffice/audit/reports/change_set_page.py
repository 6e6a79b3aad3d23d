"""The page of one change set: what it changed, kind by kind, and the file it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.pages.related_links import KEY
from backoffice.audit.models import ChangeSet
from backoffice.audit.reports.changes import Kind, RowChange, kinds_of, page_of_rows

MOST = 50
MOST_EACH = 10  # where rows of several kinds stand on one page
BATCH = "bulk.Batch"


@dataclass(frozen=True)
class Section:
    """Rows of one kind, and the way to those that follow."""

    kind: Kind
    rows: Sequence[RowChange]
    more: str = ""
    first: str = ""


def context_of(change_set: ChangeSet, request: HttpRequest) -> dict[str, Any]:
    kinds = kinds_of([change_set]).get(change_set.pk, [])
    chosen = [kind for kind in kinds if kind.label == request.GET.get("kind")]
    return {
        "kinds": _links(kinds, chosen),
        "sections": [
            _section(change_set, kind, request, MOST if len(chosen or kinds) == 1 else MOST_EACH)
            for kind in chosen or kinds
        ],
        "provenance": provenance_of(change_set),
    }


def _links(kinds: list[Kind], chosen: list[Kind]) -> list[dict[str, Any]]:
    if len(kinds) < 2:
        return []
    everything = {"text": _("Everything"), "link": "?", "active": not chosen}
    return [everything] + [
        {"text": kind.text, "link": f"?kind={kind.label}", "active": kind in chosen}
        for kind in kinds
    ]


def _section(change_set: ChangeSet, kind: Kind, request: HttpRequest, most: int) -> Section:
    after_value = request.GET.get("after", "")
    has_after = bool(KEY.fullmatch(after_value)) and request.GET.get("kind") == kind.label
    after = int(after_value) if has_after else 0
    rows, is_more = page_of_rows(change_set, kind, request.user, after, most)
    link = f"?kind={kind.label}"
    more = f"{link}&after={rows[-1].key}" if most == MOST and rows else link
    return Section(kind, rows, more if is_more else "", link if after else "")


def provenance_of(change_set: ChangeSet) -> Any:
    """The import that a change set is of, or undoes; None where it came from no file."""
    if change_set.batch is None:
        return None
    return apps.get_model(BATCH)._base_manager.filter(pk=change_set.batch).first()
