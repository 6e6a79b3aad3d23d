"""Files of other systems with a grade on each line, which name its assessment in a cell."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from backoffice.bulk.formats.base import Cells, ColumnSource
from backoffice.bulk.formats.gradebooks.meanings import MappedTable, ScoreColumn
from backoffice.bulk.kinds.header_names import IGNORED
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import ReaderIssue, Row
from backoffice.bulk.values.faults import Fault

MOST_NAMES = 1_000  # of assessments that one file is asked about; no course has so many


class GradeLines(MappedTable):
    """A grade on each line. What the file calls assessments is collected before it is read."""

    assessment_column: ClassVar[str]

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        self.named: dict[str, None] = {}  # in the order of the file
        self.active_sources["assessment_id"] = ColumnSource(
            (self.assessment_column,), self._code_of
        )

    @property
    def sparse(self) -> frozenset[str]:
        return frozenset({self.assessment_column})

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
        # Never true, so that all rows are looked at.
        text = cells[self.places[name]].strip()
        if text and len(self.named) < MOST_NAMES:
            self.named[text] = None
        return False

    def narrow(self, filled: frozenset[str]) -> None:
        """Leave all columns: none is there for form's sake."""

    def score_columns(self) -> list[ScoreColumn]:
        return [ScoreColumn(text, (text,), (text,)) for text in self.named]

    def _code_of(self, cells: Cells) -> str:
        text = cells[self.assessment_column]
        return self.codes.get(text, text)

    def resolve(self, batch: Batch) -> None:
        super().resolve(batch)
        for name, value in self.constants.items():
            self.active_sources[name] = ColumnSource((), _constant(value))

    def translated(self, row: Row) -> Iterator[Row]:
        if not self._is_ignored(row):
            yield from super().translated(row)

    def _is_ignored(self, row: Row) -> bool:
        if row.syntax_error or len(row.cells) != self.width:
            return False
        text = Cells(self, row.cells)[self.assessment_column]
        passed = {column.header for column in self.passed}
        return self.codes.get(text) == IGNORED or text in passed


def _constant(value: str) -> Callable[[Cells], str]:
    return lambda cells: value


def left_out(line: int, template: str, column: str, value: str) -> Row:
    """A row that is not for us, with its message."""
    issue = ReaderIssue(Fault("left_out", template, is_warning=True), column, value)
    return Row(line, [], reader_issues=(issue,), is_left_out=True)
