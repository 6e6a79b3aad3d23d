"""The page of a gradebook as of a day."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.pages.registry import page
from backoffice.apps.assessments.gradebook_as_of import (
    GradeColumn,
    GradeDifference,
    Mark,
    assessments,
    grade_rows,
    students,
)
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.enrollments.roster_as_of import WHO, ChangeKind, who
from backoffice.audit.reports.as_of_pages import PER_PAGE, AsOfQuery, as_of_query
from backoffice.bulk.export.csv_export import downloaded

TITLE = _("Gradebook as of a day")
TEMPLATE = "assessments/gradebook_as_of.html"


@page("gradebook-as-of", TITLE, "grading", group="assessments", about="courses.course")
def gradebook_as_of(request: HttpRequest) -> Any:  # a page, or a file that is streamed
    question = as_of_query(request, Assessment._meta.get_field("course"), AssessmentSubmission)
    if question.course is None:
        return question.render(TEMPLATE, TITLE)
    return _difference(question, question.since) if question.since else _state(question)


def _state(question: AsOfQuery) -> HttpResponseBase:
    tasks = assessments(question.course, question.until)
    if question.is_download:
        return downloaded(question.file_name("gradebook"), _state_records(question, tasks))
    rows_of_page = question.page(students(question.course, question.until))
    return question.render(
        TEMPLATE,
        TITLE,
        page=rows_of_page,
        columns=[GradeColumn(row) for row in tasks.values()],
        grade_rows=grade_rows(rows_of_page.object_list, tasks, question.until),
    )


def _state_records(question: AsOfQuery, tasks: dict[int, Any]) -> Iterator[list[object]]:
    codes = [row.code for row in tasks.values()]
    yield [*WHO, "enrollment", *(f"{code}{part}" for code in codes for part in ("", " state"))]
    rows = list(students(question.course, question.until))
    for start in range(0, len(rows), PER_PAGE):
        for row in grade_rows(rows[start : start + PER_PAGE], tasks, question.until):
            cells = (_scored(cell.mark) for cell in row.cells)
            yield [*who(row.person), row.status, *(value for cell in cells for value in cell)]


def _scored(mark: Mark | None) -> tuple[object, object]:
    return (mark.score, mark.state) if mark else (None, None)


def _difference(question: AsOfQuery, since: datetime) -> HttpResponseBase:
    difference = GradeDifference(question.course, since, question.until)
    if question.is_download:
        name = question.file_name("gradebook_changes")
        return downloaded(name, _difference_records(difference))
    rows_of_page = question.page(difference.people)
    return question.render(
        TEMPLATE,
        TITLE,
        page=rows_of_page,
        columns=difference.columns,
        grade_rows=difference.rows(rows_of_page.object_list),
    )


def _difference_records(difference: GradeDifference) -> Iterator[list[object]]:
    head = (_("what"), _("score before"), _("score after"), _("state before"), _("state after"))
    yield [*WHO, "assessment", *head]
    for start in range(0, len(difference.people), PER_PAGE):
        for row in difference.rows(difference.people[start : start + PER_PAGE]):
            named = who(row.person)
            if row.change:
                yield [*named, None, row.change.label, None, None, None, None]
            for column, cell in zip(difference.columns, row.cells, strict=True):
                if cell.is_changed:
                    yield [*named, column.row.code, *_change_values(cell.before, cell.mark)]


def _change_values(before: Mark | None, after: Mark | None) -> list[object]:
    (old_score, old_state), (new_score, new_state) = _scored(before), _scored(after)
    kind = ChangeKind.between(before, after)
    return [kind.label, old_score, new_score, old_state, new_state]
