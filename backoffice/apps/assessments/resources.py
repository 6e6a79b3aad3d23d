"""Files about assessments, and about what students got in them."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.apps.assessments.grade_import import (
    COUNTING,
    GRADED_ENROLLMENTS,
    RESTORED_GRADE,
    average_check,
    conflict_check,
    finality_checks,
    time_checks,
    undated_check,
    written_with,
)
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.rubric_import import (
    CRITERION_OF_THE_NAME,
    RESTORED_LEVEL,
    checks_of,
    criteria_written_with,
    implied_course,
    is_of_used_rubric,
    is_used_level,
    is_used_rubric,
    maximum_of,
)
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column, Role
from backoffice.bulk.kinds.file_layout import FileLayout
from backoffice.bulk.kinds.resource import (
    Companion,
    ImportKind,
    Matching,
    NestedRows,
    UndoRules,
    Written,
    as_declared,
    importable,
)
from backoffice.bulk.kinds.sql_names import cell, parent_id, planned, stored


@importable
class AssessmentResource(ImportKind):
    """The assessments of courses, known by their code."""

    kind = "assessments"
    label = gettext_lazy("assessments")
    order = 4
    scope = "course"

    assessment_id = Column("code", key=True, identifier=True, example="TMA01")
    course_code = Column("course__code", key=True, code=True, example="BIO101")
    presentation = Column("course__presentation", key=True, code=True, example="2026J")
    title = Column("title", example="First essay")
    assessment_type = Column("assessment_type", example="TMA")
    due_on = Column("due_date", example="2026-11-15")
    weight = Column("weight", example="20")
    max_score = Column("max_score", example="100")

    class Meta:
        model = Assessment

    @classmethod
    def checks(cls, layout: FileLayout) -> Iterator[Check]:
        """A maximum below points that somebody has already."""
        column = next((c for c in layout.columns if c.column_name == "max_score"), None)
        if column is not None:
            message = _(
                "{column} “{value}”: there are already more points than this. Correct those first."
            )
            more = (
                f"({stored()} IS NOT NULL AND EXISTS (SELECT 1 FROM assessments_submission x "
                f"WHERE x.assessment_id = {stored()} AND x.score > {layout.incoming(column)}))"
            )
            yield Check("maximum_exceeded", "max_score", message, (more, ()), ("max_score",))


@importable
class GradeResource(ImportKind):
    """What students got: the score of the attempt that counts, made where there is none."""

    kind = "grades"
    label = gettext_lazy("grades")
    advice = gettext_lazy("Who only assists or observes in the course gets no grade.")
    order = 5
    scope = "assessment__course"
    matching = Matching(counting=COUNTING)
    undo = UndoRules(restored=RESTORED_GRADE, needs=GRADED_ENROLLMENTS)

    student_id = Column("student__student_id", key=True, identifier=True, example="ab1234567")
    assessment_id = Column("assessment__code", key=True, identifier=True, example="TMA01")
    course_code = Column("assessment__course__code", role=Role.NARROWS, code=True, example="BIO101")
    presentation = Column(
        "assessment__course__presentation", role=Role.NARROWS, code=True, example="2026J"
    )
    assessment_type = Column("assessment__assessment_type", role=Role.VERIFIES, example="TMA")
    score = Column("score", blank_keeps_stored=True, example="71.5")
    max_score = Column("assessment__max_score", role=Role.VERIFIES, example="100")
    submitted_on = Column("submitted_at", blank_keeps_stored=True, example="2026-11-14")
    is_banked = Column("is_banked", required=True, example="0")
    base_score = Column("score", role=Role.BASE)
    base_version = Column("version", role=Role.BASE)

    class Meta:
        model = AssessmentSubmission

    @classmethod
    def written(cls, layout: FileLayout) -> Mapping[str, Written]:
        """State, maximum, version and moment of the grade."""
        score = next((c for c in layout.written if c.column_name == "score"), None)
        return written_with(layout.update_value(score) if score else "")

    @classmethod
    def checks(cls, layout: FileLayout) -> Iterator[Check]:
        """What finality, other attempts and the course's days say."""
        score = next((c for c in layout.own if c.column_name == "score"), None)
        if score:
            yield from finality_checks(layout.incoming(score), has_reason=layout.has_reason)
            submitted_on = cell("submitted_on") if "submitted_on" in layout.names else "NULL"
            yield undated_check(layout.incoming(score), submitted_on)
        if score and layout.base_of(score):
            yield conflict_check(layout.dialect.differs)
        yield average_check()
        if "submitted_on" in layout.names:
            yield from time_checks()

    @classmethod
    def exportable(cls) -> models.QuerySet[Any]:
        """The attempts that count, of people with a student ID."""
        return AssessmentSubmission.objects.counting().filter(student__student_id__isnull=False)


