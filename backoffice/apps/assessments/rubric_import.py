"""What a file of rubrics means: for which course it is, what a criterion is worth, what stands.

The reference `rubric` leads to the newest version of the rubric that a row names.
"""

from collections.abc import Iterator, Mapping

from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.admin_site.models.rules import RowRule
from backoffice.admin_site.permissions.visibility import within
from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.rubrics import IN_USE
from backoffice.apps.courses.models import Course
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import field_at
from backoffice.bulk.kinds.conditions import is_false, with_literals
from backoffice.bulk.kinds.file_layout import FileLayout
from backoffice.bulk.kinds.resource import NESTED, Written
from backoffice.bulk.kinds.sql_names import cell, planned, referred, stored, version, written_row
from backoffice.bulk.plan.nested_rows import ParentLayout

COURSE = {"course_code": "code", "presentation": "presentation"}
LEVELS, CRITERIA = RubricLevel._meta.db_table, RubricCriterion._meta.db_table


def used_rubrics() -> str:
    """SQL: the rubrics by which work was marked."""
    return with_literals(GradingRubric.objects.used().values("pk").query.sql_with_params())


def maximum_of(criterion: str) -> str:
    """SQL: the points that a criterion, given by SQL for its key, has by then."""
    return f"(SELECT x.max_points FROM {CRITERIA} x WHERE x.id = {criterion})"


RESTORED_LEVEL = {"maximum": maximum_of(version("criterion_id"))}
CRITERION_OF_THE_NAME = (
    f"SELECT min(x.id) FROM {CRITERIA} x "
    f"WHERE x.rubric_id = {referred('rubric')} AND x.title = {cell('criteria_name')}"
)


def is_used_rubric() -> str:
    """SQL, in an undo: work was marked by the rubric, so it stays."""
    return f"{written_row()} IN ({used_rubrics()})"


def is_of_used_rubric() -> str:
    """SQL, in an undo: work was marked by the criterion's rubric."""
    return f"{version('rubric_id')} IN ({used_rubrics()})"


def is_used_level() -> str:
    """SQL, in an undo: work was marked by the level's rubric."""
    of_used = f"SELECT x.id FROM {CRITERIA} x WHERE x.rubric_id IN ({used_rubrics()})"
    return f"{version('criterion_id')} IN ({of_used})"


def criteria_written_with(layout: FileLayout) -> Mapping[str, Written]:
    """The place of a new criterion, behind those there are, and the points it gives."""
    assert isinstance(layout, ParentLayout)  # which a kind with nested rows always has
    return {"position": Written(_next_place(layout)), "max_points": _most(layout)}


def _next_place(layout: ParentLayout) -> str:
    of_rubric = [column for column in layout.identity if column.reference == "rubric"]
    last = f"SELECT max(x.position) FROM {CRITERIA} x WHERE x.rubric_id = {planned('rubric')}"
    return f"coalesce(({last}), 0) + {layout.number_among_new(of_rubric)}"


def _most(layout: ParentLayout) -> Written:
    """A criterion gives as many points as its best level; unless that changes, what is stored."""
    points = layout.nested_cells("rating_points", unless_preserved="rating_points")
    names = layout.nested_cells("rating_name", filled=True, unless_preserved="rating_points")
    after = _best(points, names)
    before = _best(layout.nested_previous(), layout.nested_cells("rating_name", filled=True))
    most = stored("max_points")
    return Written(
        _best(points),
        f"CASE WHEN {after} = {before} THEN {most} ELSE coalesce({after}, {most}) END",
    )


def _best(points: str, names: str = "") -> str:
    """SQL: the most points of the file's levels, and of the stored ones that it does not name."""
    if names:
        points += (
            f" UNION ALL SELECT l.points FROM {LEVELS} l WHERE l.criterion_id = {stored()} "
            f"AND l.title NOT IN ({names})"
        )
    return f"(SELECT max(o.value) FROM ({points}) o)"


def checks_of(layout: FileLayout) -> Iterator[Check]:
    """What only a file of rubrics can get wrong."""
    assert isinstance(layout, ParentLayout)
    if layout.companion_reference:
        yield from _course_checks(layout)
    yield from _name_checks()
    yield _in_use(layout)
    yield from _level_checks(layout)


def _allowed(layout: FileLayout) -> str:
    """SQL: the courses into which the person may bring rubrics."""
    courses = Course._base_manager.all()
    allowed = (
        courses if layout.actor is None else within(courses, layout.actor, "import", GradingRubric)
    )
    return with_literals(allowed.values("pk").query.sql_with_params())


