"""The deeds of an import: receive a file, preview it, apply what was previewed."""

import contextlib
import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.admin_site.permissions.roles import may
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.formats.upload_storage import (
    StoredUpload,
    UploadPart,
    stored_part,
    stored_uploads,
)
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch, BatchIssue
from backoffice.bulk.pipeline.approval import lapse
from backoffice.bulk.pipeline.concurrency import lock_kind, retry_on_conflict
from backoffice.bulk.pipeline.execute import WRITTEN_PERCENT, carry_out
from backoffice.bulk.pipeline.heartbeat import Heartbeat, Interrupted
from backoffice.bulk.pipeline.import_run import READ_PERCENT, Import
from backoffice.bulk.plan.change_limits import reasons_to_hold
from backoffice.bulk.plan.outcome import FaultReporter, Outcome, outcome_of
from backoffice.bulk.plan.planner import State
from backoffice.bulk.read.header import ForbiddenColumn
from backoffice.bulk.read.header_mapping import own_headers_of
from backoffice.bulk.read.row_cleaner import ISSUE_COLUMNS, StagingFile
from backoffice.bulk.sql.dialects import Dialect
from backoffice.bulk.values.faults import COLUMN_LENGTH, FileRefused, storable

OpenUpload = Callable[[Batch], AbstractContextManager[StoredUpload]]


class NotApplied(Exception):
    """The batch was not applied and nothing was written; the message says why."""


class OutcomeChanged(NotApplied):
    """The data changed since the preview; a new preview has been made."""


def receive(stream: IO[bytes], name: str, actor: Any, **options: Any) -> Batch:
    """Keep an uploaded file in private storage with a batch row that belongs to its uploader.

    `options` are fields of Batch; `actor` is None for the operator at the command line.
    Raises PermissionDenied when the actor may not import this kind.
    """
    return _received(name, actor, options, lambda batch: stored_uploads(stream, name, batch))


def receive_part(part: UploadPart, actor: Any, **options: Any) -> Batch:
    """Keep one of several files that came together, as `receive` does."""
    return _received(part.name, actor, options, lambda batch: stored_part(part, batch))


def _received(name: str, actor: Any, options: dict[str, Any], open_upload: OpenUpload) -> Batch:
    refuse_stranger(actor, options["kind"])
    batch = Batch(**Batch.uploader_fields(actor), file_name=storable(name)[:255], **options)
    try:
        with open_upload(batch) as upload:
            batch.file_name = storable(upload.name)[:255]
            batch.file_hash = _digest(upload.stream)
            upload.stream.seek(0)
            batch.file.save(f"table{upload.ending}", File(upload.stream), save=False)
            batch.file_size = batch.file.size
        batch.save()
    except FileRefused as refusal:
        batch.state = Batch.State.READING
        batch.save()
        _refuse_file(batch, refusal)
    return batch


def refuse_stranger(actor: Any, kind: str) -> None:
    """Raise PermissionDenied for a person who may not bring in files of this kind."""
    resource = kinds[kind]
    if actor is not None and not may(actor, "import", resource.model()):
        raise PermissionDenied(_("You may not import %(kind)s.") % {"kind": resource.label})


def _digest(stream: IO[bytes]) -> str:
    """The SHA-256 of what is left of a stream, which is then at its end."""
    return hashlib.file_digest(stream, "sha256").hexdigest()


def preview(batch: Batch) -> Batch:
    """Read the file and compute what applying it would do; the batch says what came of it.

    Never raises for a bad file: the batch is then refused, with a sentence and all issues. Whatever
    else goes wrong, the batch does not stay "being read".
    """
    if not batch.file:
        return batch  # it could not be taken apart, and was not kept
    before, batch.state = batch.state, Batch.State.READING
    batch.begin_work()
    if not batch.save_while(before):  # thrown away a moment ago
        batch.refresh_from_db()
        return batch
    try:
        with Heartbeat(batch), StagingFile(batch.pk) as staging_file:
            work = Import(batch, own_headers_of(batch.kind))
            staged = work.read(staging_file)
            batch.report_progress(Batch.Phase.COMPARING, READ_PERCENT, batch.rows)
            with transaction.atomic(), connection.cursor() as cursor:
                work.prepare(cursor)
                work.stage(cursor, staging_file, staged)
                _record_outcome(work, cursor, staging_file)
    except FileRefused as refusal:
        _refuse_file(batch, refusal)
    except Interrupted:
        batch.refresh_from_db()
    except DatabaseError as error:
        fail(batch, error)
    except BaseException:
        fail(batch, FileRefused("unknown", _("Reading the file ended before it was done.")))
        raise
    return batch


