"""Canvas' gradebook, as it is exported and imported there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import COURSE_KEY, Cells, ColumnSource, pair, plain
from backoffice.bulk.formats.base_scores import bases_of
from backoffice.bulk.formats.course_names import Course, joined
from backoffice.bulk.formats.gradebooks.meanings import ScoreColumn
from backoffice.bulk.formats.gradebooks.wide import BASES, Columns, Gradebook, Learner
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import Row
from backoffice.bulk.values.faults import FileRefused
from backoffice.bulk.values.refusals import ExportRefused

POINTS = "Points Possible"
SIS_ID = "SIS User ID"
READ_ONLY = "(read only)"  # in Points Possible: Canvas passes the column over
TEST_STUDENT = "student, test"
LOGINS = frozenset({"sis user id", "sis login id"})
# Some of the columns before the assignments; a school's Canvas may leave some of them out.
IDENTITY = LOGINS | {"id", "section", "integration id"}


def assignment_code(name: str) -> str:
    """The text of the last brackets, with which a name ends; brackets may be nested."""
    depth = 0
    for at in range(len(name) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(name[at], 0)
        if depth < 1:
            return name[at + 1 : -1]
    return ""


def _column(header: str) -> ScoreColumn:
    code = assignment_code(header)
    title = header.removesuffix(f"({code})").strip()
    # Canvas' own are numbers; anything else was written by us, or by somebody by hand.
    return ScoreColumn(header, (code,), (title,), is_foreign=code.isdecimal())


def _course_of_section(cells: Cells) -> Course:
    table = cells.table
    return table.courses.named_in_full(cells["section"]) or table.course


class CanvasGradebook(Gradebook):
    """The export of a gradebook. Students are known by their SIS ID, never by their name.

    A gradebook is of one course. Where a section has the name of one of ours, as in an export of
    ours, it is that; otherwise the codes of the assessments have to be enough.
    """

    dialect, title = "canvas", _("Canvas gradebook")
    needs = frozenset({"student"})
    above: ClassVar[Mapping[str, str]] = {**Gradebook.above, "max_score": POINTS}
    passed_over = frozenset({"id"})
    placed = (*Gradebook.placed, "max_score")
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": plain("sis user id"),
        **pair(COURSE_KEY, ("section",), _course_of_section, is_sparse=True),
    }
    written = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")

    course: Course = ("", "")

    def _columns(self) -> dict[int, ScoreColumn]:
        # Canvas writes an assignment with its number in brackets; totals have none.
        names = {at: name.strip() for at, name in enumerate(self.header)}
        return {at: _column(name) for at, name in names.items() if assignment_code(name)}

    def own_course(self) -> Course | None:
        return self.course if any(self.course) else None

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        # A file without IDs is recognised as well, so that `check` can say what is missing.
        names = set(map(column_name, header))
        has_logins = "section" in names and bool(names & LOGINS)
        has_codes = any(map(assignment_code, map(str.strip, header)))
        has_identity = bool(names & IDENTITY)
        return super().recognises(header) and (has_logins or (has_identity and has_codes))

    def check(self, batch: Batch) -> None:
        # Names are not unique enough to match students by.
        if not self.has(SIS_ID.casefold()):
            template = gettext(
                "The file is a Canvas gradebook without the column “%(column)s”, and students are "
                "not matched by their names. Export it from Canvas with that column, or add it."
            )
            message = template % {"column": SIS_ID}
            raise FileRefused("missing_column", message, line=1, column=SIS_ID)

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
        # The first section with the name of a course stands for the whole gradebook.
        text = cells[self.places[name]].strip()
        self.course = self.courses.named_in_full(text) or self.course
        return any(self.course)

    def is_about_columns(self, row: Row) -> bool:
        return self._nobody(row) in ("", POINTS.casefold())

    def _nobody(self, row: Row) -> str | None:
        """The name in a row that has no student's ID; None for a row that has one."""
        if row.syntax_error or len(row.cells) != self.width:
            return None
        cells = Cells(self, row.cells)
        return None if cells["sis user id"] else cells["student"].casefold()

    def translated(self, row: Row) -> Iterator[Row]:
        nobody = self._nobody(row)
        # Rows about columns, and the test student of Canvas, are no student's.
        if nobody == POINTS.casefold():
            maxima = {at: row.cells[at].strip() for at in self.scores}
            self.points = {at: text for at, text in maxima.items() if text[:1] != "("}
        elif nobody not in ("", TEST_STUDENT):
            yield from super().translated(row)

    @classmethod
    def heading(cls, columns: Columns, course: Course) -> list[list[str]]:
        """Names with codes, then maxima. Raises ExportRefused for a code with unpaired brackets."""
        names = [
            column.header or f"{column.title or column.code} ({column.code})" for column in columns
        ]
        for column, name in zip(columns, names, strict=True):
            if not column.header and assignment_code(name) != column.code:
                message = _(
                    "A Canvas gradebook has an assessment's code in brackets, and “%(code)s” would "
                    "not be read again. Give the assessment another code."
                )
                raise ExportRefused(message % {"code": column.code})
        points = [f"    {POINTS}", *[""] * (len(cls.written) - 1)]
        most = [column.most for column in columns]
        return [[*cls.written, *names, BASES], [*points, *most, READ_ONLY]]

    @classmethod
    def line(
        cls, learner: Learner, course: Course, columns: Columns, scores: Mapping[str, str]
    ) -> list[str]:
        name = ", ".join(filter(None, (learner.last_name, learner.first_name)))
        known = learner.student_id
        # The ID is a number of Canvas' own, so it stays blank.
        own = [name, "", known, known, next(joined(course))]
        return [*own, *(scores.get(column.code, "") for column in columns), bases_of(scores)]
