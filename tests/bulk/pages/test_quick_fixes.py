"""The option a refused file asks for is a button: it is turned on, and the same file read again."""

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from tests.bulk.pages.test_pages import page_of, upload_through

HEADER = "student_id,course_code,presentation"
NEW = f"{HEADER},first_name,last_name\ns1001,BIO101,2026J,Ada,Lovelace\n"
OFFERED = re.compile(r'name="fix" value="(\w+)"')


def offered(client: Client, batch: Batch) -> list[str]:
    return OFFERED.findall(client.get(page_of(batch)).content.decode())


def press(client: Client, batch: Batch, name: str, **more: str) -> list[str]:
    """Press the button; gives what is said on the next page."""
    answer = client.post(page_of(batch, "fix"), {"fix": name, **more}, follow=True)
    assert answer.redirect_chain == [(page_of(batch), 302)]
    batch.refresh_from_db()
    return [str(message) for message in answer.context["messages"]]


def refused(client: Client, text: str, **options: str) -> Batch:
    batch = upload_through(client, text, **options)
    assert batch.state == "refused"
    return batch


def test_students_whom_nobody_knows_are_created_at_a_button(registrar_client, courses):
    batch = refused(registrar_client, NEW, create_students="")
    stored = batch.file.name
    assert offered(registrar_client, batch) == ["create_students", "ignore_unknown_columns"]
    assert press(registrar_client, batch, "create_students") == []
    assert (batch.state, batch.create_students, batch.created) == ("previewed", True, 1)
    assert batch.created_students == 1
    assert batch.file.name == stored
    assert offered(registrar_client, batch) == []


def test_students_without_names_in_the_file_are_asked_for_by_their_rows(registrar_client, courses):
    batch = refused(registrar_client, f"{HEADER}\ns1001,BIO101,2026J\n", create_students="")
    assert offered(registrar_client, batch) == ["create_students"]


def test_a_roster_that_withdraws_never_becomes_another_import(registrar_client, courses):
    batch = refused(
        registrar_client, f"{HEADER}\ns1001,BIO101,2026J\n", create_students="", mode="sync"
    )
    assert offered(registrar_client, batch) == ["create_students"]


def test_unknown_columns_are_ignored_at_a_button(registrar_client, courses):
    batch = refused(registrar_client, NEW.replace("last_name\n", "last_name,shoes\n").replace(
        "Lovelace", "Lovelace,43"))  # fmt: skip
    assert offered(registrar_client, batch) == ["ignore_unknown_columns"]
    press(registrar_client, batch, "ignore_unknown_columns")
    assert (batch.state, batch.ignore_unknown_columns) == ("previewed", True)


def test_a_full_course_takes_more_at_a_button_with_a_reason(
    registrar_client, courses: dict[str, Course]
):
    Course.objects.filter(code="BIO101").update(enrollment_limit=1)
    two = NEW + "s1002,BIO101,2026J,Grace,Hopper\n"
    batch = refused(registrar_client, two)
    assert offered(registrar_client, batch) == ["allow_over_limit"]
    why = "Say in at least 10 characters why the limit does not hold."
    assert press(registrar_client, batch, "allow_over_limit") == [why]
    assert press(registrar_client, batch, "allow_over_limit", reason="  So   so ") == [why]
    assert (batch.state, batch.allow_over_limit, batch.reason) == ("refused", False, "")
    press(registrar_client, batch, "allow_over_limit", reason="The dean  has agreed to it")
    assert (batch.state, batch.allow_over_limit) == ("previewed", True)
    assert batch.reason == "The dean has agreed to it"


def test_a_reason_that_was_entered_with_the_file_is_not_asked_again(
    registrar_client, courses: dict[str, Course]
):
    Course.objects.filter(code="BIO101").update(enrollment_limit=1)
    two = NEW + "s1002,BIO101,2026J,Grace,Hopper\n"
    batch = refused(registrar_client, two, reason="The dean has agreed to it")
    assert 'name="reason"' not in registrar_client.get(page_of(batch)).content.decode()
    press(registrar_client, batch, "allow_over_limit")
    assert batch.state == "previewed"


