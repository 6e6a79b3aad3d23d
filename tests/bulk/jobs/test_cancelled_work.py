"""A discarded file and a cancelled import stay so, whatever the work on them does."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from backoffice.bulk.jobs.cleanup import discard
from backoffice.bulk.jobs.tasks import cancel
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive


def test_a_file_discarded_while_its_header_was_read_stays_discarded(registrar, monkeypatch):
    file = io.BytesIO(b"student_id,password\ns1001,hunter2\n")
    batch = receive(file, "users.csv", registrar, kind="users", dialect="native")
    read = Import.read

    def discard_and_read(work: Import, *arguments: Any) -> Any:
        discard(Batch.objects.get(pk=batch.pk))
        return read(work, *arguments)

    monkeypatch.setattr(Import, "read", discard_and_read)
    preview(batch)

    stored = Batch.objects.get(pk=batch.pk)
    assert (stored.state, bool(stored.file)) == (Batch.State.DISCARDED, False)
    assert not batch.issues.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="elsewhere the heartbeat finds out")
def test_cancelling_what_nobody_works_on_leaves_nothing_behind(upload, courses):
    batch = upload("users", "student_id,first_name,last_name\ns1001,Zoë,Moore\n")

    assert not cancel(batch)
    assert not [*Path(settings.PRIVATE_ROOT).glob("*.ended")]
