"""Applies exactly what a preview showed, in one transaction."""

from functools import partial
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.models.batch_state import BatchState as State
from backoffice.bulk.models.batch_state import states_before
from backoffice.bulk.pipeline.concurrency import lock_kind, retry_on_conflict
from backoffice.bulk.pipeline.heartbeat import Heartbeat, Interrupted
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.pipeline.preview import end_work, fail, preview
from backoffice.bulk.pipeline.receive import file_digest
from backoffice.bulk.pipeline.sheets_of_rows import note_sheets
from backoffice.bulk.plan.identities.moved_values import MovedValues
from backoffice.bulk.plan.identities.trails import leave_trail
from backoffice.bulk.plan.outcome import Outcome, Plans, outcome_of
from backoffice.bulk.plan.writer import Writer
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import SqlDialect
from backoffice.bulk.values.faults import FileRefused

CHECKED_PERCENT, WRITTEN_PERCENT = 20, 95  # of the work of applying


class NotApplied(Exception):
    """The batch was not applied and nothing was written; the message says why."""


class OutcomeChanged(NotApplied):
    """The data changed since the preview; a new preview has been made."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The data changed since the preview, so nothing was written. Look at the new "
                "preview."
            )
        )


def apply(batch: Batch, digest: str, actor: Any) -> Batch:
    """Write what the preview with this digest showed, in one transaction.

    Raises NotApplied, with a sentence, if the batch is not waiting, the file or the digest is not
    the previewed one, or the data changed meanwhile (OutcomeChanged, after a new preview).
    """
    batch.run.begin()
    if not batch.move(State.APPLYING, before=states_before(State.APPLYING), expected_digest=digest):
        raise NotApplied(_why_not(Batch.objects.get(pk=batch.pk)))
    try:
        with Heartbeat(batch):
            retry_on_conflict(lambda: _write(batch, actor))
    except Interrupted as error:
        batch.refresh_from_db()
        raise NotApplied(batch.sentence) from error
    except (OutcomeChanged, IntegrityError) as error:
        raise _renewed(batch, error) from error
    except (NotApplied, FileRefused, DatabaseError, OSError) as error:
        raise NotApplied(fail(batch, error)) from error
    return batch


def _write(batch: Batch, actor: Any) -> None:
    work = Import(batch)
    _check_file(batch)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            begin_alone(cursor, work.dialect, batch)
            work.prepare(cursor)
            _write_plan(work, cursor, actor)
    finally:
        work.dialect.release(batch.pk)


def begin_alone(cursor: CursorWrapper, dialect: SqlDialect, batch: Batch) -> None:
    """Lock the batch for this process, then wait until no other import writes its tables.

    Raises NotApplied if another process works on the batch.
    """
    locked = dialect.lock(cursor, batch.pk)
    # Only now, under the lock: the end saves every field, and somebody may just have approved it.
    batch.refresh_beside_run(Batch.objects.select_related("uploaded_by"))
    if not locked or batch.state != State.APPLYING:
        raise NotApplied(_("Another process is already applying this file."))
    batch.run.report(BatchRun.Phase.WAITING, 0)
    lock_kind(cursor, kinds[batch.kind])
    batch.run.report(BatchRun.Phase.CHECKING, 2)


def _check_file(batch: Batch) -> None:
    try:
        with batch.path.open("rb") as stream:
            unchanged = file_digest(stream) == batch.file_hash
    except OSError:
        unchanged = False
    if not unchanged:
        raise NotApplied(
            _(
                "The stored file is not the one that was previewed. Nothing was written; "
                "upload it again."
            )
        )


def _planned_anew(work: Import, cursor: CursorWrapper) -> Outcome:
    with StagingFile(work.batch.pk) as staging_file:
        work.stage(cursor, staging_file, work.read(staging_file))
        plans = work.plan(cursor, staging_file)
        return outcome_of(cursor, work.batch, plans, work.sources)


def _write_plan(work: Import, cursor: CursorWrapper, actor: Any) -> None:
    batch = work.batch
    # The preview's tables may be gone, or other data may come to the same outcome.
    if not work.still_holds(cursor):
        # Asked once more, as it locks the rows: a course may have filled up meanwhile.
        is_same = _planned_anew(work, cursor).digest == batch.digest
        if not (is_same and work.still_holds(cursor)):
            raise OutcomeChanged
    with recording(
        actor=actor, source=ChangeSet.Source.IMPORT, reason=batch.reason, batch=batch.pk
    ) as record:
        change_set = record.change_set
        work.prepare_writing(cursor)
        written = _write_rows(cursor, batch, work.plans, change_set)
        if work.folding and batch.sections:
            written += work.folding.write(cursor, change_set)
    batch.run.report(BatchRun.Phase.CLOSING, WRITTEN_PERCENT, written)
    if written != batch.writes:
        raise OutcomeChanged
    note_sheets(work, cursor)
    work.drop(cursor)
    batch.change_set, batch.applied_at, batch.sentence = change_set, change_set.created_at, ""
    batch.run.finish(written)
    end_work(batch, State.APPLIED, before=State.APPLYING)


def _renewed(batch: Batch, error: Exception) -> NotApplied:
    digest = batch.digest
    batch.refresh_from_db()
    preview(batch)
    # With the same outcome again no change of the data explains what the database refused.
    if batch.digest == digest and isinstance(error, DatabaseError):
        return NotApplied(fail(batch, error, before=Batch.DECIDABLE))
    return OutcomeChanged()


def _why_not(batch: Batch) -> str:
    if batch.state == State.APPLIED:
        return _("This file was applied already; nothing was written a second time.")
    if batch.state == State.HELD:
        return _("This file waits for a second person; nothing was written. %(why)s") % {
            "why": batch.sentence
        }
    if batch.state == State.PREVIEWED:
        return _(
            "The preview was renewed since you opened it, and nothing was written. Look at it "
            "again."
        )
    return _("This file is not waiting for a decision (%(state)s); nothing was written.") % {
        "state": batch.get_state_display()
    }


def _write_rows(cursor: CursorWrapper, batch: Batch, plans: Plans, change_set: ChangeSet) -> int:
    """The number of rows written, of those that the batch counts."""
    planner, companions, missing_rows, nested = plans
    written = 0
    if companions and (batch.created_students or not companions.is_counted):
        batch.run.report(BatchRun.Phase.STUDENTS, CHECKED_PERCENT)
        companion_rows = Writer(companions.planner, change_set).write(cursor)
        written += companion_rows if companions.is_counted else 0
    if batch.created or batch.updated:
        trail = planner.layout.resource.trail
        if trail:
            leave_trail(cursor, planner, trail, change_set.created_at)
        MovedValues(planner).free(cursor)
        share = (WRITTEN_PERCENT - CHECKED_PERCENT) * written // batch.writes
        batch.run.report(BatchRun.Phase.WRITING, CHECKED_PERCENT + share, written)
        write = partial(Writer(planner, change_set, companions).write, cursor)
        try:
            written += nested.write(cursor, change_set, write) if nested else write()
        except LookupError:  # other nested rows were written than planned
            raise OutcomeChanged from None
    if missing_rows and batch.withdrawn:
        written += Writer(planner, change_set).withdraw(cursor, missing_rows)
    return written
