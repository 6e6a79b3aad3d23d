"""What the styles of a workbook make of the numbers in its cells."""

from collections.abc import Mapping, Sequence

from backoffice.bulk.unpacking.number_formats import BUILTIN, NumberFormat
from backoffice.bulk.unpacking.refusal import Refused
from backoffice.bulk.unpacking.xlsx_package import Package
from backoffice.bulk.unpacking.xlsx_values import (
    BUILTIN_DATES,
    FOREIGN_DATES,
    LONGEST_FORMAT,
    date_style,
)

AS_IT_IS = frozenset({"", "General", "@"})
# A number format, or whether the number is a span of time; None where it is shown as it is.
Meaning = NumberFormat | bool | None


class Styles(dict[str, Meaning]):
    """By the number of a style as cells write it, what it makes of a number."""

    def __init__(self, numbers: Sequence[str], codes: Mapping[str, str]) -> None:
        super().__init__()
        self._numbers, self._codes = numbers, codes

    def __missing__(self, style: str) -> Meaning:
        is_known = style.isdigit() and style.isascii() and int(style[:9]) < len(self._numbers)
        meaning = self._meaning(self._numbers[int(style)]) if is_known else None
        # Styles are as few as the part lists; a name that is none of them may be any text.
        if is_known:
            self[style] = meaning
        return meaning

    def _meaning(self, number: str) -> Meaning:
        code = self._codes.get(number)
        if not code:
            at = int(number) if number.isdigit() and number.isascii() and len(number) < 4 else 0
            is_span = (BUILTIN_DATES | FOREIGN_DATES).get(at)
            code = BUILTIN.get(at, "")
        else:
            is_span = date_style(code)
        if is_span is not None:
            return is_span
        return None if code in AS_IT_IS else NumberFormat(code)


def styles_of(package: Package) -> Styles:
    """The styles of a workbook. Raises Refused for a format longer than any spreadsheet's."""
    part = package.part_of("styles")
    if not part:
        return Styles((), {})
    styles = package.elements(part, "numFmts/numFmt", "cellXfs/xf")
    codes: dict[str, str] = {}
    for each in styles["numFmts/numFmt"]:
        code = each.get("formatCode", "")
        if len(code) > LONGEST_FORMAT:
            raise Refused("format_too_long", most=LONGEST_FORMAT)
        codes[each.get("numFmtId", "")] = code
    return Styles([each.get("numFmtId", "0") for each in styles["cellXfs/xf"]], codes)
