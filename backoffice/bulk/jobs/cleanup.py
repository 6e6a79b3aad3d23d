"""Fails batches whose process died, and discards abandoned previews and old files."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin_site.models.private_files import UNFINISHED
from backoffice.bulk.models import Batch
from backoffice.bulk.models.batch import FOLDER
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.read.header import FORBIDDEN_COLUMN
from backoffice.bulk.sql import dialects

ABANDONED_AFTER = timedelta(days=1)
RETENTION = timedelta(days=30)  # the file of an applied import
SILENT_AFTER = timedelta(seconds=30)
AT_ONCE = 500  # names in a question to the database
STARTS_WITHIN = timedelta(seconds=3)


def fail_if_dead(batch: Batch) -> Batch:
    """Mark the batch as failed if its process died; called whenever it is shown."""
    now = timezone.now()
    if batch.state == Batch.State.APPLYING and batch.run.touched_at < now - STARTS_WITHIN:
        message = _(
            "The process that applied the file ended before it was done. Nothing was "
            "written; try again."
        )
        _fail_unless_locked(batch, message)
    elif batch.state == Batch.State.READING and batch.run.touched_at < now - SILENT_AFTER:
        message = _("The reading stopped before its end. Nothing was written; read it again.")
        _fail_unless_locked(batch, message)
    return batch


def fail_all_dead() -> None:
    for batch in Batch.objects.under_work().select_related("run"):
        fail_if_dead(batch)


def _fail_unless_locked(batch: Batch, message: str) -> None:
    dialect, is_free = dialects.current(), False
    if dialect.is_held(batch.pk):  # silent, but alive
        return
    with transaction.atomic(), connection.cursor() as cursor:
        if dialect.lock(cursor, batch.pk):
            batch.move(Batch.State.FAILED, before=(batch.state,), sentence=message)
            is_free = True
    if is_free:
        dialect.release(batch.pk)
    batch.refresh_from_db()


def discard(batch: Batch) -> bool:
    """Remove a file that is not applied, with its staged rows; False if it is past that state."""
    with transaction.atomic(), connection.cursor() as cursor:
        file = batch.file
        if not batch.move(Batch.State.DISCARDED, before=Batch.UNFINISHED, file=""):
            return False
        Import(batch).drop(cursor)
        _remove_file(file)
    batch.refresh_from_db()
    return True


def discard_abandoned() -> int:
    """Discard previews after a day and remove old files; returns the number of previews."""
    fail_all_dead()  # what a killed process left behind counts as failed
    for batch in Batch.objects.past_retention(timezone.now() - RETENTION):
        _clear(batch)
    old = Batch.objects.filter(uploaded_at__lt=timezone.now() - ABANDONED_AFTER)
    # Refused and failed files were there to be looked at and corrected.
    expired = old.without_success().exclude(file="") | old.unfinished()
    return sum(_put_away(batch) for batch in expired)


def sweep_orphans() -> int:
    """Delete files that no row names, such as those of a process that was killed as it stored one.

    Returns their number. A file gets its row within minutes, so only those of yesterday count.
    """
    root = Path(settings.PRIVATE_ROOT)
    before = (timezone.now() - ABANDONED_AFTER).timestamp()
    old = [path for path in root.glob("*/*") if path.is_file() and path.stat().st_mtime < before]
    by_name = {f"{path.parent.name}/{path.name}": path for path in old}
    uploads = [name for name, path in by_name.items() if path.parent.name == FOLDER]
    # A person may have sent a file of that ending, too: of uploads the rows decide.
    orphans = {n for n, path in by_name.items() if path.suffix == UNFINISHED} - set(uploads)
    for at in range(0, len(uploads), AT_ONCE):
        some = uploads[at : at + AT_ONCE]
        known = Batch.objects.filter(file__in=some).values_list("file", flat=True)
        orphans.update(set(some) - set(known))
    for name in orphans:
        by_name[name].unlink(missing_ok=True)
    return len(orphans)


def _put_away(batch: Batch) -> bool:
    if batch.is_over:
        _clear(batch)
        return False
    return discard(batch)


def _clear(batch: Batch) -> None:
    """Remove the file and the staged rows; the issues stay on record."""
    with transaction.atomic(), connection.cursor() as cursor:
        if Batch.objects.closed().filter(pk=batch.pk).update(file=""):
            Import(batch).drop(cursor)
            _remove_file(batch.file)


def _remove_file(file: FieldFile) -> None:
    # After the commit: a rollback would leave a row whose file is gone.
    storage, name = file.storage, file.name
    if name:
        transaction.on_commit(lambda: storage.delete(name))


def forget(batch: Batch) -> None:
    """Remove every trace of a dry run, except of an attempt to set forbidden columns."""
    with transaction.atomic(), connection.cursor() as cursor:
        Import(batch).drop(cursor)
    if batch.file:
        batch.file.delete(save=False)
    if not batch.issues.filter(code=FORBIDDEN_COLUMN).exists():
        batch.delete()
