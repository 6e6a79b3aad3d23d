"""From the text of a cell to the value that is staged, by rules that docs/registrar.md tells.

Validators, choices and lengths come from the model, so a form and an import refuse the same values.
"""

import datetime
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from difflib import get_close_matches
from functools import partial

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from backoffice.admin_site.models.fields import ParagraphField, tidied_paragraphs
from backoffice.bulk.values.codes import bare, code, identifier
from backoffice.bulk.values.faults import REFUSED_NAME, CellRefused, Fault
from backoffice.bulk.values.invisible import refuse_invisible, without_marks_around
from backoffice.bulk.values.numbers import PLAIN_STYLE, NumberStyle, decimal_text

Clean = Callable[[str], str | None]

UNDECODABLE = re.compile("[\ud800-\udfff\ufffd]")
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u2060\ufeff"))
JOINERS = "\u200c\u200d\u200e\u200f\u061c"  # mean something inside a word, nothing around it
MOST_MARKS = 30  # accents on one letter: UAX #15, Stream-Safe Text Format
# What a spreadsheet is given so that it keeps zeros in front; the same as the text between.
TEXT_FORMULA = re.compile('^="([^"]*)"$')
ESCAPED_FORMULA = re.compile("^'+[=+\\-@\t\r＝＋－＠]")
ISO_DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", re.ASCII)
ISO_DATETIME = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*(Z|[+-][0-9]{2}:?[0-9]{2})$", re.ASCII)
MIDNIGHT = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(:00(\.0+)?)?$", re.ASCII)
PLAIN_INTEGER = re.compile(r"^[+-]?[0-9]{1,18}(\.0*)?$", re.ASCII)
# Workbooks mark them, and the CSV that is saved of one has nothing but their text.
SPREADSHEET_ERRORS = frozenset(
    {
        *("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"),
        *("#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#UNKNOWN!", "#CONNECT!", "#BUSY!"),
        *("#EXTERNAL!", "#PYTHON!"),
    }
)
BOOLEANS = {
    **dict.fromkeys(("1", "true", "yes", "y"), "1"),
    **dict.fromkeys(("0", "false", "no", "n"), "0"),
}


