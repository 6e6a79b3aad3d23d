"""One batch at work: its file, its staging tables and the plan made of them."""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from backoffice.audit.admin_kit.actions import SHORTEST_REASON
from backoffice.bulk.formats.open_file import open_file
from backoffice.bulk.kinds.resource import MEMBERS, ImportKind, kinds
from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.pipeline.heartbeat import Interrupted, show
from backoffice.bulk.plan.companions import Companions
from backoffice.bulk.plan.duplicates import Duplicates
from backoffice.bulk.plan.local_edits import LocalEdits
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.nested_rows import NestedPlan, ParentLayout
from backoffice.bulk.plan.planner import Planner, Tables
from backoffice.bulk.read.header import MatchedHeader, match_header
from backoffice.bulk.read.header_mapping import Own, labels_of, used_in
from backoffice.bulk.read.row_cleaner import RowCleaner, read_into
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.readers import TableReader
from backoffice.bulk.sql import dialects
from backoffice.bulk.sql.layout import Layout, staged_types
from backoffice.bulk.values.faults import storable

READ_PERCENT = 80  # the share of reading in the whole work, for the progress bar
PROGRESS_PAUSE = 0.5  # seconds
MANY_WITHIN = 20  # rows in a row, as the database is prepared for them


class Plans(NamedTuple):
    """What would happen: to the rows of the file, to whom it brings along, to who is missing."""

    planner: Planner
    companions: Companions | None
    missing_rows: MissingRows | None
    within: NestedPlan | None

    @property
    def others(self) -> list[Planner]:
        """The plans of what stands in the rows of the file, and comes with them."""
        return [each.planner for each in (self.companions, self.within) if each]


