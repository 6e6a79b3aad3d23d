"""Several sheets of a workbook read as one file: the columns of all, the rows in their order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from backoffice.bulk.formats.lookup_files import SideFiles
from backoffice.bulk.formats.workbooks.sheets import left_out_sheets
from backoffice.bulk.kinds.column import OnChange
from backoffice.bulk.kinds.header_names import known_name
from backoffice.bulk.kinds.resource import ImportKind, kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.read.value_mapping import OwnWords
from backoffice.bulk.readers import Limits, ReaderIssue, Row, TableReader
from backoffice.bulk.readers.base import Notice
from backoffice.bulk.readers.workbook import Workbook
from backoffice.bulk.values.cells import has_plain_default
from backoffice.bulk.values.faults import FileRefused, display_text, width_fault

# Opens a sheet that the batch notes, of a workbook that is open, in our own columns.
OpenSheet = Callable[[Mapping[str, Any], Workbook], Any]
# Gives the workbook where it can be read, and the lookup files that were stored with it.
Unpack = Callable[[], AbstractContextManager[tuple[Path, SideFiles]]]


@dataclass
class Part:
    """One of the sheets, and where its cells stand in a row of all."""

    name: str
    reader: Any  # as `open_file.Translated` makes it
    places: list[int] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return list(map(known_name, self.reader.header))

    def placed(self, row: Row, width: int) -> Row:
        """A row of this sheet as one of all."""
        if not row.cells or row.syntax_error:
            return row
        if len(row.cells) != len(self.places):
            issue = ReaderIssue(
                width_fault(len(row.cells), len(self.places)), "", ",".join(row.cells)
            )
            return row._replace(cells=[], reader_issues=(*row.reader_issues, issue))
        cells = [""] * width
        for place, cell in zip(self.places, row.cells, strict=True):
            cells[place] = cell
        return row._replace(cells=cells)


class SheetsTogether(TableReader):
    """The sheets of a kind as one table; see `TableReader`."""

    def __init__(self, batch: Batch, limits: Limits, unpack: Unpack, open_sheet: OpenSheet) -> None:
        super().__init__(batch.path, limits)
        self.unpack, self.open_sheet = unpack, open_sheet
        self.batch, self.done = batch, 0
        self.starts: list[tuple[int, str]] = []
        self.own_words = OwnWords.of(batch)

    def __enter__(self) -> "SheetsTogether":
        with ExitStack() as stack:
            path, self.side = stack.enter_context(self.unpack())
            book = stack.enter_context(Workbook(path, self.limits))
            self.parts = [self._part(stack, book, sheet) for sheet in self.batch.sheets["read"]]
            self._unite()
            self._opened = stack.pop_all()
        return self

    def _part(self, stack: ExitStack, book: Workbook, sheet: Mapping[str, Any]) -> Part:
        reader = self.open_sheet(sheet, book)
        reader.side = reader.side or self.side
        reader.own_words = self.own_words  # a word is asked for once, on whatever sheets it stands
        try:
            stack.enter_context(reader)
        except FileRefused as refusal:
            raise refusal.of_sheet(sheet["name"]) from None
        return Part(sheet["name"], reader)

    def _unite(self) -> None:
        first = self.parts[0]
        self.header, self.header_line = list(first.reader.header), first.reader.header_line
        self.above, labels = first.reader.above, dict[str, str]()
        names = first.names
        for part in self.parts:
            for name, header in zip(part.names, part.reader.header, strict=True):
                # A name that stands twice in a sheet is refused with the whole header.
                if part.names.count(name) > names.count(name):
                    names.append(name)
                    self.header.append(header)
            labels = {**part.reader.labels, **labels}
        self.labels = labels
        for part in self.parts:
            self._refuse_missing(part, names)
            part.places = places_in(names, part.names)
        titles = dict.fromkeys(part.reader.title for part in self.parts)
        self.batch.read_as = ", ".join(filter(None, titles))[:60]

    def _refuse_missing(self, part: Part, names: Sequence[str]) -> None:
        resource = kinds[self.batch.kind]
        missing = [
            name for name in names if name not in part.names and not may_be_missing(resource, name)
        ]
        if missing:
            other = next(each.name for each in self.parts if missing[0] in each.names)
            message = _(
                "It has no column “%(name)s”, which sheet “%(other)s” has, and a blank cell would "
                "empty what is stored. Give both the same columns, or import each by itself."
            ) % {"name": display_text(missing[0]), "other": display_text(other)}
            line = part.reader.header_line
            refusal = FileRefused("missing_column", message, line=line, column=missing[0])
            raise refusal.of_sheet(part.name)

    def __exit__(self, *_exception: object) -> None:
        self._opened.close()

    def records(self) -> Iterator[Row]:
        """Every record of all sheets. Raises FileRefused, with the sheet that it is about."""
        width, staged, file_rows = len(self.header), 0, 0
        for at, part in enumerate(self.parts):
            self.done = at
            self.starts.append((file_rows + 1, part.name))
            self.batch.sheets["read"][at]["first_row"] = staged + 1
            part.reader.number_places = {
                own: self.number_places[place]
                for own, place in enumerate(part.places)
                if place in self.number_places
            }
            before = staged
            try:
                for row in part.reader.rows():
                    staged += 1
                    own_row = row.origin.row if row.origin else 0
                    number = file_rows + (own_row or staged - before)
                    placed = part.placed(row, width)
                    yield placed if number == staged and not own_row else placed.of_row(number)
            except FileRefused as refusal:
                raise refusal.of_sheet(part.name) from None
            file_rows += part.reader.file_rows or staged - before

    def rows(self) -> Iterator[Row]:
        for count, row in enumerate(self.records(), 1):
            if count > self.limits.max_rows:
                self.limits.check_rows(count)
            yield row

    def position(self) -> float:
        return (self.done + self.parts[self.done].reader.position()) / len(self.parts)

    @property
    def sheets(self) -> Sequence[tuple[int, str]]:
        return self.starts

    def notices(self) -> Iterator[Notice]:
        for part in self.parts:
            for fault, column, value in part.reader.reader_issues:
                line = part.reader.header_line
                yield Notice(fault, line, value, part.name, column)
            for notice in part.reader.inner.notices():
                yield notice._replace(sheet=part.name)
        yield from left_out_sheets(self.batch)


def places_in(names: Sequence[str], own: Sequence[str]) -> list[int]:
    """Where each of a sheet's columns stands in the header of all."""
    places: list[int] = []
    for at, name in enumerate(own):
        there = [place for place, each in enumerate(names) if each == name]
        places.append(there[own[:at].count(name)])
    return places


def may_be_missing(resource: type[ImportKind], name: str) -> bool:
    """Whether a blank cell in a column of the kind is the same as no such column."""
    column = resource.columns().get(name)
    if column is None or column.on_change is not OnChange.UPDATE:
        return True
    if column.required or column.role:
        return False
    return column.blank_keeps_stored or has_plain_default(column.model_field(resource.model()))
