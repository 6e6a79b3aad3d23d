"""A batch's file opened as a table of its kind, whatever system it comes from."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from backoffice.bulk.formats.base import SourceTable
from backoffice.bulk.formats.encoding_question import refuse_doubtful_encoding
from backoffice.bulk.formats.gradebooks import MappedTable
from backoffice.bulk.formats.known_headers import HeaderOfKind
from backoffice.bulk.formats.lookup_files import SideFiles, side_files
from backoffice.bulk.formats.tables import recognised
from backoffice.bulk.formats.workbooks.sheets import left_out_sheets
from backoffice.bulk.formats.workbooks.sheets_together import SheetsTogether
from backoffice.bulk.kinds.header_names import plain_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.read.header import refuse_forbidden, refuse_repeated
from backoffice.bulk.read.value_mapping import OwnWords
from backoffice.bulk.readers import (
    CorrectedCell,
    Corrections,
    Limits,
    Row,
    TableReader,
    open_table,
)
from backoffice.bulk.readers.base import Notice
from backoffice.bulk.readers.encodings import is_windows_text
from backoffice.bulk.readers.workbook import Workbook, WorkbookReader
from backoffice.bulk.readers.zip_archive import Archive, Member, is_archive
from backoffice.bulk.values.cell_origins import OTHERS
from backoffice.bulk.values.faults import FileRefused, at_line

SIDE_FOLDER = "beside/"
# In front of a workbook that is stored with lookup files: no archive is read within another.
WORKBOOK_MARK = b"workbook\n"
MOST_WITH_NESTED_ROWS = 5_000  # rows; about two minutes
NotedSheet = Mapping[str, Any]  # number and name, as a batch of a workbook of several notes it
ONLY_SHEET: NotedSheet = MappingProxyType({})


def _refuse_others(table: type[SourceTable] | None, batch: Batch) -> None:
    if table is not None and table.kind != batch.kind:
        params = {"title": table.title, "kind": table.kind}
        choose = _("The file reads as “%(title)s”. Choose the kind “%(kind)s” for it.")
        never = _("The file reads as “%(title)s”. No %(kind)s can be imported in this version.")
        message = choose if table.kind in kinds else never
        raise FileRefused("other_kind", message % params, line=1)
    named = batch.dialect not in _native_dialects(batch.kind)
    if table is None and named:
        raise FileRefused(
            "other_format",
            _(
                "The header is not that of a file of %(format)s. Choose the right format, or let "
                "it be recognised."
            )
            % {"format": Batch.SourceFormat(batch.dialect).label},
            line=1,
        )


def _refuse_needless_course(table: type[SourceTable] | None, batch: Batch) -> None:
    if batch.gradebook_course and not (table and issubclass(table, MappedTable)):
        message = _(
            "A course is named for a gradebook of another system only. This file says itself of "
            "which course a row is."
        )
        raise FileRefused("needless_course", message, line=1)


def header_test_of(batch: Batch, own_headers: Mapping[str, str] | None = None) -> HeaderOfKind:
    """Which rows of a batch's file may be its header."""
    return HeaderOfKind(
        batch.kind,
        lambda header: recognised(header, batch.dialect, batch.kind),
        batch.dialect in _native_dialects(batch.kind),
        batch.own_headers if own_headers is None else own_headers,
    )


def open_table_of(
    batch: Batch,
    path: Path,
    limits: Limits | None = None,
    own_headers: Mapping[str, str] | None = None,
    sheet: NotedSheet = ONLY_SHEET,
) -> TableReader:
    """The table of a batch, whose header may stand below a title. Raises FileRefused.

    `sheet` is one of a workbook of several, as the batch notes it.
    """
    test = header_test_of(batch, own_headers)
    reader = open_table(path, batch.encoding, limits, test, sheet.get("number"))
    reader.corrections = corrections_of(batch, sheet)
    return reader


def corrections_of(batch: Batch, sheet: NotedSheet = ONLY_SHEET) -> Corrections:
    """The corrected cells of a table by line; the stored file is never written again."""
    by_line: dict[int, list[CorrectedCell]] = {}
    if batch.corrected_cells:
        for one in batch.corrections.filter(sheet=sheet.get("name", "")):
            by_line.setdefault(one.line, []).append(CorrectedCell(one.place, one.old, one.new))
    return by_line