@dataclass
class Import:
    """One batch at work: its file, its tables, its plan.

    `own_headers` is what the school's own headers stand for; without it, what they stood for when
    the file was read the first time.
    """

    batch: Batch
    own_headers: Own | None = None
    dialect: dialects.Dialect = field(default_factory=dialects.current)
    reported_at: float = 0.0

    def __post_init__(self) -> None:
        self.resource: type[ImportKind] = kinds[self.batch.kind]
        place, number = f"{self.dialect.place}bulk", self.batch.pk
        self.tables = Tables(f"{place}_stage_{number}", f"{place}_plan_{number}")
        self.new_tables = Tables(
            f"{place}_companion_stage_{number}", f"{place}_companion_plan_{number}"
        )
        self.repeats_table = f"{place}_duplicates_{number}"
        self.missing_rows_table = f"{place}_missing_{number}"
        self.member_tables = Tables(
            f"{place}_member_stage_{number}", f"{place}_member_plan_{number}"
        )

    def prepare(self, cursor: CursorWrapper) -> None:
        """Set what the statements to come need; a row with others in it is many."""
        rows = self.batch.rows * (MANY_WITHIN if self.resource.nested else 1)
        self.dialect.prepare(cursor, rows)

    def prepare_writing(self, cursor: CursorWrapper) -> None:
        """Of a large file that changes few rows, these are found by their keys."""
        written = self.batch.writes
        if written <= dialects.MANY_ROWS < self.batch.rows and not self.resource.nested:
            self.dialect.prepare(cursor, written)

    def read(self, staging_file: StagingFile) -> list[str]:
        """Read the file into a staging file; the names of the staged columns."""
        with open_file(self.batch) as reader:
            self.batch.header, self.batch.delimiter = (
                list(map(storable, reader.header)),
                reader.delimiter,
            )
            self._apply_own_headers(reader)
            for name in ("header", "plans"):  # of what was read before
                self.__dict__.pop(name, None)
            header = match_header(reader.header, self.resource, self.batch)
            cleaner = RowCleaner(header, self.resource, reader.delimiter)
            self.batch.rows = 0  # of a file refused on the way nobody knows how many
            self.batch.rows = read_into(staging_file, reader, cleaner, self._progress)
        return cleaner.staged

    def _apply_own_headers(self, reader: TableReader) -> None:
        """Keep what the school's own headers stand for; a file of another system has none."""
        batch = self.batch
        own = batch.own_headers if self.own_headers is None else self.own_headers
        batch.own_headers = {}  # also where a name cannot be read
        if not batch.read_as:
            batch.own_headers = used_in(reader.header, self.resource, own)
            reader.labels = labels_of(reader.header, batch.own_headers)

    def _progress(self, fraction: float, rows: int) -> None:
        """Tell how far the reading is, and how many rows there will be."""
        run, now = self.batch.run, time.monotonic()
        expected = round(rows / fraction) if fraction else rows
        run.report(BatchRun.Phase.READING, int(fraction * READ_PERCENT), rows, expected=expected)
        if self.dialect.shows_progress and now >= self.reported_at + PROGRESS_PAUSE:
            self.reported_at = now
            run.is_cancelled = not show(run, Batch.State.READING)
        if run.is_cancelled:
            raise Interrupted

    def stage(self, cursor: CursorWrapper, staging_file: StagingFile, staged: list[str]) -> None:
        """Load the spooled rows into the batch's staging table."""
        self.drop(cursor)
        known = set(self.batch_names())
        derived = [name for name in staged if name not in known]
        types = staged_types(
            self.resource, [name for name in staged if name in known], derived, self.dialect
        )
        columns = {
            "row_no": "integer",
            "line_no": "integer",
            "bad": "bigint",
            "raws": "text",
        } | types
        self.dialect.create(cursor, self.tables.stage, columns)
        self.dialect.load(cursor, self.tables.stage, columns, staging_file.rows)

    def batch_names(self) -> list[str]:
        """The known columns of the file, in its order."""
        return [placed.column.column_name for placed in self.header.placed]

    def drop(self, cursor: CursorWrapper) -> None:
        """Remove the batch's tables."""
        pairs = (self.new_tables, self.member_tables, self.tables)
        names = [name for pair in pairs for name in (pair.plan, pair.stage)]
        self.dialect.drop_tables(cursor, [*names, self.repeats_table, self.missing_rows_table])

    @cached_property
    def header(self) -> MatchedHeader:
        """The columns of the file as it was read."""
        return match_header(self.batch.header, self.resource, self.batch)

    @cached_property
    def plans(self) -> Plans:
        """The plans, whether their tables are made already or not."""
        header = self.header
        own = tuple(placed.column.column_name for placed in header.own)
        companion_columns = tuple(placed.column.column_name for placed in header.companion)
        creates, actor = header.creates_companions, self.batch.uploaded_by
        has_reason = len(self.batch.reason.strip()) >= SHORTEST_REASON
        within = tuple(header.groups[0]) if header.groups else ()
        layout = Layout(
            *(self.resource, own, self.dialect, companion_columns, creates),
            actor=actor,
            has_reason=has_reason,
        )
        if within:
            layout = ParentLayout(
                **vars(layout), within=self.member_tables, tables=self.tables, members=within
            )
        staged = tuple(placed.column.column_name for placed in header.placed)
        staged += (MEMBERS,) if within else ()
        planner = Planner(layout, self.batch.mode, self.tables, staged)
        companions = Companions(planner, self.new_tables) if creates else None
        policy = self.resource.missing_rows if self.batch.mode == Batch.Mode.SYNC else None
        released = tuple(self.batch.released)
        missing_rows = (
            MissingRows(planner, policy, self.missing_rows_table, released) if policy else None
        )
        members = NestedPlan(planner, self.member_tables, within) if within else None
        return Plans(planner, companions, missing_rows, members)

    def plan(self, cursor: CursorWrapper, staging_file: StagingFile) -> Plans:
        """Compute what would happen to each row, now; what rows say of each other is told."""
        planner, companions, missing_rows, within = plans = self.plans
        if within:
            within.stage(cursor)
        planner.create(cursor)
        released = tuple(self.batch.released)
        self.batch.preserved_edits = LocalEdits(planner, released).preserve(cursor, staging_file)
        if within:
            self._count_preserved(within.plan(cursor, released, staging_file))
        has_repeats = Duplicates(planner, staging_file).decide(cursor, self.repeats_table)
        if within:
            within.reject_members(cursor)
        if companions:
            companions.plan(cursor, self.repeats_table if has_repeats else "")
        if missing_rows:
            self._count_preserved(missing_rows.plan(cursor, staging_file))
        return plans

    def _count_preserved(self, edits: dict[str, int]) -> None:
        self.batch.preserved_edits = dict(Counter(self.batch.preserved_edits) + Counter(edits))

    def still_holds(self, cursor: CursorWrapper) -> bool:
        """Whether the preview's rows and plan are there, and would be planned the same now."""
        planner, companions, missing_rows, within = plans = self.plans
        tables = [self.tables.stage, self.tables.plan]
        if companions:
            tables += [self.new_tables.stage, self.new_tables.plan]
        if missing_rows:
            tables.append(self.missing_rows_table)
        if within:
            tables += [self.member_tables.stage, self.member_tables.plan]
        if not self.dialect.has_tables(cursor, tables):
            return False
        self._lock_rows(cursor, planner, missing_rows)
        if companions and not companions.still_implies(cursor):
            return False
        if missing_rows and not missing_rows.still_holds(cursor):
            return False
        # A crash of the database empties unlogged tables, hence the rows.
        return planner.still_holds(cursor, self.batch.rows) and all(
            each.still_holds(cursor) for each in plans.others
        )

    def _lock_rows(
        self, cursor: CursorWrapper, planner: Planner, missing_rows: MissingRows | None
    ) -> None:
        """Keep the rows to be changed, and what new rows refer to, as they are for now."""
        layout, plan, hold = planner.layout, self.tables.plan, self.dialect.hold
        if self.batch.updated:
            hold(cursor, layout.table, f"SELECT target_id FROM {plan} WHERE state = 'u'")
        if missing_rows:
            hold(cursor, layout.table, missing_rows.ids)
        for reference in layout.references:
            if reference.field.name != layout.key[0].reference:
                named = f"SELECT fk_{reference.field.name} FROM {plan}"
                hold(cursor, reference.table, named, "SHARE")
