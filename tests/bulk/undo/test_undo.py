"""An applied import is taken back row by row; what somebody changed since stays and is listed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase
from django.utils import timezone

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.record.recording import recording
from backoffice.bulk.jobs.cleanup import discard_abandoned
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied
from backoffice.bulk.undo.undo import prospect_of, undo
from tests.stored_rows import stored_rows

HEADER = "student_id,course_code,presentation,enrolled_on,status,first_name,last_name,email\n"
DATA = ("users_user", "users_enrollment", "courses_course", "assessments_submission")


def file_of(count: int, status: str = "active", name: str = "Zoë") -> str:
    lines = (
        f"s{n},BIO101,2026J,2026-02-01,{status},{name},Moore,s{n}@example.org\n"
        for n in range(1001, 1001 + count)
    )
    return HEADER + "".join(lines)


def stored() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the data tables."""
    return stored_rows(DATA)


@pytest.fixture
def enroll(import_file: Any, courses: dict[str, Course]) -> Any:
    """Brings enrollments in, with their students."""

    def make(count: int, **options: Any) -> Batch:
        status = options.pop("status", "active")
        return import_file("enrollments", file_of(count, status), create_students=True, **options)

    return make


def test_what_was_added_goes_and_every_table_is_as_before(enroll, registrar):
    before = stored()
    batch = enroll(30)
    made = undo(batch, registrar, "Wrong term")

    assert stored() == before
    assert (made.state, made.undoes, made.removed, made.rejected) == ("applied", batch, 60, 0)
    removals = Enrollment.history.filter(history_type="-")
    assert {row.change_set_id for row in removals} == {made.change_set_id}
    assert made.change_set.source == "undo"
    assert (made.change_set.actor, made.change_set.reason) == (registrar, "Wrong term")


def test_what_was_changed_has_its_former_values_again(enroll, registrar):
    enroll(30)
    before = stored()
    batch = enroll(4, status="completed")
    made = undo(batch, registrar)

    assert stored() == before
    assert (made.updated, made.removed) == (4, 0)


def test_who_was_withdrawn_is_back(enroll, registrar):
    enroll(30)
    before = stored()
    batch = enroll(29, mode="sync")
    undo(batch, registrar)

    assert batch.withdrawn == 1
    assert stored() == before


def test_rows_changed_since_stay_and_are_listed(enroll, registrar, registrar2):
    batch = enroll(30)
    with recording(actor=registrar2, source="form"):
        for number in (1003, 1007):
            row = Enrollment.objects.get(student__student_id=f"s{number}")
            row.final_result = "Pass"
            row.save()
    prospect = prospect_of(batch)
    made = undo(batch, registrar)

    assert (prospect.removed, prospect.restored, len(prospect.left_alone)) == (56, 0, 2)
    assert (made.removed, made.rejected) == (56, 2)
    assert Enrollment.objects.count() == 2
    messages = [issue.message for issue in made.issues.all()]
    when = Enrollment.history.filter(final_result="Pass").earliest().history_date
    assert messages[0] == (
        "Line 4: Zoë Moore – BIO101 2026J Biology was changed since, by Registrar2 Example "
        f"(registrar2) on {when:%Y-%m-%d %H:%M} UTC, and stays as it is."
    )
    assert [issue.message for issue in made.issues.all()] == [
        each.message for each in prospect.left_alone
    ]


def test_a_student_somebody_needs_by_now_stays_alone(enroll, registrar, courses):
    batch = enroll(3)
    ada = User.objects.get(student_id="s1002")
    Enrollment.objects.create(student=ada, course=courses["ART200"])
    made = undo(batch, registrar)

    assert list(User.objects.filter(role="student")) == [ada]
    assert [issue.message for issue in made.issues.all()] == [
        "Line 3: Zoë Moore stays: other rows point to it by now."
    ]


def test_an_enrollment_with_a_grade_stays_so_that_the_grade_has_its_place(
    enroll, import_file, registrar, courses
):
    batch = enroll(3)
    Assessment.objects.create(course=courses["BIO101"], code="ESSAY")
    grades = "student_id,assessment_id,score\ns1002,ESSAY,45\n"
    import_file("grades", grades)
    made = undo(batch, registrar)

    (enrollment,) = Enrollment.objects.all()
    assert (enrollment.student.student_id, made.removed) == ("s1002", 4)
    assert [issue.message for issue in made.issues.all()] == [
        f"Line 3: {enrollment} stays: other rows point to it by now."
    ]
    assert import_file("grades", grades).unchanged == 1


def test_an_undo_can_be_undone_and_that_too(enroll, registrar):
    before = stored()
    batch = enroll(5)
    applied = stored()
    first = undo(batch, registrar)
    second = undo(first, registrar)
    assert stored() == applied
    assert (second.created, second.rejected) == (10, 0)
    third = undo(second, registrar)

    assert stored() == before
    assert third.removed == 10


def test_what_pointed_to_somebody_who_is_gone_stays_away_and_is_listed(
    import_file, courses, registrar, registrar_client
):
    people = import_file("users", "student_id,first_name,last_name\ns1001,Zoë,Moore\n")
    enrolled = import_file(
        "enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J\n"
    )
    number = Enrollment.objects.get().pk
    undone = undo(enrolled, registrar)
    undo(people, registrar)
    page = registrar_client.get(f"/admin/bulk/batch/{undone.pk}/undo/")
    again = undo(undone, registrar)

    message = f"Enrollment {number} stays: what it pointed to before is not there any more."
    assert [each.message for each in page.context["unchanged_rows"]] == [message]
    assert [issue.message for issue in again.issues.all()] == [message]
    assert not Enrollment.objects.exists()


