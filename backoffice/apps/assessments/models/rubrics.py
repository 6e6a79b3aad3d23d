"""Rubrics: criteria and the levels of each."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.denormalized import CopiedValueKey, CopiedValueTarget
from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.rules import RowRule, UniqueRule, Violation
from backoffice.apps.assessments.models.scoring import Scored, SetsMaximum
from backoffice.audit.models import Audited, AuditedQuerySet

IN_USE = _("Work was marked by this rubric already. Make a new version instead.")


class RubricQuerySet(AuditedQuerySet):
    """Query words for rubrics."""

    def used(self) -> Self:
        """Those by which work was marked. A rubric may come more than once."""
        scored = Q(criteria__scores__pk__gt=0) | Q(criteria__peer_scores__pk__gt=0)
        return self.filter(scored)

    def newest(self) -> Self:
        same = GradingRubric._base_manager.filter(
            course=OuterRef("course"), title=OuterRef("title")
        )
        return self.filter(~Exists(same.filter(version__gt=OuterRef("version"))))


class PartOfRubric(Audited):
    """A rubric or a part of one: what work was marked by stays what it was."""

    course_path: ClassVar[str]

    class Meta(Audited.Meta):
        abstract = True

    @property
    def whole(self) -> "GradingRubric | None":
        """The rubric this is a part of, or is; None on a form that does not name it yet."""
        row: Any = self  # each row on the way to the course is of another model
        for name in self.course_path.split("__")[:-1]:
            row = getattr(row, name, None)
        rubric: GradingRubric | None = row
        return rubric

    @property
    def is_fixed(self) -> bool:
        whole = self.whole
        return whole is not None and whole.is_used

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        if self._is_changed() and self.is_fixed:
            yield NON_FIELD_ERRORS, ValidationError(IN_USE, code="rubric_in_use")

    def deletion_refusal(self) -> Any:
        return _("Work was marked by this rubric already.") if self.is_fixed else ""

    def _is_changed(self) -> bool:
        """Whether anything but the offer to new assessments differs from what is stored."""
        fields = [f for f in self._meta.concrete_fields if f.name not in ("id", "is_active")]
        names = [field.attname for field in fields]
        stored = type(self)._base_manager.filter(pk=self.pk).values_list(*names).first()
        return stored is None or stored != tuple(
            field.to_python(getattr(self, field.attname)) for field in fields
        )


class GradingRubric(PartOfRubric):
    """By what a course marks. A rubric in use is not changed: it gets a new version."""

    course_path = "course"
    natural_key_fields = ("course", "title", "version")

    course = models.ForeignKey(
        "courses.Course",
        models.PROTECT,
        related_name="rubrics",
        db_index=False,
        verbose_name=_("course"),
    )
    title = LineField(_("title"), max_length=200)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    description = ParagraphField(_("description"), blank=True)
    is_active = models.BooleanField(
        _("in use"), default=True, help_text=_("Can be chosen for an assessment.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = RubricQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("rubric")
        verbose_name_plural = _("rubrics")
        ordering = ["course", "title", "-version"]
        constraints = [
            UniqueRule(
                name="rubric_version_unique",
                fields=["course", "title", "version"],
                field="version",
                code="version_taken",
                message=_("This course has this version of the rubric already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} (v{self.version})"

    @property
    def is_used(self) -> bool:
        """Whether work was marked by it."""
        if self._state.adding:
            return False
        return GradingRubric.objects.used().filter(pk=self.pk).exists()


class RubricCriterion(SetsMaximum, PartOfRubric):
    """One thing a rubric looks at."""

    course_path = "rubric__course"
    natural_key_fields = ("rubric", "position")
    maximum_field = "max_points"
    scored = ("levels", "scores", "peer_scores")

    rubric = models.ForeignKey(
        GradingRubric,
        models.PROTECT,
        related_name="criteria",
        db_index=False,
        verbose_name=_("rubric"),
    )
    position = models.PositiveSmallIntegerField(_("position"))
    title = LineField(_("criterion"), max_length=200)
    description = ParagraphField(_("description"), blank=True)
    max_points = models.DecimalField(_("points at most"), max_digits=7, decimal_places=2)
    has_ranges = models.BooleanField(
        _("levels are ranges"),
        default=False,
        help_text=_("A level stands for all points from its own down to the next level's."),
    )

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("rubric criterion")
        verbose_name_plural = _("rubric criteria")
        ordering = ["rubric", "position"]
        constraints = [
            CopiedValueTarget(name="criterion_max_points_copied", copied="max_points"),
            UniqueRule(
                name="criterion_position_unique",
                fields=["rubric", "position"],
                field="position",
                code="position_taken",
                message=_("Another criterion of this rubric has this position already."),
            ),
            RowRule(
                name="criterion_points_positive",
                condition=Q(max_points__gt=0),
                field="max_points",
                code="not_positive",
                message=_("A criterion has more than 0 points."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class RubricLevel(Scored, PartOfRubric):
    """How well a criterion can be met, and for how many points."""

    course_path = "criterion__rubric__course"
    natural_key_fields = ("criterion", "title")
    maximum_path = ("criterion", "max_points")

    criterion = models.ForeignKey(
        RubricCriterion,
        models.PROTECT,
        related_name="levels",
        db_index=False,
        verbose_name=_("criterion"),
    )
    title = LineField(_("level"), max_length=100)
    description = ParagraphField(_("description"), blank=True)
    points = models.DecimalField(_("points"), max_digits=7, decimal_places=2)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("rubric level")
        verbose_name_plural = _("rubric levels")
        ordering = ["criterion", "-points", "id"]
        constraints = [
            CopiedValueKey(
                name="level_maximum_kept", reference="criterion", copy="maximum", of="max_points"
            ),
            UniqueRule(
                name="level_title_unique",
                fields=["criterion", "title"],
                field="title",
                code="title_taken",
                message=_("Another level of this criterion has this title already."),
            ),
            RowRule(
                name="level_points_not_negative",
                condition=Q(points__gte=0),
                field="points",
                code="points_negative",
                message=_("The points of a level are 0 or more."),
            ),
            RowRule(
                name="level_points_within_criterion",
                condition=Q(points__lte=F("maximum")),
                field="points",
                code="points_above_maximum",
                message=_("A level cannot have more points than its criterion."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.points})"