def sheet_of(
    batch: Batch,
    book: Workbook,
    sheet: NotedSheet,
    limits: Limits,
    own_headers: Mapping[str, str] | None = None,
) -> WorkbookReader:
    """A sheet of a workbook that is open, as `open_table_of` gives it."""
    reader = WorkbookReader(book.path, limits, sheet.get("number"), book)
    reader.header_test = header_test_of(batch, own_headers)
    reader.corrections = corrections_of(batch, sheet)
    return reader


def _native_dialects(kind: str) -> tuple[str, ...]:
    return (Batch.SourceFormat.AUTO, Batch.SourceFormat.NATIVE, *kinds[kind].shared_with)


def limits_for(kind: str) -> Limits:
    limits = Limits.from_settings()
    # Comparing rows within rows grows with their square.
    few = min(MOST_WITH_NESTED_ROWS, limits.max_rows)
    return replace(limits, max_rows=few) if kinds[kind].nested else limits


class Unpacked(NamedTuple):
    """The path of the table, and its lookup files."""

    path: Path
    side: SideFiles


@contextmanager
def unpacked(path: Path, encoding: str = "") -> Iterator[Unpacked]:
    """Raises FileRefused for a damaged archive; `encoding` is that of lookup files not in UTF-8."""
    if not is_archive(path):
        yield Unpacked(path, SideFiles())
        return
    with Archive(path) as archive:
        # `upload_storage` writes the table first.
        first, *others = archive.members()
        with ExitStack() as stack:
            tables = [_opened(stack, each, encoding) for each in others]
            side = side_files((table.header, table.rows()) for table in tables)
        with first.on_disk() as table, _unmarked(table) as plain:
            yield Unpacked(plain, side)


@contextmanager
def _unmarked(path: Path) -> Iterator[Path]:
    """The file without the mark of a workbook."""
    with path.open("rb") as stream:
        if stream.read(len(WORKBOOK_MARK)) != WORKBOOK_MARK:
            yield path
            return
        with tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(stream, copy)
            copy.flush()
            yield Path(copy.name)


def _opened(stack: ExitStack, member: Member, encoding: str) -> TableReader:
    path = stack.enter_context(member.on_disk())
    # `upload_storage` packs what it can read in UTF-8, and other bytes as they are.
    refuse_doubtful_encoding(path, encoding)
    return stack.enter_context(open_table(path, encoding if is_windows_text(path) else ""))


def open_file(
    batch: Batch,
    side: SideFiles | None = None,
    own_headers: Mapping[str, str] | None = None,
) -> "Translated":
    """A context manager that reads a batch's file in our own columns.

    `side` replaces the lookup files packed with it; `own_headers` are the school's own, if not
    those with which it was read before.
    """
    sheets = batch.sheets.get("read", [])
    opened = partial(Translated, batch, side, own_headers)
    if len(sheets) > 1:
        unpack = partial(unpacked, batch.path, batch.encoding)
        return SheetsTogether(batch, limits_for(batch.kind), unpack, opened)
    return opened(*sheets)


