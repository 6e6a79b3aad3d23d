"""The page of a roster as of a day."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.registry import page
from backoffice.apps.users.enrollments.roster_as_of import (
    FIELDS,
    WHO,
    RosterChange,
    counts,
    entries,
    labels,
    roster,
    roster_changes,
    who,
)
from backoffice.apps.users.models import Enrollment
from backoffice.audit.reports.as_of_pages import AsOfQuery, as_of_query
from backoffice.bulk.export.csv_export import downloaded

TITLE = gettext_lazy("Roster as of a day")
TEMPLATE = "users/roster_as_of.html"


@page("roster-as-of", TITLE, "history_toggle_off", group="users", about="courses.course")
def roster_as_of(request: HttpRequest) -> HttpResponse:
    question = as_of_query(request, Enrollment._meta.get_field("course"), Enrollment)
    if question.course is None:
        return question.render(TEMPLATE, TITLE)
    return _difference(question) if question.since else _state(question)


def _state(question: AsOfQuery) -> HttpResponse:
    rows = roster(question.course, question.until)
    if question.is_download:
        return downloaded(question.file_name("roster"), _entry_lines(question))
    numbers = counts(rows)
    rows_of_page = question.page(_Counted(rows, sum(number for _label, number in numbers)))
    return question.render(
        TEMPLATE,
        TITLE,
        labels=labels(),
        counts=numbers,
        page=rows_of_page,
        entries=list(entries(rows_of_page.object_list, question.until)),
    )


class _Counted:
    """A queryset whose rows were counted by status already, so the paginator need not ask."""

    def __init__(self, rows: object, number: int) -> None:
        self.rows, self.number = rows, number

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, part: slice) -> object:
        return self.rows[part]


def _entry_lines(question: AsOfQuery) -> Iterator[list[object]]:
    yield [*WHO, *FIELDS]
    rows = roster(question.course, question.until).iterator(chunk_size=1_000)
    for entry in entries(rows, question.until):
        yield [*who(entry.person), *(getattr(entry.row, name) for name in FIELDS)]


def _difference(question: AsOfQuery) -> HttpResponse:
    changed = roster_changes(question.course, question.since, question.until)
    if question.is_download:
        return downloaded(question.file_name("roster_changes"), _change_lines(changed))
    rows_of_page = question.page(changed)
    return question.render(
        TEMPLATE, TITLE, page=rows_of_page, roster_changes=rows_of_page.object_list
    )


def _change_lines(changed: list[RosterChange]) -> Iterator[list[object]]:
    yield [*WHO, "what", "field", "before", "after"]
    for line in changed:
        for label, before, after in line.changes:
            yield [*who(line.person), line.kind.label, label, before, after]