def plain_word(text: str) -> str:
    """A word in the form in which words of a list are compared: ` ＡＣＴＩＶＥ`, `active`."""
    if text.isascii():
        return " ".join(text.casefold().split())
    # Twice: what case folding makes of a letter may be composed of others.
    folded = unicodedata.normalize("NFKC", text.translate(INVISIBLE)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def normalised(raw: str) -> str:
    """Collapse white space, drop zero-width spaces, compose Unicode (NFC). Raises CellRefused."""
    if raw.isascii() and raw.isprintable():
        text = raw.strip()
        return _unquoted(" ".join(text.split()) if "  " in text else text)
    text = " ".join(_readable(raw).translate(INVISIBLE).split()).strip(JOINERS).strip()
    return _unquoted(unicodedata.normalize("NFC", text))


def normalised_paragraphs(raw: str) -> str:
    """Text of several lines as a form stores it; only its ends are trimmed. Raises CellRefused."""
    return _unquoted(tidied_paragraphs(_readable(raw).translate(INVISIBLE)).strip())


def normalised_code(raw: str) -> str:
    """As `normalised`, of what people copy sign by sign: invisible signs are refused by name."""
    try:
        return normalised(raw)
    except CellRefused as refusal:
        if refusal.fault.code == "control_character":
            refuse_invisible(raw, refusal.fault.code)
        raise


def _readable(raw: str) -> str:
    """The text without direction marks around it. Raises CellRefused."""
    if CONTROL.search(raw):
        raw = without_marks_around(raw.translate(INVISIBLE).strip().strip(JOINERS))
    _refuse_unreadable(raw)
    return raw


def _refuse_unreadable(raw: str) -> None:
    if UNDECODABLE.search(raw):
        raise CellRefused(
            "undecodable",
            _(
                "{column} “{value}” holds bytes that are not in the file's encoding. Save the "
                "file as UTF-8."
            ),
        )
    if CONTROL.search(raw):
        raise CellRefused(
            "control_character",
            _("{column} “{value}” holds an invisible control character. Type the value again."),
        )
    _refuse_heaped_marks(raw)


def _refuse_heaped_marks(raw: str) -> None:
    # Composing takes quadratic time over a run of accents; no language has so many.
    run = 0
    for character in raw if len(raw) > MOST_MARKS else "":
        run = run + 1 if unicodedata.combining(character) else 0
        if run > MOST_MARKS:
            raise CellRefused(
                "control_character",
                _("{column} “{value}” heaps accents on one letter. Type the value again."),
            )


def _unquoted(text: str) -> str:
    if text[:1] not in "'=":
        return text
    # An export puts this apostrophe before what looks like a formula.
    if text[:1] == "'":
        return text[1:] if ESCAPED_FORMULA.match(text) else text
    constant = TEXT_FORMULA.match(text)
    return constant.group(1).strip() if constant else text


def is_misdecoded(text: str) -> bool:
    """Whether the text reads as UTF-8 that was once decoded as Windows-1252 (“MÃ¡rquez”)."""
    if text.isascii():
        return False
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


def cleaner_for(
    field: models.Field,
    *,
    is_identifier: bool = False,
    is_code: bool = False,
    is_exact: bool = False,
    style: NumberStyle = PLAIN_STYLE,
) -> Clean:
    """The function that turns a cell's text into this field's staged text, None for no value.

    It raises CellRefused. With `is_code` the text is no identifier, but rows are known by it. With
    `is_exact`, 1 and 0 are the only words for yes and no; `style` says how the file writes numbers.
    """
    parse = _parser_for(field, is_identifier, style)
    if is_code and not is_identifier and isinstance(field, models.CharField):
        parse = partial(_coded, parse)
    if is_exact and isinstance(field, models.BooleanField):
        parse = _digit
    blank = blank_value(field)
    tidy = _tidy_for(field, is_identifier)

    def clean(raw: str) -> str | None:
        text = tidy(raw)
        return parse(text) if text else blank

    return clean


def _coded(parse: Clean, text: str) -> str | None:
    return parse(code(text))


def _tidy_for(field: models.Field, is_identifier: bool) -> Callable[[str], str]:
    if is_identifier or isinstance(field, models.EmailField):
        return normalised_code
    return normalised_paragraphs if isinstance(field, ParagraphField) else normalised


def blank_value(field: models.Field) -> str | None:
    """What a blank cell is staged as: null, or an empty text where the field has no null."""
    # Null in a field with a default says nothing: a new row gets it, a known one keeps its own.
    is_blank_null = has_plain_default(field) or field.null or not field.empty_strings_allowed
    return None if is_blank_null else ""


def has_plain_default(field: models.Field) -> bool:
    """Whether a blank cell means the field's default, or what is stored."""
    return field.has_default() and not callable(field.default) and field.default is not None


def _parser_for(
    field: models.Field, is_identifier: bool, style: NumberStyle
) -> Callable[[str], str]:
    if field.choices:
        return _choice_parser(field)
    if is_identifier:
        return lambda text: _validated(field, identifier(text), REFUSED_NAME)
    if isinstance(field, models.DecimalField):
        return lambda text: _decimal(field, text, style)
    for kind, parser in PARSERS:
        if isinstance(field, kind):
            return lambda text: parser(field, text)
    raise TypeError(f"No cell rule for {field!r}")


def _choice_parser(field: models.Field) -> Callable[[str], str]:
    values = {plain_word(str(value)): str(value) for value, _label in field.flatchoices}
    listed = ", ".join(values.values())

    def parse(text: str) -> str:
        """Raise CellRefused for a word that is no choice."""
        try:
            return values[plain_word(text)]
        except KeyError:
            near = get_close_matches(plain_word(text), values, 1)
            hint = _(" Did you mean “{other}”?") if near else ""
            known = (
                _("{column} “{value}” is not one of: ")
                + listed.replace("{", "{{").replace("}", "}}")
                + "."
            )
            raise CellRefused(
                "invalid_choice", known + hint, values[near[0]] if near else ""
            ) from None

    return parse


def _validated(field: models.Field, value: object, code: str) -> str:
    try:
        # The validator's own sentence is the one people read.
        field.run_validators(value)
    except ValidationError as refusal:
        _refuse(field, str(value), refusal, code)
    return str(value)


def _refuse(field: models.Field, text: str, refusal: ValidationError, code: str) -> None:
    limit = getattr(field, "max_length", None)
    if limit and len(text) > limit:
        raise CellRefused(
            "too_long",
            _("{column} is too long: at most %(limit)d characters fit.") % {"limit": limit},
        )
    reason = " ".join(refusal.messages).replace("{", "{{").replace("}", "}}")
    raise CellRefused(code, "{column} “{value}”: " + reason)


def _text(field: models.Field, text: str) -> str:
    if text[:1] == "#" and text.upper() in SPREADSHEET_ERRORS:
        raise CellRefused(
            "spreadsheet_error",
            _(
                "{column} “{value}” is an error of the spreadsheet, not a value. Correct the "
                "formula, or empty the cell."
            ),
        )
    return _validated(field, text, "invalid_value")


def _email(field: models.Field, text: str) -> str:
    if not text.isascii():
        refuse_invisible(text, "invalid_email")
    return _validated(field, text.lower(), "invalid_email")


def _date(field: models.Field, text: str) -> str:
    midnight = MIDNIGHT.match(text := bare(text))
    return _day(midnight.group(1) if midnight else text)


def _day(text: str) -> str:
    if ISO_DATE.match(text):
        try:
            return datetime.date.fromisoformat(text).isoformat()
        except ValueError:
            raise _no_such_day() from None
    return _moment(text).date().isoformat()


def _datetime(field: models.Field, text: str) -> str:
    text = bare(text)
    if ISO_DATE.match(text):
        moment = datetime.datetime.fromisoformat(_day(text)).replace(tzinfo=datetime.UTC)
    else:
        moment = _in_utc(_moment(text))
    _validated(field, moment, "invalid_date")
    # As both databases read it: the time zone of every session is UTC.
    return moment.replace(tzinfo=None).isoformat(" ")


def _in_utc(moment: datetime.datetime) -> datetime.datetime:
    try:
        # The first and the last day of the calendar may not exist in UTC.
        return moment.astimezone(datetime.UTC)
    except OverflowError:
        raise _no_such_day() from None


def _no_such_day() -> CellRefused:
    return CellRefused("invalid_date", _("{column} “{value}” is a day that does not exist."))


def _moment(text: str) -> datetime.datetime:
    try:
        moment = parse_datetime(text) if ISO_DATETIME.match(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise CellRefused(
            "invalid_date",
            _("{column} “{value}” is not a date. Write year-month-day, for example 2013-10-19."),
        )
    return moment


def _integer(field: models.Field, text: str) -> str:
    text = bare(text)
    if not PLAIN_INTEGER.match(text):
        raise CellRefused(
            "invalid_number", _("{column} “{value}” is not a whole number. Use digits only.")
        )
    return _validated(field, int(text.partition(".")[0]), "out_of_range")


def _decimal(field: models.Field, text: str, style: NumberStyle) -> str:
    number = Decimal(decimal_text(bare(text), style))
    return _validated(field, number, "out_of_range")


def _boolean(field: models.Field, text: str) -> str:
    try:
        return BOOLEANS[text.casefold()]
    except KeyError:
        template = _("{column} “{value}” is neither true nor false. Write 1 or true, 0 or false.")
        raise CellRefused("invalid_choice", template) from None


def _digit(text: str) -> str:
    if text not in ("0", "1"):
        raise CellRefused("invalid_choice", _("{column} “{value}” is neither 1 nor 0."))
    return text


PARSERS: tuple[tuple[type[models.Field], Callable[[models.Field, str], str]], ...] = (
    (models.EmailField, _email),
    (models.CharField, _text),
    (models.TextField, _text),
    (models.DateTimeField, _datetime),
    (models.DateField, _date),
    (models.BooleanField, _boolean),
    (models.IntegerField, _integer),
)


def judged(clean: Clean, raw: str, *, is_required: bool) -> tuple[str | None, Fault | None]:
    """The value of a cell, None where it is wrong, and what is wrong or strange with it."""
    try:
        value = clean(raw)
    except CellRefused as refusal:
        return None, refusal.fault
    if is_required and not value:
        return None, Fault("required", _("{column} is empty; every row needs it."))
    if not value or raw.isascii():
        return value, None
    return value, _suspicion(value) or _suspicion(raw)


def _suspicion(value: str) -> Fault | None:
    if is_misdecoded(value):
        return Fault(
            "mojibake",
            _(
                "{column} “{value}” looks like text saved in the wrong encoding. It is stored "
                "as it stands."
            ),
            is_warning=True,
        )
    return None
