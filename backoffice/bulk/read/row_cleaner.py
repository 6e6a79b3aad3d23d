"""Clean the rows of a stored file into a staging file, ready for COPY, with their faults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import getitem, itemgetter
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.repeated_columns import Groups
from backoffice.bulk.kinds.resource import NESTED, Derive, ImportKind
from backoffice.bulk.kinds.value_words import LEFT_OUT, word_columns
from backoffice.bulk.read.header import MatchedHeader
from backoffice.bulk.read.staging_file import StagingFile, copied, json_of
from backoffice.bulk.read.value_mapping import ROW_LEFT_OUT, left_out_fault
from backoffice.bulk.readers import Row, TableReader
from backoffice.bulk.values.cell_origins import AS_STAGED
from backoffice.bulk.values.cells import Clean, cleaner_for, judged
from backoffice.bulk.values.faults import CellRefused, Fault, FileRefused, width_fault
from backoffice.bulk.values.numbers import PLAIN_STYLE, NumberStyle

CACHE_SIZE, CACHE_TRIMMED_SIZE = 50_000, 40_000
PROGRESS_EVERY = 5_000
Progress = Callable[[float, int], None]
ALL_BAD = -1  # every bit: a row that could not be split into its cells


class CleanedCell(NamedTuple):
    """A cell ready for COPY, what is wrong or strange with it, and whether cleaning changed it."""

    text: str
    fault: Fault | None
    is_changed: bool


class CellCache(dict[str, "str | CleanedCell"]):
    """Remembers the outcome of a column's cell texts; most columns repeat few values.

    A cell without a fault that cleaning did not change is its text alone.
    """

    def __init__(self, clean: Clean, *, is_required: bool) -> None:
        super().__init__()
        self.clean, self.is_required = clean, is_required

    def __missing__(self, raw: str) -> "str | CleanedCell":
        # The oldest stay: a file that goes through the same people again and again, more than fit,
        # would otherwise find none of them.
        if len(self) >= CACHE_SIZE:
            for _newest in range(CACHE_SIZE - CACHE_TRIMMED_SIZE):
                self.popitem()
        self[raw] = outcome = self._outcome(raw)
        return outcome

    def whole(self, raw: str) -> CleanedCell:
        cell = self[raw]
        return CleanedCell(cell, None, False) if isinstance(cell, str) else cell

    def _outcome(self, raw: str) -> "str | CleanedCell":
        value, fault = judged(self.clean, raw, is_required=self.is_required)
        is_changed = raw != (value or "")
        if not (fault or is_changed):
            return copied(value)
        if fault is not None and not fault.is_warning:
            return CleanedCell("\\N", fault, bool(raw))
        return CleanedCell(copied(value), fault, is_changed)


@dataclass
class RowCleaner:
    """Cleans rows of one header; `staged` names the columns of what it writes, in order."""

    header: MatchedHeader
    resource: type[ImportKind]
    delimiter: str
    style: NumberStyle = PLAIN_STYLE
    staged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        keys = set(self.resource.key_names(self.header.names))
        self.width = len(self.header.names)
        self.columns: list[tuple[int, int, str, CellCache]] = []
        for index, placed in enumerate(self.header.placed):
            name = placed.column.column_name
            is_required = name in keys or placed.column.required
            cache = CellCache(self._clean_for(placed.column), is_required=is_required)
            self.columns.append((placed.position, bit_of(index), name, cache))
        self.derive = self._derivations()
        self.groups = self._groups()
        self.staged = [name for _position, _bit, name, _cache in self.columns] + list(self.derive)
        self.staged += [NESTED] if self.groups else []
        self.nothing = "\t".join(["\\N"] * len(self.staged))
        self.in_order = [cache for _position, _bit, _name, cache in self.columns]
        positions = [position for position, _bit, _name, _cache in self.columns]
        # Rows that take more looks than those of most files.
        self.is_special = bool(self.groups or self.header.unnamed)
        self.pick = itemgetter(*positions, positions[0])  # a tuple, of one column as well
        self.caches = {position: cache for position, _bit, _name, cache in self.columns}
        of_words = word_columns(self.resource)
        self.words = [(at, name) for at, _bit, name, _cache in self.columns if name in of_words]

    def _clean_for(self, column: Column) -> Clean:
        _column, model = self.resource.column_named(column.column_name)
        field = column.model_field(model)
        traits = {"is_identifier": column.identifier, "is_code": column.code}
        traits["is_exact"] = column.required
        clean = cleaner_for(field, **traits, style=self.style)
        if column.column_name in word_columns(self.resource):
            return self._with_own_words(column.column_name, clean)
        return (lambda raw: clean(raw) or None) if column.reference else clean

    def _with_own_words(self, name: str, clean: Clean) -> Clean:
        """The cleaner, with the school's own words for the values of the column."""

        def clean_word(raw: str) -> str | None:
            try:
                return clean(raw)
            except CellRefused as refusal:
                if refusal.fault.code != "invalid_choice":
                    raise
                meaning = self.header.words.meaning(name, raw)
                if meaning is None:
                    raise
                if meaning == LEFT_OUT:
                    refusal.fault = left_out_fault()
                    raise
                return meaning

        return clean_word

    def _groups(self) -> Groups | None:
        if not self.resource.nested:
            return None
        model, judges = self.resource.nested.resource.model(), {}
        for name, column in self.resource.nested_columns().items():
            clean = cleaner_for(column.model_field(model), style=self.style)
            is_required = column.key or column.required
            judges[name] = partial(judged, clean, is_required=is_required)
        return Groups(self.header.groups, judges, self.width)

    def _derivations(self) -> dict[str, Derive]:
        derived = dict(self.resource.derived)
        if self.header.creates_companions and self.resource.companion:
            derived |= self.resource.companion.resource.derived
        # A file without the natural key names rows that exist; nothing is derived for them.
        present = {placed.column.column_name for placed in self.header.placed}
        return {name: derive for name, derive in derived.items() if name not in present}

    def write(self, number: int, row: Row, staging_file: StagingFile) -> bool:
        """Clean one row into the staging file; whether it goes in there, or is left out.

        A wrong row is staged too, with a bit for each refused cell.
        """
        line, cells, syntax_error, reader_issues, origin, _left = row
        if (
            not (self.is_special or syntax_error or reader_issues or origin)
            and len(cells) == self.width
        ):
            texts = list(map(getitem, self.in_order, self.pick(cells)))
            try:
                staged = "\t".join(texts)
            except TypeError:  # a cell with a fault, or changed by cleaning
                pass
            else:
                if self.derive:
                    staged = "\t".join([staged, *self._derived(texts)])
                staging_file.rows.write(f"{number}\t{line}\t0\t\\N\t{staged}\n")
                return True
        if self.groups:
            row = row._replace(cells=self.groups.whole(row.cells))
        if self._has_cells_to_clean(number, row, staging_file):
            if self._is_left_out(number, row, staging_file):
                return False
            self._write_cells(number, row, staging_file)
        return not row.is_left_out

    def _is_left_out(self, number: int, row: Row, staging_file: StagingFile) -> bool:
        """Report the word for which the row is left out; whether there is one."""
        for position, name in self.words:
            fault = self.caches[position].whole(row.cells[position]).fault
            if fault is not None and fault.code == ROW_LEFT_OUT:
                origin, raw = row.origin or AS_STAGED, row.cells[position]
                value = origin.cells.get(name, raw)
                staging_file.add_fault(fault, row.line, number, name, value, origin)
                return True
        return False

    def _write_cells(self, number: int, row: Row, staging_file: StagingFile) -> None:
        texts: list[str] = []
        raws: dict[str, str] = {}
        bad = 0
        for position, bit, name, cache in self.columns:
            raw = row.cells[position]
            cell = cache[raw]
            if isinstance(cell, str):
                texts.append(cell)
                continue
            text, fault, is_changed = cell
            texts.append(text)
            if is_changed:  # a later issue shows the cell as it was written
                raws[name] = raw
            if fault is not None:
                bad |= 0 if fault.is_warning else bit
                origin = row.origin or AS_STAGED
                line, value = staging_file.line_of(name, row.line), origin.cells.get(name, raw)
                staging_file.add_fault(fault, line, number, name, value, origin)
        if row.origin:
            raws.update(row.origin.noted())
        if self.derive:
            texts.extend(self._derived(texts))
        bad |= self._stage_nested(number, row, texts, staging_file)
        raw_json = copied(json_of(raws)) if raws else "\\N"
        staging_file.rows.write(
            f"{number}\t{row.line}\t{bad}\t{raw_json}\t" + "\t".join(texts) + "\n"
        )

    def _stage_nested(
        self, number: int, row: Row, texts: list[str], staging_file: StagingFile
    ) -> int:
        """Stage the members of a row; their bit where one is wrong, else 0."""
        if not self.groups:
            return 0
        text, faults = self.groups.read(row.cells)
        texts.append(copied(text))
        for fault, name, raw in faults:
            staging_file.add_fault(fault, row.line, number, name, raw)
        is_wrong = any(not fault.is_warning for fault, _name, _raw in faults)
        return bit_of(len(self.columns)) if is_wrong else 0

    def _derived(self, texts: list[str]) -> list[str]:
        named = zip(self.staged, texts, strict=False)
        cells = {name: None if text == "\\N" else text for name, text in named}
        return [copied(derive(cells)) for derive in self.derive.values()]

    def _has_cells_to_clean(self, number: int, row: Row, staging_file: StagingFile) -> bool:
        """Report what is wrong with the row as a whole; whether its cells are cleaned."""
        issues = row.reader_issues
        if not issues and (row.syntax_error or not self._is_whole(row.cells)):
            issues = (self._misshape(row),)
        for fault, column, value in issues:
            staging_file.add_fault(fault, row.line, number, column, value, row.origin or AS_STAGED)
        is_wrong = any(not fault.is_warning for fault, _column, _value in issues)
        if is_wrong:
            staged = self._wrong(row)
            staging_file.rows.write(f"{number}\t{row.line}\t{ALL_BAD}\t\\N\t{staged}\n")
        return not (is_wrong or row.is_left_out)

    def _wrong(self, row: Row) -> str:
        """What is staged of a wrong row: what it is about, where it may be one with others."""
        if not self.header.sources or len(row.cells) != self.width:
            return self.nothing
        texts = [
            self.caches[position].whole(row.cells[position]).text
            for position, _bit, _name, _cache in self.columns
        ]
        return "\t".join([*texts, *self._derived(texts)])

    def _is_whole(self, cells: list[str]) -> bool:
        """Whether there is a cell for each column, and nothing behind the last with a name."""
        named = self.width - self.header.unnamed
        return len(cells) == self.width and not any(map(str.strip, cells[named:]))

    def _misshape(self, row: Row) -> tuple[Fault, str, str]:
        if row.syntax_error:
            template = _("a quotation mark in the row is not closed or not doubled ({other}).")
            return Fault("bad_quoting", template, other=row.syntax_error), "", row.cells[0]
        cells, width = self._without_unnamed(row.cells)
        column = self._split_column(cells) if self._may_be_split(cells, width, row) else ""
        advice = self._advice(cells, width, column)
        fault = width_fault(len(cells), width, advice)
        return fault, column, self.delimiter.join(row.cells)

    def _may_be_split(self, cells: list[str], width: int, row: Row) -> bool:
        """Whether one value may be two cells; not where a further one is empty or unnamed."""
        is_prose = any(cell[:1] == " " for cell in cells[1:])
        is_wide = len(row.cells) > self.width and bool(cells[-1].strip())
        return len(cells) - 1 == width and (is_prose or is_wide)

    def _advice(self, cells: list[str], width: int, column: str) -> str:
        if column:
            return _("{column} probably holds an unquoted delimiter; put it in quotation marks.")
        if width < self.width:
            return _(
                "A column behind the last has no name: name it, or put values that hold the "
                "delimiter in quotation marks."
            )
        if not self.header.unnamed and len(cells) == width + 1 and not cells[-1].strip():
            return _(
                "If every row ends with a delimiter, let the header end with one, too; else put "
                "values that hold the delimiter in quotation marks."
            )
        return ""

    def _without_unnamed(self, cells: list[str]) -> tuple[list[str], int]:
        """The cells up to the last that is filled, where it stands in a column without a name."""
        filled = max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)
        named = self.width - self.header.unnamed
        return (cells[:filled], named) if named < filled <= self.width else (cells, self.width)

    def _split_column(self, cells: list[str]) -> str:
        """The column whose value was split: its two halves, joined again, make the row fit."""
        fitting = [at for at in self._mendable(cells) if self._fits(at, self._joined(cells, at))]
        # Of several, the one whose second half starts with a space, as prose does.
        after_space = [at for at in fitting if cells[at + 1][:1] == " "]
        candidates = after_space or fitting
        return self.header.names[candidates[0]] if len(candidates) == 1 else ""

    def _mendable(self, cells: list[str]) -> list[int]:
        """Where the halves may be: the cells before them fit, and those behind, moved up by one."""
        width = len(cells) - 1
        before = next((at for at in range(width) if not self._fits(at, cells[at])), width)
        behind = next(
            (at for at in range(width - 1, -1, -1) if not self._fits(at, cells[at + 1])), -1
        )
        return [at for at in range(width) if behind <= at <= before]

    def _joined(self, cells: list[str], at: int) -> str:
        return cells[at] + self.delimiter + cells[at + 1]

    def _fits(self, at: int, raw: str) -> bool:
        cache = self.caches.get(at)
        fault = cache.whole(raw).fault if cache is not None else None
        return fault is None or fault.is_warning