def _record_outcome(work: Import, cursor: CursorWrapper, staging_file: StagingFile) -> None:
    """Plan, list the issues and write the totals into the batch."""
    batch = work.batch
    plans = work.plan(cursor, staging_file)
    outcome = outcome_of(cursor, batch, *plans)
    if outcome.has_faults:
        FaultReporter(plans.planner).report(staging_file)
        if plans.within:
            FaultReporter(plans.within.planner).report(staging_file)
    batch.issues.all().delete()
    work.dialect.load(cursor, BatchIssue._meta.db_table, ISSUE_COLUMNS, staging_file.issues)
    _set_totals(batch, outcome)
    batch.errors, batch.warnings = staging_file.errors, staging_file.warnings
    batch.progress, batch.rows_read = 100, batch.rows
    decide(batch, reasons_to_hold(cursor, batch, plans.planner, plans.missing_rows))
    _save_reading(batch)


def _save_reading(batch: Batch) -> None:
    """Save what the reading found, unless the file was thrown away meanwhile."""
    if not batch.save_while(Batch.State.READING):
        raise Interrupted


def _set_totals(batch: Batch, outcome: Outcome) -> None:
    batch.created = outcome.count(State.CREATED)
    batch.updated = outcome.count(State.UPDATED)
    batch.unchanged = outcome.count(State.UNCHANGED)
    batch.rejected = outcome.count(State.REJECTED)
    batch.duplicates = outcome.count(State.DUPLICATE)
    batch.withdrawn = outcome.count(State.WITHDRAWN)
    batch.created_students = outcome.companions
    batch.digest = outcome.digest


def decide(batch: Batch, held_for: list[str]) -> None:
    """Whether what was read may be applied; a wrong row refuses it unless it is left out.

    What is held for a reason waits until somebody else agrees to this very outcome.
    """
    lapse(batch)
    if batch.rejected and batch.on_error == Batch.OnError.ABORT:
        batch.state = Batch.State.REFUSED
        batch.sentence = ngettext(
            "%(count)d row of %(rows)d is wrong; nothing was written. %(deed)s",
            "%(count)d rows of %(rows)d are wrong; nothing was written. %(deed)s",
            batch.rejected,
        ) % {
            "count": batch.rejected,
            "rows": batch.rows,
            "deed": _("Correct the file, or leave wrong rows out.")
            if batch.can_leave_out
            else _("Correct the file."),
        }
    elif held_for and batch.approved_digest != batch.digest:
        batch.state, batch.sentence = Batch.State.HELD, " ".join(held_for)
    else:
        batch.state, batch.sentence = Batch.State.PREVIEWED, ""


def _refuse_file(batch: Batch, refusal: FileRefused) -> None:
    """Nothing of the file was taken; a file with forbidden columns is not even kept."""
    with contextlib.suppress(Interrupted), transaction.atomic():
        batch.issues.all().delete()
        batch.issues.create(
            line=refusal.line,
            row=0,
            column=storable(refusal.column)[:COLUMN_LENGTH],
            code=refusal.code,
            message=storable(refusal.message),
        )
        batch.state, batch.errors = Batch.State.REFUSED, 1
        batch.sentence = storable(refusal.message)
        _save_reading(batch)
    if isinstance(refusal, ForbiddenColumn):
        batch.file.delete(save=False)
        Batch.objects.filter(pk=batch.pk).update(file="")


def leave_wrong_rows_out(batch: Batch, read: Callable[[Batch], Batch] = preview) -> Batch:
    """Choose, after a refusal, to take the good rows only; makes a new preview."""
    batch.on_error = Batch.OnError.SKIP
    return read(batch)


def release(batch: Batch, columns: list[str], read: Callable[[Batch], Batch] = preview) -> Batch:
    """Choose to overwrite what was edited by hand in these columns; makes a new preview."""
    batch.released = sorted({*batch.released, *columns})
    return read(batch)


def apply(batch: Batch, digest: str, actor: Any) -> Batch:
    """Write exactly what the preview with this digest showed, in one transaction.

    Raises NotApplied, with a sentence, when the batch is not waiting, the file or the digest is not
    the previewed one, or the data changed meanwhile (OutcomeChanged, after a new preview).
    """
    ready = (Batch.State.PREVIEWED, Batch.State.ORDERED)
    waiting = Batch.objects.filter(pk=batch.pk, state__in=ready, digest=digest)
    now = timezone.now()
    if not waiting.update(state=Batch.State.APPLYING, touched_at=now, begun_at=now):
        raise NotApplied(_why_not(Batch.objects.get(pk=batch.pk)))
    batch.refresh_from_db(from_queryset=Batch.objects.select_related("uploaded_by"))
    batch.begin_work()
    try:
        with Heartbeat(batch):
            retry_on_conflict(lambda: _write(batch, actor))
    except Interrupted as error:
        batch.refresh_from_db()
        raise NotApplied(batch.sentence) from error
    except (OutcomeChanged, IntegrityError) as error:
        raise _renewed(batch, error) from error
    except (NotApplied, FileRefused, DatabaseError) as error:
        raise NotApplied(fail(batch, error)) from error
    return batch


