"""Courses, what they consist of, and how far people have come in them."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.rules import (
    Advisory,
    RelatedRule,
    RowRule,
    UniqueRule,
    Violation,
    is_web_address,
)
from backoffice.apps.courses.slugs import course_slug
from backoffice.apps.users.models import Enrollment
from backoffice.apps.users.validators import validate_language
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.operations.indexes import LongNameIndex

NEARLY = 0.9  # of the places
NOT_AN_INSTRUCTOR = _("This person is not an instructor. Choose one, or change the person's role.")


class CourseQuerySet(AuditedQuerySet):
    """Query words for courses."""

    questions: ClassVar[dict[str, Any]] = {
        "near_limit": _("nearly full, or more than full"),
        "without_instructor": _("published without an instructor"),
    }

    def published(self) -> "CourseQuerySet":
        return self.filter(status=Course.Status.PUBLISHED)

    def with_students(self) -> "CourseQuerySet":
        """With `student_count`: active students. Who assists or observes takes no place."""
        active = Enrollment.objects.active().students().filter(course=OuterRef("pk"))
        counted = active.order_by().values("course").annotate(many=Count("pk")).values("many")
        return self.annotate(student_count=Coalesce(Subquery(counted), 0))

    def near_limit(self) -> "CourseQuerySet":
        """Published, not over, and full to nine tenths or more; with `student_count`."""
        is_over = Q(ends_on__lt=timezone.now().date())
        limited = self.published().exclude(is_over).filter(enrollment_limit__gt=0)
        return limited.with_students().filter(student_count__gte=F("enrollment_limit") * NEARLY)

    def without_instructor(self) -> "CourseQuerySet":
        return self.published().filter(instructor=None)


class Course(Audited):
    """One run of a course: a code and a presentation (the term), with people and content."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        ARCHIVED = "archived", _("archived")

    class Difficulty(models.TextChoices):
        BEGINNER = "beginner", _("beginner")
        INTERMEDIATE = "intermediate", _("intermediate")
        ADVANCED = "advanced", _("advanced")

    course_path = ""
    # When a row changed is what its history says; a save that changes nothing leaves none.
    history_excludes = ("updated_at",)
    natural_key_fields = ("code", "presentation")
    stamps = {"published_at": ("status", "published")}
    set_by_actions = ("status", "published_at")
    needed_in = {"published": ("title", "instructor", "starts_on")}

    code = LineField(_("course code"), max_length=50, help_text=_("For example AAA or CS101."))
    presentation = LineField(
        _("presentation"), max_length=50, help_text=_("The term or run, for example 2013J.")
    )
    title = LineField(
        _("title"),
        max_length=200,
        blank=True,
        help_text=_("Without one, code and presentation stand for it."),
    )
    slug = models.SlugField(
        _("slug"),
        max_length=120,
        blank=True,
        allow_unicode=True,
        db_index=False,
        help_text=_("The name in addresses. Left blank, it is made from code and presentation."),
    )
    short_description = LineField(_("in one sentence"), max_length=300, blank=True)
    description = ParagraphField(_("description"), blank=True)
    learning_objectives = ParagraphField(_("learning objectives"), blank=True)
    prerequisites = ParagraphField(_("prerequisites"), blank=True)
    # No index of its own: one index begins with instructor and status.
    instructor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="taught_courses",
        db_index=False,
        limit_choices_to={"role": "instructor"},
        error_messages={"invalid": NOT_AN_INSTRUCTOR},
        verbose_name=_("instructor"),
    )
    difficulty_level = models.CharField(
        _("difficulty"), max_length=12, choices=Difficulty, default=Difficulty.BEGINNER
    )
    estimated_hours = models.PositiveSmallIntegerField(_("estimated hours"), null=True, blank=True)
    language = LineField(_("language"), max_length=35, default="en", validators=[validate_language])
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    is_featured = models.BooleanField(_("featured"), default=False)
    enrollment_limit = models.PositiveIntegerField(
        _("enrollment limit"), null=True, blank=True, help_text=_("Blank or 0 means without limit.")
    )
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last saved"), auto_now=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)
    tags = models.ManyToManyField(
        "CourseTag",
        through="CourseTagging",
        related_name="courses",
        blank=True,
        verbose_name=_("tags"),
    )

    objects = CourseQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["code", "presentation"]
        indexes = [
            LongNameIndex(
                fields=["status", "-created_at"], name="courses_course_status_created_idx"
            ),
            LongNameIndex(
                fields=["instructor", "status"], name="courses_course_instructor_status_idx"
            ),
        ]
        constraints = [
            UniqueRule(
                name="course_unique",
                fields=["code", "presentation"],
                field="presentation",
                code="course_exists",
                message=_("This course code exists already in this presentation."),
            ),
            UniqueRule(
                name="course_slug_unique",
                fields=["slug"],
                field="slug",
                code="slug_taken",
                message=_("Another course has this slug already."),
            ),
            RowRule(
                name="course_dates_in_order",
                condition=Q(ends_on__gte=F("starts_on")),
                field="ends_on",
                code="ends_before_start",
                message=_("The end lies before the start. Correct one of the two dates."),
            ),
        ]

    advisories = (
        Advisory(
            name="course_published_without_instructor",
            field="instructor",
            condition=~Q(status="published") | Q(instructor__isnull=False),
            message=_("The course is published, but nobody teaches it."),
            code="instructor_missing",
        ),
    )
    related_rules = (
        RelatedRule(
            name="course_instructor_role",
            field="instructor",
            condition=Q(instructor__role="instructor"),
            message=NOT_AN_INSTRUCTOR,
            code="not_an_instructor",
        ),
    )

    def __str__(self) -> str:
        return f"{self.code} {self.presentation} {self.title}".strip()

    # Forms and imports validate first, other code only saves.
    def clean_fields(self, exclude: Any = None) -> None:
        self.slug = self.slug or course_slug(self.code, self.presentation)
        super().clean_fields(exclude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = self.slug or course_slug(self.code, self.presentation)
        super().save(*args, **kwargs)


class CourseModule(Audited):
    """A part of a course: a week, a unit, a chapter."""

    course_path = "course"
    natural_key_fields = ("course", "position")

    course = models.ForeignKey(
        Course, models.PROTECT, related_name="modules", db_index=False, verbose_name=_("course")
    )
    position = models.PositiveSmallIntegerField(
        _("position"), help_text=_("Modules stand in this order, from 1.")
    )
    title = LineField(_("title"), max_length=200)
    description = ParagraphField(_("description"), blank=True)
    is_published = models.BooleanField(_("published"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("module")
        verbose_name_plural = _("modules")
        ordering = ["course", "position"]
        constraints = [
            UniqueRule(
                name="module_position_unique",
                fields=["course", "position"],
                field="position",
                code="position_taken",
                message=_("Another module of this course has this position already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.title}"


class Lesson(Audited):
    """One sitting of a module: a text, a film, a file, a live meeting."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        VIDEO = "video", _("film")
        FILE = "file", _("file")
        LIVE = "live", _("live meeting")

    course_path = "module__course"
    natural_key_fields = ("module", "position")

    module = models.ForeignKey(
        CourseModule,
        models.PROTECT,
        related_name="lessons",
        db_index=False,
        verbose_name=_("module"),
    )
    position = models.PositiveSmallIntegerField(
        _("position"), help_text=_("Lessons stand in this order, from 1.")
    )
    title = LineField(_("title"), max_length=200)
    lesson_type = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TEXT)
    content = ParagraphField(_("text"), blank=True)
    video_url = models.URLField(_("address of the film"), blank=True)
    duration_minutes = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True)
    is_published = models.BooleanField(_("published"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")
        ordering = ["module", "position"]
        constraints = [
            UniqueRule(
                name="lesson_position_unique",
                fields=["module", "position"],
                field="position",
                code="position_taken",
                message=_("Another lesson of this module has this position already."),
            ),
            RowRule(
                name="lesson_video_of_the_web",
                condition=is_web_address("video_url"),
                field="video_url",
                code="not_of_the_web",
                message=_("The address of a film begins with https:// or http://."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class CourseTag(Audited):
    """A word courses are found by."""

    natural_key_fields = ("name",)

    name = LineField(_("name"), max_length=60)
    description = LineField(_("description"), max_length=300, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [
            UniqueRule(
                name="tag_name_unique",
                fields=["name"],
                field="name",
                code="name_taken",
                message=_("There is a tag of this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CourseTagging(Audited):
    """A tag on a course."""

    course_path = "course"
    natural_key_fields = ("course", "tag")

    course = models.ForeignKey(
        Course, models.PROTECT, related_name="taggings", db_index=False, verbose_name=_("course")
    )
    tag = models.ForeignKey(
        CourseTag, models.PROTECT, related_name="taggings", verbose_name=_("tag")
    )

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("tag of a course")
        verbose_name_plural = _("tags of courses")
        ordering = ["course", "tag"]
        constraints = [
            UniqueRule(
                name="tagging_unique",
                fields=["course", "tag"],
                field="tag",
                code="already_tagged",
                message=_("The course has this tag already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course} – {self.tag}"


class LessonProgress(Audited):
    """How far one enrolled person has come in one lesson."""

    class Status(models.TextChoices):
        NOT_STARTED = "not_started", _("not started")
        IN_PROGRESS = "in_progress", _("in progress")
        COMPLETED = "completed", _("completed")

    course_path = "enrollment__course"
    person_path = "enrollment__student"
    natural_key_fields = ("enrollment", "lesson")

    enrollment = models.ForeignKey(
        Enrollment,
        models.PROTECT,
        related_name="lesson_progress",
        db_index=False,
        verbose_name=_("enrollment"),
    )
    lesson = models.ForeignKey(
        Lesson, models.PROTECT, related_name="progress", verbose_name=_("lesson")
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.NOT_STARTED
    )
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2, default=0)
    seconds_spent = models.PositiveIntegerField(_("seconds spent"), default=0)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("lesson progress")
        verbose_name_plural = _("lesson progress")
        ordering = ["-id"]
        constraints = [
            UniqueRule(
                name="lesson_progress_unique",
                fields=["enrollment", "lesson"],
                field="lesson",
                code="progress_exists",
                message=_("There is progress of this person in this lesson already."),
            ),
            RowRule(
                name="lesson_progress_percent",
                condition=Q(percent__gte=0, percent__lte=100),
                field="percent",
                code="out_of_range",
                message=_("Progress lies between 0 and 100 percent."),
            ),
            RowRule(
                name="lesson_progress_in_order",
                condition=Q(completed_at__gte=F("started_at")),
                field="completed_at",
                code="completed_before_start",
                message=_(
                    "The lesson was completed before it was started. Correct one of the two."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment} – {self.lesson}"

    def further_violations(self) -> Iterator[Violation]:
        if not (self.enrollment_id and self.lesson_id):
            return
        if self.lesson.module.course_id != self.enrollment.course_id:
            message = _("This lesson belongs to another course than the enrollment.")
            yield "lesson", ValidationError(message, code="other_course")


class CourseProgress(Audited):
    """How far one enrolled person has come in the whole course."""

    course_path = "enrollment__course"
    person_path = "enrollment__student"
    natural_key_fields = ("enrollment",)
    history_excludes = ("updated_at",)

    enrollment = models.OneToOneField(
        Enrollment, models.PROTECT, related_name="progress", verbose_name=_("enrollment")
    )
    lessons_completed = models.PositiveIntegerField(_("lessons completed"), default=0)
    lessons_total = models.PositiveIntegerField(_("lessons in all"), default=0)
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2, default=0)
    seconds_spent = models.PositiveIntegerField(_("seconds spent"), default=0)
    updated_at = models.DateTimeField(_("last counted"), auto_now=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("course progress")
        verbose_name_plural = _("course progress")
        ordering = ["-id"]
        constraints = [
            RowRule(
                name="course_progress_percent",
                condition=Q(percent__gte=0, percent__lte=100),
                field="percent",
                code="out_of_range",
                message=_("Progress lies between 0 and 100 percent."),
            ),
            RowRule(
                name="course_progress_lessons",
                condition=Q(lessons_completed__lte=F("lessons_total")),
                field="lessons_completed",
                code="too_many_lessons",
                message=_("More lessons are completed than there are."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.enrollment)
