"""What a file of rubrics means: for which course it is, what a criterion is worth, what stands.

SQL over the aliases of an import: `s` the staged criterion, `t` the criterion as stored, `p` its
plan, `r_rubric` the newest version of the rubric it names.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.visibility import within
from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, RubricLevel
from backoffice.apps.assessments.models.rubrics import IN_USE
from backoffice.apps.courses.models import Course
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.conditions import is_false, with_literals
from backoffice.bulk.kinds.file_layout import FileLayout
from backoffice.bulk.kinds.resource import MEMBERS, Written
from backoffice.bulk.plan.nested_rows import ParentLayout
from backoffice.bulk.sql.layout import Layout

COURSE = {"course_code": "code", "presentation": "presentation"}
LEVELS, CRITERIA = RubricLevel._meta.db_table, RubricCriterion._meta.db_table


def used_rubrics() -> str:
    """SQL: the rubrics by which work was marked."""
    return with_literals(GradingRubric.objects.used().values("pk").query.sql_with_params())


def criteria_written_with(layout: ParentLayout) -> Mapping[str, Written]:
    """The place of a new criterion, behind those there are, and the points it gives."""
    return {"position": Written(_next_place(layout)), "max_points": _most(layout)}


def _next_place(layout: ParentLayout) -> str:
    tables = layout.tables
    same = " AND ".join(
        f"z.c_{c.column_name} = s.c_{c.column_name}"
        for c in layout.identity
        if c.reference == "rubric"
    )
    return (
        f"coalesce((SELECT max(x.position) FROM {CRITERIA} x WHERE x.rubric_id = p.fk_rubric), 0)"
        f" + (SELECT count(*) FROM {tables.plan} q JOIN {tables.stage} z ON z.row_no = q.row_no "
        f"WHERE q.state = 'c' AND q.row_no <= p.row_no AND {same})"
    )


def _most(layout: ParentLayout) -> Written:
    """A criterion gives as many points as its best level; unless that changes, what is stored."""
    members = layout.resource.members
    assert members
    points = members.columns["rating_points"]
    bit = Layout(members.resource, layout.members, layout.dialect).preserved_bit(points)
    source = (
        f"{layout.within.stage} b JOIN {layout.within.plan} q "
        f"ON q.row_no = b.row_no AND q.kept & {bit} = 0"
    )
    after = _best(source, "s.row_no", with_stored=True)
    before = _best(f"{layout.within.stage} b", "s.row_no", with_stored=True, of="b.was")
    return Written(
        _best(source, "s.row_no", with_stored=False),
        f"CASE WHEN {after} = {before} THEN t.max_points ELSE coalesce({after}, t.max_points) END",
    )


def _best(source: str, row: str, *, with_stored: bool, of: str = "b.c_rating_points") -> str:
    """SQL: the most points of the file's levels and of the stored ones that it does not name."""
    query = f"SELECT {of} AS v FROM {source} WHERE b.up_no = {row}"
    if with_stored:
        query += (
            f" UNION ALL SELECT l.points FROM {LEVELS} l WHERE l.criterion_id = t.id AND l.title "
            f"NOT IN (SELECT b.c_rating_name FROM {source} WHERE b.up_no = {row} "
            "AND b.c_rating_name IS NOT NULL)"
        )
    return f"(SELECT max(o.v) FROM ({query}) o)"


def checks_of(layout: ParentLayout) -> Iterator[Check]:
    """What only a file of rubrics can get wrong."""
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
    tests = [f"x.{COURSE[name]} = s.c_{name}" for name in names]
    where = " AND ".join([f"x.id IN ({_allowed(layout)})", *tests])
    return f"courses_course x WHERE {where}"


def implied_course(layout: FileLayout) -> Mapping[str, str]:
    """What a file need not say: the course, where only one can be meant."""
    names = [name for name in COURSE if name in layout.names]
    only = _courses(layout, *names)
    return {name: f"(SELECT min(x.{field}) FROM {only})" for name, field in COURSE.items()}


def _course_checks(layout: Layout) -> Iterator[Check]:
    """A new rubric needs a course, and a person one into which they may bring it."""
    names = [name for name in COURSE if name in layout.names]
    unknown = _(
        "{column} “{value}” names no course into which you may bring rubrics. Check it, or ask "
        "whoever teaches the course."
    )
    is_new = "r_rubric.id IS NULL"
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
        f"(SELECT count(*) FROM {CRITERIA} x WHERE x.rubric_id = r_rubric.id "
        "AND x.title = s.c_criteria_name) > 1"
    )
    yield Check("ambiguous_criterion", "criteria_name", message, (alike, ()))


def _in_use(layout: Layout) -> Check:
    """The model's own rule, over all that the file would change."""
    message = "{column} “{value}”: " + str(IN_USE)
    changes = f"(t.id IS NULL OR {layout.differs()})"
    condition = f"(r_rubric.id IN ({used_rubrics()}) AND {changes})"
    return Check("rubric_in_use", "rubric_name", message, (condition, ()), (MEMBERS,))


def _level_checks(layout: ParentLayout) -> Iterator[Check]:
    """No levels at all, levels that give nothing, and stored ones that the row leaves out."""
    stored = f"SELECT min(l.title) FROM {LEVELS} l WHERE l.criterion_id = t.id"
    none = _("{column} “{value}” has no rating. Fill Rating Name and Rating Points at least once.")
    empty = f"(s.c_{MEMBERS} = '[]' AND (t.id IS NULL OR ({stored}) IS NOT NULL))"
    yield Check("no_ratings", "criteria_name", none, (empty, ()), (MEMBERS,))
    # The model's own rule. Django declares constraints without field and condition.
    rule: Any = next(
        c for c in RubricCriterion._meta.constraints if c.name == "criterion_points_positive"
    )
    best = _best(f"{layout.within.stage} b", "s.row_no", with_stored=True)
    field: Any = RubricCriterion._meta.get_field(rule.field)  # no reverse relation
    yield Check(
        str(rule.violation_error_code),
        "rating_points",
        "{column}: " + str(rule.violation_error_message),
        is_false(rule.condition, {rule.field: (best, field)}),
        (MEMBERS,),
    )
    named = f"SELECT b.c_rating_name FROM {layout.within.stage} b WHERE b.up_no = s.row_no"
    left = f"{stored} AND l.title NOT IN ({named})"
    message = _("{column} “{value}”: the stored rating “{other}” is not in the row, and stays.")
    yield Check(
        *("rating_kept", "criteria_name", message, (f"(({left}) IS NOT NULL)", ()), (MEMBERS,)),
        is_warning=True,
        other=f"({left})",
    )
