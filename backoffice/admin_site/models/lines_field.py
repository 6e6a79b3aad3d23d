"""A list of texts, filled in as lines."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from backoffice.admin_site.models.fields import refuse_control_characters, tidied_line


class LinesField(forms.Field):
    """One text on each line; blank lines do not count."""

    widget = UnfoldAdminExpandableTextareaWidget
    longest = 500

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """The lines. Raises ValidationError for a line that is too long, or there twice."""
        if isinstance(value, list):
            return value
        text = str(value or "")
        refuse_control_characters(text)
        lines = [line for each in text.splitlines() if (line := tidied_line(each))]
        long = next((line for line in lines if len(line) > self.longest), None)
        if long:
            message = _("This line is longer than %(most)d characters: “%(line)s…”")
            raise ValidationError(message % {"most": self.longest, "line": long[:60]}, "too_long")
        twin = next((line for line in lines if lines.count(line) > 1), None)
        if twin:
            raise ValidationError(_("“%(line)s” is there twice.") % {"line": twin}, "twice")
        return lines
