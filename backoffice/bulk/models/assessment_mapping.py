"""The columns of other systems' gradebooks and the assessments they stand for."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField
from backoffice.admin_site.models.rules import RelatedRule, UniqueRule
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.bulk.kinds.header_names import IGNORED_LABEL
from backoffice.bulk.kinds.own_columns import lasting_name
from backoffice.bulk.models.batch import Batch

HEADER_LENGTH = 255


def gradebook_formats() -> list[tuple[str, str]]:
    """The systems that write gradebooks."""
    own = (Batch.SourceFormat.AUTO, Batch.SourceFormat.NATIVE, Batch.SourceFormat.ONEROSTER)
    return [each for each in Batch.SourceFormat.choices if each[0] not in own]


class AssessmentMapping(Audited):
    """The assessment that a column of another system's gradebook stands for, in one course."""

    course_path = "course"
    natural_key_fields = ("course", "dialect", "name")

    course = models.ForeignKey(
        "courses.Course", models.PROTECT, related_name="+", verbose_name=_("course")
    )
    dialect = models.CharField(_("system"), max_length=20, choices=gradebook_formats)
    header = LineField(
        _("column in its files"),
        max_length=HEADER_LENGTH,
        help_text=_("As that system writes it. Upper and lower case do not matter."),
    )
    # Three times as long: letters such as ΐ become three where case does not matter.
    name = models.CharField(_("as it is compared"), max_length=3 * HEADER_LENGTH, editable=False)
    assessment = models.ForeignKey(
        "assessments.Assessment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("is read as"),
        help_text=_("Blank means that the column is ignored on purpose."),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("assessment mapping")
        verbose_name_plural = _("assessment mappings")
        ordering: ClassVar[list[str]] = ["course", "dialect", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            UniqueRule(
                name="assessment_mapping_once",
                fields=["course", "dialect", "name"],
                field="header",
                code="header_taken",
                message=_("This column of the course has a meaning already."),
            )
        ]

    related_rules = (
        RelatedRule(
            name="assessment_mapping_of_course",
            field="assessment",
            condition=Q(assessment__course=F("course")),
            message=_("This assessment belongs to another course."),
            code="other_course",
        ),
    )

    def __str__(self) -> str:
        return f"{self.header} → {self.meaning}"

    @property
    def meaning(self) -> str:
        if self.assessment is None:
            return str(IGNORED_LABEL)
        return f"{self.assessment.code} {self.assessment.title}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name = lasting_name(self.dialect, self.header)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.name = lasting_name(self.dialect, self.header)
        # A blank one is reported by its field already.
        if self.header and not self.name:
            raise ValidationError({"header": _("No column can have this name.")}, "unreadable")
