"""What Excel means by a number or a letter: days, spans of time, columns.

The same as openpyxl's; written here because its import takes longer than the reading of a file.
"""

import datetime
import math
import re
from functools import cache

WINDOWS_EPOCH = datetime.datetime(1899, 12, 30)
MAC_EPOCH = datetime.datetime(1904, 1, 1)
# The formats that every workbook has by number, as far as they make a number a date.
BUILTIN_DATES = dict.fromkeys((*range(14, 23), 45, 47), False) | {46: True}
# What they mean where the language of the system is one of East Asia, or Thai: a workbook does not
# say which it was, and in no language they are anything else.
FOREIGN_DATES = dict.fromkeys((*range(27, 37), *range(50, 59), *range(71, 79), 80, 81), False) | {
    79: True
}
# What the word “General” is in languages where it has letters of a date.
GENERAL = frozenset({"standard", "standaard", "estándar", "padrão", "všeobecný", "yleinen"})
LONGEST_FORMAT = 255  # characters, in any version of Excel
MILLISECONDS_PER_DAY = 86_400_000
_IGNORED = re.compile(r'"[^"]*"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]')
_DATE = re.compile(r"(?<![_\\])[dmhysDMHYS]")
_SPAN = re.compile(r"\[hh?\]|\[mm?\]|\[ss?\]", re.IGNORECASE)
_ISO = re.compile(
    r"(?P<date>(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d))?T?"
    r"(?P<time>(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(?P<fraction>\.\d{1,3})?)?)?Z?"
)
_ISO_SPAN = re.compile(r"PT((?P<hours>\d+)H)?((?P<minutes>\d+)M)?((?P<seconds>\d+(\.\d{1,3})?)S)?")
MOST_DIGITS = 15  # that a spreadsheet shows of a number
ERRORS = frozenset(
    {
        *("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"),
        *("#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#UNKNOWN!", "#CONNECT!", "#BUSY!"),
        *("#EXTERNAL!", "#PYTHON!"),
    }
)
UNKNOWN_ERROR = "#UNKNOWN!"
Moment = datetime.date | datetime.time | datetime.timedelta


@cache
def column_number(letters: str) -> int:
    """The number of a column, 1 for A. Raises ValueError for what names none up to ZZZ."""
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z" or len(letters) > 3:
            raise ValueError(
                f"'{letters[:20]}' is not a valid column name. Column names are from A to ZZZ"
            )
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def number_text(value: str) -> str:
    """A stored number to 15 digits, without noise. Raises ValueError for what is none."""
    if len(value) <= MOST_DIGITS and value.isdigit() and value.isascii() and value[0] != "0":
        return value
    number = float(value)
    if not (math.isfinite(number) and value.isascii()) or "_" in value:
        raise ValueError(value)
    if number.is_integer() and abs(number) < 10**MOST_DIGITS:
        return str(int(number))
    return f"{number:.{MOST_DIGITS}g}"


def date_style(code: str) -> bool | None:
    """Whether the format makes a number a span of time (true) or a moment; None for neither."""
    positive = code.partition(";")[0]
    if code.casefold() in GENERAL:
        return None
    if not _DATE.search(_IGNORED.sub("", positive)):
        return None
    return bool(_SPAN.search(positive))


def moment_of(value: float, epoch: datetime.datetime, *, is_span: bool) -> Moment:
    """What a number with such a style means. Raises OverflowError or ValueError for none."""
    if is_span:
        span = datetime.timedelta(days=value)
        if span.microseconds:  # to the millisecond
            whole = span.total_seconds() // 1
            span = datetime.timedelta(seconds=whole, microseconds=round(span.microseconds, -3))
        return span
    day, fraction = divmod(value, 1)
    rest = datetime.timedelta(milliseconds=round(fraction * MILLISECONDS_PER_DAY))
    if 0 <= value < 1 and not rest.days:
        return (datetime.datetime.min + rest).time()
    if 0 < value < 60 and epoch == WINDOWS_EPOCH:
        day += 1  # Excel has a day that never was: 29 February 1900
    return epoch + datetime.timedelta(days=day) + rest


def moment_of_text(text: str) -> Moment:
    """A date, time or span written as ISO 8601. Raises ValueError for what is none."""
    match = _ISO.match(text)
    if match and any(match.groups()):
        parts = {name: int(match[name] or 0) for name in ("hour", "minute", "second")}
        parts["microsecond"] = int(float(match["fraction"] or 0) * 1_000_000)
        if not match["date"]:
            return datetime.time(**parts)
        day = datetime.date(*(int(match[name]) for name in ("year", "month", "day")))
        return datetime.datetime.combine(day, datetime.time(**parts)) if match["time"] else day
    match = _ISO_SPAN.match(text)
    if match and any(match.groups()):
        return datetime.timedelta(
            **{name: float(match[name] or 0) for name in ("hours", "minutes", "seconds")}
        )
    raise ValueError(f"Invalid datetime value {text[:50]}")


def moment_text(value: Moment) -> str:
    """A day or a moment in UTC as ISO 8601, a day without its midnight."""
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time()
        return value.date().isoformat() if at_midnight else value.isoformat() + "+00:00"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)
