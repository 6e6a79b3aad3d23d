"""Notes on which sheet of a workbook each written row stands, as its line alone does not say it."""

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.models import SheetOfRow
from backoffice.bulk.pipeline.import_run import Import


def note_sheets(work: Import, cursor: CursorWrapper) -> None:
    """Note the sheets of the rows that a plan creates and changes; nothing for a file of one."""
    batch = work.batch
    starts = [sheet.get("first_row", 1) for sheet in batch.sheets.get("read", ())]
    if len(starts) < 2:
        return
    sources = [work.sources] if work.sources else []
    for planner in (work.plans.planner, *work.plans.others, *sources):
        row = planner.reported_row
        cases = [f"WHEN {row} >= {first} THEN {at}" for at, first in enumerate(starts)]
        # Of sheets that begin at one row the last has it: those before are without rows.
        place = f"CASE {' '.join(reversed(cases))} ELSE 0 END"
        cursor.execute(
            f"INSERT INTO {SheetOfRow._meta.db_table} (batch_id, kind, row_key, place) "
            f"SELECT %s, %s, coalesce(p.new_id, p.target_id), {place} "
            f"FROM {planner.tables.plan} p JOIN {planner.tables.stage} s ON s.row_no = p.row_no "
            "WHERE p.state IN ('c', 'u')",
            [batch.pk, planner.layout.resource.kind],
        )