def _courses(layout: FileLayout, *names: str) -> str:
    """SQL: those of them that these columns of the row name."""
    tests = [f"x.{COURSE[name]} = {cell(name)}" for name in names]
    where = " AND ".join([f"x.id IN ({_allowed(layout)})", *tests])
    return f"courses_course x WHERE {where}"


def implied_course(layout: FileLayout) -> Mapping[str, str]:
    """What a file need not say: the course, where only one can be meant."""
    names = [name for name in COURSE if name in layout.names]
    only = _courses(layout, *names)
    return {name: f"(SELECT min(x.{field}) FROM {only})" for name, field in COURSE.items()}


def _course_checks(layout: FileLayout) -> Iterator[Check]:
    """A new rubric needs a course, and a person one into which they may bring it."""
    names = [name for name in COURSE if name in layout.names]
    unknown = _(
        "{column} “{value}” names no course into which you may bring rubrics. Check it, or ask "
        "whoever teaches the course."
    )
    is_new = f"{referred('rubric')} IS NULL"
    for at, name in enumerate(names):
        known = "".join(f" AND EXISTS (SELECT 1 FROM {_courses(layout, n)})" for n in names[:at])
        missing = f"NOT EXISTS (SELECT 1 FROM {_courses(layout, *names[: at + 1])})"
        code = "unknown_course" if name == "course_code" else "unknown_presentation"
        yield Check(code, name, unknown, (f"({is_new} AND {missing}{known})", ()), tuple(names))
    if len(names) < len(COURSE):
        message = _(
            "{column} “{value}”: the file does not say for which course. Add the columns "
            "Course Code and Presentation."
        )
        several = f"(SELECT count(*) FROM {_courses(layout, *names)})"
        least = 2 if names else 0
        wrong = f"({is_new} AND {several} >= {least} AND {several} <> 1)"
        yield Check("course_needed", "rubric_name", message, (wrong, ()), tuple(names))


def _name_checks() -> Iterator[Check]:
    """A name that two stored criteria of the rubric have says neither."""
    message = _(
        "{column} “{value}” is the name of several criteria of the stored rubric. Give them "
        "different names on its page first."
    )
    alike = (
        f"(SELECT count(*) FROM {CRITERIA} x WHERE x.rubric_id = {referred('rubric')} "
        f"AND x.title = {cell('criteria_name')}) > 1"
    )
    yield Check("ambiguous_criterion", "criteria_name", message, (alike, ()))


def _in_use(layout: ParentLayout) -> Check:
    """The model's own rule, over all that the file would change."""
    message = "{column} “{value}”: " + str(IN_USE)
    changes = f"({stored()} IS NULL OR {layout.differs()})"
    condition = f"({referred('rubric')} IN ({used_rubrics()}) AND {changes})"
    return Check("rubric_in_use", "rubric_name", message, (condition, ()), (NESTED,))


def _level_checks(layout: ParentLayout) -> Iterator[Check]:
    """No levels at all, levels that give nothing, and stored ones that the row leaves out."""
    first = f"SELECT min(l.title) FROM {LEVELS} l WHERE l.criterion_id = {stored()}"
    none = _("{column} “{value}” has no rating. Fill Rating Name and Rating Points at least once.")
    empty = f"({cell(NESTED)} = '[]' AND ({stored()} IS NULL OR ({first}) IS NOT NULL))"
    yield Check("no_ratings", "criteria_name", none, (empty, ()), (NESTED,))
    rules = (rule for rule in RubricCriterion._meta.constraints if isinstance(rule, RowRule))
    rule = next(rule for rule in rules if rule.name == "criterion_points_positive")
    assert isinstance(rule.condition, Q)
    best = _best(
        layout.nested_cells("rating_points"), layout.nested_cells("rating_name", filled=True)
    )
    field = field_at(RubricCriterion, rule.field)
    yield Check(
        str(rule.violation_error_code),
        "rating_points",
        "{column}: " + str(rule.violation_error_message),
        is_false(rule.condition, {rule.field: (best, field)}),
        (NESTED,),
    )
    left = f"{first} AND l.title NOT IN ({layout.nested_cells('rating_name')})"
    message = _("{column} “{value}”: the stored rating “{other}” is not in the row, and stays.")
    yield Check(
        *("rating_kept", "criteria_name", message, (f"(({left}) IS NOT NULL)", ()), (NESTED,)),
        is_warning=True,
        other=f"({left})",
    )
