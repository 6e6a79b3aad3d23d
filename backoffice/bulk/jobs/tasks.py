"""Large files are read, applied and undone by the worker; here that is ordered and cancelled.

A task carries the numbers of the batch and of the person, and does nothing unless the batch is in
the state in which it was ordered: so a task may run twice.
"""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from backoffice.admin_site.permissions.roles import may
from backoffice.bulk.jobs.cleanup import discard, fail_all_dead
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.models.batch_state import states_before
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.pipeline.concurrency import about, alone_with, conflicting_batch
from backoffice.bulk.pipeline.deliveries import ready_in, report_waiting
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.readers.zip_archive import is_workbook
from backoffice.bulk.sql import dialects
from backoffice.bulk.undo.undo import begin_undo, carry_out_undo, undo

AT_ONCE_ROWS = 2_000
AT_ONCE_BYTES = 200_000  # about 2,000 rows
UNPACKED = 5  # the size of a workbook's content, in sizes of its file
NESTED_WORK = 10  # the work on a row with nested rows, in other rows
LOST_AFTER = timedelta(seconds=60)
RETENTION = timedelta(days=7)
State = Batch.State


@task()
def read_batch(number: int) -> None:
    """Read a queued file."""
    batch = Batch.objects.filter(pk=number, state=State.QUEUED).first()
    if batch:
        resume(preview(batch))


@task()
def undo_batch(number: int, actor: int) -> None:
    """Carry out an ordered undo."""
    made = Batch.objects.get(pk=number)
    if not made.move(State.APPLYING, before=(State.ORDERED,)):
        return
    person = _person_of(actor, made)
    if person:
        with contextlib.suppress(NotApplied):  # its batch says why
            carry_out_undo(made, person)


@task()
def apply_batch(number: int, actor: int) -> None:
    """Apply a file as ordered."""
    batch = Batch.objects.filter(pk=number, state=State.ORDERED).first()
    person = _person_of(actor, batch) if batch else None
    if batch is None or person is None:
        return
    try:
        resume(apply(batch, batch.digest, person))
    except NotApplied as refusal:
        # If the batch waits as before, the refusal has not been written anywhere yet.
        waiting = Batch.objects.filter(pk=number, state=State.PREVIEWED, sentence="")
        waiting.update(sentence=str(refusal))


def _person_of(actor: int, batch: Batch) -> Any:
    """The person who gave the order; None, and the order is void, if they lost the right."""
    person = get_user_model().objects.get(pk=actor)
    if may(person, "import", kinds[batch.kind].model()):
        return person
    _return_to_queue(batch, _("%(name)s may not import this any more.") % {"name": person})
    return None


def queue_reading(batch: Batch) -> Batch:
    """Read a small file at once, leave a large one to the worker."""
    return resume(preview(batch)) if is_read_at_once(batch) else order_reading(batch)


def is_read_at_once(batch: Batch) -> bool:
    """Whether the file is small enough to be read while a page waits."""
    most = AT_ONCE_BYTES // _times(batch)
    # A workbook unpacks, whatever its name.
    return batch.file_size <= most // UNPACKED or (
        batch.file_size <= most and not is_workbook(batch.path)
    )


def _times(batch: Batch) -> int:
    return NESTED_WORK if kinds[batch.kind].nested else 1


def resume(batch: Batch) -> Batch:
    """Read the files of its delivery that waited for this one, if it is finished."""
    if batch.delivery and batch.is_finished:
        read_ready(batch.delivery)
    return batch


def read_ready(delivery: Delivery) -> None:
    """Read the files of a delivery that wait for no other."""
    report_waiting(delivery)
    for batch in ready_in(delivery):
        if batch.move(State.QUEUED, before=(State.RECEIVED,)):
            queue_reading(batch)


def skip(batch: Batch) -> bool:
    """Let the delivery go on without this file, and discard it if it is not decided.

    Returns False and does nothing if it is in work by now, or was applied.
    """
    at_rest = Batch.objects.exclude(state__in=(*Batch.IN_WORK, State.APPLIED))
    with transaction.atomic():  # nobody begins to work on it between the two
        is_skipped = bool(at_rest.filter(pk=batch.pk).update(is_skipped=True))
        if is_skipped:
            discard(batch)
    batch.refresh_from_db()
    resume(batch)
    return is_skipped


