"""One batch at work: its file, its staging tables and the plan made of them."""

from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

from backoffice.bulk import dialects
from backoffice.bulk.faults import storable
from backoffice.bulk.header import match_header
from backoffice.bulk.layout import Layout, staged_types
from backoffice.bulk.models import Batch
from backoffice.bulk.newcomers import Newcomers
from backoffice.bulk.outcomes import Outcome, outcome_of
from backoffice.bulk.planning import Planner, Tables
from backoffice.bulk.readers import open_table
from backoffice.bulk.reading import Cleaner, Spool, read_into
from backoffice.bulk.resources import KindResource, kinds

PROGRESS_STEP = 5


@dataclass
class Import:
    """One batch at work: its file, its tables, its plan."""

    batch: Batch
    dialect: dialects.Dialect = field(default_factory=dialects.current)

    def __post_init__(self) -> None:
        self.resource: type[KindResource] = kinds[self.batch.kind]
        number = self.batch.pk
        self.tables = Tables(f"bulk_stage_{number}", f"bulk_plan_{number}")
        self.new_tables = Tables(f"bulk_newcomer_stage_{number}", f"bulk_newcomer_plan_{number}")

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
        """Tell how far the reading is, at most twenty times a file."""
        percent = int(fraction * 80)
        if percent >= self.batch.progress + PROGRESS_STEP:
            self.batch.progress, self.batch.rows_read = percent, rows
            self.batch.save(update_fields=["progress", "rows_read", "touched_at"])

    def stage(self, cursor: CursorWrapper, spool: Spool, staged: list[str]) -> None:
        """Load the spooled rows into the batch's staging table."""
        self.drop(cursor)
        known = set(self.batch_names())
        derived = [name for name in staged if name not in known]
        types = staged_types(
            self.resource, [name for name in staged if name in known], derived, self.dialect
        )
        columns = {"row_no": "integer", "line_no": "integer", "is_bad": "bool"} | types
        defined = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        cursor.execute(f"{self.dialect.create_table} {self.tables.stage} ({defined})")
        self.dialect.load(cursor, self.tables.stage, columns, spool.rows)

    def batch_names(self) -> list[str]:
        """The known columns of the file, in its order."""
        header = match_header(self.batch.header, self.resource, self.batch)
        return [placed.column.column_name for placed in header.placed]

    def drop(self, cursor: CursorWrapper) -> None:
        """Remove the batch's tables."""
        for tables in (self.new_tables, self.tables):
            cursor.execute(f"DROP TABLE IF EXISTS {tables.plan}")
            cursor.execute(f"DROP TABLE IF EXISTS {tables.stage}")

    def planners(self) -> tuple[Planner, Newcomers | None]:
        """The plan of the kind, and that of the records it creates on the way."""
        header = match_header(self.batch.header, self.resource, self.batch)
        own = tuple(placed.column.column_name for placed in header.own)
        beside = tuple(placed.column.column_name for placed in header.companion)
        companion = self.resource.companion
        creates = bool(companion and getattr(self.batch, companion.option))
        actor = self.batch.uploaded_by
        layout = Layout(self.resource, own, self.dialect, beside, creates, actor=actor)
        planner = Planner(layout, self.batch.mode, self.tables)
        return planner, Newcomers(planner, self.new_tables) if creates else None

    def plan(
        self, cursor: CursorWrapper, *, with_ids: bool
    ) -> tuple[Planner, Newcomers | None, Outcome]:
        """Compute what would happen to each row, now."""
        planner, newcomers = self.planners()
        for tables in (self.new_tables, self.tables):
            cursor.execute(f"DROP TABLE IF EXISTS {tables.plan}")
        planner.create(cursor, with_ids=with_ids)
        if newcomers:
            cursor.execute(f"DROP TABLE IF EXISTS {self.new_tables.stage}")
            newcomers.plan(cursor, with_ids=with_ids)
        return planner, newcomers, outcome_of(cursor, self.batch, planner, newcomers)
