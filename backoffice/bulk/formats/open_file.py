"""A batch's file opened as a table of its kind, whatever system it comes from."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

from backoffice.bulk.formats.base import SourceTable
from backoffice.bulk.formats.canvas import CanvasCourses, CanvasEnrollments, CanvasUsers
from backoffice.bulk.formats.gradebooks import CanvasGradebook, EdxOverrides
from backoffice.bulk.formats.lookup_files import SideFiles, side_files
from backoffice.bulk.formats.moodle import MoodleCourses, MoodleFlatFile, MoodleUsers
from backoffice.bulk.formats.oneroster import (
    OneRosterClasses,
    OneRosterEnrollments,
    OneRosterLineItems,
    OneRosterResults,
    OneRosterUsers,
)
from backoffice.bulk.kinds.header_names import known_name, plain_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.read.header import refuse_forbidden, refuse_repeated
from backoffice.bulk.readers import CorrectedCell, Corrections, Limits, Row, TableReader, open_table
from backoffice.bulk.readers.zip_archive import Archive, Member, is_archive
from backoffice.bulk.values.faults import FileRefused

SIDE_FOLDER = "beside/"
MOST_WITH_NESTED_ROWS = 5_000  # rows; about two minutes
TABLES: tuple[type[SourceTable], ...] = (
    CanvasUsers,
    CanvasCourses,
    CanvasEnrollments,
    MoodleUsers,
    MoodleFlatFile,
    MoodleCourses,
    OneRosterUsers,
    OneRosterClasses,
    OneRosterEnrollments,
    OneRosterLineItems,
    OneRosterResults,
    CanvasGradebook,
    EdxOverrides,
)


def table_of(dialect: str, kind: str) -> type[SourceTable]:
    """The table that an export writes. Raises ValueError where the format has none."""
    for table in TABLES:
        if (table.dialect, table.kind) == (dialect, kind) and table.written:
            return table
    name = Batch.SourceFormat(dialect).label
    raise ValueError(
        _("There is no file of %(kind)s to write for %(format)s. Choose another format.")
        % {"format": name, "kind": kind}
    )


def recognised(header: Sequence[str], dialect: str, kind: str) -> type[SourceTable] | None:
    """The format of a file with this header; None for our own columns."""
    if dialect == Batch.SourceFormat.NATIVE or dialect in kinds[kind].shared_with:
        return None
    if dialect == Batch.SourceFormat.AUTO and _is_native(header, kind):
        return None
    tables = readable_as(header, dialect)
    return next((table for table in tables if table.kind == kind), next(iter(tables), None))


def readable_as(
    header: Sequence[str], dialect: str = Batch.SourceFormat.AUTO
) -> list[type[SourceTable]]:
    of = (dialect,) if dialect != Batch.SourceFormat.AUTO else tuple(Batch.SourceFormat)
    return [table for table in TABLES if table.dialect in of and table.recognises(header)]


def _is_native(header: Sequence[str], kind: str) -> bool:
    names = set(map(known_name, header))
    return {name for name, column in kinds[kind].columns().items() if column.key} <= names


def _refuse_others(table: type[SourceTable] | None, batch: Batch) -> None:
    if table is not None and table.kind != batch.kind:
        params = {"title": table.title, "kind": table.kind}
        choose = _("The file reads as “%(title)s”. Choose the kind “%(kind)s” for it.")
        never = _("The file reads as “%(title)s”. No %(kind)s can be imported in this version.")
        message = choose if table.kind in kinds else never
        raise FileRefused("other_kind", message % params, line=1)
    native_dialects = (
        Batch.SourceFormat.AUTO,
        Batch.SourceFormat.NATIVE,
        *kinds[batch.kind].shared_with,
    )
    named = batch.dialect not in native_dialects
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
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Raises FileRefused for a damaged archive."""
    if not is_archive(path):
        yield Unpacked(path, SideFiles())
        return
    with Archive(path) as archive:
        # `upload_storage` writes the table first.
        first, *others = archive.members()
        with ExitStack() as stack:
            tables = [_opened(stack, each) for each in others]
            side = side_files((table.header, table.rows()) for table in tables)
        with first.on_disk() as table:
            yield Unpacked(table, side)


