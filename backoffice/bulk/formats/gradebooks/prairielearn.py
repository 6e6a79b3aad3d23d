"""PrairieLearn's gradebook of a course, in percent, and its files of one assessment.

By `instructorGradebook` and `instructorAssessmentDownloads` of PrairieLearn. Its import of scores
is of one assessment, by UID, which is not stored here.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import Cells, ColumnSource, SourceTable, not_stored, plain
from backoffice.bulk.formats.gradebooks.long import GradeLines
from backoffice.bulk.formats.gradebooks.meanings import ScoreColumn, without_students
from backoffice.bulk.formats.gradebooks.wide import NamedColumns
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import ReaderIssue, Row
from backoffice.bulk.values.faults import Fault, FileRefused

PEOPLE = frozenset({"uid", "uin", "username", "name", "role", "group name", "usernames"})
STUDENT_ROLES = ("", "student")
DIGITS = Context(prec=12)  # what is left of a double after a few steps of arithmetic
NOT_WRITTEN = _(
    "PrairieLearn takes scores of one assessment at a time, by its own UID, which is not stored "
    "here; so there is no file to write for it."
)


def exact(number: Decimal) -> str:
    """A number without what arithmetic on doubles left behind its last digit."""
    return f"{DIGITS.plus(number).normalize():f}"


def points(text: str) -> str:
    try:
        return exact(Decimal(text))
    except InvalidOperation:
        return text


class PrairieLearnGradebook(NamedColumns):
    """Scores of a course in percent; the points are that share of the assessment's maximum."""

    dialect, title = "prairielearn", _("PrairieLearn gradebook")
    needs = frozenset({"uid", "name", "role"})
    student_label = "UIN"
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {"student_id": plain("uin")}
    not_written = NOT_WRITTEN

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        return super().recognises(header) and not PrairieLearnInstances.recognises(header)

    def _columns(self) -> dict[int, ScoreColumn]:
        headers = {at: name.strip() for at, name in enumerate(self.header)}
        return {
            at: ScoreColumn(header, (header,), (header,))
            for at, header in headers.items()
            if header and column_name(header) not in PEOPLE and at != self.bases_at
        }

    def translated(self, row: Row) -> Iterator[Row]:
        staff = _staff(self, row)
        yield from [staff] if staff else super().translated(row)

    def points_of(self, cell: str, at: int) -> str:
        known = self.known.get(self.columns[at].header)
        try:
            return exact(Decimal(cell.strip()) * Decimal(known.most) / 100) if known else cell
        except InvalidOperation:
            return cell

    @property
    def reader_issues(self) -> tuple[ReaderIssue, ...]:
        template = gettext(
            "PrairieLearn's gradebook is in percent: each score is that share of the maximum that "
            "its assessment has here."
        )
        fault = Fault("percent", template, is_warning=True)
        return (*super().reader_issues, ReaderIssue(fault, "", ""))

    def advice(self) -> Any:
        return gettext("Download the gradebook of the course.")


class PrairieLearnInstances(GradeLines):
    """The instances of one assessment with their points, a line for each."""

    dialect, title = "prairielearn", _("PrairieLearn assessment instances")
    needs = frozenset({"uid", "assessment", "instance", "points", "max points"})
    assessment_column = "assessment"
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": plain("uin"),
        "score": ColumnSource(("points",), lambda cells: points(cells["points"])),
        "max_score": ColumnSource(("max points",), lambda cells: points(cells["max points"])),
    }
    not_written = NOT_WRITTEN

    def check(self, batch: Batch) -> None:
        if not self.has("uin"):
            raise without_students(self.title, "UIN")

    def translated(self, row: Row) -> Iterator[Row]:
        staff = _staff(self, row)
        yield from [staff] if staff else super().translated(row)


class PrairieLearnScores(SourceTable):
    """Scores or points of one assessment: the file does not say which of the two."""

    dialect, title, kind = "prairielearn", _("PrairieLearn scores of one assessment"), "grades"
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {}

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        names = list(map(column_name, header))
        return names[:2] == ["uid", "uin"] and len(names) == 3

    def check(self, batch: Batch) -> None:
        """Raise FileRefused, with the file that says it."""
        message = gettext(
            "The file is PrairieLearn's of one assessment, and does not say whether “%(column)s” "
            "is in percent or in points. Download the file of its instances, or the gradebook of "
            "the course."
        )
        header = self.header[2].strip()
        raise FileRefused("ambiguous_scale", message % {"column": header}, line=1, column=header)


def _staff(table: SourceTable, row: Row) -> Row | None:
    """The row left out, if it is of somebody who is no student."""
    if row.syntax_error or len(row.cells) != table.width:
        return None
    role = Cells(table, row.cells)["role"]
    if role.casefold() in STUDENT_ROLES:
        return None
    issue = not_stored(table.label("role"), role)
    return Row(row.line, [], reader_issues=(issue,), is_left_out=True)