def test_nothing_is_undone_twice(enroll, upload, registrar):
    batch = enroll(3)
    made = undo(batch, registrar)
    with pytest.raises(NotApplied) as twice:
        undo(batch, registrar)
    waiting = upload("enrollments", file_of(2), create_students=True)
    with pytest.raises(NotApplied) as early:
        undo(waiting, registrar)

    assert str(twice.value) == f"Import {batch.pk} was undone already, as import {made.pk}."
    assert str(early.value) == (f"Import {waiting.pk} was not applied; there is nothing to undo.")


def test_imports_of_the_same_rows_are_taken_back_one_after_the_other(enroll, registrar):
    before = stored()
    first = enroll(30)
    between = stored()
    second = enroll(4, status="completed")
    third = enroll(3, mode="sync", max_withdrawn=100)
    for batch in (third, second):
        assert undo(batch, registrar).rejected == 0
    assert stored() == between
    assert undo(first, registrar).rejected == 0
    assert stored() == before


def test_a_row_somebody_changed_and_changed_back_was_changed_since(enroll, registrar):
    batch = enroll(3)
    row = Enrollment.objects.get(student__student_id="s1002")
    for status in ("completed", "active"):
        with recording(source="form"):
            row.status = status
            row.save()

    assert undo(batch, registrar).rejected == 1
    assert list(Enrollment.objects.all()) == [row]


def test_a_value_another_row_has_by_now_is_not_taken_from_it(import_file, student, registrar):
    student("s1001", email="")
    text = "student_id,email\ns1001,ada@example.org\n"
    batch = import_file("users", text)
    undone = undo(batch, registrar)
    student("s2002", email="ada@example.org")
    again = undo(undone, registrar)

    assert User.objects.get(username="s1001").email == ""
    assert (again.updated, [issue.message for issue in again.issues.all()]) == (
        0,
        ["s1001 stays: a value it had before belongs to another row now."],
    )


def test_grades_go_and_come_back_with_their_maximum(import_file, student, courses, registrar):
    ada = student("s1001")
    Enrollment.objects.create(student=ada, course=courses["BIO101"])
    Assessment.objects.create(course=courses["BIO101"], code="ESSAY", max_score=50)
    batch = import_file("grades", "student_id,assessment_id,score\ns1001,ESSAY,45\n")
    applied = stored()
    made = undo(batch, registrar)
    assert not AssessmentSubmission.objects.exists()
    undo(made, registrar)

    assert stored() == applied


def test_the_command_undoes_and_reports(enroll, registrar, tmp_path, capsys):
    batch = enroll(3)
    report = tmp_path / "report.json"
    words = ["--actor", registrar.username, "--reason", "Wrong term", "--report", str(report)]
    call_command("undo_import", str(batch.pk), *words)

    data = json.loads(report.read_text())
    assert (data["undoes"], data["removed"], data["state"]) == (batch.pk, 6, "applied")
    assert capsys.readouterr().out == (
        f"Import {batch.pk} was undone as import {data['batch']}: 6 removed, 0 given their former "
        "values, 0 brought back.\n"
    )
    with pytest.raises(SystemExit, match="1"):
        call_command("undo_import", str(batch.pk))
    with pytest.raises(CommandError, match="There is no import 999"):
        call_command("undo_import", "999")


def test_the_command_takes_back_nobody_else_s_file_in_somebody_s_name(
    enroll, registrar, registrar2
):
    batch = enroll(3)
    message = f"Import {batch.pk} was brought in by somebody else, and only they take it back."
    with pytest.raises(CommandError, match=message) as refusal:
        call_command("undo_import", str(batch.pk), "--actor", registrar2.username)

    assert refusal.value.returncode == 2
    assert Enrollment.objects.count() == 3
    call_command("undo_import", str(batch.pk))  # the operator, in nobody's name
    assert not Enrollment.objects.exists()


def test_the_page_says_what_goes_back_and_does_it(enroll, registrar_client, registrar2_client):
    batch = enroll(3)
    address = f"/admin/bulk/batch/{batch.pk}/undo/"
    row = Enrollment.objects.get(student__student_id="s1002")
    row.final_result = "Pass"
    row.save()
    text = registrar_client.get(address).content.decode()
    foreign = registrar2_client.post(address, {"reason": "Wrong term"})
    done = registrar_client.post(address, {"reason": "Wrong term"}, follow=True).content.decode()

    assert "Undo: 4 rows go back" in text
    assert "Line 3: Zoë Moore – BIO101 2026J Biology was changed since" in text
    assert foreign.status_code in (403, 404)
    assert f"Import {batch.pk} was undone." in done
    assert f'This takes <a href="/admin/bulk/batch/{batch.pk}/change/">' in done
    assert Enrollment.objects.count() == 1
    assert registrar_client.get(address).status_code == 403


def test_the_file_is_its_uploader_s_for_thirty_days(enroll, registrar_client, admin_client):
    batch = enroll(3)
    address = f"/admin/bulk/batch/{batch.pk}/file/"
    answer = registrar_client.get(address)
    foreign = admin_client.get(address)
    Batch.objects.update(applied_at=timezone.now() - timedelta(days=31))
    path = batch.path
    with TestCase.captureOnCommitCallbacks(execute=True):
        discard_abandoned()

    assert b"".join(answer).decode() == file_of(3)
    assert foreign.status_code in (403, 404)
    assert not path.exists()
    assert registrar_client.get(address).status_code == 404
    assert Batch.objects.get(pk=batch.pk).state == "applied"
