"""The work on one batch: reading its file, staging the rows and planning them."""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property, partial

from django.db.backends.utils import CursorWrapper

from backoffice.audit.admin_kit.actions import is_too_short
from backoffice.bulk.formats.open_file import open_file
from backoffice.bulk.kinds.resource import NESTED, ImportKind, MissingRowsPolicy, kinds
from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.pipeline.heartbeat import Interrupted, show
from backoffice.bulk.pipeline.rosters import rest_of_delivery, stage_rest
from backoffice.bulk.plan.capacity import Capacity
from backoffice.bulk.plan.companions import Companions
from backoffice.bulk.plan.duplicates import Duplicates
from backoffice.bulk.plan.folding import FoldedTables, Folding
from backoffice.bulk.plan.identities.former_names import lead_to_owners, lead_unmarked, marks_of
from backoffice.bulk.plan.identities.moved_values import MovedValues
from backoffice.bulk.plan.local_edits import LocalEdits
from backoffice.bulk.plan.missing_rows import MissingRows, RestOfDelivery
from backoffice.bulk.plan.nested_rows import NestedPlan, ParentLayout
from backoffice.bulk.plan.outcome import Plans
from backoffice.bulk.plan.planner import Planner, Tables
from backoffice.bulk.plan.totals import Totals
from backoffice.bulk.read.header import MatchedHeader, match_header, number_places
from backoffice.bulk.read.header_mapping import Own, labels_of, used_in
from backoffice.bulk.read.number_style import style_of
from backoffice.bulk.read.row_cleaner import RowCleaner, read_into
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.read.value_mapping import Words, note_words
from backoffice.bulk.readers import TableReader
from backoffice.bulk.sql import dialects
from backoffice.bulk.sql.layout import Layout, staged_types
from backoffice.bulk.values.faults import FileRefused, at_line, storable

READ_PERCENT = 80  # the share of reading in the whole work, for the progress bar
PROGRESS_PAUSE = 0.5  # seconds
NESTED_PER_ROW = 20  # an estimate, for the settings of the database
CACHED = ("header", "plans", "capacity", "folding", "rest")


