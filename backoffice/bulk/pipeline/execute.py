"""Carrying out what was previewed: every table of a kind, each in its turn."""

from functools import partial

from django.db.backends.utils import CursorWrapper

from backoffice.audit.models import ChangeSet
from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.pipeline.import_run import Plans
from backoffice.bulk.plan.writer import Writer

CHECKED_PERCENT, WRITTEN_PERCENT = 20, 95  # of the work of applying


def carry_out(cursor: CursorWrapper, batch: Batch, plans: Plans, change_set: ChangeSet) -> int:
    """Write what the plans say; how many rows that the batch counts were written.

    Raises LookupError when others were written than planned.
    """
    planner, companions, missing_rows, within = plans
    written = 0
    if companions and (batch.created_students or not companions.is_counted):
        batch.run.report(BatchRun.Phase.STUDENTS, CHECKED_PERCENT)
        companion_rows = Writer(companions.planner, change_set).write(cursor)
        written += companion_rows if companions.is_counted else 0
    if batch.created or batch.updated:
        share = (WRITTEN_PERCENT - CHECKED_PERCENT) * written // batch.writes
        batch.run.report(BatchRun.Phase.WRITING, CHECKED_PERCENT + share, written)
        write = partial(Writer(planner, change_set, companions).write, cursor)
        written += within.write(cursor, change_set, write) if within else write()
    if missing_rows and batch.withdrawn:
        written += Writer(planner, change_set).withdraw(cursor, missing_rows)
    return written
