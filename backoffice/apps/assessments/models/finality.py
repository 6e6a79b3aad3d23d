"""What is final stays as it is: a final grade changes by two people, and by nobody alone."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.rules import Violation
from backoffice.audit.models import Audited, ChangeSet
from backoffice.audit.record.recording import current_record

# From before the rule that final work has a score there may be some without: it is no grade yet.
FINAL = {"status": "finalized", "score__isnull": False}
FINAL_MESSAGE = _(
    "This grade is final, and nobody changes it alone. Choose “Change final grade” on the page of "
    "the work; a second person then approves or refuses it."
)
POSTED_MESSAGE = _(
    "The grade of this work is posted, and a change needs a reason. Change it on the page of the "
    "work."
)

_agreed: ContextVar[int | None] = ContextVar("agreed", default=None)


@contextmanager
def agreed_change(submission: models.Model) -> Iterator[None]:
    """Inside, the final grade of this submission may change: two people agreed to it."""
    token = _agreed.set(submission.pk)
    try:
        yield
    finally:
        _agreed.reset(token)


class HasFinality(Audited):
    """A submission, or a row of one in `submission_path`, that is closed once the grade is final.

    `final_fields` names what makes the grade: forms, actions and `save()` refuse to change it. SQL
    over many rows (undo, erasure, merges, copies of a maximum) passes by, with its own rules.
    """

    submission_path: ClassVar[str] = ""
    final_fields: ClassVar[tuple[str, ...]] = ()

    class Meta(Audited.Meta):
        abstract = True

    @property
    def is_final(self) -> bool:
        """Whether it is, or belongs to, a grade that is final."""
        submission = self._graded_work()
        return bool(submission.status == FINAL["status"] and submission.score is not None)

    def _graded_work(self) -> Any:
        return getattr(self, self.submission_path) if self.submission_path else self

    def _is_unexplained(self) -> bool:
        """Whether a form adds this to posted work, and does not say why."""
        record = current_record()
        is_typed = record is not None and record.source == ChangeSet.Source.FORM
        is_silent = record is not None and is_typed and not record.reason
        return is_silent and self._submission_key() is not None and self._graded_work().is_posted

    def needs_reason_from(self, user: Any) -> bool:
        # Students rely on what they have seen.
        return bool(self._graded_work().is_posted)

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        if self._state.adding and self.submission_path and self._is_unexplained():
            yield self.submission_path, ValidationError(POSTED_MESSAGE, code="posted")
        changed = self._final_changes(self.final_fields)
        if changed:
            yield changed[0], ValidationError(FINAL_MESSAGE, code="final")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save. Raises ValidationError where that would change a final grade."""
        names = kwargs.get("update_fields")
        written = [each for each in self.final_fields if names is None or each in names]
        # Rows that come together with final work (files, demo data) are added one by one.
        if not self._state.adding and self._final_changes(written):
            raise ValidationError(FINAL_MESSAGE, code="final")
        super().save(*args, **kwargs)

    def deletion_refusal(self) -> Any:
        return super().deletion_refusal() or (FINAL_MESSAGE if self.is_final else "")

    def revert_refusal(self) -> Any:
        return super().revert_refusal() or (FINAL_MESSAGE if self.is_final else "")

    def _final_changes(self, names: Collection[str]) -> list[str]:
        """Those of the fields in which this differs from what is stored and final."""
        if self._submission_key() == _agreed.get() is not None:
            return []
        if self._state.adding:
            is_closed = self.submission_path and self._is_within_final()
            return [self.submission_path] if is_closed else []
        changed = self._changed(names)
        # Nor is a row moved into final work.
        is_moved = self.submission_path in changed and self._is_within_final()
        return changed if is_moved or (changed and self._is_stored_final()) else []

    def _changed(self, names: Collection[str]) -> list[str]:
        fields: list[Any] = [self._meta.get_field(name) for name in names]  # columns alone
        # As it is stored: the row in memory does not know what it was read with.
        rows = type(self)._base_manager.filter(pk=self.pk)
        stored = rows.values(*(field.attname for field in fields)).first() if fields else None
        return [
            field.name
            for field in fields
            if stored and field.to_python(getattr(self, field.attname)) != stored[field.attname]
        ]

    def _is_stored_final(self) -> bool:
        start = f"{self.submission_path}__" if self.submission_path else ""
        final = {f"{start}{name}": value for name, value in FINAL.items()}
        return bool(type(self)._base_manager.filter(pk=self.pk, **final).exists())

    def _is_within_final(self) -> bool:
        related: Any = self._meta.get_field(self.submission_path).related_model
        return bool(related._base_manager.filter(pk=self._submission_key(), **FINAL).exists())

    def _submission_key(self) -> Any:
        return getattr(self, f"{self.submission_path}_id") if self.submission_path else self.pk