@dataclass
class Import:
    """The work on one batch: its file, its tables, its plans."""

    batch: Batch
    own_headers: Own | None = None  # None: as when the file was read the first time
    own_words: Words | None = None  # likewise
    dialect: dialects.SqlDialect = field(default_factory=dialects.current)
    reported_at: float = 0.0

    def __post_init__(self) -> None:
        self.resource: type[ImportKind] = kinds[self.batch.kind]
        place, number = f"{self.dialect.place}bulk_", self.batch.pk
        self.tables, self.companion_tables, self.nested_tables = (
            Tables(f"{place}{rows}stage_{number}", f"{place}{rows}plan_{number}")
            for rows in ("", "companion_", "member_")
        )
        self.repeats_table = f"{place}duplicates_{number}"
        self.missing_rows_table = f"{place}missing_{number}"
        self.rest_table = f"{place}rest_{number}"
        self.folds_table = f"{place}folds_{number}"

    def prepare(self, cursor: CursorWrapper) -> None:
        """Set for this transaction what statements over all rows need."""
        rows = self.batch.rows * (NESTED_PER_ROW if self.resource.nested else 1)
        self.dialect.prepare(cursor, rows)

    def prepare_writing(self, cursor: CursorWrapper) -> None:
        """Set what the writing needs."""
        written = self.batch.writes
        # Of a large file that changes few rows, these are better found by their keys.
        if written <= dialects.MANY_ROWS < self.batch.rows and not self.resource.nested:
            self.dialect.prepare(cursor, written)

    def read(self, staging_file: StagingFile) -> list[str]:
        """Read the file into a staging file; returns the names of the staged columns.

        Raises FileRefused, with the sheet where a workbook has several.
        """
        try:
            return self._read(staging_file)
        except FileRefused as refusal:
            raise refusal.of_sheet(self.batch.only_sheet) from None

    def _read(self, staging_file: StagingFile) -> list[str]:
        self.batch.unknown_values = {}
        if self.own_words is not None:
            self.batch.own_values = dict(self.own_words)
        own = self.batch.own_headers if self.own_headers is None else self.own_headers
        reopened = partial(open_file, self.batch, own_headers=own)
        with reopened() as reader:
            self.batch.header = list(map(storable, reader.header))
            self.batch.delimiter = reader.delimiter
            with at_line(reader.header_line):
                self._apply_own_headers(reader, own)
                for name in CACHED:  # from an earlier reading
                    self.__dict__.pop(name, None)
                header = match_header(reader.header, self.resource, self.batch)
            own_headers = self.batch.own_headers
            reader.number_places = number_places(reader.header, self.resource, own_headers)
            style = style_of(reader, header, self.resource, reopened)
            cleaner = RowCleaner(header, self.resource, reader.delimiter, style)
            self.batch.rows = 0  # a file that is refused halfway has no known number
            try:
                self.batch.rows = read_into(staging_file, reader, cleaner, self._progress)
            finally:  # also of a file of which nothing is for us
                note_words(self.batch, reader.own_words, header.words)
        return cleaner.staged

    def _apply_own_headers(self, reader: TableReader, own: Own) -> None:
        batch = self.batch
        batch.own_headers = {}  # also if `used_in` raises
        if not batch.read_as:  # another system's file has no headers of the school's own
            batch.own_headers = used_in(reader.header, self.resource, own)
            reader.labels = labels_of(reader.header, batch.own_headers)

    def _progress(self, fraction: float, rows: int) -> None:
        run, now = self.batch.run, time.monotonic()
        expected = round(rows / fraction) if fraction else rows
        run.report(BatchRun.Phase.READING, int(fraction * READ_PERCENT), rows, expected=expected)
        if self.dialect.shows_progress and now >= self.reported_at + PROGRESS_PAUSE:
            self.reported_at = now
            run.is_cancelled = not show(run, self.batch.state)
        if run.is_cancelled:
            raise Interrupted

    def stage(self, cursor: CursorWrapper, staging_file: StagingFile, staged: list[str]) -> None:
        """Load the staging file into the batch's staging table."""
        self.drop(cursor)
        in_file = self.column_names()
        known = [name for name in staged if name in in_file]
        derived = [name for name in staged if name not in in_file]
        columns = {"row_no": "integer", "line_no": "integer", "bad": "bigint", "raws": "text"}
        columns |= staged_types(self.resource, known, derived, self.dialect)
        layout, table = self.plans.planner.layout, self.tables.stage
        self.dialect.create(cursor, table, columns | marks_of(layout))
        self.dialect.load(cursor, table, columns, staging_file.rows)
        lead_to_owners(cursor, layout, table, derived)
        if self.rest.table:
            stage_rest(cursor, self.dialect, self.batch, self.rest.table)
            lead_unmarked(cursor, layout, self.rest.table)

    @cached_property
    def rest(self) -> RestOfDelivery:
        """What the other files of the delivery mean for who is missing from this one."""
        is_roster = self.batch.mode == Batch.Mode.SYNC
        return rest_of_delivery(self.batch, self.rest_table) if is_roster else RestOfDelivery()

    def column_names(self) -> tuple[str, ...]:
        """The known columns of the file, in its order."""
        return tuple(placed.column.column_name for placed in self.header.placed)

    def drop(self, cursor: CursorWrapper) -> None:
        """Remove the batch's tables."""
        pairs = (self.companion_tables, self.nested_tables, self.tables)
        names = [name for pair in pairs for name in (pair.plan, pair.stage)]
        names += [self.repeats_table, self.missing_rows_table, self.rest_table, self.folds_table]
        self.dialect.drop_tables(cursor, names)

    @cached_property
    def header(self) -> MatchedHeader:
        return match_header(self.batch.header, self.resource, self.batch)

    @cached_property
    def plans(self) -> Plans:
        """The plans; their tables need not exist yet."""
        header = self.header
        own = tuple(placed.column.column_name for placed in header.own)
        companion_columns = tuple(placed.column.column_name for placed in header.companion)
        creates = header.creates_companions
        group = tuple(header.groups[0]) if header.groups else ()
        layout = Layout(
            *(self.resource, own, self.dialect, companion_columns, creates),
            actor=self.batch.uploaded_by,
            has_reason=not is_too_short(self.batch.reason),
            allows_similar=self.batch.allow_similar,
            is_roster=self.batch.mode == Batch.Mode.SYNC,
            source_names=tuple(placed.column.column_name for placed in header.sources),
        )
        if group:
            layout = ParentLayout(
                **vars(layout), within=self.nested_tables, tables=self.tables, members=group
            )
        staged = self.column_names() + ((NESTED,) if group else ())
        planner = Planner(layout, self.batch.mode, self.tables, staged)
        companions = Companions(planner, self.companion_tables) if creates else None
        policy = self.resource.missing_rows if self.batch.mode == Batch.Mode.SYNC else None
        missing_rows = self._missing_rows(planner, policy) if policy else None
        nested = NestedPlan(planner, self.nested_tables, group) if group else None
        return Plans(planner, companions, missing_rows, nested)

    def _missing_rows(self, planner: Planner, policy: MissingRowsPolicy) -> MissingRows:
        released, names = tuple(self.batch.released), self.batch.unplaced
        spared = (MissingRows.members_named(planner, policy, names),) if names else ()
        table = self.missing_rows_table
        return MissingRows(planner, policy, table, released, self.rest, spared)

    @cached_property
    def folding(self) -> Folding | None:
        """What makes several rows of another system one; None for files without such rows."""
        if not self.header.sources:
            return None
        tables = FoldedTables(self.nested_tables, self.folds_table)
        return Folding(self.plans.planner, tables, is_whole=self.batch.is_alone_in_sync)

    @property
    def sources(self) -> Planner | None:
        """The plan of the rows of other systems that are stored besides."""
        return self.folding.planner if self.folding else None

    @cached_property
    def capacity(self) -> Capacity | None:
        """What finds the rows for which there is no room; None for a kind that takes none."""
        planner, _companions, missing_rows, _nested = self.plans
        rule = planner.layout.model.capacity
        is_allowed = self.batch.allow_over_limit and planner.layout.has_reason
        return Capacity(planner, rule, missing_rows, is_allowed) if rule else None

    def plan(self, cursor: CursorWrapper, staging_file: StagingFile) -> Plans:
        """Plan every staged row against the data as they are now."""
        planner, companions, missing_rows, nested = plans = self.plans
        self._judge(cursor, staging_file)
        moved = MovedValues(planner)
        has_moves = moved.allow(cursor)
        released = tuple(self.batch.released)
        self.batch.preserved_edits = LocalEdits(planner, released).preserve(cursor, staging_file)
        if nested:
            self._count_preserved(nested.plan(cursor, released, staging_file))
        has_repeats = self._compare_rows(cursor, staging_file, moved if has_moves else None)
        if nested:  # after the duplicates: a repeated row writes none of its nested rows
            nested.reject_nested(cursor)
        if missing_rows:
            self._count_preserved(missing_rows.plan(cursor, staging_file))
        if self.capacity:  # after those who leave, and before new students for rows that go in
            self.capacity.plan(cursor, staging_file)
        if self.folding:
            self.folding.close(cursor, staging_file)
        if companions:
            companions.plan(cursor, self.repeats_table if has_repeats else "")
        total = planner.layout.model.total_rule
        if total:
            Totals(planner, total).report(cursor, staging_file)
        return plans

    def _compare_rows(
        self, cursor: CursorWrapper, staging_file: StagingFile, moved: MovedValues | None
    ) -> bool:
        """Decide between rows of the file; whether some say different things of one person."""
        if moved:
            moved.resolve(cursor)
        has_repeats = Duplicates(self.plans.planner, staging_file).decide(
            cursor, self.repeats_table
        )
        if moved:  # once more: who gave up a value may be refused by now
            moved.resolve(cursor, is_last=True)
        return has_repeats

    def _judge(self, cursor: CursorWrapper, staging_file: StagingFile) -> None:
        """Plan each row by itself, and several rows of another system as one."""
        if self.plans.nested:
            self.plans.nested.stage(cursor)
        self.plans.planner.create(cursor)
        if self.folding:  # before anything looks at what rows would change
            self.folding.plan(cursor, staging_file)

    def _count_preserved(self, edits: dict[str, int]) -> None:
        self.batch.preserved_edits = dict(Counter(self.batch.preserved_edits) + Counter(edits))

    def still_holds(self, cursor: CursorWrapper) -> bool:
        """Whether the preview's tables are there and would be the same if planned now."""
        planner, companions, missing_rows, _nested = plans = self.plans
        sources = [self.sources] if self.sources else []
        pairs = [each.tables for each in (planner, *plans.others, *sources)]
        tables = [name for pair in pairs for name in (pair.stage, pair.plan)]
        if missing_rows:
            tables += filter(None, (self.missing_rows_table, self.rest.table))
        if not self.dialect.has_tables(cursor, tables):
            return False
        self._lock_rows(cursor, planner, missing_rows)
        if companions and not companions.still_implies(cursor):
            return False
        if missing_rows and not missing_rows.still_holds(cursor):
            return False
        # A crash of the database empties unlogged tables, so the rows are counted. The places in
        # courses are counted now that the courses are locked.
        tests = [planner.holds(self.batch.rows)]
        tests += [each.holds() for each in (*plans.others, *sources)]
        tests += [(self.folding.still_holds(), ())] if self.folding else []
        tests += [self.capacity.holds()] if self.capacity else []
        params = [param for _sql, own in tests for param in own]
        cursor.execute(f"SELECT {' AND '.join(sql for sql, _params in tests)}", params)
        return bool(cursor.fetchone()[0])

    def _lock_rows(
        self, cursor: CursorWrapper, planner: Planner, missing_rows: MissingRows | None
    ) -> None:
        """Lock the rows to be changed, and those that new rows refer to."""
        layout, plan, hold = planner.layout, self.tables.plan, self.dialect.hold
        if self.batch.updated:
            hold(cursor, layout.table, f"SELECT target_id FROM {plan} WHERE state = 'u'")
        if missing_rows:
            hold(cursor, layout.table, missing_rows.ids)
        for reference in layout.references:
            if reference.field.name != layout.key[0].reference:
                named = f"SELECT fk_{reference.field.name} FROM {plan}"
                hold(cursor, reference.table, named, "SHARE")