class Translated(TableReader):
    """A file read through its format; a file of our own columns is read as it is.

    `sheet` is one that the batch notes; with `opened` it is one of a workbook that is open already.
    """

    def __init__(
        self,
        batch: Batch,
        side: SideFiles | None,
        own_headers: Mapping[str, str] | None,
        sheet: NotedSheet = ONLY_SHEET,
        opened: Workbook | None = None,
    ) -> None:
        super().__init__(batch.path, limits_for(batch.kind))
        self.batch, self.side, self.own_headers = batch, side, own_headers
        self.sheet, self.book = sheet, opened
        self.table: SourceTable | None = None
        self.own_words = OwnWords.of(batch)
        self.file_rows = 0  # that were read

    def __enter__(self) -> "Translated":
        with ExitStack() as stack:
            if self.book is None:
                path, encoding = self.batch.path, self.batch.encoding
                self.unpacked = stack.enter_context(unpacked(path, encoding))
                refuse_doubtful_encoding(self.unpacked.path, encoding)
            else:
                self.unpacked = Unpacked(self.book.path, SideFiles())
            self.inner = stack.enter_context(self._table(self.limits, self.book))
            with at_line(self.inner.header_line):
                table_class = recognised(self.inner.header, self.batch.dialect, self.batch.kind)
                _refuse_others(table_class, self.batch)
                _refuse_needless_course(table_class, self.batch)
                self._set_table(table_class)
            self._opened = stack.pop_all()
        return self

    def _table(self, limits: Limits | None = None, book: Workbook | None = None) -> TableReader:
        if book is not None:
            return sheet_of(self.batch, book, self.sheet, self.limits, self.own_headers)
        path = self.unpacked.path
        return open_table_of(self.batch, path, limits, self.own_headers, self.sheet)

    def _set_table(self, table_class: type[SourceTable] | None) -> None:
        self.header, self.delimiter = self.inner.header, self.inner.delimiter
        self.header_line, self.is_text = self.inner.header_line, self.inner.is_text
        self.reader_issues = self.inner.reader_issues
        self.title = self.batch.read_as = str(table_class.title) if table_class else ""
        if table_class is None:
            return
        if table_class.has_header:
            names = [plain_name(name) for name in self.header]
            allowed = [name for name in names if name not in table_class.passed_over]
            refuse_forbidden(allowed, kinds[table_class.kind])
        table = table_class(self.header)
        refuse_repeated(table.read)
        table.side = self.side or self.unpacked.side
        table.own_words = self.own_words
        table.is_roster = self.batch.mode == Batch.Mode.SYNC
        table.check(self.batch)
        if table.sparse:
            table.narrow(self._filled(table))
        table.resolve(self.batch)
        companion = kinds[table_class.kind].companion
        if companion and not companion.is_created_by(self.batch):
            table.leave(companion.names)
        self.inner.number_places = table.number_places
        self.table, self.header, self.labels = table, list(table.active_sources), table.labels
        self.above = table.above
        self.reader_issues += table.reader_issues

    def _filled(self, table: SourceTable) -> frozenset[str]:
        """The sparse columns that some row fills."""
        pending, filled = {table.places[name]: name for name in table.sparse}, set()
        # One more pass over the file, up to the row that fills the last of these columns.
        with self._table() as reader:
            for row in disambiguated(reader, type(table))[1]:
                fits = len(row.cells) == table.width
                for at, name in list(pending.items()):
                    if fits and table.is_significant(name, row.cells):
                        filled.add(pending.pop(at))
                if not pending:
                    break
        return frozenset(filled)

    def __exit__(self, *_exception: object) -> None:
        self._opened.close()

    def records(self) -> Iterator[Row]:
        if self.table is None:
            self.inner.number_places = self.number_places
            return self.inner.rows()
        return self._translated(self.table)

    def _translated(self, table: SourceTable) -> Iterator[Row]:
        # A row of the file may be several rows of ours, or none; errors name that of the file.
        staged = number = 0
        for row in disambiguated(self.inner, type(table))[1]:
            number += not table.is_about_columns(row)
            for plain in table.translated(row):
                staged += 1
                translated = with_issues_of(row, plain) if row.reader_issues else plain
                yield translated if staged == number else translated.of_row(number)
            self.file_rows = number

    def rows(self) -> Iterator[Row]:
        return self.records()

    def position(self) -> float:
        return self.inner.position()

    @property
    def sheets(self) -> Sequence[tuple[int, str]]:
        return [(1, self.sheet["name"])] if self.sheet else ()

    def notices(self) -> Iterator[Notice]:
        yield from self.inner.notices()
        yield from left_out_sheets(self.batch)


def with_issues_of(row: Row, translated: Row) -> Row:
    """A translated row with the issues of the columns of the file that it was made of."""
    header = translated.origin.headers.get(OTHERS) if translated.origin else None
    issues = [each for each in row.reader_issues if header in (None, each.column)]
    return translated._replace(reader_issues=(*issues, *translated.reader_issues))


def disambiguated(
    reader: TableReader, table: type[SourceTable] | None
) -> tuple[Sequence[str], Iterator[Row]]:
    if table is None or table.has_header:
        return reader.header, reader.rows()
    return table.written, map(table.whole, rows_as_read(reader, table))


def rows_as_read(reader: TableReader, table: type[SourceTable] | None) -> Iterator[Row]:
    """The rows with the cells they have; what stands in the place of a header may be one."""
    if table is None or table.has_header:
        return reader.rows()
    first = Row(reader.header_line, reader.header)
    return itertools.chain(reader.corrected([first]), reader.rows())
