"""The sections and classes of other systems that are one enrollment here."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField
from backoffice.admin_site.models.rules import UniqueRule
from backoffice.apps.users.enrollments.words import EnrollmentStatus
from backoffice.audit.models import Audited, AuditedQuerySet


class SectionMembership(Audited):
    """What the files of another system said last of one section of an enrollment.

    A course has sections there and not here: the enrollment is what all of them together are.
    Files write these rows and nobody else does, so that the end of one section ends nothing as long
    as another one goes on.
    """

    class System(models.TextChoices):
        CANVAS = "canvas", "Canvas"
        ONEROSTER = "oneroster", "OneRoster"

    course_path = "enrollment__course"
    person_path = "enrollment__student"
    natural_key_fields = ("enrollment", "system", "section")

    # The unique rule begins with it.
    enrollment = models.ForeignKey(
        "users.Enrollment",
        models.PROTECT,
        related_name="sections",
        db_index=False,
        verbose_name=_("enrollment"),
    )
    system = models.CharField(_("system"), max_length=10, choices=System)
    section = LineField(
        _("section"),
        max_length=255,
        blank=True,
        help_text=_(
            "As the other system names it; blank for the section that a course begins with."
        ),
    )
    status = models.CharField(
        _("status"), max_length=12, choices=EnrollmentStatus, default=EnrollmentStatus.ACTIVE
    )
    enrolled_on = models.DateField(_("enrolled on"), null=True, blank=True)
    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            UniqueRule(
                name="section_membership_unique",
                fields=["enrollment", "system", "section"],
                field="section",
                code="section_exists",
                message=_("This section of the enrollment is there already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment} – {self.section or _('first section')}"