@pytest.mark.parametrize(
    ("mode", "name", "is_known"),
    [("create", "update_known_rows", True), ("update", "add_new_rows", False)],
)
def test_rows_that_the_mode_forbids_go_in_at_a_button(
    registrar_client, import_file, courses, mode: str, name: str, is_known: bool
):
    if is_known:
        import_file("enrollments", NEW, create_students=True)
    batch = refused(registrar_client, NEW, mode=mode)
    assert offered(registrar_client, batch) == [name]
    press(registrar_client, batch, name)
    assert (batch.state, batch.mode) == ("previewed", "upsert")


def test_a_format_that_was_chosen_wrongly_is_recognised_at_a_button(registrar_client, courses):
    batch = refused(registrar_client, NEW, dialect="canvas")
    assert offered(registrar_client, batch) == ["recognise_format"]
    press(registrar_client, batch, "recognise_format")
    assert (batch.state, batch.dialect) == ("previewed", "auto")


def test_a_kind_without_the_option_offers_none(registrar_client, courses, student):
    text = "student_id,assessment_id,course_code,presentation,score\ns9999,TMA01,BIO101,2026J,5\n"
    address = reverse("admin:bulk_batch_upload") + "?kind=grades"
    file = SimpleUploadedFile("grades.csv", text.encode())
    registrar_client.post(address, {"file": file, "mode": "upsert", "on_error": "abort"})
    batch = Batch.objects.latest("pk")
    assert batch.state == "refused"
    assert offered(registrar_client, batch) == []


def test_only_what_the_errors_ask_for_is_turned_on(registrar_client, courses):
    batch = refused(registrar_client, NEW, create_students="")
    gone = ["The file does not ask for this any more."]
    for name in ("allow_over_limit", "state", "", "\0"):
        assert press(registrar_client, batch, name) == gone
        assert (batch.state, batch.allow_over_limit) == ("refused", False)
    press(registrar_client, batch, "create_students")
    assert batch.state == "previewed"
    assert press(registrar_client, batch, "create_students") == gone
    assert batch.state == "previewed"


def test_nobody_but_the_uploader_turns_an_option_on(
    registrar_client, admin_client, person: Callable[..., User], courses
):
    batch = refused(registrar_client, NEW, create_students="")
    colleague = Client()
    colleague.force_login(person("registrar", "beate"))
    for client, status in ((colleague, 404), (admin_client, 403), (Client(), 302)):
        answer = client.post(page_of(batch, "fix"), {"fix": "create_students"})
        assert answer.status_code == status
        batch.refresh_from_db()
        assert (batch.state, batch.create_students) == ("refused", False)
    assert registrar_client.get(page_of(batch, "fix")).status_code == 405
    assert "create_students" not in offered(admin_client, batch)


def test_a_final_grade_asks_for_its_reason_on_the_page(
    registrar_client, courses: dict[str, Course], student
):
    ada, bio = student("s1001"), courses["BIO101"]
    Enrollment.objects.create(student=ada, course=bio, enrolled_on="2026-02-01")
    essay = Assessment.objects.create(course=bio, code="ESSAY", max_score=100)
    AssessmentSubmission.objects.create(assessment=essay, student=ada, score=40, status="finalized")
    file = SimpleUploadedFile("g.csv", b"student_id,assessment_id,score\ns1001,ESSAY,45\n")
    address = reverse("admin:bulk_batch_upload") + "?kind=grades"
    registrar_client.post(address, {"file": file, "mode": "upsert", "on_error": "abort"})
    batch = Batch.objects.latest("pk")
    assert offered(registrar_client, batch) == ["give_reason"]
    assert press(registrar_client, batch, "give_reason", reason="So") == [
        "Say in at least 10 characters why final grades change."
    ]
    press(registrar_client, batch, "give_reason", reason="The appeal was granted")
    assert (batch.state, batch.reason) == ("held", "The appeal was granted")
    assert batch.sentence == "It replaces 1 final grade."