def open_stored(batch: Batch, path: Path, limits: Limits | None = None) -> TableReader:
    """The batch's table as it is, with the cells that were corrected since. Raises FileRefused."""
    reader = open_table(path, batch.encoding, limits)
    reader.corrections = corrections_of(batch)
    return reader


def corrections_of(batch: Batch) -> Corrections:
    """The corrected cells by line; the stored file is never written again."""
    by_line: dict[int, list[CorrectedCell]] = {}
    for one in batch.corrections.all() if batch.corrected_cells else ():
        by_line.setdefault(one.line, []).append(CorrectedCell(one.place, one.old, one.new))
    return by_line


def _opened(stack: ExitStack, member: Member) -> TableReader:
    return stack.enter_context(open_table(stack.enter_context(member.on_disk())))


def open_file(batch: Batch, side: SideFiles | None = None) -> TableReader:
    """A context manager that reads a batch's file in our own columns.

    `side` replaces the lookup files packed with it.
    """
    return Translated(batch, side)


class Translated(TableReader):
    """A file read through its format; a file of our own columns is read as it is."""

    def __init__(self, batch: Batch, side: SideFiles | None) -> None:
        super().__init__(batch.path, limits_for(batch.kind))
        self.batch, self.side = batch, side
        self.table: SourceTable | None = None

    def __enter__(self) -> TableReader:
        with ExitStack() as stack:
            self.unpacked = stack.enter_context(unpacked(self.batch.path))
            self.inner = open_stored(self.batch, self.unpacked.path, self.limits)
            stack.enter_context(self.inner)
            table_class = recognised(self.inner.header, self.batch.dialect, self.batch.kind)
            _refuse_others(table_class, self.batch)
            self._set_table(table_class)
            self._opened = stack.pop_all()
        return self

    def _set_table(self, table_class: type[SourceTable] | None) -> None:
        self.header, self.delimiter = self.inner.header, self.inner.delimiter
        self.header_line = self.inner.header_line
        self.batch.read_as = str(table_class.title) if table_class else ""
        if table_class is None:
            return
        if table_class.has_header:
            names = [plain_name(name) for name in self.header]
            allowed = [name for name in names if name not in table_class.passed_over]
            refuse_forbidden(allowed, kinds[table_class.kind])
        table = table_class(self.header)
        refuse_repeated(table.read)
        table.side = self.side or self.unpacked.side
        table.check(self.batch)
        if table.sparse:
            table.narrow(self._filled(table))
        companion = kinds[table_class.kind].companion
        if companion and not companion.is_created_by(self.batch):
            table.leave(companion.names)
        self.table, self.header, self.labels = table, list(table.active_sources), table.labels
        self.above, self.reader_issues = table.above, table.reader_issues

    def _filled(self, table: SourceTable) -> frozenset[str]:
        """The sparse columns that some row fills."""
        pending, filled = {table.places[name]: name for name in table.sparse}, set()
        # One more pass over the file, up to the row that fills the last of these columns.
        with open_stored(self.batch, self.unpacked.path) as reader:
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
            return self.inner.rows()
        return self._translated(self.table)

    def _translated(self, table: SourceTable) -> Iterator[Row]:
        # A row of the file may be several rows of ours, or none; errors name that of the file.
        staged = number = 0
        for row in disambiguated(self.inner, type(table))[1]:
            number += not table.is_about_columns(row)
            for translated in table.translated(row):
                staged += 1
                yield translated if staged == number else translated.of_row(number)

    def rows(self) -> Iterator[Row]:
        return self.records()

    def position(self) -> float:
        return self.inner.position()


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
