"""Gradescope's grades: of a course, four columns for each assignment, and of one assignment.

Gradescope takes no grades from a file.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import ColumnSource, plain
from backoffice.bulk.formats.gradebooks.meanings import ScoreColumn
from backoffice.bulk.formats.gradebooks.wide import CellDetail, Gradebook, NamedColumns
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.readers import Row

MOST, SUBMITTED = " - Max Points", " - Submission Time"
OF_ONE = frozenset({"total score", "max points", "submission id"})


class GradescopeGrades(NamedColumns):
    """Grades of a course. How late work was is passed over: that is derived here."""

    dialect, title = "gradescope", _("Gradescope grades")
    student_label = "SID"
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {"student_id": plain("sid")}
    placed = (*Gradebook.placed, "max_score", "submitted_on")
    not_written = _("Gradescope takes no grades from a file, so there is none to write for it.")

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        names = set(map(column_name, header))
        has_people = bool(names & {"sid", "email"})
        of_course = any(name.endswith(MOST.casefold()) for name in names)
        return has_people and (of_course or names >= OF_ONE)

    def _columns(self) -> dict[int, ScoreColumn]:
        headers = {at: name.strip() for at, name in enumerate(self.header)}
        return {
            at: ScoreColumn(header, (header,), (header,))
            for at, header in headers.items()
            if column_name(f"{header}{MOST}") in self.places
        }

    def _without_scores(self) -> str:
        return gettext(
            "The file is Gradescope's of one assignment, and does not say of which. Download the "
            "grades of the course instead: “Assignments”, then “Download Grades”."
        )

    def advice(self) -> Any:
        return ""

    def details(self, row: Row, at: int) -> dict[str, CellDetail]:
        further = {"max_score": MOST, "submitted_on": SUBMITTED}
        named = {name: f"{self.header[at].strip()}{end}" for name, end in further.items()}
        return {
            name: CellDetail(cell, cell, self.label(column_name(header)))
            for name, header in named.items()
            if (place := self.places.get(column_name(header))) is not None
            and (cell := row.cells[place].strip())
        }
