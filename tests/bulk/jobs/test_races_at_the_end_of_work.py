"""Others look at an import, and the database refuses, at the worst moments of its work."""

import io
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from backoffice.bulk.jobs.cleanup import fail_all_dead
from backoffice.bulk.jobs.tasks import cancel
from backoffice.bulk.models import Batch, BatchIssue, BatchRun
from backoffice.bulk.pipeline import apply as apply_module
from backoffice.bulk.pipeline import heartbeat
from backoffice.bulk.pipeline import preview as preview_module
from backoffice.bulk.pipeline.apply import NotApplied, OutcomeChanged, apply
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.undo.undo import undo

pytestmark = pytest.mark.django_db(transaction=True)
STUDENTS = "student_id,first_name,last_name\ns1001,Ada,Byron\ns1002,Carl,Dahl\n"
only_postgres = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no heartbeat beside the work"
)


def sleep_in_database(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        work()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@only_postgres
def test_a_preview_with_a_slow_end_is_not_taken_for_cancelled(upload, monkeypatch):
    real = preview_module.reasons_to_hold

    def slow(*arguments: Any) -> Any:
        sleep_in_database(1.5)
        return real(*arguments)

    monkeypatch.setattr(preview_module, "reasons_to_hold", slow)
    batch = upload("users", STUDENTS)
    assert Batch.objects.get(pk=batch.pk).state == "previewed"


@only_postgres
def test_an_undo_with_a_slow_end_is_not_taken_for_cancelled(import_file, registrar, monkeypatch):
    batch = import_file("users", STUDENTS)
    real = BatchIssue.objects.bulk_create

    def slow(*arguments: Any, **options: Any) -> Any:
        sleep_in_database(1.5)
        return real(*arguments, **options)

    monkeypatch.setattr(BatchIssue.objects, "bulk_create", slow)
    made = undo(batch, registrar, "A reason that is long enough.")
    assert Batch.objects.get(pk=made.pk).state == "applied"


@only_postgres
def test_work_that_is_tried_again_after_its_end_is_not_taken_for_cancelled(
    upload, registrar, monkeypatch
):
    batch = upload("users", STUDENTS)
    end_work, write_plan = apply_module.end_work, apply_module._write_plan
    tries: list[int] = []

    def deadlock_at_first(*arguments: Any, **options: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            sleep_in_database(0.7)
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")
        end_work(*arguments, **options)

    def slow_the_second_time(*arguments: Any) -> None:
        if tries:
            sleep_in_database(1.5)
        write_plan(*arguments)

    monkeypatch.setattr(apply_module, "end_work", deadlock_at_first)
    monkeypatch.setattr(apply_module, "_write_plan", slow_the_second_time)
    apply(batch, batch.digest, registrar)
    assert (len(tries), Batch.objects.get(pk=batch.pk).state) == (2, "applied")


@only_postgres
@pytest.mark.parametrize("end", ["finished", "cancelled"])
def test_a_heartbeat_that_waited_for_the_end_changes_nothing(upload, end):
    batch = upload("users", STUDENTS)
    batch.run.begin()
    batch.run.save()
    Batch.objects.update(state="applying")
    late, outcomes = BatchRun.objects.get(), []
    late.progress = 60
    with transaction.atomic():
        if end == "finished":
            Batch.objects.update(state="applied")
            BatchRun.objects.update(progress=100)
        else:
            cancel(Batch.objects.get())
        thread = in_thread(lambda: outcomes.append(heartbeat.show(late, "applying")))
        time.sleep(1)  # until it waits for the lock of the row
    thread.join()
    progress = 100 if end == "finished" else 0
    assert (outcomes, BatchRun.objects.get().progress) == ([False], progress)


@only_postgres
def test_nobody_sees_a_new_state_with_an_old_sign_of_life(upload, registrar, monkeypatch):
    batch = upload("users", STUDENTS)
    BatchRun.objects.update(touched_at="2020-01-01T00:00Z")
    real, calls = BatchRun.save, []

    def check_first(self: BatchRun, *arguments: Any, **options: Any) -> None:
        if not calls:
            calls.append(1)
            in_thread(fail_all_dead).join()
        real(self, *arguments, **options)

    monkeypatch.setattr(BatchRun, "save", check_first)
    apply(batch, batch.digest, registrar)
    assert Batch.objects.get().state == "applied"


def test_what_the_database_refuses_for_a_reason_of_its_own_has_failed(
    upload, registrar, monkeypatch
):
    def refuse(*arguments: Any) -> None:
        raise IntegrityError("some constraint")

    batch = upload("users", STUDENTS)
    monkeypatch.setattr(apply_module, "_write_plan", refuse)
    message = "The database refused the file, and nothing was written: some constraint"
    with pytest.raises(NotApplied, match=message):
        apply(batch, batch.digest, registrar)
    stored = Batch.objects.get()
    assert (stored.state, stored.sentence) == ("failed", message)


def test_an_import_ordered_again_while_it_was_refused_is_left_alone(upload, registrar, monkeypatch):
    def change(*arguments: Any) -> None:
        raise OutcomeChanged

    def order_first(batch: Batch, error: Exception) -> NotApplied:
        Batch.objects.update(state="ordered")
        return renewed(batch, error)

    batch, renewed = upload("users", STUDENTS), apply_module._renewed
    monkeypatch.setattr(apply_module, "_write_plan", change)
    monkeypatch.setattr(apply_module, "_renewed", order_first)
    with pytest.raises(NotApplied):
        apply(batch, batch.digest, registrar)
    assert Batch.objects.get().state == "ordered"


@pytest.mark.parametrize("state", ["reading", "ordered", "applied", "discarded"])
def test_what_is_read_or_written_by_others_is_not_read_again(upload, state):
    batch = upload("users", STUDENTS)
    Batch.objects.update(state=state)
    assert preview(Batch.objects.get(pk=batch.pk)).state == state


def test_a_process_killed_while_it_receives_a_file_leaves_no_half_batch(registrar, monkeypatch):
    def die(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(BatchRun.objects, "create", die)
    with pytest.raises(KeyboardInterrupt):
        receive(io.BytesIO(STUDENTS.encode()), "people.csv", registrar, kind="users")
    assert not Batch.objects.exists()


def test_a_file_planned_anew_while_it_is_applied_goes_in(upload, registrar):
    lines = "".join(f"s{number},Ada,Byron\n" for number in range(100_000, 109_000))
    batch = upload("users", f"student_id,first_name,last_name\n{lines}")
    with connection.cursor() as cursor:
        Import(batch).drop(cursor)
    assert apply(batch, batch.digest, registrar).state == "applied"


def test_of_two_readings_the_one_that_knows_less_writes_nothing(upload):
    batch = upload("users", STUDENTS)
    stale = Batch.objects.get(pk=batch.pk)
    Batch.objects.update(digest="f" * 64, warnings=1)  # another reading meanwhile
    batch.issues.create(line=1, row=1, code="odd", message="Odd.", is_warning=True)
    assert preview(stale).digest == "f" * 64
    assert batch.issues.count() == Batch.objects.get().warnings == 1


def test_runs_move_to_their_own_table_and_back(import_file, upload, registrar):
    import_file("users", STUDENTS)
    upload("users", STUDENTS)
    columns = ("pk", "phase", "progress", "rows_read", "begun_at", "touched_at", "seconds")
    before = list(BatchRun.objects.order_by("pk").values_list(*columns))
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        MigrationExecutor(connection).migrate([("bulk", "0001_initial")])
    finally:
        MigrationExecutor(connection).migrate(newest)
    assert list(BatchRun.objects.order_by("pk").values_list(*columns)) == before
    waiting = Batch.objects.get(state="previewed")
    assert apply(waiting, waiting.digest, registrar).state == "applied"
