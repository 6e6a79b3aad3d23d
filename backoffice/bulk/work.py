"""One batch at work: its file, its staging tables and the plan made of them."""

import time
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

from backoffice.bulk import dialects
from backoffice.bulk.faults import storable
from backoffice.bulk.header import match_header
from backoffice.bulk.layout import Layout, staged_types
from backoffice.bulk.models import Batch
from backoffice.bulk.newcomers import Newcomers
from backoffice.bulk.planning import Planner, Tables
from backoffice.bulk.pulse import Interrupted, show
from backoffice.bulk.readers import open_table
from backoffice.bulk.reading import Cleaner, Spool, read_into
from backoffice.bulk.repeats import Repeats
from backoffice.bulk.resources import KindResource, kinds

READ_PERCENT = 80  # the share of reading in the whole work, for the progress bar
PROGRESS_PAUSE = 0.5  # seconds


@dataclass
class Import:
    """One batch at work: its file, its tables, its plan."""

    batch: Batch
    dialect: dialects.Dialect = field(default_factory=dialects.current)
    told_at: float = 0.0

    def __post_init__(self) -> None:
        self.resource: type[KindResource] = kinds[self.batch.kind]
        place, number = f"{self.dialect.place}bulk", self.batch.pk
        self.tables = Tables(f"{place}_stage_{number}", f"{place}_plan_{number}")
        self.new_tables = Tables(
            f"{place}_newcomer_stage_{number}", f"{place}_newcomer_plan_{number}"
        )
        self.repeats_table = f"{place}_repeats_{number}"

    def read(self, spool: Spool) -> list[str]:
        """Read the file into a spool; the names of the staged columns."""
        with open_table(self.batch.path, self.batch.encoding) as reader:
            header = match_header(reader.header, self.resource, self.batch)
            self.batch.header, self.batch.delimiter = (
                list(map(storable, reader.header)),
                reader.delimiter,
            )
            cleaner = Cleaner(header, self.resource, reader.delimiter)
            self.batch.rows = read_into(spool, reader, cleaner, self._progress)
        return cleaner.staged

    def _progress(self, fraction: float, rows: int) -> None:
        """Tell how far the reading is, and how many rows there will be."""
        batch, now = self.batch, time.monotonic()
        batch.tell(Batch.Phase.READING, int(fraction * READ_PERCENT), rows)
        batch.rows = max(rows, round(rows / fraction)) if fraction else rows
        if self.dialect.shows_itself and now >= self.told_at + PROGRESS_PAUSE:
            self.told_at = now
            batch.is_ended = not show(batch, Batch.State.READING)
        if batch.is_ended:
            raise Interrupted

    def stage(self, cursor: CursorWrapper, spool: Spool, staged: list[str]) -> None:
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
        self.dialect.load(cursor, self.tables.stage, columns, spool.rows)

    def batch_names(self) -> list[str]:
        """The known columns of the file, in its order."""
        header = match_header(self.batch.header, self.resource, self.batch)
        return [placed.column.column_name for placed in header.placed]

    def drop(self, cursor: CursorWrapper) -> None:
        """Remove the batch's tables."""
        self._drop(cursor, self.tables.stage)

    def _drop(self, cursor: CursorWrapper, *besides: str) -> None:
        """Remove what was computed from the staged rows."""
        computed = (self.new_tables.plan, self.new_tables.stage, self.tables.plan)
        self.dialect.drop_tables(cursor, [*computed, self.repeats_table, *besides])

    def planners(self) -> tuple[Planner, Newcomers | None]:
        """The plan of the kind, and that of the records it creates on the way."""
        header = match_header(self.batch.header, self.resource, self.batch)
        own = tuple(placed.column.column_name for placed in header.own)
        beside = tuple(placed.column.column_name for placed in header.companion)
        creates, actor = header.creates_companions, self.batch.uploaded_by
        layout = Layout(self.resource, own, self.dialect, beside, creates, actor=actor)
        staged = tuple(placed.column.column_name for placed in header.placed)
        planner = Planner(layout, self.batch.mode, self.tables, staged)
        return planner, Newcomers(planner, self.new_tables) if creates else None

    def plan(self, cursor: CursorWrapper, spool: Spool) -> tuple[Planner, Newcomers | None]:
        """Compute what would happen to each row, now; what rows say of each other is told."""
        planner, newcomers = self.planners()
        self._drop(cursor)
        planner.create(cursor)
        has_repeats = Repeats(planner, spool).decide(cursor, self.repeats_table)
        if newcomers:
            newcomers.plan(cursor, self.repeats_table if has_repeats else "")
        return planner, newcomers

    def still_holds(self, cursor: CursorWrapper) -> bool:
        """Whether the preview's rows and plan are there, and would be planned the same now."""
        planner, newcomers = self.planners()
        tables = [self.tables.stage, self.tables.plan]
        if newcomers:
            tables += [self.new_tables.stage, self.new_tables.plan]
        if not self.dialect.has_tables(cursor, tables):
            return False
        cursor.execute(f"SELECT count(*) FROM {self.tables.plan}")
        if cursor.fetchone()[0] != self.batch.rows:
            return False  # a crash of the database empties unlogged tables
        self._lock_rows(cursor, planner)
        plans = [planner, newcomers.planner] if newcomers else [planner]
        return all(each.still_holds(cursor) for each in plans)

    def _lock_rows(self, cursor: CursorWrapper, planner: Planner) -> None:
        """Keep the rows to be changed, and what new rows refer to, as they are for now."""
        layout, plan, share = planner.layout, self.tables.plan, self.dialect.for_share()
        if not share:
            return
        cursor.execute(
            f"SELECT count(*) FROM (SELECT id FROM {layout.table} WHERE id IN "
            f"(SELECT target_id FROM {plan} WHERE state = 'u') ORDER BY id FOR UPDATE) x"
        )
        for reference in layout.references:
            if reference.field.name != layout.key[0].reference:
                cursor.execute(
                    f"SELECT count(*) FROM (SELECT id FROM {reference.table} WHERE id IN "
                    f"(SELECT fk_{reference.field.name} FROM {plan}) ORDER BY id{share}) x"
                )
