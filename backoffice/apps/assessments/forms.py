"""Forms of the assessments' admin pages."""

from typing import Any, ClassVar

from django.utils import timezone

from backoffice.audit.freshness import FreshForm

GRADE = frozenset({"score", "status", "feedback"})


class SubmissionForm(FreshForm):
    """Whoever changes the grade is its grader, before the rules are asked about it."""

    user: ClassVar[Any] = None

    def clean(self) -> dict[str, Any]:
        """Sign the grade."""
        cleaned = super().clean() or self.cleaned_data
        if self.user and GRADE & set(self.changed_data):
            self.instance.grader = self.user
            self.instance.graded_at = timezone.now()
        return cleaned
