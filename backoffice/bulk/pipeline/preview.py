"""Reads a file and computes what applying it would do; writes nothing but the preview."""

import contextlib
from collections.abc import Callable, Collection

from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.admin_site.models.full_disk import full_disk_sentence, is_full_disk
from backoffice.bulk.models import Batch, BatchIssue, BatchRun
from backoffice.bulk.models.batch_state import BatchState as State
from backoffice.bulk.models.batch_state import states_before
from backoffice.bulk.pipeline.approval import lapse
from backoffice.bulk.pipeline.heartbeat import Heartbeat, Interrupted
from backoffice.bulk.pipeline.import_run import READ_PERCENT, Import
from backoffice.bulk.plan.change_limits import reasons_to_hold
from backoffice.bulk.plan.identities.near_doubles import hint_at_refused
from backoffice.bulk.plan.outcome import FaultReporter, Outcome, outcome_of
from backoffice.bulk.plan.planner import RowState
from backoffice.bulk.read.header import ForbiddenColumn
from backoffice.bulk.read.staging_file import ISSUE_COLUMNS, StagingFile
from backoffice.bulk.read.value_mapping import own_mappings_of, values_advice
from backoffice.bulk.values.faults import COLUMN_LENGTH, FileRefused, storable


def preview(batch: Batch) -> Batch:
    """Read the file and compute what applying it would do; the outcome is on the batch.

    A bad file raises nothing: the batch is then refused, with a sentence and all issues.
    """
    # Without a file: an archive that could not be opened was not stored.
    if not batch.file or batch.state not in states_before(State.READING):
        return batch
    if not _begin_reading(batch):  # discarded a moment ago, or read by somebody else
        batch.refresh_from_db()
        return batch
    try:
        with Heartbeat(batch), StagingFile(batch.pk) as staging_file:
            work = Import(batch, *own_mappings_of(batch.kind))
            staged = work.read(staging_file)
            batch.run.report(BatchRun.Phase.COMPARING, READ_PERCENT, batch.rows)
            with transaction.atomic(), connection.cursor() as cursor:
                work.prepare(cursor)
                work.stage(cursor, staging_file, staged)
                _record_outcome(work, cursor, staging_file)
    except FileRefused as refusal:
        refuse_file(batch, refusal)
    except Interrupted:
        batch.refresh_from_db()
    except DatabaseError as error:
        fail(batch, error)
    except BaseException as error:  # also KeyboardInterrupt: the batch must not stay "being read"
        if is_full_disk(error):
            fail(batch, error)
            return batch
        fail(batch, FileRefused("unknown", _("Reading the file ended before it was done.")))
        raise
    return batch


def _begin_reading(batch: Batch) -> bool:
    batch.run.begin()
    if batch.state != State.QUEUED:
        # The digest: over the outcome of another reading nobody writes what they knew before it.
        before, digest = (batch.state,), batch.digest
        is_begun = batch.save_as(State.READING, before=before, expected_digest=digest)
    else:
        is_begun = batch.move(State.READING, before=(State.QUEUED,))
        # What was chosen stands in the row: it may have been ordered again since we loaded it.
        batch.refresh_beside_run()
    batch.own_assessments = {}  # columns stand for what people say by now
    return is_begun


def _record_outcome(work: Import, cursor: CursorWrapper, staging_file: StagingFile) -> None:
    batch = work.batch
    plans = work.plan(cursor, staging_file)
    outcome = outcome_of(cursor, batch, plans, work.sources)
    if outcome.has_faults:
        FaultReporter(plans.planner).report(staging_file)
        if plans.nested:
            FaultReporter(plans.nested.planner).report(staging_file)
    if batch.errors or batch.warnings:  # of an earlier reading
        batch.issues.all().delete()
    work.dialect.load(cursor, BatchIssue._meta.db_table, ISSUE_COLUMNS, staging_file.issues)
    if staging_file.has_refused_names:
        hint_at_refused(cursor, plans.planner.layout, batch.pk)
    _set_totals(batch, outcome)
    missing_rows = plans.missing_rows
    batch.roster_scope = missing_rows.scope_sentence(cursor) if missing_rows else ""
    batch.errors, batch.warnings = staging_file.errors, staging_file.warnings
    batch.run.finish(batch.rows)
    reasons = reasons_to_hold(cursor, batch, plans.planner, plans.missing_rows)
    end_work(batch, decide(batch, reasons))


