"""The record as CSV carries what proves it: digests, blocks, a signature over the file."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.audit.models import AccessRecord, Block, BlockPart, ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.signed_export import HEADER, exported
from tests.forging import unwatched


@pytest.fixture
def course(courses: dict[str, Course], admin: User) -> Course:
    row = courses["BIO101"]
    Client().force_login(admin)
    with recording(source="form", actor=admin, reason="=cmd|' /C calc'!A0"):
        Course.objects.filter(pk=row.pk).update(title="Marine biology")
    seal()
    with recording(source="form", actor=admin, reason="Not sealed yet"):
        Course.objects.filter(pk=row.pk).update(title="Biology of the sea")
    return row


def rows() -> list[dict[str, str]]:
    lines = list(csv.reader(exported([list(ChangeSet.objects.all())])))
    assert lines[0] == list(HEADER)
    return [dict(zip(HEADER, line, strict=True)) for line in lines[1:-1]]


def checked(path: Path) -> tuple[int, str]:
    err, status = io.StringIO(), 0
    try:
        call_command("audit_verify", export=path, stdout=io.StringIO(), stderr=err)
    except SystemExit as left:
        status = left.code
    return status, err.getvalue()


@pytest.fixture
def file(course: Course, tmp_path: Path) -> Path:
    path = tmp_path / "record.csv"
    path.write_bytes("".join(exported([list(ChangeSet.objects.all())])).encode())
    return path


def test_each_row_has_its_change_set_its_values_its_block_and_digest(course: Course):
    version = Course.history.get(id=course.pk, title="Marine biology")
    row = next(
        r for r in rows() if (r["table"], r["row"]) == (version._meta.db_table, str(version.pk))
    )
    assert row["who"] == "Admin Example (admin)"
    assert row["reason"] == "'=cmd|' /C calc'!A0"
    assert row["kind"] == "'~"
    assert json.loads(row["values"])["title"] == "Marine biology"
    assert row["block"] == "1"
    assert len(bytes.fromhex(row["sha256"])) == 32


def test_what_is_not_sealed_yet_has_no_block(course: Course):
    late = [row for row in rows() if row["reason"] == "Not sealed yet"]
    assert {(row["block"], row["sha256"]) for row in late} == {("", "")}


def test_an_untouched_file_is_borne_out(file: Path):
    assert checked(file) == (0, "")


def test_a_file_with_a_long_text_is_checked_too(course: Course, admin: User, tmp_path: Path):
    """Python's csv takes 131,072 characters in a cell, unless it is told otherwise."""
    with recording(source="form", actor=admin, reason="Why? " * 40_000):
        Course.objects.filter(pk=course.pk).update(title="Botany")
    seal()
    path = tmp_path / "record.csv"
    path.write_bytes("".join(exported([list(ChangeSet.objects.all())])).encode())
    assert checked(path) == (0, "")


def test_an_altered_file_is_found(file: Path):
    file.write_text(file.read_text().replace("Marine biology", "Alchemy"), newline="")
    message = f"{file} was altered after it was exported: its signature does not fit.\n"
    assert checked(file) == (1, message)


def test_a_file_that_is_something_else_is_not_called_intact(course: Course, tmp_path: Path):
    path = tmp_path / "other.csv"
    path.write_text("name\nAda\n")
    assert checked(path) == (2, f"{path} is no export of the record.\n")


def test_a_chain_that_was_built_anew_is_found_by_the_file(file: Path, course: Course):
    version = Course.history.get(id=course.pk, title="Marine biology")
    with unwatched():
        Course.history.filter(pk=version.pk).update(title="Alchemy")
        BlockPart.objects.all().delete()
        Block.objects.all().delete()
    seal()
    table = version._meta.db_table
    message = f"{file}: {table} row {version.pk} is not in the chain as it was exported.\n"
    assert checked(file) == (1, message)


def test_what_the_timeline_shows_is_downloaded_and_the_download_is_on_record(
    course: Course, auditor_client: Client, tmp_path: Path
):
    page = auditor_client.get("/admin/timeline/", {"source": "form"})
    answer = auditor_client.get(f"/admin/timeline/{page.context['file']}")
    path = tmp_path / "timeline.csv"
    path.write_bytes(answer.getvalue())
    lines = list(csv.reader(io.StringIO(path.read_text(), newline="")))
    assert {row[3] for row in lines[1:-1]} == {"form"}
    assert checked(path) == (0, "")
    access = AccessRecord.objects.filter(kind="export").get()
    assert (access.actor_name, access.label) == ("Auditor Example (auditor)", "audit.changeset")


def test_whoever_may_not_export_gets_the_page(course: Course, registrar_client: Client):
    assert registrar_client.get("/admin/timeline/", {"file": "csv"}).status_code == 403


def test_more_pages_than_one_are_downloaded(course: Course, admin: User, auditor_client: Client):
    for number in range(60):
        with recording(source="form", actor=admin, reason=f"Number {number}"):
            Course.objects.filter(pk=course.pk).update(title=f"Title {number}")
    answer = auditor_client.get("/admin/timeline/", {"source": "form", "file": "csv"})
    lines = list(csv.reader(io.StringIO(answer.getvalue().decode(), newline="")))
    reasons = {row[4] for row in lines[1:-1]}
    assert {f"Number {number}" for number in range(60)} <= reasons


def test_the_access_record_is_exported_as_it_is_narrowed_down(
    course: Course, admin: User, auditor_client: Client, tmp_path: Path
):
    AccessRecord.objects.create(kind="refused", actor=admin, actor_name="=A1", sentence="Closed")
    AccessRecord.objects.create(kind="view", actor=admin, actor_name="Admin Example (admin)")
    seal()
    page = auditor_client.get("/admin/audit/accessrecord/?kind__exact=refused")
    link = page.context["file_link"]
    assert link == "?kind__exact=refused&file=csv"
    assert f'href="{link.replace("&", "&amp;")}"' in page.content.decode()
    answer = auditor_client.get(f"/admin/audit/accessrecord/{link}")
    text = answer.getvalue().decode()
    [row] = [
        dict(zip(HEADER, line, strict=True))
        for line in list(csv.reader([*io.StringIO(text)]))[1:-1]
    ]
    assert (row["who"], row["through"], row["reason"]) == ("'=A1", "refused", "Closed")
    assert row["block"]
    assert json.loads(row["values"])["kind"] == "refused"
    [noted] = AccessRecord.objects.filter(kind="export")
    assert noted.label == "audit.accessrecord"
    path = tmp_path / "access.csv"
    path.write_bytes(text.encode())
    assert checked(path)[0] == 0
    path.write_bytes(text.replace("Closed", "Opened").encode())
    assert checked(path)[0] == 1


def test_who_may_not_export_the_access_record_gets_no_file(admin: User, admin_client: Client):
    AccessRecord.objects.create(kind="view", actor=admin, actor_name="Admin Example (admin)")
    page = admin_client.get("/admin/audit/accessrecord/")
    assert "Download as CSV" not in page.content.decode()
    assert admin_client.get("/admin/audit/accessrecord/?file=csv").status_code == 400
