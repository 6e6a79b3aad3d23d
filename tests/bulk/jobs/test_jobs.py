"""Large files go to the worker: ordered, shown, cancelled, recovered."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.health_checks import worker
from backoffice.bulk.jobs import tasks
from backoffice.bulk.jobs.tasks import LOST_AFTER, recover_lost
from backoffice.bulk.models import Batch, BatchRun, Worker
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.undo import undo
from tests.bulk.bad_files.packing import workbook
from tests.bulk.pages.test_pages import page_of, upload_through
from tests.bulk.working import work

TEXT = "student_id,course_code,presentation\ns1001,BIO101,2026J\ns1002,BIO101,2026J\n"
NOBODY = (
    "No worker is running; start “manage.py db_worker”. The file waits for it, and nothing is lost."
)
CANCELLED = "Cancelled. Nothing was written; the file can still be applied."


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch, courses: Any) -> None:
    monkeypatch.setattr(tasks, "AT_ONCE_BYTES", 10)
    monkeypatch.setattr(tasks, "AT_ONCE_ROWS", 1)


def order(client: Client, batch: Batch) -> str:
    """Ask for the batch to be applied; what the page says."""
    answer = client.post(page_of(batch, "apply"), {"digest": batch.digest}, follow=True)
    batch.refresh_from_db()
    return answer.content.decode()


def previewed(client: Client) -> Batch:
    batch = upload_through(client, TEXT)
    work()
    batch.refresh_from_db()
    assert batch.state == "previewed"
    return batch


def progress(client: Client, batch: Batch) -> dict[str, Any]:
    return client.get(page_of(batch, "progress")).json()


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "a.zip", "a"])
def test_a_workbook_is_large_whatever_its_name(registrar_client, monkeypatch, name):
    def state_after(at_once: int) -> str:
        monkeypatch.setattr(tasks, "AT_ONCE_BYTES", at_once)
        address = reverse("admin:bulk_batch_upload") + "?kind=enrollments"
        file = SimpleUploadedFile(name, workbook())
        registrar_client.post(address, {"file": file, "mode": "upsert", "on_error": "abort"})
        return Batch.objects.latest("pk").state

    size = len(workbook())
    assert state_after(tasks.UNPACKED * size - 1) == "queued"
    assert state_after(tasks.UNPACKED * size) in ("previewed", "refused")


def test_a_large_file_is_read_and_applied_by_the_worker(registrar_client, registrar):
    batch = upload_through(registrar_client, TEXT)
    assert batch.state == "queued"
    assert progress(registrar_client, batch) == {
        "working": True,
        "percent": 0,
        "phase": "Waiting to be read",
        "rows": "",
        "pace": "",
        "left": "",
        "note": NOBODY,
    }
    work()
    batch.refresh_from_db()
    assert (batch.state, batch.writes, batch.run.progress) == ("previewed", 4, 100)

    page = order(registrar_client, batch)
    assert batch.state == "ordered"
    assert f'data-progress="{page_of(batch, "progress")}"' in page
    assert not Enrollment.objects.exists()
    work()

    batch.refresh_from_db()
    assert batch.state == "applied"
    recorded = Enrollment.history.select_related("change_set").first().change_set
    assert (recorded.actor_id, recorded.source, recorded.batch) == (
        registrar.pk,
        "import",
        batch.pk,
    )
    assert progress(registrar_client, batch)["working"] is False


def test_halfway_the_page_shows_rows_pace_and_the_rest(registrar_client, monkeypatch):
    batch = upload_through(registrar_client, TEXT)
    Worker.objects.create(name="w", seen_at=timezone.now())
    assert progress(registrar_client, batch)["note"] == "It begins in a moment."
    now = timezone.now()
    half = {"phase": "reading", "progress": 40, "touched_at": now}
    rows = {"rows_expected": 100_000, "rows_read": 50_000, "begun_at": now - timedelta(seconds=10)}
    Batch.objects.update(state="reading")
    BatchRun.objects.update(**half, **rows)

    monkeypatch.setattr(timezone, "now", lambda: now)
    values = progress(registrar_client, batch)
    assert {name: values[name] for name in values if name != "working"} == {
        "percent": 40,
        "phase": "Reading the rows",
        "rows": "50,000 of about 100,000 rows read",
        "pace": "5,000 rows a second",
        "left": "about 15 seconds left",
        "note": "",
    }


@pytest.mark.parametrize("state", ["queued", "reading"])
def test_cancelling_a_reading_discards_the_file(state, registrar_client):
    batch = upload_through(registrar_client, TEXT)
    Batch.objects.update(state=state)
    page = registrar_client.post(page_of(batch, "cancel"), follow=True).content.decode()
    assert "Cancelled; nothing was written." in page
    work()
    batch.refresh_from_db()
    assert (batch.state, bool(batch.file)) == ("discarded", False)


@pytest.mark.parametrize("state", ["ordered", "applying"])
def test_cancelling_an_apply_leaves_the_preview_which_still_can_be_applied(state, registrar_client):
    batch = previewed(registrar_client)
    order(registrar_client, batch)
    Batch.objects.update(state=state)
    page = registrar_client.post(page_of(batch, "cancel"), follow=True).content.decode()
    assert CANCELLED in page
    work()
    assert not Enrollment.objects.exists()

    order(registrar_client, batch)
    work()
    batch.refresh_from_db()
    assert (batch.state, batch.sentence) == ("applied", "")


def test_cancelling_what_has_ended_says_that_it_is_too_late(registrar_client):
    batch = previewed(registrar_client)
    order(registrar_client, batch)
    work()
    page = registrar_client.post(page_of(batch, "cancel"), follow=True).content.decode()
    assert "It was too late: the work had ended already." in page
    assert Enrollment.objects.count() == 2


def test_of_two_registrars_with_the_same_file_one_is_told_of_the_other(
    registrar_client, registrar2_client
):
    first = upload_through(registrar_client, TEXT)
    second = upload_through(registrar2_client, TEXT)
    message = (
        f"Registrar Example is bringing in the very same file, as import {first.pk}, uploaded at"
        f" {first.uploaded_at:%Y-%m-%d %H:%M} UTC. Nothing of yours was written; look again when"
        " that has ended."
    )
    assert (first.state, second.state, second.sentence) == ("queued", "received", message)
    work()
    registrar2_client.post(page_of(second, "read"))
    work()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("previewed", "previewed")

    order(registrar_client, first)
    assert message in order(registrar2_client, second)
    work()
    order(registrar2_client, second)
    work()
    second.refresh_from_db()
    assert (second.state, second.writes) == ("previewed", 0)
    assert second.sentence == (
        "The data changed since the preview, so nothing was written. Look at the new preview."
    )
    assert Enrollment.history.count() == 2


def test_without_a_worker_the_health_check_says_what_to_start(registrar_client):
    none = "No worker is running; start “manage.py db_worker”."
    check = worker()
    assert (check.status, check.detail) == ("warning", f"{none} Large imports would wait.")
    upload_through(registrar_client, TEXT)
    check = worker()
    assert (check.status, check.detail) == ("failed", f"{none} 1 import waits.")
    Worker.objects.create(name="w", seen_at=timezone.now())
    assert worker().status == "good"
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    assert worker().status == "failed"


def test_an_order_whose_worker_died_before_it_began_is_taken_up_again(registrar_client):
    reading = upload_through(registrar_client, TEXT)
    DBTaskResult.objects.update(status="RUNNING")
    recover_lost()
    assert not DBTaskResult.objects.filter(status="READY").exists()
    BatchRun.objects.update(touched_at=timezone.now() - LOST_AFTER)
    recover_lost()
    work()
    reading.refresh_from_db()
    assert reading.state == "previewed"

    order(registrar_client, reading)
    DBTaskResult.objects.filter(status="READY").update(status="RUNNING")
    BatchRun.objects.update(touched_at=timezone.now() - LOST_AFTER)
    recover_lost()
    reading.refresh_from_db()
    assert (reading.state, reading.sentence) == (
        "previewed",
        "The order was lost. Nothing was written; give it again.",
    )


def test_an_old_order_that_a_worker_takes_up_in_this_moment_is_not_lost(registrar_client):
    batch = previewed(registrar_client)
    order(registrar_client, batch)
    BatchRun.objects.update(touched_at=timezone.now() - LOST_AFTER)
    DBTaskResult.objects.update(status="RUNNING", started_at=timezone.now())
    recover_lost()
    batch.refresh_from_db()
    assert (batch.state, batch.sentence) == ("ordered", "")


def test_what_broke_off_can_be_tried_again(registrar_client):
    batch = previewed(registrar_client)
    silent = timezone.now() - timedelta(seconds=31)
    Batch.objects.update(state="reading")
    BatchRun.objects.update(touched_at=silent)
    recover_lost()
    page = registrar_client.get(page_of(batch)).content.decode()
    assert "The reading stopped before its end. Nothing was written; read it again." in page
    assert "Try again" in page

    registrar_client.post(page_of(batch, "read"))
    work()
    batch.refresh_from_db()
    assert batch.state == "previewed"


def test_whoever_lost_the_right_after_the_order_writes_nothing(registrar_client, registrar):
    batch = previewed(registrar_client)
    order(registrar_client, batch)
    registrar.is_active = False
    registrar.save()
    work()
    batch.refresh_from_db()
    assert (batch.state, batch.sentence) == (
        "previewed",
        f"{registrar} may not import this any more.",
    )
    assert not Enrollment.objects.exists()


def test_a_task_that_runs_twice_writes_once(registrar_client, registrar):
    batch = previewed(registrar_client)
    order(registrar_client, batch)
    tasks.apply_batch.enqueue(batch.pk, registrar.pk)
    tasks.read_batch.enqueue(batch.pk)
    work()
    assert Enrollment.history.count() == 2
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}


def applied(client: Client) -> Batch:
    batch = previewed(client)
    order(client, batch)
    work()
    batch.refresh_from_db()
    assert batch.state == "applied"
    return batch


def undo_through(client: Client, batch: Batch) -> Batch:
    client.post(page_of(batch, "undo"), {"reason": "Wrong term"})
    return Batch.objects.get(undoes=batch, state="ordered")


def test_a_large_undo_is_the_workers_too(registrar_client, registrar, monkeypatch):
    batch = applied(registrar_client)
    monkeypatch.setattr(undo, "TRIED_UP_TO", 3)
    page = registrar_client.get(page_of(batch, "undo")).content.decode()
    assert "a worker takes it back, and rows changed since are found on the way" in page
    assert "Undo: 4 rows go back" in page
    made = undo_through(registrar_client, batch)
    assert progress(registrar_client, made)["working"] is True
    assert Enrollment.objects.count() == 2
    assert registrar_client.get(page_of(batch, "undo")).status_code == 403  # it is under way
    work()

    made.refresh_from_db()
    assert (made.state, made.removed, made.run.progress) == ("applied", 4, 100)
    assert not Enrollment.objects.exists()
    recorded = Enrollment.history.select_related("change_set").first().change_set
    assert (recorded.actor_id, recorded.source, recorded.reason) == (
        registrar.pk,
        "undo",
        "Wrong term",
    )


@pytest.mark.parametrize("state", ["ordered", "applying"])
def test_a_cancelled_undo_takes_nothing_back_and_can_be_asked_for_again(state, registrar_client):
    batch = applied(registrar_client)
    made = undo_through(registrar_client, batch)
    Batch.objects.filter(pk=made.pk).update(state=state)
    page = registrar_client.post(page_of(made, "cancel"), follow=True).content.decode()
    assert "Cancelled. Nothing was taken back; the import can still be undone." in page
    work()
    made.refresh_from_db()
    assert made.state == "discarded"
    assert Enrollment.objects.count() == 2

    undo_through(registrar_client, batch)
    work()
    assert not Enrollment.objects.exists()


def test_whoever_lost_the_right_after_ordering_an_undo_takes_nothing_back(
    registrar_client, registrar
):
    made = undo_through(registrar_client, applied(registrar_client))
    registrar.is_active = False
    registrar.save()
    work()
    made.refresh_from_db()
    assert (made.state, made.sentence) == (
        "discarded",
        f"{registrar} may not import this any more.",
    )
    assert Enrollment.objects.count() == 2


def test_a_file_discarded_just_before_its_reading_stays_discarded(registrar_client):
    batch = upload_through(registrar_client, TEXT)
    registrar_client.post(page_of(batch, "cancel"))
    preview(batch)  # with what was known of it before
    assert (batch.state, Batch.objects.get().state) == ("discarded", "discarded")
