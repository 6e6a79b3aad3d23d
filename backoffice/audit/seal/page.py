"""What the page of the seal shows: the head of the chain to print, the blocks, one verified."""

from typing import Any

from django.apps import apps
from django.db.models import Sum
from django.http import Http404
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.admin_site.pages.related_links import KEY
from backoffice.audit.models import Block
from backoffice.audit.seal.anchors import Anchor
from backoffice.audit.seal.seal import unsealed_since
from backoffice.audit.seal.verify import verify_block

AT_ONCE = 25


def format_chain(before: str) -> dict[str, Any]:
    head = Block.head()
    blocks = Block.objects.order_by("-number")
    if before:
        blocks = blocks.filter(number__lt=_number(before))
    page_blocks = list(blocks[: AT_ONCE + 1])
    return {
        "anchor": Anchor.of(head) if head else None,
        "facts": _facts(head),
        "blocks": page_blocks[:AT_ONCE],
        "older": page_blocks[AT_ONCE - 1].number if len(page_blocks) > AT_ONCE else None,
    }


def _number(text: str) -> int:
    if not KEY.fullmatch(text):
        raise Http404
    return int(text)


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


def format_block(number: str) -> dict[str, Any]:
    """A block, verified now. Raises Http404 where there is none."""
    block = Block.objects.filter(number=_number(number)).first()
    if block is None:
        raise Http404
    parts = block.parts.defer("rows").order_by("table_name")
    return {
        "title": _("Block %(number)s") % {"number": block.number},
        "sealed": block,
        "verdict": verify_block(block),
        "parts": [(_name_of(part.table_name), part) for part in parts],
    }


def _name_of(table: str) -> str:
    model = next((m for m in apps.get_models() if m._meta.db_table == table), None)
    if model is None:
        return table
    return str(capfirst(getattr(model, "instance_type", model)._meta.verbose_name_plural))
