"""Gradebooks out: a line for each student of a course, a column for each of its assessments."""

from collections.abc import Iterator
from itertools import groupby
from typing import IO, Any

from django.db import models
from django.db.models import F, Value
from django.utils.translation import gettext as _

from backoffice.admin_site.spreadsheets import csv_line, formula_safe
from backoffice.bulk.export.csv_export import AT_ONCE, as_text
from backoffice.bulk.export.selection import Selection, nothing_of, visible_columns
from backoffice.bulk.formats.gradebooks import AssessmentColumn, Gradebook, Learner
from backoffice.bulk.kinds.resource import REJECTED_COLUMNS, kinds
from backoffice.bulk.read.assessment_mapping import header_in
from backoffice.bulk.readers.base import MAX_COLUMNS
from backoffice.bulk.values.refusals import ExportRefused

NEEDED = ("student_id", "score")
# Who has a line without having a grade.
LISTED = {"role": "student", "status": ("active", "completed", "failed")}


def write_gradebook(table: type[Gradebook], selection: Selection, stream: IO[bytes]) -> int:
    """Write the gradebook of the selected course; returns the number of scores in it.

    Raises ExportRefused, before anything is written, where no course was chosen, where it has no
    assessments, or where the person sees no scores.
    """
    columns = _assessment_columns(selection, table.dialect)
    heading = table.heading(columns, selection.course)
    _refuse_namesakes(heading[0])
    _refuse_wide(len(heading[0]))
    _write(stream, heading)
    written = 0
    for learner, scores in _lines(selection):
        _write(stream, [table.line(learner, selection.course, columns, scores)])
        written += len(scores)
    return written


def _write(stream: IO[bytes], rows: list[list[str]]) -> None:
    stream.writelines(csv_line(map(formula_safe, cells)).encode() for cells in rows)


def _refuse_namesakes(header: list[str]) -> None:
    twice = next((name for name in header if header.count(name) > 1), "")
    if twice:
        message = _(
            "Two columns of the file would be called “%(name)s”. Give one of the assessments "
            "another title."
        )
        raise ExportRefused(message % {"name": twice})


def _refuse_wide(columns: int) -> None:
    # A file of its wrong rows, which has more columns, must be readable as well.
    most = MAX_COLUMNS - len(REJECTED_COLUMNS)
    if columns > most:
        message = _(
            "The file would have %(count)d columns, and only %(most)d can be read again. Choose "
            "another format: in our own columns each grade has a row."
        )
        raise ExportRefused(message % {"count": columns, "most": most})


def _assessment_columns(selection: Selection, dialect: str) -> list[AssessmentColumn]:
    if not selection.course:
        raise ExportRefused(
            _("A gradebook is of one course. Give a course code and a presentation.")
        )
    if not set(NEEDED) <= set(selection.header):
        raise ExportRefused(_("Your role does not see the scores that a gradebook is made of."))
    # What the other system calls its own columns, so that it finds them again.
    rows = selection.related_rows("assessments").annotate(own_header=header_in(dialect))
    names = kinds["assessments"].attributes("assessment_id", "title", "max_score")
    cells = rows.values_list(*names, "own_header")
    columns = [AssessmentColumn(*map(as_text, row)) for row in cells]
    if not columns:
        raise nothing_of(selection.course)
    return columns


def _lines(selection: Selection) -> Iterator[tuple[Learner, dict[str, str]]]:
    """Each student with the scores there are, by the codes of the assessments."""
    # One statement, ordered by student: rows are put together while they stream.
    rows = _scores(selection).union(_listed(selection), all=True).order_by("known", "code")
    cells = (tuple(map(as_text, row)) for row in rows.iterator(chunk_size=AT_ONCE))
    for learner, group in groupby(cells, lambda row: Learner(*row[:-2])):
        yield learner, {code: score for *_who, code, score in group if score}


def _scores(selection: Selection) -> models.QuerySet[Any]:
    code, score = kinds["grades"].attributes("assessment_id", "score")
    rows = selection.rows.filter(**{f"{score}__isnull": False})
    return _with_student(rows, "grades", selection, {"code": F(code), "points": F(score)})


def _listed(selection: Selection) -> models.QuerySet[Any]:
    """The students of the course, each with a blank code and no score."""
    role, status = kinds["enrollments"].attributes(*LISTED)
    filters = {role: LISTED["role"], f"{status}__in": LISTED["status"]}
    nothing = {
        "code": Value("", models.CharField()),
        "points": Value(None, models.DecimalField()),
    }
    rows = selection.related_rows("enrollments").filter(**filters)
    return _with_student(rows, "enrollments", selection, nothing)


def _with_student(
    rows: models.QuerySet[Any], kind: str, selection: Selection, cells: dict[str, Any]
) -> models.QuerySet[Any]:
    """Querysets of ID and names of a student, as far as the user sees them, and the cells."""
    column, user = kinds[kind].columns()["student_id"], selection.user
    people = kinds["users"]
    visible = people.exported_columns() if user is None else visible_columns(people, user)
    names = {
        f"its_{name}": F(f"{column.reference}__{people.columns()[name].attribute}")
        if people.columns()[name] in visible
        else Value("", models.CharField())
        for name in Learner._fields[1:]
    }
    annotations = {"known": F(column.attribute), **names, **cells}
    return rows.order_by().annotate(**annotations).values_list(*annotations)
