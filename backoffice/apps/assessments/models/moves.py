"""Moves of assessments from one rubric to another."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField
from backoffice.apps.assessments.models.assessments import Assessment
from backoffice.apps.assessments.models.rubrics import GradingRubric
from backoffice.audit.models import Audited, AuditedQuerySet


class RubricMove(Audited):
    """That the marks of an assessment were carried over to another rubric, in one change set.

    What each grade was before stands in the history, by that change set.
    """

    course_path = "assessment__course"
    natural_key_fields = ("assessment", "moved_at")

    assessment = models.ForeignKey(
        Assessment, models.PROTECT, related_name="rubric_moves", verbose_name=_("assessment")
    )
    old_rubric = models.ForeignKey(
        GradingRubric, models.PROTECT, related_name="moves_from", verbose_name=_("from")
    )
    new_rubric = models.ForeignKey(
        GradingRubric, models.PROTECT, related_name="moves_to", verbose_name=_("to")
    )
    moved_count = models.PositiveIntegerField(_("grades and marks moved"), default=0)
    incomplete_count = models.PositiveIntegerField(_("to be looked at again"), default=0)
    reason = LineField(_("reason"), max_length=500)
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("moved by")
    )
    moved_at = models.DateTimeField(_("moved"), default=timezone.now)
    # The number of its change set; not “change_set”: each row of a history has that of its own.
    moved_in = models.BigIntegerField(_("change set"), null=True, editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("undone by"),
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("rubric move")
        verbose_name_plural = _("rubric moves")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.assessment}: {self.old_rubric} → {self.new_rubric}"

    def revert_refusal(self) -> Any:
        return _("A move is undone as a whole, on the page of its assessment.")