def order_reading(batch: Batch) -> Batch:
    """Order the reading, unless somebody else imports the very same file: then say so on it."""
    with transaction.atomic(), connection.cursor() as cursor:
        alone_with(cursor, batch)
        conflicting = conflicting_batch(batch)
        state = State.RECEIVED if conflicting else State.QUEUED
        message = about(conflicting) if conflicting else ""
        # The worker reads the options from the row.
        names = ("on_error", "released", "encoding")
        options = {name: getattr(batch, name) for name in names}
        is_ordered = _return(batch, state, message, before=states_before(state), **options)
        if is_ordered and not conflicting:
            read_batch.enqueue(batch.pk)
    batch.refresh_from_db()
    return batch


def _return(batch: Batch, state: str, message: str, **options: Any) -> bool:
    """Move a batch, as `Batch.move` does, to a state in which nobody works on it."""
    batch.run.reset()
    return batch.move(state, sentence=message, **options)


def queue_apply(batch: Batch, digest: str, actor: Any) -> bool:
    """Apply a small file at once, leave a large one to the worker; returns whether it is applied.

    Raises NotApplied, with a sentence.
    """
    conflicting = conflicting_batch(batch)
    if conflicting:
        raise NotApplied(about(conflicting))
    if _is_immediate(batch.rows, AT_ONCE_ROWS // _times(batch)):
        resume(apply(batch, digest, actor))
        return True
    _order_apply(batch, digest, actor)
    return False


def _is_immediate(rows: int, most: int) -> bool:
    # While another import is applied, the request would wait for it.
    return rows <= most and not Batch.objects.filter(state=State.APPLYING).exists()


def _order_apply(batch: Batch, digest: str, actor: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        alone_with(cursor, batch)
        if conflicting := conflicting_batch(batch):
            raise NotApplied(about(conflicting))
        if _return(batch, State.ORDERED, "", before=(State.PREVIEWED,), expected_digest=digest):
            apply_batch.enqueue(batch.pk, actor.pk)
            return
    apply(batch, digest, actor)  # raises the reason


def queue_undo(batch: Batch, actor: Any, reason: str) -> Batch:
    """Undo a small import at once, leave a large one to the worker; returns the undo's batch.

    Raises NotApplied, with a sentence, and PermissionDenied like `undo`.
    """
    if _is_immediate(batch.writes + batch.removed, AT_ONCE_ROWS):
        return undo(batch, actor, reason)
    with transaction.atomic():
        made = begin_undo(batch, actor, reason, State.ORDERED)
        undo_batch.enqueue(made.pk, actor.pk)
    return made


def cancel(batch: Batch) -> bool:
    """End the work on a batch, which then writes nothing; False if there is none any more."""
    # This only saves time. The change of state below is what counts: the last statement checks it.
    if Batch.objects.under_work().filter(pk=batch.pk).exists():
        dialects.current().interrupt(batch.pk)
    message = _("Cancelled. Nothing was written; the file can still be applied.")
    if batch.undoes_id:
        message = _("Cancelled. Nothing was taken back; the import can still be undone.")
    is_ended = _return_to_queue(batch, message)
    if not is_ended and Batch.objects.filter(pk=batch.pk, state__in=Batch.BEING_READ).exists():
        is_ended = discard(batch)
    batch.refresh_from_db()
    resume(batch)
    return is_ended


def _return_to_queue(batch: Batch, message: str) -> bool:
    """End an order or an apply, so that the import can be decided on again."""
    # An undo's own batch is over: it is the import that can be undone again.
    state = State.DISCARDED if batch.undoes_id else State.PREVIEWED
    return _return(batch, state, message, before=(State.ORDERED, State.APPLYING))


def recover_lost() -> None:
    """Fail dead batches, give lost orders again, and delete old tasks."""
    fail_all_dead()
    for batch in _lost(State.QUEUED):
        order_reading(batch)
    for batch in _lost(State.ORDERED):
        _return_to_queue(batch, _("The order was lost. Nothing was written; give it again."))
    old = DBTaskResult.objects.filter(task_path__startswith=__name__)
    old.filter(enqueued_at__lt=timezone.now() - RETENTION).exclude(status="READY").delete()


def _lost(state: str) -> Iterator[Batch]:
    """Batches that were ordered some time ago, without a task that would do it."""
    long_ago = timezone.now() - LOST_AFTER
    # A task that has just begun is about to move its batch: to look at it now proves nothing.
    begun = Q(status="RUNNING", started_at__gte=long_ago)
    waiting = DBTaskResult.objects.filter(Q(status="READY") | begun)
    for batch in Batch.objects.filter(state=state, run__touched_at__lt=long_ago):
        if not waiting.filter(args_kwargs__args__0=batch.pk).exists():
            yield batch
