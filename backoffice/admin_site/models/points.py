"""Points and percentages as people write them: one way to read them, for forms and for files.

Whatever a form takes, a file takes with the same value (`bulk.values.numbers` adds what only a file
can tell, such as a decimal comma). Nothing is rounded, and no float is between text and number.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from backoffice.admin_site.models.fields import UNREADABLE

# Zeros behind the second decimal say nothing; any other digit there is more than is stored.
POINT = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)", re.ASCII)
WITH_COMMA = re.compile(r"[+-]?[0-9]{0,15},[0-9]{1,2}0*", re.ASCII)
GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]{0,2}0*", re.ASCII)
# One comma, or point, before three digits may part thousands, or decimals; none parts thousands of
# nothing. Where commas part cells, a point is decimal.
OF_TWO_MEANINGS = re.compile(r"[+-]?[1-9][0-9]{0,2}[,.][0-9]{3}", re.ASCII)

DECIMALS = 2
LONGEST = 40  # characters that are read, and quoted
BLANKS = " \t\r\n\u00a0\u202f"  # around a number that was copied

# The first that matches says what is wrong.
FAULTS: tuple[tuple[re.Pattern[str], Promise], ...] = (
    (
        re.compile(r"[+-]?[0-9]*\.[0-9]{3,}", re.ASCII),
        _("“%(value)s” has more than two decimals. Write at most two: nothing is rounded here."),
    ),
    (
        re.compile(r"[+-]?[0-9]{16,}(?:\.[0-9]*)?", re.ASCII),
        _("“%(value)s” has too many digits. Write at most 15 before the point."),
    ),
    (
        re.compile(r"[=@].*", re.DOTALL),
        _("“%(value)s” looks like a formula. Write the number it gives: nothing is calculated."),
    ),
    (
        re.compile(r".*(?![0-9])\d.*", re.DOTALL),
        _("“%(value)s” is not written with the digits 0 to 9. Write it with those."),
    ),
    (
        re.compile(r"[+-]?[0-9.,]+_[0-9._]*", re.ASCII),
        _("“%(value)s” has an underscore in it. Write the digits without one."),
    ),
    (
        re.compile(r"[+-]?[0-9.,]+[eE][+-]?[0-9]+", re.ASCII),
        _("“%(value)s” has an exponent. Write the number in full."),
    ),
    (
        re.compile(r"[+-]?[0-9.,]+\s*%", re.ASCII),
        _("“%(value)s” has a percent sign. Write the number without it."),
    ),
    (
        re.compile(r"(?=.*\s)[+-]?\s*[0-9.,]+(?:\s+[0-9.,]+)*"),
        _("“%(value)s” has a blank in it. Write the digits and the point without blanks."),
    ),
)
NO_NUMBER = _("“%(value)s” is not a plain number. Use digits and at most two decimals, like 71.5.")


def shortened(text: str) -> str:
    """A number that POINT matches, without the zeros behind its second decimal."""
    whole, point, decimals = text.partition(".")
    return f"{whole}.{decimals[:DECIMALS]}" if point and decimals else whole


def two_meanings(text: str) -> dict[str, str]:
    """The two numbers that a text which OF_TWO_MEANINGS matches may be."""
    thousands = text.replace(",", "").replace(".", "")
    return {"thousands": thousands, "decimals": without_zeros(text)}


def without_zeros(text: str) -> str:
    """The number with a decimal point, where it has a comma, and no zeros behind."""
    return text.replace(",", ".").rstrip("0").rstrip(".")


def typed_points(text: str) -> Decimal:
    """The number that somebody wrote. Raises ValidationError with what to write instead."""
    text = text.strip(BLANKS)
    if len(text) > LONGEST:
        message = _("“%(value)s…” is too long for a number. Write at most %(most)d characters.")
        raise _refusal(message, text[:LONGEST], most=LONGEST)
    if not POINT.fullmatch(text):
        raise _not_plain(text)
    # Zero has no sign where it is stored.
    return Decimal(shortened(text)) or Decimal(0)


def _not_plain(text: str) -> ValidationError:
    # A point is decimal here, whatever stands behind it.
    if "," in text and OF_TWO_MEANINGS.fullmatch(text):
        message = _("“%(value)s” may be %(thousands)s or %(decimals)s. Write the one you mean.")
        return _refusal(message, text, **two_meanings(text))
    if WITH_COMMA.fullmatch(text):
        message = _("Write “%(number)s” with a point: a comma is not read as one here.")
        return _refusal(message, text, number=text.replace(",", "."))
    if GROUPED.fullmatch(text):
        message = _("Write “%(number)s” without a comma: none is read here.")
        return _refusal(message, text, number=text.replace(",", ""))
    return _refusal(next((why for form, why in FAULTS if form.fullmatch(text)), NO_NUMBER), text)


def _refusal(message: Any, text: str, **params: Any) -> ValidationError:
    value = UNREADABLE.sub("\ufffd", text)
    return ValidationError(message, code="invalid", params={"value": value, **params})


def exact_decimal(number: float) -> Decimal:
    """What a script's float says as it is written. Raises ValidationError beyond two decimals."""
    written = repr(number)
    value = Decimal(written)
    # Of infinity, and of what is no number, the exponent is a letter.
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, str) or exponent < -DECIMALS:
        message = _("“%(value)s” is not exact to two decimals. Give a Decimal or a text.")
        raise _refusal(message, written)
    return value


def _read(value: Any, otherwise: Callable[[Any], Any]) -> Any:
    if isinstance(value, str):
        return typed_points(value)
    return otherwise(exact_decimal(value) if isinstance(value, float) else value)


class PointsInput(UnfoldAdminDecimalFieldWidget):
    """A box that sends what was typed: of a number's box, browsers send “12,5” as nothing."""

    input_type = "text"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})


class PointsFormField(forms.DecimalField):
    """Points in a form, read as in a file and never by the rules of somebody's language."""

    widget = PointsInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "localize": False})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip(BLANKS)
        return None if value in self.empty_values else _read(value, super().to_python)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # Step, least and most are of a number's box only; the help text says them.
        return {}


class PointsField(models.DecimalField):
    """Points, or a percentage, with two decimals. In migrations it is a plain DecimalField."""

    def to_python(self, value: Any) -> Any:
        return _read(value, super().to_python)

    def get_prep_value(self, value: Any) -> Any:
        # What rows are compared with may have more decimals than what is stored.
        return super().get_prep_value(super().to_python(value))

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        stored = value if hasattr(value, "as_sql") else self.to_python(value)
        return super().get_db_prep_save(stored, connection)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": PointsFormField, **kwargs})

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DecimalField", args, kwargs
