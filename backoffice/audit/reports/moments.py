"""Moments people enter: a day, or a day and a time in UTC.

Pages show times to the second, the record has microseconds: a moment given to the second includes
what happened in that second, a day all that happened on it.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget

TICK = timedelta(microseconds=1)
FORMS = (
    (re.compile(r"\d{4}-\d\d-\d\d"), timedelta(days=1) - TICK),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d"), timedelta(minutes=1) - TICK),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"), timedelta(seconds=1) - TICK),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{1,6}"), timedelta(0)),
)


class MomentWidget(UnfoldAdminTextInputWidget):
    """The browser's own field for a day and a time."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"step": "1", "max": "9999-12-31T23:59:59"})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime):
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        try:
            return f"{datetime.fromisoformat(value):%Y-%m-%dT%H:%M:%S}" if value else None
        # The browser shows no such value: the field stays blank, the error repeats it.
        except ValueError:
            return None


class MomentField(forms.Field):
    """Takes a moment that has passed; returns its last instant, never one in the future."""

    widget = MomentWidget

    def to_python(self, value: Any) -> datetime | None:
        """The moment. Raises ValidationError for what is no moment, or is in the future."""
        text = str(value or "").strip()
        if not text:
            return None
        start, lasts = _read(text)
        now = timezone.now()
        if start > now:
            message = _("“%(value)s” is yet to come. Choose a moment that has passed.")
            raise forms.ValidationError(message % {"value": text}, code="to_come")
        return min(start + lasts, now)


def _read(text: str) -> tuple[datetime, timedelta]:
    lasts = next((lasts for form, lasts in FORMS if form.fullmatch(text)), None)
    try:
        if lasts is not None:
            return datetime.fromisoformat(text).replace(tzinfo=UTC), lasts
    except ValueError:
        pass
    message = _("“%(value)s” is no moment. Give a day and a time in UTC, like 2026-05-31 17:30:00.")
    raise forms.ValidationError(message % {"value": text[:40]}, code="no_moment")


def format_moment(moment: datetime) -> str:
    """A moment as pages show it: to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
