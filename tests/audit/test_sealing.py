"""The record is sealed into a chain; what is altered afterwards is found, with block and row."""

import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.audit.models import Block, BlockPart, ChangeSet, Erasure, Removal, Salt
from backoffice.audit.record.recording import recording
from backoffice.audit.seal.anchors import head
from backoffice.audit.seal.ledgers import Ledger, Range, digests
from backoffice.audit.seal.seal import hash_of, seal, unsealed_since
from backoffice.audit.seal.verify import verify
from tests.forging import unwatched

pytestmark = pytest.mark.django_db
IS_POSTGRES = connection.vendor == "postgresql"
WHY = "A request under data protection law"


@pytest.fixture
def course(courses: dict[str, Course], admin: User) -> Course:
    """A course with three versions, in two blocks."""
    Client().force_login(admin)
    row = courses["BIO101"]
    with recording(source="form", actor=admin, reason="A better title"):
        Course.objects.filter(pk=row.pk).update(title="Marine biology")
    seal()
    with recording(source="form", actor=admin, reason="An even better title"):
        Course.objects.filter(pk=row.pk).update(title="Biology of the sea")
    seal()
    row.refresh_from_db()
    return row


def run(sql: str, *params: Any) -> None:
    with unwatched(), connection.cursor() as cursor:
        cursor.execute(sql, params or None)