def _write(batch: Batch, actor: Any) -> None:
    work = Import(batch)
    _check_file(batch)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            work.prepare(cursor)
            begin_alone(cursor, work.dialect, batch)
            _write_plan(work, cursor, actor)
    finally:
        work.dialect.release(batch.pk)


def begin_alone(cursor: CursorWrapper, dialect: Dialect, batch: Batch) -> None:
    """Make sure that this process, and no other, works on the batch, and wait for its turn."""
    locked = dialect.lock(cursor, batch.pk)
    applying = Batch.objects.filter(pk=batch.pk, state=Batch.State.APPLYING)
    if not locked or not applying.exists():
        raise NotApplied(_("Another process is already applying this file."))
    batch.report_progress(Batch.Phase.WAITING, 0)
    lock_kind(cursor, kinds[batch.kind])
    batch.report_progress(Batch.Phase.CHECKING, 2)


def _check_file(batch: Batch) -> None:
    try:
        with batch.path.open("rb") as stream:
            unchanged = _digest(stream) == batch.file_hash
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
    """Read the file anew and plan it: what the preview left is gone, or the data changed."""
    with StagingFile(work.batch.pk) as staging_file:
        work.stage(cursor, staging_file, work.read(staging_file))
        return outcome_of(cursor, work.batch, *work.plan(cursor, staging_file))


def _write_plan(work: Import, cursor: CursorWrapper, actor: Any) -> None:
    batch = work.batch
    if not work.still_holds(cursor) and _planned_anew(work, cursor).digest != batch.digest:
        raise OutcomeChanged(_changed())
    with recording(
        actor=actor, source=ChangeSet.Source.IMPORT, reason=batch.reason, batch=batch.pk
    ) as record:
        change_set = record.change_set
        work.prepare_writing(cursor)
        written = _carried_out(work, cursor, change_set)
    batch.report_progress(Batch.Phase.CLOSING, WRITTEN_PERCENT, written)
    if written != batch.writes:
        raise OutcomeChanged(_changed())
    work.drop(cursor)
    batch.state, batch.change_set, batch.applied_at = (
        Batch.State.APPLIED,
        change_set,
        change_set.created_at,
    )
    batch.sentence = ""
    if not batch.save_while(Batch.State.APPLYING):
        raise Interrupted


def _carried_out(work: Import, cursor: CursorWrapper, change_set: ChangeSet) -> int:
    try:
        return carry_out(cursor, work.batch, work.plans(), change_set)
    except LookupError:
        raise OutcomeChanged(_changed()) from None


def _renewed(batch: Batch, error: Exception) -> NotApplied:
    """Preview again. If the outcome is the same, the database refuses for a reason of its own."""
    digest = batch.digest
    batch.refresh_from_db()
    preview(batch)
    if batch.digest == digest and isinstance(error, DatabaseError):
        return NotApplied(fail(batch, error))
    return OutcomeChanged(_changed())


def _changed() -> str:
    return _("The data changed since the preview, so nothing was written. Look at the new preview.")


def fail(batch: Batch, error: Exception) -> str:
    """Keep, outside the rolled back transaction, that the batch failed and why; says it."""
    message = str(error)
    if isinstance(error, DatabaseError):
        details = {"error": message.partition("\n")[0]}
        if batch.undoes_id:
            message = (
                _("The database refused the undo, and nothing was written: %(error)s") % details
            )
        else:
            message = (
                _("The database refused the file, and nothing was written: %(error)s") % details
            )
    final_states = (Batch.State.APPLIED, Batch.State.DISCARDED)
    Batch.objects.filter(pk=batch.pk).exclude(state__in=final_states).update(
        state=Batch.State.FAILED, sentence=message
    )
    batch.refresh_from_db()
    return message


def _why_not(batch: Batch) -> str:
    """Why a confirmation was not taken."""
    if batch.state == Batch.State.APPLIED:
        return _("This file was applied already; nothing was written a second time.")
    if batch.state == Batch.State.HELD:
        return _("This file waits for a second person; nothing was written. %(why)s") % {
            "why": batch.sentence
        }
    if batch.state == Batch.State.PREVIEWED:
        return _(
            "The preview was renewed since you opened it, and nothing was written. Look at it "
            "again."
        )
    return _("This file is not waiting for a decision (%(state)s); nothing was written.") % {
        "state": batch.get_state_display()
    }
