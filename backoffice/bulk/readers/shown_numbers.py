"""Cells that show another number than they hold: which of the two counts, by the column."""

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from backoffice.bulk.readers.base import ReaderIssue
from backoffice.bulk.unpacking.frames import ANOTHER, NUMBER_SEPARATOR
from backoffice.bulk.values.faults import Fault

MOST_DECIMALS = 2  # of a number that is stored


def text_of(cell: str) -> str:
    """What a cell shows, in a column of names and identifiers."""
    if NUMBER_SEPARATOR not in cell:
        return cell
    shown, stored, _number = cell.split(NUMBER_SEPARATOR)
    # A format may hide a number, and no cell is blank that holds one.
    return shown if any(map(str.isalnum, shown)) else stored


def number_in(cell: str, column: str, is_day: bool) -> tuple[str, ReaderIssue | None]:
    """The number that a cell means where one is due, and a warning if it shows another one.

    Where a day is due, no number is one, whatever its format makes it look like.
    """
    shown, stored, number = cell.split(NUMBER_SEPARATOR)
    if is_day:
        return stored, None
    if number == ANOTHER:
        return (shown if _is_same(shown, stored) else f"{shown} ({stored})"), None
    decimals = -int(Decimal(stored).normalize().as_tuple().exponent)
    meant = stored if decimals <= MOST_DECIMALS or not number else number
    if number and Decimal(number) == Decimal(stored):
        return meant, None
    template = _("{column} shows “{value}” and holds {other}. {other} goes in.")
    if not shown:
        template = _("{column} shows nothing and holds {other}. {other} goes in.")
    elif meant != stored:
        template = _("{column} shows “{value}” and holds {other}. What it shows goes in.")
    fault = Fault("hidden_digits", template, is_warning=True, other=stored)
    return meant, ReaderIssue(fault, column.strip(), shown)


def _is_same(shown: str, stored: str) -> bool:
    """Whether a text is this number, or none at all, which is refused where one is due."""
    try:
        return Decimal(shown.replace(",", "")) == Decimal(stored)
    except InvalidOperation:
        return True
