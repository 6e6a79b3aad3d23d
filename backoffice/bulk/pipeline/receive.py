"""Stores an uploaded file privately, with a batch of its own."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may
from backoffice.bulk.formats.upload_storage import (
    StoredUpload,
    UploadPart,
    stored_part,
    stored_uploads,
)
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.models.batch_state import BatchState as State
from backoffice.bulk.pipeline.preview import refuse_file
from backoffice.bulk.values.faults import FileRefused, storable

OpenUpload = Callable[[Batch], AbstractContextManager[StoredUpload]]


def receive(stream: IO[bytes], name: str, actor: Any, **options: Any) -> Batch:
    """Store an uploaded file privately, with a batch row that belongs to its uploader.

    `options` are fields of Batch; `actor` is None for the operator at the command line.
    Raises PermissionDenied if the actor may not import this kind.
    """
    return _received(name, actor, options, lambda batch: stored_uploads(stream, name, batch))


def receive_part(part: UploadPart, actor: Any, **options: Any) -> Batch:
    """Store one of several files that came together, as `receive` does."""
    return _received(part.name, actor, options, lambda batch: stored_part(part, batch))


def _received(name: str, actor: Any, options: dict[str, Any], open_upload: OpenUpload) -> Batch:
    refuse_stranger(actor, options["kind"])
    batch = Batch(**Batch.uploader_fields(actor), file_name=storable(name)[:255], **options)
    try:
        with open_upload(batch) as upload:
            batch.file_name = storable(upload.name)[:255]
            batch.file_hash = file_digest(upload.stream)
            upload.stream.seek(0)
            batch.file.save(f"table{upload.ending}", File(upload.stream), save=False)
            batch.file_size = batch.file.size
        batch.save()
    except FileRefused as refusal:
        with transaction.atomic():
            batch.save()
            batch.move(State.READING, before=(State.RECEIVED,))
            refuse_file(batch, refusal)
    except BaseException:
        if batch.file:  # stored, but without a row: nobody would ever find it
            batch.file.delete(save=False)
        raise
    return batch


def refuse_stranger(actor: Any, kind: str) -> None:
    """Raise PermissionDenied for a person who may not import this kind."""
    resource = kinds[kind]
    if actor is not None and not may(actor, "import", resource.model()):
        raise PermissionDenied(_("You may not import %(kind)s.") % {"kind": resource.label})


def file_digest(stream: Any) -> str:
    """The SHA-256, in hexadecimal, of the stream from its position to its end."""
    return hashlib.file_digest(stream, "sha256").hexdigest()
