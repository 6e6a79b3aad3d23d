"""What a cell shows of the number that it holds, by its number format.

The language of formats is that of ECMA-376, part 1, 18.8.30 (those that every workbook has by
number) and 18.8.31 (codes). A code that this module cannot read shows the number as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from backoffice.bulk.unpacking.frames import ANOTHER, NUMBER_SEPARATOR

BUILTIN: Mapping[int, str] = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00"},
    **{9: "0%", 10: "0.00%", 11: "0.00E+00", 48: "##0.0E+0"},
    **{37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)"},
    **{40: "#,##0.00;(#,##0.00)", 41: '#,##0;(#,##0);"-"', 42: '#,##0;(#,##0);"-"'},
    **{43: '#,##0.00;(#,##0.00);"-"??', 44: '#,##0.00;(#,##0.00);"-"??'},
    **{59: "0", 60: "0.00", 61: "#,##0", 62: "#,##0.00", 67: "0%", 68: "0.00%"},  # Thai
}
EXACT = Context(prec=700, rounding=ROUND_HALF_UP)  # of a number below 1e15 and 255 placeholders
PERCENT = re.compile("[%‰]")
DASHES = re.compile(r"[\s\-–—]*")
# Words of two letters and more, currencies, brackets and blanks around a number change nothing of
# it; other signs may: "17/20", "5k". Nothing is tried twice: a word could be parted in many ways.
UNITS = re.compile(r"(?:[^\W\d_]{2,}+|[\s+.,;:()$€£¥])*+")
TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*")|(?P<escaped>\\.)|(?P<space>_.)|(?P<fill>\*.)|(?P<braces>\[[^\]]*\])
    |(?P<general>General)|(?P<exponent>E[+-])|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)
    |(?P<percent>%)|(?P<section>;)|(?P<sign>[-+$():!^&'~{}<>=\s€£¥])""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)\]")
CURRENCY = re.compile(r"\[\$([^-\]]*)")
COMPARED: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": Decimal.__lt__,
    "<=": Decimal.__le__,
    ">": Decimal.__gt__,
    ">=": Decimal.__ge__,
    "=": Decimal.__eq__,
    "<>": Decimal.__ne__,
}
AS_IT_IS = "\0"  # the place of a number that is drawn without a format, among the words
Token = tuple[str, str]  # its sort, and its text
Place = tuple[bool, str]  # whether it is one of a digit, and the placeholder or the sign itself


class Unreadable(ValueError):
    """The code is no format, or one that is not drawn here, such as a fraction's."""


class Shown(NamedTuple):
    """A number as a cell shows it: the whole text, and the number in it, blank for none."""

    text: str
    number: str


def tokens_of(code: str) -> Iterator[list[Token]]:
    """The tokens of each section of a code. Raises Unreadable for what is none."""
    at, section = 0, list[Token]()
    while at < len(code):
        match = TOKEN.match(code, at)
        if not match:
            raise Unreadable(code)
        at, sort = match.end(), str(match.lastgroup)
        if sort == "section":
            yield section
            section = []
        else:
            section.append((sort, match[0]))
    yield section


def sign_of(sort: str, text: str) -> str:
    """The text that a token stands for, whatever the number is."""
    if sort == "quoted":
        return text[1:-1]
    if sort == "escaped":
        return text[1:]
    if sort in ("space", "fill"):
        return " " if sort == "space" else ""
    if sort == "braces":
        currency = CURRENCY.match(text)
        return currency[1] if currency else ""
    return text