def end_work(batch: Batch, state: str, before: str = State.READING) -> None:
    """Save the batch in its new state. Raises Interrupted if it was cancelled meanwhile."""
    if not batch.save_as(state, before=(before,)):
        raise Interrupted


def _set_totals(batch: Batch, outcome: Outcome) -> None:
    batch.created = outcome.count(RowState.CREATED)
    batch.updated = outcome.count(RowState.UPDATED)
    batch.returns = outcome.count(RowState.RETURNED)
    batch.unchanged = outcome.count(RowState.UNCHANGED)
    batch.rejected = outcome.count(RowState.REJECTED)
    batch.duplicates = outcome.count(RowState.DUPLICATE)
    batch.folded = outcome.count(RowState.FOLDED)
    batch.sections = outcome.source_rows
    batch.withdrawn = outcome.count(RowState.WITHDRAWN)
    batch.created_students = outcome.companions
    batch.digest = outcome.digest


def decide(batch: Batch, held_for: list[str]) -> str:
    """The state after reading; its sentence is set on the batch."""
    lapse(batch)
    if batch.rejected and batch.on_error == Batch.OnError.ABORT:
        batch.sentence = ngettext(
            "%(count)d row of %(rows)d is wrong; nothing was written. %(advice)s",
            "%(count)d rows of %(rows)d are wrong; nothing was written. %(advice)s",
            batch.rejected,
        ) % {
            "count": batch.rejected,
            "rows": batch.rows,
            "advice": " ".join(filter(None, (_advice(batch), values_advice(batch)))),
        }
        return State.REFUSED
    if held_for and batch.approved_digest != batch.digest:
        batch.sentence = " ".join(held_for)
        return State.HELD
    batch.sentence = ""
    return State.PREVIEWED


def _advice(batch: Batch) -> str:
    if batch.has_right_rows:
        return _("Correct the file, or leave wrong rows out.")
    return _("Correct the file.")


def refuse_file(batch: Batch, refusal: FileRefused) -> None:
    """Record why the whole file is refused."""
    with contextlib.suppress(Interrupted), transaction.atomic():
        batch.issues.all().delete()
        batch.issues.create(
            sheet=storable(refusal.sheet),
            line=refusal.line,
            row=0,
            column=storable(refusal.column)[:COLUMN_LENGTH],
            code=refusal.code,
            message=storable(refusal.message),
        )
        parts = (storable(refusal.message), values_advice(batch))
        batch.errors, batch.sentence = 1, " ".join(filter(None, parts))
        end_work(batch, State.REFUSED)
    if isinstance(refusal, ForbiddenColumn):  # it may hold passwords
        batch.file.delete(save=False)
        Batch.objects.filter(pk=batch.pk).update(file="")


def leave_wrong_rows_out(batch: Batch, read: Callable[[Batch], Batch] = preview) -> Batch:
    batch.on_error = Batch.OnError.SKIP
    return read(batch)


def read_in_encoding(
    batch: Batch, encoding: str, read: Callable[[Batch], Batch] = preview
) -> Batch:
    """Read a file anew whose encoding somebody has named."""
    batch.encoding = encoding
    return read(batch)


def release(batch: Batch, columns: list[str], read: Callable[[Batch], Batch] = preview) -> Batch:
    """Let the file overwrite local edits in these columns; makes a new preview."""
    batch.released = sorted({*batch.released, *columns})
    return read(batch)


def fail(
    batch: Batch, error: BaseException, before: Collection[str] = (State.READING, State.APPLYING)
) -> str:
    """Record why the batch failed, after its transaction was rolled back; returns the reason."""
    message = full_disk_sentence() if is_full_disk(error) else str(error)
    if isinstance(error, DatabaseError) and not is_full_disk(error):
        template = _("The database refused the file, and nothing was written: %(error)s")
        if batch.undoes_id:
            template = _("The database refused the undo, and nothing was written: %(error)s")
        message = template % {"error": message.partition("\n")[0]}
    batch.move(State.FAILED, before=before, sentence=message)
    batch.refresh_from_db()
    return message
