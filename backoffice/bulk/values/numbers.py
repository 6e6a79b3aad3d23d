"""Numbers as files write them: what is exactly one number is taken, what may be two is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.admin_site.models.points import (
    GROUPED,
    OF_TWO_MEANINGS,
    POINT,
    WITH_COMMA,
    shortened,
    two_meanings,
    without_zeros,
)
from backoffice.bulk.values.faults import CellRefused

WITH_POINT = re.compile(r"[ '=\"]*[+-]?[0-9,]*\.[0-9,.]*[ \"]*", re.ASCII)

WITH_DECIMAL_POINT = ("", ",")  # delimiters; blank is a workbook


def never() -> bool:
    return False


@dataclass(frozen=True)
class NumberStyle:
    """How a file writes numbers.

    `delimiter` is that of its text, blank for a workbook; `has_points` says whether any number of
    the file has a decimal point: it may read the whole file, so it is only called for a comma.
    """

    delimiter: str = ""
    has_points: Callable[[], bool] = never


PLAIN_STYLE = NumberStyle()


def decimal_text(text: str, style: NumberStyle) -> str:
    """The number with a point and at most two decimals. Raises CellRefused."""
    if not POINT.fullmatch(text):
        text = _with_point(text, style)
    elif style.delimiter not in WITH_DECIMAL_POINT and OF_TWO_MEANINGS.fullmatch(text):
        raise _is_ambiguous(text)
    return shortened(text)


def _with_point(text: str, style: NumberStyle) -> str:
    if OF_TWO_MEANINGS.fullmatch(text):
        raise _is_ambiguous(text)
    if style.delimiter == "," and GROUPED.fullmatch(text):
        return text.replace(",", "")
    if style.delimiter not in WITH_DECIMAL_POINT and WITH_COMMA.fullmatch(text):
        if style.has_points():
            raise _is_of_another_style(text)
        return text.replace(",", ".")
    raise CellRefused(
        "invalid_number",
        _(
            "{column} “{value}” is not a plain number. Use digits and at most two decimals, like "
            "71.5."
        ),
    )


def _is_ambiguous(text: str) -> CellRefused:
    template = _("{column} “{value}” may be %(thousands)s or %(decimals)s. Write the one you mean.")
    return CellRefused("invalid_number", template % two_meanings(text))


def _is_of_another_style(text: str) -> CellRefused:
    template = _(
        "{column} “{value}” has a comma, and other numbers of the file have a decimal point. Write "
        "%(number)s."
    )
    return CellRefused("invalid_number", template % {"number": without_zeros(text)})


def has_point(text: str) -> bool:
    """Whether the cell holds a number that is written with a point."""
    return "." in text and bool(WITH_POINT.fullmatch(text))