def bit_of(index: int) -> int:
    """The bit of a staged column, counted from 0."""
    # The column `bad` is a bigint: all beyond the 62nd share the last bit.
    return 1 << min(index, 62)


def read_into(
    staging_file: StagingFile, reader: TableReader, cleaner: RowCleaner, progress: Progress
) -> int:
    """Clean every row of the file into the staging file; how many rows are not left out.

    Raises FileRefused when the file has no data rows or is over a limit.
    """
    number = left_out = 0
    staging_file.labels = {**cleaner.resource.labels(), **reader.labels}
    staging_file.above, staging_file.header_line = reader.above, reader.header_line
    staging_file.sheets = reader.sheets
    for fault, column, value in reader.reader_issues:
        staging_file.add_fault(fault, reader.header_line, 0, column, value)
    for number, row in enumerate(reader.rows(), 1):
        left_out += not cleaner.write(number, row, staging_file)
        if number % PROGRESS_EVERY == 0:
            progress(reader.position(), number)
    for notice in reader.notices():
        staging_file.add_notice(notice)
    if not number:
        message = _("The file has a header but no data rows. Add a row below the header.")
        raise FileRefused("no_rows", message, line=1)
    if left_out == number:
        raise FileRefused(
            "nothing_for_us",
            ngettext(
                "Nothing of the file is kept here: its %(count)d row is left out.",
                "Nothing of the file is kept here: its %(count)d rows are left out.",
                number,
            )
            % {"count": number},
        )
    return number - left_out
