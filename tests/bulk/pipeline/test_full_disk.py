"""A full disk: whoever sent or wanted a file reads why, and nothing of it is left behind."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.pipeline.import_run import Import
from tests.bulk.working import work
from tests.small_disk import small_disk

SENTENCE = (
    "The disk of the server is full, and nothing was written. Tell the operator, then try again."
)
HEADER = "student_id,course_code,presentation\n"
LARGE = HEADER + "".join(f"s{number},BIO101,2026J\n" for number in range(100_000, 108_000))
SMALL = HEADER + "s1001,BIO101,2026J\n"
SPACE = 64_000  # bytes; a third of the large file
OPTIONS = {"mode": "upsert", "on_error": "skip", "dialect": "auto", "create_students": "on"}


@pytest.fixture
def small_private_files(private_files: Path) -> Iterator[Path]:
    with small_disk(private_files, SPACE):
        yield private_files


@pytest.fixture
def small_temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with small_disk(tmp_path / "temp", SPACE):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
        yield tmp_path / "temp"


def sent(client: Client, text: str, kind: str = "enrollments") -> Any:
    file = SimpleUploadedFile("autumn.csv", text.encode())
    address = reverse("admin:bulk_batch_upload") + f"?kind={kind}"
    return client.post(address, {**OPTIONS, "file": file})


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_an_upload_on_a_full_disk_is_an_error_of_the_form_and_leaves_nothing(
    registrar_client: Client, courses: dict[str, Course], small_private_files: Path
):
    page = sent(registrar_client, LARGE)

    assert page.status_code == 200
    assert page.context["form"].errors == {"file": [SENTENCE]}
    assert not Batch.objects.exists()
    assert files_in(small_private_files) == []
    assert sent(registrar_client, SMALL).status_code == 302
    assert Batch.objects.get().state == "previewed"


def test_a_full_folder_of_temporary_files_is_an_error_of_the_form_too(
    registrar_client: Client, courses: dict[str, Course], small_temp: Path, private_files: Path
):
    page = sent(registrar_client, LARGE)

    assert page.context["form"].errors == {"file": [SENTENCE]}
    assert files_in(small_temp) == files_in(private_files) == []


def test_a_delivery_on_a_full_disk_leaves_none_of_its_files(
    registrar_client: Client, courses: dict[str, Course], small_private_files: Path
):
    files = [
        SimpleUploadedFile("a.csv", SMALL.encode()),
        SimpleUploadedFile("b.csv", LARGE.encode()),
    ]
    address = reverse("admin:bulk_batch_upload") + "?kind=auto"
    page = registrar_client.post(address, {**OPTIONS, "file": files})

    assert page.context["form"].errors == {"file": [SENTENCE]}
    assert not Batch.objects.exists()
    assert not Delivery.objects.exists()
    assert files_in(small_private_files) == []


def test_an_upload_too_large_for_memory_is_answered_by_a_page(
    registrar_client: Client, courses: dict[str, Course], small_temp: Path, settings: Any
):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000
    registrar_client.raise_request_exception = False
    page = sent(registrar_client, LARGE)

    assert page.status_code == 507
    assert SENTENCE in page.content.decode()
    assert files_in(small_temp) == []
    assert not Batch.objects.exists()


def test_a_command_says_that_the_disk_is_full(
    courses: dict[str, Course], small_private_files: Path, tmp_path: Path
):
    path = tmp_path / "autumn.csv"
    path.write_text(LARGE)
    for kind in ("enrollments", "auto"):
        with pytest.raises(CommandError) as refused:
            call_command("import_csv", kind, str(path), "--create-students")
        assert (str(refused.value), refused.value.returncode) == (SENTENCE, 2)
    assert files_in(small_private_files) == []
    assert not Batch.objects.exists()
    assert not Delivery.objects.exists()


def test_the_worker_fails_an_import_with_the_sentence_and_it_can_be_read_again(
    registrar_client: Client,
    courses: dict[str, Course],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    sent(registrar_client, LARGE * 2)
    batch = Batch.objects.get()
    assert batch.state == "queued"
    with small_disk(tmp_path / "temp", SPACE), monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
        work()
        assert files_in(tmp_path / "temp") == []
    batch.refresh_from_db()

    assert (batch.state, batch.sentence) == ("failed", SENTENCE)
    assert batch.can_be_read_again
    assert batch.path.exists()


def test_an_export_on_a_full_disk_is_an_error_of_the_form_and_leaves_nothing(
    registrar_client: Client, small_temp: Path
):
    names = (f"s{number}" for number in range(100_000, 104_000))
    User.objects.bulk_create(
        User(username=name, student_id=name, role="student", password="!", email=f"{name}@e.org")
        for name in names
    )
    for ending in ("csv", "xlsx"):
        address = reverse("admin:bulk_batch_export")
        page = registrar_client.get(address, {"kind": "users", "format": ending})
        assert page.context["form"].errors == {"__all__": [SENTENCE]}, ending
        assert files_in(small_temp) == []


def test_a_full_disk_of_the_database_is_a_sentence_too(
    registrar_client: Client, courses: dict[str, Course], monkeypatch: pytest.MonkeyPatch
):
    def fail(*_args: object) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$")
            cursor.execute("PRAGMA temp.max_page_count = 2")
            cursor.execute("CREATE TEMP TABLE large AS SELECT zeroblob(100000)")

    monkeypatch.setattr(Import, "stage", fail)
    sent(registrar_client, SMALL)
    batch = Batch.objects.get()
    assert (batch.state, batch.sentence) == ("failed", SENTENCE)

    monkeypatch.setattr(Batch, "save", fail)
    page = sent(registrar_client, SMALL)
    assert page.context["form"].errors == {"file": [SENTENCE]}
    assert [*batch.path.parent.iterdir()] == [batch.path]