def run_verify(*, anchor: Path | None = None) -> tuple[int, str, str]:
    """Exit status, output and complaints of `audit_verify`."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command("audit_verify", anchor=anchor, stdout=out, stderr=err)
    except SystemExit as left:
        status = left.code
    return status, out.getvalue(), err.getvalue()


def version(course: Course, title: str) -> Any:
    return Course.history.get(id=course.pk, title=title)


def block_of(row: Any) -> int:
    parts = BlockPart.objects.filter(table_name=row._meta.db_table)
    return parts.get(after_id__lt=row.pk, up_to_id__gte=row.pk).block_id


def test_every_row_of_the_record_is_in_exactly_one_block(demo: None):
    done = seal()
    assert done.blocks == 1
    parts = BlockPart.objects.all()
    assert done.rows == sum(part.row_count for part in parts)
    histories = {part.table_name: part.row_count for part in parts}
    assert histories["users_historicaluser"] == User.history.count()
    assert histories["audit_changeset"] == ChangeSet.objects.count()
    assert seal().blocks == 0
    assert verify().rows == done.rows


def test_an_untouched_record_is_intact(course: Course):
    status, out, err = run_verify()
    assert (status, err) == (0, "")
    rows = sum(Block.objects.values_list("row_count", flat=True))
    assert out == (
        f"Intact: {rows} rows in 2 blocks, of which 0 were removed when their time was over and 0 "
        f"are of people forgotten. Head: {head().hash}\n"
    )


def test_with_nothing_sealed_it_says_what_to_do(db: None):
    assert run_verify() == (0, "Nothing is sealed yet. Run: python manage.py audit_seal\n", "")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("title", "Alchemy"),
        ("history_date", "2020-01-01 00:00:00+00:00"),
        ("history_user_id", 4711),
        ("history_change_reason", "Because"),
        ("change_set_id", 4711),
        ("history_type", "+"),
    ],
)
def test_an_altered_value_time_or_actor_is_found(course: Course, column: str, value: Any):
    row = version(course, "Marine biology")
    run(f"UPDATE courses_historicalcourse SET {column} = %s WHERE history_id = %s", value, row.pk)
    status, out, err = run_verify()
    rows = sum(Block.objects.values_list("row_count", flat=True))
    assert status == 1
    assert err == f"Block 1, courses_historicalcourse row {row.pk}: altered.\n"
    assert out == f"Altered: 1 findings in 2 blocks, {rows} rows.\n"


def test_an_altered_change_set_is_found(course: Course):
    row = ChangeSet.objects.order_by("-pk").first()
    run("UPDATE audit_changeset SET actor_name = 'Somebody else' WHERE id = %s", row.pk)
    assert run_verify()[2] == f"Block 2, audit_changeset row {row.pk}: altered.\n"


def test_a_deleted_row_is_found(course: Course):
    row = version(course, "Marine biology")
    run("DELETE FROM courses_historicalcourse WHERE history_id = %s", row.pk)
    status, _out, err = run_verify()
    assert (status, err) == (1, f"Block 1, courses_historicalcourse row {row.pk}: deleted.\n")


def test_a_row_put_in_later_is_found(course: Course):
    row = version(course, "Marine biology")
    key, row.pk = row.pk, -7
    with unwatched():
        row._meta.model._base_manager.bulk_create([row])
    assert run_verify()[2] == "Block 1, courses_historicalcourse row -7: put in afterwards.\n"
    assert key


def test_a_block_that_was_deleted_is_found(course: Course):
    run("DELETE FROM audit_blockpart WHERE block_id = 1")
    run("DELETE FROM audit_block WHERE number = 1")
    status, _out, err = run_verify()
    assert status == 1
    assert err.splitlines()[0] == "Block 1 is missing."


def test_a_block_deleted_without_its_digests_is_found(course: Course):
    run("DELETE FROM audit_block WHERE number = 2")
    assert run_verify()[2] == "Block 2 was deleted; its digests are still there.\n"
    run("DELETE FROM audit_blockpart WHERE block_id = 2")  # a foreign key wants it so


def test_a_row_altered_together_with_its_digest_is_found(course: Course):
    part = BlockPart.objects.get(block_id=1, table_name="courses_historicalcourse")
    part.rows = bytes(len(part.rows))
    with unwatched():
        BlockPart.objects.filter(pk=part.pk).update(rows=part.rows)
    assert run_verify()[2].splitlines()[0] == (
        "Block 1 was altered: the digests of courses_historicalcourse are not those sealed."
    )


def test_a_block_altered_together_with_its_hash_is_found_by_the_next(course: Course):
    first = Block.objects.get(number=1)
    first.sealed_at = datetime(2020, 1, 1, tzinfo=UTC)
    first.hash = hash_of(first, list(first.parts.all()))
    with unwatched():
        Block.objects.filter(number=1).update(sealed_at=first.sealed_at, hash=first.hash)
    expected = "Block 2 does not follow the block before it; one was replaced.\n"
    assert run_verify()[2] == expected


def anchored(tmp_path: Path) -> Path:
    path = tmp_path / "anchors"
    call_command("audit_anchor", file=path, stdout=io.StringIO())
    return path


def test_a_cut_tail_is_found_with_an_anchor(course: Course, tmp_path: Path):
    path, at = anchored(tmp_path), head().sealed_at
    row = version(course, "Biology of the sea")
    run("DELETE FROM courses_historicalcourse WHERE history_id = %s", row.pk)
    run("DELETE FROM audit_changeset WHERE id = %s", row.change_set_id)
    run("DELETE FROM audit_blockpart WHERE block_id = 2")
    run("DELETE FROM audit_block WHERE number = 2")
    assert run_verify()[0] == 0  # as the docs say: nothing in the database shows it
    status, _out, err = run_verify(anchor=path)
    assert (status, err) == (
        1,
        f"The anchor of {at} knows block 2, and the chain ends at block 1: its end was cut off.\n",
    )


def test_a_chain_built_anew_is_found_with_an_anchor(course: Course, tmp_path: Path):
    path, at = anchored(tmp_path), head().sealed_at
    row = version(course, "Marine biology")
    run("UPDATE courses_historicalcourse SET title = 'Alchemy' WHERE history_id = %s", row.pk)
    run("DELETE FROM audit_blockpart")
    run("DELETE FROM audit_block")
    seal()
    assert run_verify()[0] == 0
    seal()
    status, _out, err = run_verify(anchor=path)
    assert status == 1
    assert err == (
        f"The anchor of {at} knows block 2, and the chain ends at block 1: its end was cut off.\n"
    )
    Course.objects.filter(pk=course.pk).update(title="Once more")
    seal()
    assert run_verify(anchor=path)[2] == (
        f"Block 2 is not the one the anchor of {at} knows: the chain was built anew.\n"
    )


def test_a_chain_rebuilt_block_by_block_after_a_row_was_altered_is_found(
    course: Course, tmp_path: Path
):
    path, at = anchored(tmp_path), head().sealed_at
    row = version(course, "Marine biology")
    run("UPDATE courses_historicalcourse SET title = 'Alchemy' WHERE history_id = %s", row.pk)
    previous = ""
    for block in Block.objects.order_by("number"):
        for part in block.parts.all():
            ledger = Ledger.from_json(part.table_name, part.columns)
            with connection.cursor() as cursor:
                part.rows = bytes(digests(cursor, ledger, Range(part.after_id, part.up_to_id)))
            part.digest = hashlib.sha256(part.rows).hexdigest()
            with unwatched():
                part.save()
        block.previous = previous
        previous = hash_of(block, list(block.parts.all()))
        with unwatched():
            Block.objects.filter(number=block.number).update(previous=block.previous, hash=previous)
    assert run_verify()[0] == 0  # every block has its number, its time and its rows
    status, out, err = run_verify(anchor=path)
    assert (status, err) == (
        1,
        f"Block 2 is not the one the anchor of {at} knows: the chain was built anew.\n",
    )
    assert out.startswith("Altered: 1 findings in 2 blocks")


def test_an_anchor_bears_out_a_chain_that_went_on(course: Course, tmp_path: Path):
    path = anchored(tmp_path)
    Course.objects.filter(pk=course.pk).update(title="Once more")
    seal()
    anchored(tmp_path)
    assert run_verify(anchor=path)[0] == 0
    assert [json.loads(line)["block"] for line in path.read_text().splitlines()] == [2, 3]


def test_an_anchor_that_was_tampered_with_cannot_be_used(course: Course, tmp_path: Path):
    path = anchored(tmp_path)
    path.write_text(path.read_text().replace('"block": 2', '"block": 1') + "rubbish\n")
    status, _out, err = run_verify(anchor=path)
    assert status == 2
    assert err.splitlines() == [
        f"Line 1 of {path} cannot be used: its signature is not ours: it was changed, or "
        f"SECRET_KEY was.",
        f"Line 2 of {path} cannot be used: it is no line of an anchor file.",
    ]


def test_what_cannot_be_checked_is_not_called_intact(course: Course, tmp_path: Path):
    assert run_verify(anchor=tmp_path / "nowhere")[0] == 2
    (tmp_path / "empty").touch()
    assert run_verify(anchor=tmp_path / "empty")[2] == f"{tmp_path / 'empty'} holds no anchor.\n"


def test_a_column_that_is_gone_leaves_rows_unchecked(course: Course):
    with connection.cursor() as cursor, unwatched():
        cursor.execute("ALTER TABLE courses_historicalcourse RENAME COLUMN title TO heading")
    status, _out, err = run_verify()
    assert status == 2
    assert err.splitlines()[0] == (
        "Block 1: courses_historicalcourse has no column title; 3 rows unread."
    )


def test_a_new_column_leaves_old_blocks_intact(course: Course):
    with connection.cursor() as cursor, unwatched():
        cursor.execute("ALTER TABLE courses_historicalcourse ADD COLUMN mood text DEFAULT 'good'")
    assert run_verify()[0] == 0


def test_it_is_known_how_long_the_oldest_change_waits_for_its_seal(course: Course):
    assert unsealed_since() is None
    with recording(source="form", reason="Once more"):
        Course.objects.filter(pk=course.pk).update(title="Once more")
    assert unsealed_since() == ChangeSet.objects.order_by("-pk").first().created_at


@pytest.mark.parametrize("model", [Block, BlockPart, ChangeSet, Erasure, Removal, Salt])
@pytest.mark.skipif(not IS_POSTGRES, reason="SQLite's file has no owner")
def test_the_chain_itself_is_not_changed_and_not_deleted(course: Course, model: Any):
    connection.check_constraints()  # nothing is left to be checked later
    message = f"The record in {model._meta.db_table} is not changed and not deleted."
    for attempt in (
        lambda: model.objects.update(**{model._meta.pk.name: 1}),
        lambda: model.objects.all()._raw_delete("default"),
        lambda: connection.cursor().execute(f"TRUNCATE {model._meta.db_table} CASCADE"),
    ):
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            attempt()
        assert str(refused.value).startswith(message)
