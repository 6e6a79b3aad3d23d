"""The work on an import: its progress, its duration and its last sign of life."""

import time
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BatchRun(models.Model):
    """The work on one import. It changes twice a second, and a row of Batch is wide."""

    class Phase(models.TextChoices):
        READING = "reading", _("Reading the rows")
        COMPARING = "comparing", _("Comparing with what is stored")
        WAITING = "turn", _("Waiting until another import is done")
        CHECKING = "checking", _("Making sure that nothing changed since the preview")
        STUDENTS = "students", _("Writing new students")
        WRITING = "writing", _("Writing the rows and their history")
        RETURNING = "returning", _("Giving rows back what they had")
        CLOSING = "closing", _("Finishing")

    batch = models.OneToOneField(
        "bulk.Batch", models.CASCADE, primary_key=True, related_name="run", verbose_name=_("import")
    )
    phase = models.CharField(_("phase"), max_length=12, choices=Phase, blank=True)
    progress = models.PositiveSmallIntegerField(_("progress in percent"), default=0)
    rows_read = models.PositiveIntegerField(_("rows read so far"), default=0)
    rows_expected = models.PositiveIntegerField(_("rows there may be"), default=0)
    begun_at = models.DateTimeField(_("begun at"), null=True)
    touched_at = models.DateTimeField(_("last sign of life"), auto_now=True)
    seconds = models.FloatField(_("seconds of work"), default=0)

    is_cancelled = False  # not stored: the heartbeat sets it for the thread that works
    _counted_until: float | None = None  # by the monotonic clock

    class Meta:
        verbose_name = _("work on an import")
        verbose_name_plural = _("work on imports")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.get_phase_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the seconds of work since the last save."""
        if self._counted_until is not None:
            now = time.monotonic()
            self.seconds = round(self.seconds + now - self._counted_until, 3)
            self._counted_until = now
        super().save(*args, **kwargs)

    def begin(self) -> None:
        self.reset()
        self._counted_until = time.monotonic()
        self.begun_at = timezone.now()
        self.is_cancelled = False

    def reset(self) -> None:
        # The seconds stay: they are of all the work on the batch.
        self.begun_at, self.phase, self.progress = None, "", 0
        self.rows_read = self.rows_expected = 0

    def report(
        self, phase: str, progress: int, rows: int | None = None, *, expected: int = 0
    ) -> None:
        """Note the progress (percent; rows, of about how many); the heartbeat writes it."""
        self.phase, self.progress = phase, progress
        if rows is not None:
            self.rows_read, self.rows_expected = rows, max(expected, rows)

    def finish(self, rows: int) -> None:
        self.progress, self.rows_read = 100, rows
