"""What a student ID, a time zone and a language look like."""

import re
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def validate_student_id(value: str) -> None:
    """Refuse what does not match STUDENT_ID_PATTERN; no migration holds the pattern."""
    if not re.fullmatch(settings.STUDENT_ID_PATTERN, value):
        raise ValidationError(
            _("“%(value)s” is not a student ID of this school."),
            code="invalid_identifier",
            params={"value": value},
        )


def validate_timezone(value: str) -> None:
    """Refuse a name the time zone database does not know."""
    try:
        zoneinfo.ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValidationError(
            _("“%(value)s” is not a time zone. Write it like Europe/Berlin or UTC."),
            code="unknown_timezone",
            params={"value": value},
        ) from None


def validate_language(value: str) -> None:
    """Refuse what is not a language tag."""
    if not LANGUAGE_TAG.fullmatch(value):
        raise ValidationError(
            _("“%(value)s” is not a language tag. Write it like en or pt-BR."),
            code="invalid_language",
            params={"value": value},
        )
