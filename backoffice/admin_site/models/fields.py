"""Text fields that store what people see: no control characters, no stray white space."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

UNREADABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffd-\uffff\ud800-\udfff]"
)
ZERO_WIDTH = re.compile(
    "[\u200b\u2060\ufeff]|^[\u200c\u200d\u200e\u200f]+|[\u200c\u200d\u200e\u200f]+$"
)


def refuse_control_characters(value: str) -> None:
    """Refuse NUL, other control characters and characters that come from a broken encoding."""
    if UNREADABLE.search(value):
        raise ValidationError(
            _("The text holds an invisible control character. Type it again."),
            code="control_character",
        )


def refuse_future(value: datetime) -> None:
    """Refuse a moment that has not come yet."""
    if value > timezone.now():
        raise ValidationError(_("This moment has not come yet."), code="in_the_future")


def tidied_line(text: str) -> str:
    """Trim, collapse white space, drop zero-width spaces, compose Unicode (NFC)."""
    text = ZERO_WIDTH.sub("", " ".join(ZERO_WIDTH.sub("", text).split()))
    return unicodedata.normalize("NFC", text.strip())


def tidied_paragraphs(text: str) -> str:
    """Compose Unicode (NFC), one kind of line end, no space at the end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines.rstrip())


class LineField(models.CharField):
    """One line of text. In migrations it is a plain CharField."""

    default_validators = [refuse_control_characters]

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        # Before tidying: str.split() takes some control characters for white space.
        if isinstance(value, str):
            refuse_control_characters(value)
            value = tidied_line(value) or (None if self.null else "")
        return super().clean(value, model_instance)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class ParagraphField(models.TextField):
    """Text of several lines. In migrations it is a plain TextField."""

    default_validators = [refuse_control_characters]

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        if isinstance(value, str):
            value = tidied_paragraphs(value)
        return super().clean(value, model_instance)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


class LowerEmailField(models.EmailField):
    """An e-mail address, stored and looked up in lower case whatever the door."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.strip().lower() if isinstance(text, str) else text

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs
