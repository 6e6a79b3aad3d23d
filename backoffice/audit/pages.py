"""The page of the seal: the head of the chain to print, the blocks, and each of them verified."""

from typing import Any

from django.contrib import admin
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages import page
from backoffice.audit.anchoring import Anchor
from backoffice.audit.ledgers import model_of
from backoffice.audit.models import Block
from backoffice.audit.sealing import unsealed_since
from backoffice.audit.verifying import verify_block

SEAL = gettext_lazy("Seal of the record")
AT_ONCE = 25


@page("seal", SEAL, "verified_user")
def seal(request: HttpRequest) -> HttpResponse:
    """The chain, its newest blocks first; `?block=7` verifies one, `?before=7` shows older ones."""
    if "block" in request.GET:
        return _shown(request, "block", _block(_number(request, "block")))
    return _shown(request, "seal", _chain(request))


def _number(request: HttpRequest, name: str) -> int:
    """A block's number from the address; what is none leads nowhere."""
    said = request.GET[name]
    if not said.isascii() or not said.isdigit() or len(said) > 18:
        raise Http404
    return int(said)


def _chain(request: HttpRequest) -> dict[str, Any]:
    head = Block.objects.order_by("-number").first()
    blocks = Block.objects.order_by("-number")
    if "before" in request.GET:
        blocks = blocks.filter(number__lt=_number(request, "before"))
    shown = list(blocks[: AT_ONCE + 1])
    return {
        "title": SEAL,
        "anchor": Anchor.of(head) if head else None,
        "facts": _facts(head),
        "blocks": shown[:AT_ONCE],
        "older": shown[AT_ONCE - 1].number if len(shown) > AT_ONCE else None,
    }


def _facts(head: Block | None) -> list[tuple[str, str]]:
    if head is None:
        return []
    since = unsealed_since()
    rows = Block.objects.aggregate(rows=Sum("row_count"))["rows"]
    waiting = _("no change waits for its seal")
    if since:
        waiting = _("changes since %(when)s UTC") % {"when": date_format(since, "Y-m-d H:i:s")}
    return [
        (_("Last block"), str(head.number)),
        (_("Sealed"), date_format(head.sealed_at, "Y-m-d H:i:s") + " UTC"),
        (_("Rows in all blocks"), f"{rows:,}"),
        (_("Not sealed yet"), waiting),
    ]


def _block(number: int) -> dict[str, Any]:
    block = Block.objects.filter(number=number).first()
    if block is None:
        raise Http404
    parts = block.parts.defer("rows").order_by("table_name")
    return {
        "title": _("Block %(number)s") % {"number": number},
        "block": block,
        "verdict": verify_block(block),
        "parts": [(_name_of(part.table_name), part) for part in parts],
    }


def _name_of(table: str) -> str:
    model = model_of(table)
    return str(model._meta.verbose_name_plural if model else table)


def _shown(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    site = admin.site.each_context(request)
    return TemplateResponse(request, f"audit/{name}.html", {**site, **context})
