"""The import pages: what a registrar sees and does, and who may not."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.models import Batch, ValueMapping
from backoffice.bulk.pages.samples import samples_of
from tests.forging import unwatched

TEXT = """student_id,course_code,presentation,status
s1001,BIO101,2026J,active
s1002,BIO101,2026J,actve
"""
ACTIONS = ("read", "apply", "cancel", "leave_out", "discard")
READ_PAGES = ("change", "progress", "issues")


def upload_through(client: Client, text: str = TEXT, **options: str) -> Batch:
    address = reverse("admin:bulk_batch_upload") + "?kind=enrollments"
    file = SimpleUploadedFile("autumn.csv", text.encode())
    choices = {"mode": "upsert", "on_error": "abort", "create_students": "on"} | options
    answer = client.post(address, {"file": file, **choices})
    batch = Batch.objects.latest("pk")
    assert answer.status_code == 302, answer.context["form"].errors
    assert answer.url == page_of(batch)
    return batch


def page_of(batch: Batch, name: str = "change") -> str:
    return reverse(f"admin:bulk_batch_{name}", args=[batch.pk])


def test_the_upload_page_explains_every_column_of_the_kind(registrar_client, courses):
    page = registrar_client.get(reverse("admin:bulk_batch_upload") + "?kind=enrollments")

    names = re.findall(r"<td>\s*<code>(\w+)</code>", page.content.decode())
    assert names == [
        "student_id",
        "course_code",
        "presentation",
        "role",
        "status",
        "enrolled_on",
        "withdrawn_on",
        "final_result",
        "first_name",
        "last_name",
        "email",
    ]
    assert b"active, completed, failed, withdrawn" in page.content


def test_the_template_file_has_the_header_and_imports_once_filled(registrar_client, courses):
    address = reverse("admin:bulk_batch_template", args=["enrollments"])
    header = b"".join(registrar_client.get(address)).decode("utf-8-sig").strip()
    assert header == (
        "student_id,course_code,presentation,role,status,enrolled_on,withdrawn_on,final_result,"
        "first_name,last_name,email"
    )

    batch = upload_through(
        registrar_client,
        f"\ufeff{header}\ns7,BIO101,2026J,,,,,,,,\n".replace("s7", "s7777"),
    )
    assert (batch.state, batch.created) == ("previewed", 1)


def test_a_refused_file_shows_every_error_and_offers_to_leave_wrong_rows_out(
    registrar_client, courses
):
    batch = upload_through(registrar_client)

    page = registrar_client.get(page_of(batch)).content.decode()
    assert "1 row of 2 is wrong; nothing was written." in page
    assert (
        "status “actve” is not one of: active, completed, failed, withdrawn."
        " Did you mean “active”?" in page
    )

    registrar_client.post(page_of(batch, "leave_out"))
    batch.refresh_from_db()
    assert (batch.state, batch.created, batch.rejected) == ("previewed", 1, 1)


def test_applying_from_the_page_writes_and_links_the_changed_rows(registrar_client, courses):
    batch = upload_through(registrar_client, on_error="skip")
    page = registrar_client.get(page_of(batch)).content.decode()
    assert f'name="digest" value="{batch.digest}"' in page

    answer = registrar_client.post(
        page_of(batch, "apply"), {"digest": batch.digest}, follow=True
    ).content.decode()

    stored = Enrollment.objects.get()
    assert "The file was applied." in answer
    assert reverse("admin:users_enrollment_change", args=[stored.pk]) in answer
    assert reverse("admin:users_enrollment_history", args=[stored.pk]) in answer


def test_a_second_click_on_apply_is_told_so(registrar_client, courses):
    batch = upload_through(registrar_client, on_error="skip")
    for _ in range(2):
        answer = registrar_client.post(
            page_of(batch, "apply"), {"digest": batch.digest}, follow=True
        )

    assert "This file was applied already; nothing was written a second time." in (
        answer.content.decode()
    )
    assert Enrollment.history.count() == 1


def test_the_wrong_rows_come_back_as_a_file_that_imports_after_correction(
    registrar_client, courses
):
    batch = upload_through(registrar_client, on_error="skip")
    text = b"".join(registrar_client.get(page_of(batch, "wrong_rows"))).decode("utf-8-sig")
    assert text.splitlines()[0] == "student_id,course_code,presentation,status,line,errors"
    assert text.splitlines()[1].startswith("s1002,BIO101,2026J,actve,3,")

    again = upload_through(registrar_client, text.replace("actve", "active", 1))
    assert (again.state, again.created) == ("previewed", 1)


def test_discarding_removes_the_file(registrar_client, courses, django_capture_on_commit_callbacks):
    batch = upload_through(registrar_client, on_error="skip")
    path = batch.path
    assert path.exists()

    with django_capture_on_commit_callbacks(execute=True):
        registrar_client.post(page_of(batch, "discard"))

    batch.refresh_from_db()
    assert batch.state == "discarded"
    assert not path.exists()


@pytest.mark.parametrize("name", ACTIONS)
def test_a_colleague_s_file_cannot_be_touched(
    name, registrar_client, registrar2_client, admin_client, courses
):
    batch = upload_through(registrar_client, on_error="skip")
    for client in (registrar2_client, admin_client):
        answer = client.post(page_of(batch, name), {"digest": batch.digest})
        assert answer.status_code in (403, 404)
    batch.refresh_from_db()
    assert (batch.state, batch.path.exists()) == ("previewed", True)
    assert not Enrollment.objects.exists()


@pytest.mark.parametrize("name", [*READ_PAGES, "wrong_rows"])
def test_a_registrar_does_not_see_a_colleague_s_file(
    name, registrar_client, registrar2_client, courses
):
    batch = upload_through(registrar_client, on_error="skip")
    assert registrar2_client.get(page_of(batch, name)).status_code == 404


def test_an_auditor_reads_the_import_and_writes_nothing(registrar_client, auditor_client, courses):
    batch = upload_through(registrar_client, on_error="skip")

    page = auditor_client.get(page_of(batch))
    assert page.status_code == 200
    assert batch.file_hash in page.content.decode()
    assert "Apply" not in page.content.decode().split("This is a preview")[0]
    assert 'action="' + page_of(batch, "apply") not in page.content.decode()
    assert auditor_client.get(page_of(batch, "wrong_rows")).status_code == 403
    for name in ACTIONS:
        assert auditor_client.post(page_of(batch, name)).status_code == 403
    assert auditor_client.get(reverse("admin:bulk_batch_upload")).status_code == 403


def test_an_instructor_finds_rubrics_to_import_and_no_file_of_others(
    registrar_client, instructor_client, courses
):
    batch = upload_through(registrar_client, on_error="skip")
    upload = reverse("admin:bulk_batch_upload")
    assert instructor_client.get(upload).context["resource"].kind == "rubrics"
    assert instructor_client.get(upload, {"kind": "enrollments"}).status_code == 403
    listed = instructor_client.get(reverse("admin:bulk_batch_changelist")).content.decode()
    assert batch.file_name not in listed
    for name in (*READ_PAGES, "wrong_rows"):
        assert instructor_client.get(page_of(batch, name)).status_code in (403, 404)


@pytest.mark.parametrize("name", ACTIONS)
def test_looking_at_an_action_does_nothing(name, registrar_client, courses):
    batch = upload_through(registrar_client, on_error="skip")
    assert registrar_client.get(page_of(batch, name)).status_code == 405
    batch.refresh_from_db()
    assert batch.state == "previewed"


def test_an_import_cannot_be_edited_or_deleted(admin_client, registrar_client, courses):
    batch = upload_through(registrar_client, on_error="skip")
    assert admin_client.post(page_of(batch), {"state": "applied"}).status_code == 403
    assert admin_client.post(page_of(batch, "delete"), {"post": "yes"}).status_code == 403
    assert admin_client.get(reverse("admin:bulk_batch_add")).status_code == 403


def test_a_forged_number_is_not_found(registrar_client, courses):
    for number in (0, 99999, 10**17):
        address = reverse("admin:bulk_batch_apply", args=[number])
        assert registrar_client.post(address, {"digest": ""}).status_code == 404


def test_an_admin_imports_enrollments_only(admin_client, courses):
    page = admin_client.get(reverse("admin:bulk_batch_upload"))
    assert page.context["resource"].kind == "enrollments"
    for kind in ("users", "courses", "nothing"):
        answer = admin_client.get(reverse("admin:bulk_batch_upload") + f"?kind={kind}")
        assert answer.status_code == 403


def test_a_file_over_the_limit_is_refused_at_the_field(registrar_client, courses, settings):
    settings.IMPORT_MAX_BYTES = 20
    answer = registrar_client.post(
        reverse("admin:bulk_batch_upload") + "?kind=enrollments",
        {"file": SimpleUploadedFile("a.csv", TEXT.encode()), "mode": "upsert", "on_error": "abort"},
    )
    assert answer.context["form"].errors["file"] == [
        "The file has 0 MB; at most 0 MB can be read at once. Split it."
    ]
    assert not Batch.objects.exists()


def test_markup_in_a_file_stays_text(registrar_client, courses):
    text = TEXT.replace("actve", "<script>alert(1)</script>")
    batch = upload_through(registrar_client, text)
    page = registrar_client.get(page_of(batch)).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_tells_how_long_the_work_took(registrar_client, courses):
    batch = upload_through(registrar_client, TEXT.replace("actve", "active"))
    seconds = batch.run.seconds
    assert seconds > 0
    registrar_client.post(page_of(batch, "apply"), {"digest": batch.digest})
    batch.refresh_from_db()
    assert (batch.state, batch.run.seconds > seconds) == ("applied", True)


def test_the_folder_of_uploads_is_closed_and_what_it_lies_in_is_not(
    registrar_client, courses, tmp_path, settings
):
    settings.PRIVATE_ROOT = tmp_path / "var" / "private"
    upload_through(registrar_client)
    modes = [path.stat().st_mode & 0o077 for path in (settings.PRIVATE_ROOT, tmp_path / "var")]
    assert modes[0] == 0
    assert modes[1] != 0


def test_wrong_rows_of_a_discarded_file_are_gone(registrar_client, courses):
    batch = upload_through(registrar_client, on_error="skip")
    assert registrar_client.get(page_of(batch, "wrong_rows")).status_code == 200
    registrar_client.post(page_of(batch, "discard"))
    assert registrar_client.get(page_of(batch, "wrong_rows")).status_code == 404


def test_a_digest_with_a_nul_byte_is_just_a_wrong_one(registrar_client, courses):
    batch = upload_through(registrar_client, on_error="skip")
    answer = registrar_client.post(page_of(batch, "apply"), {"digest": "a\0b"}, follow=True)
    assert "The preview was renewed since you opened it" in answer.content.decode()


def test_the_changed_rows_come_in_the_order_of_the_file(registrar_client, import_file, courses):
    header = "student_id,course_code,presentation,status"
    lines = [f"s{n},BIO101,2026J,active" for n in range(1001, 1006)]
    batch = import_file("enrollments", "\n".join((header, *lines)), create_students=True)
    with unwatched():  # a database writes rows in the order in which it comes across them
        Enrollment.history.update(line=8 - F("line"))
    rows = registrar_client.get(page_of(batch)).context["changes"].rows
    assert [row.line for row in rows] == [2, 3, 4, 5, 6]


def tables_of(client: Client, batch: Batch, name: str = "errors") -> int:
    return client.get(page_of(batch)).content.decode().count(f'id="{name}"')


def test_the_errors_of_a_file_stand_on_its_page_once(registrar_client, courses):
    assert tables_of(registrar_client, upload_through(registrar_client)) == 1


def test_a_refusal_of_one_sentence_is_not_said_a_second_time(registrar_client, courses):
    batch = upload_through(
        registrar_client, "student_id,course_code,presentation,colour\n1,2,3,4\n"
    )
    page = registrar_client.get(page_of(batch)).content.decode()
    assert tables_of(registrar_client, batch) == 0
    assert page.count("has no column “colour”") == 1


def test_own_values_are_not_said_of_a_file_whose_rows_were_not_read(
    registrar_client, registrar, courses
):
    mapping = {"kind": "enrollments", "column": "status", "word": "Dropped", "name": "dropped"}
    ValueMapping.objects.create(**mapping, meaning="withdrawn", made_by=registrar)
    batch = upload_through(
        registrar_client, "student_id,course_code,presentation,colour\n1,2,3,4\n"
    )
    assert b"own values" not in registrar_client.get(page_of(batch)).content


def test_who_would_be_withdrawn_is_shown_by_student_id_and_name(registrar_client, courses, student):
    ada, _tom = student("s1001", first_name="Ada", last_name="Lovelace"), student("s1002")
    Enrollment.objects.create(student=ada, course=courses["BIO101"], enrolled_on="2026-02-01")
    batch = upload_through(
        registrar_client, "student_id,course_code,presentation\ns1002,BIO101,2026J\n", mode="sync"
    )
    (row,) = samples_of(batch)["missing_rows"]
    assert (row.key, row.name) == ("s1001 · BIO101 · 2026J", "Ada Lovelace")
    page = registrar_client.get(page_of(batch)).content.decode()
    assert re.search(r"s1001 · BIO101 · 2026J</bdi></td>\s*<td>\s*<bdi>Ada Lovelace</bdi>", page)


def test_a_file_of_which_only_sections_are_new_shows_these(registrar_client, courses, student):
    ada = student("s1001")
    Enrollment.objects.create(student=ada, course=courses["BIO101"], enrolled_on="2026-02-01")
    batch = upload_through(
        registrar_client,
        "course_id,user_id,role,section_id,status\nBIO101-2026J,s1001,student,BIO101-A,active\n",
    )
    registrar_client.post(page_of(batch, "apply"), {"digest": batch.digest})
    page = registrar_client.get(page_of(batch)).content.decode()
    assert "The file changed nothing" not in page
    assert " – BIO101-A</bdi></a>" in page


@pytest.mark.parametrize(("count", "is_folded"), [(6, False), (7, True)])
def test_many_own_values_of_a_file_are_folded_away(
    registrar_client, registrar, courses, student, count: int, is_folded: bool
):
    words = [f"State {number}" for number in range(count)]
    for word in words:
        mapping = {"kind": "enrollments", "column": "status", "word": word, "name": word.lower()}
        ValueMapping.objects.create(**mapping, meaning="active", made_by=registrar)
    for number in range(count):
        student(f"s100{number}")
    rows = "".join(f"s100{number},BIO101,2026J,{word}\n" for number, word in enumerate(words))
    batch = upload_through(registrar_client, f"student_id,course_code,presentation,status\n{rows}")
    page = registrar_client.get(page_of(batch)).content.decode()
    assert f"<bdi>{words[-1]}</bdi> → <code>active</code>" in page
    summary = f"own values: {count} mappings</summary>"
    assert (summary in page) == is_folded


def test_a_file_with_wrong_rows_is_not_called_stored(registrar_client, courses, student):
    ada = student("s1001")
    Enrollment.objects.create(student=ada, course=courses["BIO101"], enrolled_on="2026-02-01")
    text = TEXT.replace("s1002", "s1001")
    batch = upload_through(registrar_client, text, on_error="skip")
    assert (batch.state, batch.writes, batch.rejected) == ("previewed", 0, 1)
    page = registrar_client.get(page_of(batch)).content.decode()
    assert "everything in this file is stored" not in page
    assert "wrong rows are left out, and everything else in this file is stored already." in page