@as_declared
class NewRubricResource(ImportKind):
    """The rubrics that a file of their criteria brings along."""

    kind = "new-rubrics"
    label = gettext_lazy("new rubrics")
    undo = UndoRules(stays=is_used_rubric)

    rubric_name = Column("title", key=True)
    course_code = Column("course__code", key=True)
    presentation = Column("course__presentation", key=True)

    class Meta:
        model = GradingRubric


@as_declared
class RatingResource(ImportKind):
    """The levels of a criterion, which stand in its row."""

    kind = "ratings"
    label = gettext_lazy("ratings")
    undo = UndoRules(restored=RESTORED_LEVEL, stays=is_used_level)

    rating_name = Column("title", key=True, header="Rating Name", example="Convincing")
    rating_description = Column(
        "description", header="Rating Description", example="Every claim has a source."
    )
    rating_points = Column("points", required=True, header="Rating Points", example="10")

    class Meta:
        model = RubricLevel
        ordering = ("-points", "pk")

    @classmethod
    def written(cls, layout: FileLayout) -> Mapping[str, Written]:
        """The maximum that the criterion has by then."""
        return {"maximum": Written(maximum_of(f"coalesce({planned('criterion')}, {parent_id()})"))}


@importable
class RubricResource(ImportKind):
    """Rubrics, a row for each criterion with its ratings, as Canvas writes them."""

    kind = "rubrics"
    label = gettext_lazy("rubrics")
    advice = gettext_lazy(
        "A row is one criterion. The rating columns are repeated side by side, as often as the "
        "criterion with the most ratings needs; others leave the rest blank. A criterion gives as "
        "many points as its best rating. Leave Course Code and Presentation out where only one "
        "course can be meant. A rubric by which work was marked is not changed: make a new "
        "version first."
    )
    order = 6
    shared_with = frozenset({"canvas"})
    scope = "rubric__course"
    listed = "rubric"
    companion = Companion("rubric", NewRubricResource, implied=implied_course)
    # The maximum of a level is its criterion's, which becomes that of its best level.
    nested = NestedRows(
        "criterion",
        RatingResource,
        lowered_column="rating_points",
        adjusted_fields=frozenset({"maximum", "criterion__max_points"}),
    )
    matching = Matching(counting=CRITERION_OF_THE_NAME, newest={"rubric": "version"})
    undo = UndoRules(stays=is_of_used_rubric)

    rubric_name = Column("rubric__title", key=True, header="Rubric Name", example="Essay")
    criteria_name = Column("title", key=True, header="Criteria Name", example="Argument")
    criteria_description = Column(
        "description", header="Criteria Description", example="Is the claim supported?"
    )
    criteria_enable_range = Column("has_ranges", header="Criteria Enable Range", example="false")
    course_code = Column(
        "rubric__course__code", role=Role.NARROWS, header="Course Code", example="BIO101"
    )
    presentation = Column(
        "rubric__course__presentation", role=Role.NARROWS, header="Presentation", example="2026J"
    )

    class Meta:
        model = RubricCriterion

    @classmethod
    def written(cls, layout: FileLayout) -> Mapping[str, Written]:
        """Place and points."""
        return criteria_written_with(layout)

    @classmethod
    def checks(cls, layout: FileLayout) -> Iterator[Check]:
        """The course, rubrics in use, ratings."""
        yield from checks_of(layout)

    @classmethod
    def exportable(cls) -> models.QuerySet[Any]:
        """The criteria of the newest version of each rubric: of that one a file speaks."""
        return RubricCriterion.objects.filter(rubric__in=GradingRubric.objects.newest())

    @classmethod
    def export_order(cls) -> list[str]:
        """Rubric by rubric, each in the order of its criteria."""
        course = ("rubric__course__code", "rubric__course__presentation")
        return [*course, "rubric__title", "rubric_id", "position"]
