"""Numbers as files write them: what is exactly one number is taken, what may be two is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.bulk.values.faults import CellRefused

# Zeros behind the second decimal say nothing; any other digit there is more than is stored.
POINT = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)", re.ASCII)
WITH_POINT = re.compile(r"[ '=\"]*[+-]?[0-9,]*\.[0-9,.]*[ \"]*", re.ASCII)
WITH_COMMA = re.compile(r"[+-]?[0-9]{0,15},[0-9]{1,2}0*", re.ASCII)
GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]{0,2}0*", re.ASCII)
# One comma, or point, before three digits may part thousands, or decimals; none parts thousands of
# nothing. Where commas part cells, a point is decimal.
OF_TWO_MEANINGS = re.compile(r"[+-]?[1-9][0-9]{0,2}[,.][0-9]{3}", re.ASCII)

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
    whole, _point, decimals = text.partition(".")
    if len(decimals) > 2:
        decimals = decimals[:2]
    return f"{whole}.{decimals}" if decimals else whole


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
    thousands = text.replace(",", "").replace(".", "")
    numbers = {"thousands": thousands, "decimals": _without_zeros(text)}
    return CellRefused("invalid_number", template % numbers)


def _is_of_another_style(text: str) -> CellRefused:
    template = _(
        "{column} “{value}” has a comma, and other numbers of the file have a decimal point. Write "
        "%(number)s."
    )
    return CellRefused("invalid_number", template % {"number": _without_zeros(text)})


def _without_zeros(text: str) -> str:
    return text.replace(",", ".").rstrip("0").rstrip(".")


def has_point(text: str) -> bool:
    """Whether the cell holds a number that is written with a point."""
    return "." in text and bool(WITH_POINT.fullmatch(text))
