"""A file of another system: how it is recognised, read, and written."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from backoffice.bulk.formats.assessment_names import AssessmentNames
from backoffice.bulk.formats.course_names import CourseNames, NoCourse
from backoffice.bulk.formats.known_people import KnownPeople
from backoffice.bulk.formats.lookup_files import SideFiles
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.kinds.value_words import LEFT_OUT
from backoffice.bulk.models import Batch
from backoffice.bulk.read.value_mapping import OwnWords, left_out_fault
from backoffice.bulk.readers import ReaderIssue, Row
from backoffice.bulk.values.cell_origins import Origin
from backoffice.bulk.values.cells import TEXT_FORMULA, normalised, plain_word
from backoffice.bulk.values.faults import CellRefused, Fault, width_fault

Native = Mapping[str, str]
COURSE_KEY = ("course_code", "presentation")


class NotTranslated(Exception):
    """A value that has no counterpart here."""

    def __init__(self, fault: Fault, column: str, value: str) -> None:
        super().__init__(fault.template)
        self.issue = ReaderIssue(fault, column, value)


class RowLeftOut(Exception):
    """A value for which the row is left out; in doubt where nobody knows what it means."""

    def __init__(self, issue: ReaderIssue, *, is_in_doubt: bool = False) -> None:
        super().__init__(issue.fault.template)
        self.issue, self.is_in_doubt = issue, is_in_doubt


class Cells:
    """The cells of one row, by the names of their columns."""

    def __init__(self, table: "SourceTable", cells: Sequence[str]) -> None:
        self.table, self.cells = table, cells

    def __getitem__(self, name: str) -> str:
        at = self.table.places.get(name)
        text = self.cells[at].strip() if at is not None else ""
        constant = TEXT_FORMULA.match(text) if text[:1] == "=" else None
        return constant.group(1) if constant else text

    def label(self, name: str) -> str:
        """The column as the file writes it."""
        return self.table.label(name)

    def first(self, *names: str) -> str:
        return next(filter(None, map(self.__getitem__, names)), "")

    def header(self, column_source: "ColumnSource") -> str:
        """The column that a value comes from: the first that is not blank, or the first of all."""
        there = list(filter(self.table.has, column_source.sources))
        return self.label(next(filter(self.__getitem__, there), there[0]))

    @property
    def side(self) -> SideFiles:
        return self.table.side

    def course(self, name: str, term: str = "") -> tuple[str, str]:
        return self.course_called(self[name], name, term)

    def course_called(self, text: str, name: str, term: str = "") -> tuple[str, str]:
        """Code and presentation. Raises NotTranslated for a text that names no single course."""
        try:
            return self.side.courses.get(text) or self.table.courses.course_of(text, term)
        except NoCourse as refusal:
            raise NotTranslated(refusal.fault, self.label(name), self[name]) from None

    def word(self, name: str, words: Mapping[str, str], column: str = "", text: str = "") -> str:
        """The native word for a foreign one; for a school's own one, if it says what it means.

        `column` is ours, in which the school's own words may stand; `text` is read in place of the
        cell. Raises NotTranslated for an unknown word, RowLeftOut for one whose rows are left out.
        """
        try:
            return words[text or plain_word(self[name])]
        except KeyError:
            meaning = self.table.own_words.meaning(column, self[name]) if column else None
            if meaning == LEFT_OUT:
                raise RowLeftOut(not_stored(self.label(name), self[name])) from None
            if meaning is not None:
                return meaning
            known = ", ".join(filter(None, words)).replace("{", "{{").replace("}", "}}")
            template = _("{column} “{value}” is not one of: ") + known + "."
            fault = Fault("invalid_choice", template)
            raise NotTranslated(fault, self.label(name), self[name]) from None


@dataclass(frozen=True)
class ColumnSource:
    """Columns of the file that one native column is read from; people see the first the file has.

    `is_sparse` says that the column counts only if some row of the file fills it, `is_constant`
    that the value is the same in every row, so that no cell is noted beside it.
    """

    sources: tuple[str, ...]
    read: Callable[[Cells], str]
    is_sparse: bool = False
    is_constant: bool = False


def plain(name: str, is_sparse: bool = False) -> ColumnSource:
    return ColumnSource((name,), lambda cells: cells[name], is_sparse)


def pair(
    names: tuple[str, str],
    sources: tuple[str, ...],
    read: Callable[[Cells], tuple[str, str]],
    is_sparse: bool = False,
) -> dict[str, ColumnSource]:
    """Two native columns that are read together, such as code and presentation of a course."""
    return {
        names[0]: ColumnSource(sources, lambda cells: read(cells)[0], is_sparse),
        names[1]: ColumnSource(sources, lambda cells: read(cells)[1], is_sparse),
    }


def section(system: str, name: str) -> dict[str, ColumnSource]:
    """The section of a row, in a column of the file, and the system whose section it is."""
    return {
        "system": ColumnSource((name,), lambda _cells: system, is_constant=True),
        "section": plain(name),
    }


def word(name: str, words: Mapping[str, str], column: str = "") -> ColumnSource:
    return ColumnSource((name,), lambda cells: cells.word(name, words, column))


class SourceTable:
    """One kind of file of a format.

    `column_sources` leads from the columns of the file to native ones; a native column whose
    sources the file does not have is absent, so that stored values stay.
    """

    dialect: ClassVar[str]
    title: ClassVar[Any]
    kind: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    column_sources: ClassVar[Mapping[str, ColumnSource]]
    # Columns of the format whose names are forbidden in files of ours; they are not read.
    passed_over: ClassVar[frozenset[str]] = frozenset({"password"})
    # Whose rows are left out: the values of a column.
    others: ClassVar[tuple[str, frozenset[str]]] = ("", frozenset())
    has_header: ClassVar[bool] = True
    written: ClassVar[tuple[str, ...]] = ()
    # Files beside it in which rows are looked up, by their names in `lookup_files.py`.
    lookups: ClassVar[tuple[str, ...]] = ()
    side: SideFiles = SideFiles()
    is_roster: bool = False  # read as a whole roster, in sync mode
    # Reads the rows of the file once more, before they are read to be staged.
    read_again: Callable[[], Iterator[Row]] = staticmethod(lambda: iter(()))
    # Columns of ours that stand above the rows: in the header, or in a row of that name.
    above: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, header: Sequence[str]) -> None:
        self.names = [column_name(name) for name in header]
        self.header = list(header)
        self.width = len(header)
        self.places = {name: at for at, name in reversed(list(enumerate(self.names)))}
        self.courses = CourseNames()
        self.assessments = AssessmentNames()
        self.own_words = OwnWords({})
        self.people = KnownPeople()
        self.active_sources = {
            name: column_source
            for name, column_source in self.column_sources.items()
            if any(map(self.has, column_source.sources))
        }

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        return cls.needs <= {column_name(name) for name in header}

    @classmethod
    def extends(cls, names: Collection[str]) -> bool:
        """Whether its header has columns of these names, which are our own, and others."""
        return cls.has_header and cls.needs.issuperset(names)

    @classmethod
    def whole(cls, row: Row) -> Row:
        """A row of a file without a header, padded to all its cells."""
        return row

    def has(self, name: str) -> bool:
        return name in self.places

    def label(self, name: str) -> str:
        return self.header[self.places[name]].strip() if name in self.places else name

    @property
    def read(self) -> list[str]:
        """The headers of the columns that are read; none may stand there twice."""
        sources = {name for column in self.active_sources.values() for name in column.sources}
        named = zip(self.names, self.header, strict=True)
        return [header.strip() for name, header in named if name in sources]

    @property
    def labels(self) -> dict[str, str]:
        """The header by which people know each native column."""
        return {
            name: self.label(next(filter(self.has, column_source.sources)))
            for name, column_source in self.active_sources.items()
            if column_source.sources
        }

    @cached_property
    def moving(self) -> dict[str, tuple[ColumnSource, str]]:
        """Columns whose source may differ from row to row, with the header people know each by."""
        labels = self.labels
        return {
            name: (column_source, labels[name])
            for name, column_source in self.active_sources.items()
            if len(column_source.sources) > 1 or self.is_numbered(column_source)
        }

    @property
    def number_places(self) -> dict[int, bool]:
        """Where in a row of the file a number is due, and whether it is a day."""
        sorts = kinds[self.kind].number_sorts() if self.kind in kinds else {}
        return {
            self.places[source]: sorts[name]
            for name, column_source in self.active_sources.items()
            for source in filter(self.has, column_source.sources)
            if name in sorts
        }

    def is_numbered(self, column_source: ColumnSource) -> bool:
        return False

    @property
    def sparse(self) -> frozenset[str]:
        """The columns of the file that count only where some row fills them."""
        sparse = [column.sources for column in self.active_sources.values() if column.is_sparse]
        return frozenset(filter(self.has, chain.from_iterable(sparse)))

    @property
    def reader_issues(self) -> tuple[ReaderIssue, ...]:
        """Issues of the file as a whole."""
        return ()

    def check(self, batch: Batch) -> None:
        """Raise FileRefused where the header, or a file beside it, forbids reading it so."""

    def resolve(self, batch: Batch) -> None:
        """Find what names in the file stand for, once it is known which columns count.

        Raises FileRefused where somebody has to say it first.
        """

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
        """Whether a row fills this sparse column."""
        return bool(cells[self.places[name]].strip(" 0"))

    def narrow(self, filled: frozenset[str]) -> None:
        self.leave(
            name
            for name, column in list(self.active_sources.items())
            if column.is_sparse and filled.isdisjoint(column.sources)
        )

    def leave(self, names: Iterable[str]) -> None:
        for name in names:
            self.active_sources.pop(name, None)

    def is_about_columns(self, row: Row) -> bool:
        """Whether the row describes columns; a file of wrong rows needs it as well."""
        return False

    def translated(self, row: Row) -> Iterator[Row]:
        if row.syntax_error:
            yield row
        elif len(row.cells) != self.width:
            issue = ReaderIssue(width_fault(len(row.cells), self.width), "", ",".join(row.cells))
            yield Row(row.line, [], reader_issues=(issue,))
        else:
            yield self._read(row.line, Cells(self, row.cells))

    def _read(self, line: int, cells: Cells) -> Row:
        left_out = self._left_out(cells)
        if left_out:
            return Row(line, [], reader_issues=(left_out,), is_left_out=True)
        values: list[str] = []
        reader_issues: list[ReaderIssue] = []
        others: dict[str, str] = {}
        for name, column_source in self.active_sources.items():
            try:
                values.append(column_source.read(cells))
            except NotTranslated as refusal:
                reader_issues.append(refusal.issue)
                # Who it is about counts: of several rows of one enrollment none goes in then.
                values.append("")
                continue
            except RowLeftOut as refusal:
                if refusal.is_in_doubt:
                    self.own_words.note_unplaced(self.person_of(cells))
                return Row(line, [], reader_issues=(refusal.issue,), is_left_out=True)
            cell = cells.first(*column_source.sources)
            if cell != values[-1] and not column_source.is_constant:
                others[name] = cell
        headers = self.headers_of(cells)
        origin = Origin(others, headers) if others or headers else None
        return Row(line, values, reader_issues=tuple(dict.fromkeys(reader_issues)), origin=origin)

    def person_of(self, cells: Cells) -> str:
        """The student ID of a row; blank where it names none."""
        source = self.active_sources.get("student_id")
        try:
            return normalised(source.read(cells)) if source else ""
        except (NotTranslated, CellRefused):
            return ""

    def headers_of(self, cells: Cells) -> dict[str, str]:
        """The headers of values of this row that come from another column than people know."""
        headers = (
            (name, cells.header(column_source), label)
            for name, (column_source, label) in self.moving.items()
        )
        return {name: header for name, header, label in headers if header != label}

    def _left_out(self, cells: Cells) -> ReaderIssue | None:
        name, values = self.others
        is_other = plain_word(cells[name]) in values
        return not_stored(cells.label(name), cells[name]) if is_other else None

    @classmethod
    def write(cls, native: Native) -> dict[str, str] | None:
        """The cells of a native row by column name; None where the format cannot express it.

        Raises NotImplementedError for a format that is only read.
        """
        raise NotImplementedError


def not_stored(column: str, value: str) -> ReaderIssue:
    """The issue of a row about a person who is not stored here."""
    return ReaderIssue(left_out_fault(), column, value)


def moment(day: str) -> str:
    """A date as a datetime of ISO 8601."""
    return f"{day}T00:00:00Z" if day else ""


def today() -> str:
    return moment(date.today().isoformat())