@dataclass
class FormatSection:
    """One of the formats of a code: for positive or negative numbers, or for zero."""

    parts: tuple[list[Place], list[Place], list[Place]]  # before and behind the point, exponent
    condition: tuple[str, Decimal] | None = None
    has_exponent: bool = False
    has_point: bool = False
    is_grouped: bool = False
    percents: int = 0
    thousands: int = 0  # commas behind the last digit: each divides by a thousand

    def __post_init__(self) -> None:
        before, behind, _exponent = self.parts
        self.decimals = sum(is_digit for is_digit, _text in behind)
        self.zeros = sum(text == "0" for is_digit, text in before if is_digit)
        self.has_digits = any(is_digit for is_digit, _text in (*before, *behind))
        words = "".join(text for part in self.parts for is_digit, text in part if not is_digit)
        self.words, self.is_general = words.replace(AS_IT_IS, ""), AS_IT_IS in words
        # Such a section shows a number as it is, but for digits behind its last place.
        self.is_plain = self.zeros == 1 and not (
            self.words.strip() or self.percents or self.thousands or self.has_exponent
        )

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> "FormatSection":
        """Raises Unreadable for two points or two exponents."""
        parts: tuple[list[Place], list[Place], list[Place]] = ([], [], [])
        sorts = [sort for sort, _text in tokens]
        if sorts.count("point") > 1 or sorts.count("exponent") > 1:
            raise Unreadable("".join(text for _sort, text in tokens))
        at, condition = 0, None
        for sort, text in tokens:
            at = {"point": 1, "exponent": 2}.get(sort, at)
            if sort == "digit":
                parts[at].append((True, text))
            elif sort == "general":
                parts[at].append((False, AS_IT_IS))
            elif sort not in ("point", "exponent", "comma"):
                parts[at].append((False, sign_of(sort, text)))
            if match := CONDITION.match(text) if sort == "braces" else None:
                condition = match[1], Decimal(match[2])
        grouped, thousands = commas_in(sorts)
        has_exponent, has_point = "exponent" in sorts, "point" in sorts
        percents = sorts.count("percent")
        return cls(parts, condition, has_exponent, has_point, grouped, percents, thousands)

    def shown(self, number: Decimal) -> Shown:
        """A number, not negative, as this section draws it."""
        if self.is_general:
            drawn = "".join(text for _is_digit, text in self.parts[0])
            as_it_is = f"{EXACT.scaleb(number, 2 * self.percents):f}"
            return Shown(drawn.replace(AS_IT_IS, as_it_is).strip(), as_it_is)
        number = EXACT.scaleb(number, 2 * self.percents - 3 * self.thousands)
        power = self._power(number) if self.has_exponent else 0
        unit = Decimal(1).scaleb(-self.decimals)
        rounded = EXACT.quantize(number.scaleb(-power, EXACT), unit)
        if self.has_exponent and power != self._power(rounded.scaleb(power, EXACT)):
            power = self._power(rounded.scaleb(power, EXACT))  # 9.99 is 10.0, and that is 1.00
            rounded = EXACT.quantize(number.scaleb(-power, EXACT), unit)
        whole, _point, rest = f"{rounded:f}".partition(".")
        text = self._before(whole) + self._behind(rest) + self._exponent(power)
        is_drawn = any(map(str.isdigit, text)) and self.has_digits
        return Shown(text.strip(), f"{rounded.scaleb(power, EXACT):f}" if is_drawn else "")

    def _power(self, number: Decimal) -> int:
        """The power of ten that stands behind the number."""
        width = sum(is_digit for is_digit, _text in self.parts[0]) or 1
        power = number.adjusted() if number else 0
        return power - power % width

    def _before(self, whole: str) -> str:
        digits = "" if whole == "0" else whole
        if self.is_grouped:
            digits = f"{int(whole):0{self.zeros}d}" if self.zeros else digits
            digits = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", digits)
        drawn: list[str] = []
        first = next((at for at, place in enumerate(self.parts[0]) if place[0]), -1)
        for at in range(len(self.parts[0]) - 1, -1, -1):
            is_digit, text = self.parts[0][at]
            if not is_digit:
                drawn.append(text)
            elif at == first or self.is_grouped:
                drawn.append(digits if digits or self.is_grouped else text.strip("#?"))
                digits = ""
            else:
                drawn.append(digits[-1:] or text.strip("#?"))
                digits = digits[:-1]
        return "".join(reversed(drawn))

    def _behind(self, rest: str) -> str:
        drawn, left = list[str](), rest.rstrip("0")
        at = 0
        for is_digit, text in self.parts[1]:
            if not is_digit:
                drawn.append(text)
                continue
            drawn.append(rest[at] if text == "0" or at < len(left) else "")
            at += 1
        return "." * self.has_point + "".join(drawn)

    def _exponent(self, power: int) -> str:
        width = sum(is_digit for is_digit, _text in self.parts[2])
        words = "".join(text for is_digit, text in self.parts[2] if not is_digit)
        return f"E{power:+0{width + 1}d}{words}" if self.has_exponent else ""


def commas_in(sorts: Sequence[str]) -> tuple[bool, int]:
    """Whether commas group the digits, and how many of them divide by a thousand."""
    is_grouped, thousands, pending, is_begun = False, 0, 0, False
    for sort in sorts:
        if sort == "comma":
            pending += is_begun
            continue
        if sort == "digit":
            is_grouped, is_begun = is_grouped or bool(pending), True
        else:
            thousands += pending
        pending = 0
    return is_grouped, thousands + pending


def sections_of(code: str) -> list[FormatSection]:
    """The sections for numbers. Of a code that is not drawn here, only a percent sign counts."""
    try:
        return [FormatSection.of(tokens) for tokens in tokens_of(code)]
    except Unreadable:
        return sections_of("General%" if "%" in code else "General")


class NumberFormat:
    """A number format, which says what cells show."""

    def __init__(self, code: str) -> None:
        sections = sections_of(code)
        self.sections = sections[:3]
        first = sections[0]
        is_plain = len(sections) == 1 and first.is_plain and not first.condition
        # So many decimals any number is shown with as it is.
        self.most_decimals = first.decimals if is_plain else -1

    def text_of(self, stored: str) -> str:
        """The text of a cell with this number: what it shows, what it holds, or both.

        Both, and the number that it shows, have separators between them: which of them counts
        depends on the column.
        """
        if self.most_decimals >= len(stored.partition(".")[2]) and "e" not in stored:
            return stored  # most cells
        number = Decimal(stored)
        section, is_absolute = self._section(number)
        drawn, words = section.shown(abs(number)), section.words.strip()
        minus = "-" if number < 0 else ""
        text = drawn.text if is_absolute else minus + drawn.text
        words = words.removeprefix("-") if is_absolute else words
        return text_in_column(
            section, words, Shown(text, drawn.number and minus + drawn.number), stored
        )

    def _section(self, number: Decimal) -> tuple[FormatSection, bool]:
        """The section for a number, and whether it says itself that the number is negative."""
        positive, *others = self.sections
        if any(section.condition for section in self.sections):
            for section in self.sections:
                if not section.condition or COMPARED[section.condition[0]](
                    number, section.condition[1]
                ):
                    return section, False
            return self.sections[-1], False
        if number < 0 and others:
            return others[0], True
        if not number and len(others) > 1:
            return others[1], False
        return positive, False


def text_in_column(section: FormatSection, words: str, shown: Shown, stored: str) -> str:
    """What is shown where nothing else can be meant, what is stored where it shows all; or both."""
    both = NUMBER_SEPARATOR.join((shown.text, stored, shown.number))
    other = NUMBER_SEPARATOR.join((shown.text, stored, ANOTHER))
    if section.percents or PERCENT.search(words):
        return shown.text
    if not shown.number:
        return both if DASHES.fullmatch(words) else other
    if words:
        return both if UNITS.fullmatch(words) else other
    if section.has_exponent or Decimal(shown.number) != Decimal(stored):
        return both
    return shown.text if section.zeros > 1 else stored
