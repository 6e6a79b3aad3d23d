"""Texts by which rows are known, as spreadsheets and other programs write them."""

import re

from django.utils.translation import gettext as _

from backoffice.bulk.values.faults import CellRefused
from backoffice.bulk.values.invisible import refuse_invisible

FLOAT_TAIL = re.compile(r"^([0-9]+)\.0+$")
# With a decimal mark or a sign, as programs write it: a course may be called 2E1.
SCIENTIFIC = re.compile(r"^(?=.*[.,+-])[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$")


def bare(text: str) -> str:
    """Without the apostrophe that makes a spreadsheet take a number, date or identifier as text."""
    return text[1:].lstrip() if text[0] == "'" and len(text) > 1 else text


def identifier(text: str) -> str:
    """The identifier that a text means, without a tail of zeros. Raises CellRefused."""
    if not text.isascii():
        refuse_invisible(bare(text), "invalid_identifier")
    text = code(text)
    as_float = FLOAT_TAIL.match(text)
    return as_float.group(1) if as_float else text


def code(text: str) -> str:
    """The code that a text means. Raises CellRefused for what a spreadsheet rounded."""
    # A course may be called 6.00, so that nothing is taken off behind.
    text = bare(text)
    if SCIENTIFIC.match(text):
        raise CellRefused(
            "identifier_scientific",
            _(
                "{column} “{value}” was rounded by a spreadsheet. Format the column as text "
                "and enter it again."
            ),
        )
    return text
