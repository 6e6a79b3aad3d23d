"""What a person entered by hand after the last import stays, until it is released."""

from typing import Any

import pytest

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.audit.record.recording import recording
from backoffice.bulk.models import Batch
from backoffice.bulk.pages.samples import samples_of
from backoffice.bulk.pipeline.apply import OutcomeChanged, apply
from backoffice.bulk.undo.undo import undo

HEADER = "student_id,course_code,presentation,status,final_result\n"


def file_of(status: str, result: str = "") -> str:
    return f"{HEADER}s1001,BIO101,2026J,{status},{result}\n"


@pytest.fixture
def imported(import_file: Any, student: Any, courses: dict[str, Course]) -> Enrollment:
    """An enrollment that came by a file."""
    student("s1001")
    import_file("enrollments", file_of("active"))
    return Enrollment.objects.get()


def edit(row: Any, source: str = "form", **values: Any) -> None:
    with recording(source=source):
        for name, value in values.items():
            setattr(row, name, value)
        row.save()


def test_an_edited_field_stays_and_the_others_take_the_file_s(import_file, upload, imported):
    edit(imported, final_result="Pass by appeal")
    batch = upload("enrollments", file_of("completed", "Fail"))
    (sample,) = samples_of(batch)["updated"]
    batch = import_file("enrollments", file_of("completed", "Fail"))

    imported.refresh_from_db()
    assert (imported.status, imported.final_result) == ("completed", "Pass by appeal")
    assert (batch.updated, batch.preserved_count, batch.preserved_edits) == (
        1,
        1,
        {"final_result": 1},
    )
    assert [change.column for change in sample.changes] == ["status"]
    assert [issue.message for issue in batch.issues.all()] == [
        "Line 2: final_result “Fail” is not taken: “Pass by appeal” was entered by hand since the "
        "last import. Release the column to take the file's."
    ]


def test_a_row_of_which_only_edits_differ_is_unchanged(upload, imported):
    edit(imported, source="action", status="failed")
    batch = upload("enrollments", file_of("completed"))

    assert (batch.updated, batch.unchanged, batch.writes) == (0, 1, 0)


@pytest.mark.parametrize("source", ["command", "sql", "job"])
def test_what_no_person_entered_is_nobody_s(upload, imported, source):
    edit(imported, source=source, status="failed")

    assert upload("enrollments", file_of("completed")).preserved_count == 0


def test_an_edit_stays_whatever_else_files_write_in_its_row(import_file, imported):
    edit(imported, status="failed")
    first = import_file("enrollments", file_of("completed", "Pass"))
    before = Enrollment.history.count()
    again = import_file("enrollments", file_of("completed", "Pass"))
    later = import_file("enrollments", file_of("completed", "Fail"))

    assert [each.preserved_edits for each in (first, again, later)] == [{"status": 1}] * 3
    assert [each.updated for each in (first, again, later)] == [1, 0, 1]
    assert Enrollment.history.count() == before + 1
    imported.refresh_from_db()
    assert (imported.status, imported.final_result) == ("failed", "Fail")


def test_a_value_a_file_was_let_take_is_nobody_s_again(import_file, imported):
    edit(imported, status="failed")
    import_file("enrollments", file_of("completed"), released=["status"])

    assert import_file("enrollments", file_of("active")).preserved_edits == {}
    imported.refresh_from_db()
    assert imported.status == "active"


def test_an_edit_of_another_field_later_owns_that_one_only(import_file, imported):
    edit(imported, status="failed")
    edit(imported, final_result="Pass by appeal")
    batch = import_file("enrollments", file_of("completed", "Fail"))

    assert batch.preserved_edits == {"status": 1, "final_result": 1}
    assert batch.updated == 0


def test_an_edit_that_was_taken_back_is_none(upload, imported):
    edit(imported, status="failed")
    edit(imported, status="active")

    assert upload("enrollments", file_of("completed")).preserved_count == 0


def test_a_row_that_never_came_by_a_file_is_the_file_s(upload, student, courses):
    row = Enrollment(student=student("s1001"), course=courses["BIO101"])
    edit(row, status="active")
    edit(row, status="failed")

    assert upload("enrollments", file_of("completed")).preserved_count == 0


def test_after_an_undo_nothing_counts_as_edited(import_file, upload, imported, registrar):
    undo(import_file("enrollments", file_of("completed")), registrar)

    assert upload("enrollments", file_of("failed")).preserved_count == 0


def test_a_released_column_takes_the_file_s(upload, imported, registrar_client):
    edit(imported, status="failed", final_result="Pass by appeal")
    batch = upload("enrollments", file_of("completed", "Fail"))
    page = f"/admin/bulk/batch/{batch.pk}"
    assert "Kept 2 local edits" in registrar_client.get(f"{page}/change/").content.decode()
    registrar_client.post(f"{page}/release/", {"column": ["status", "password"]})
    batch.refresh_from_db()
    registrar_client.post(f"{page}/apply/", {"digest": batch.digest})

    imported.refresh_from_db()
    assert (batch.released, batch.preserved_edits) == (["status"], {"final_result": 1})
    assert (imported.status, imported.final_result) == ("completed", "Pass by appeal")
    assert Batch.objects.get(pk=batch.pk).state == "applied"


def test_all_columns_are_released_at_once(upload, imported, registrar_client):
    edit(imported, status="failed", final_result="Pass by appeal")
    batch = upload("enrollments", file_of("completed", "Fail"))
    page = f"/admin/bulk/batch/{batch.pk}"
    assert "all of them" in registrar_client.get(f"{page}/change/").content.decode()
    registrar_client.post(f"{page}/release/", {"column": ["*"]})
    batch.refresh_from_db()

    assert (batch.released, batch.preserved_edits) == (["final_result", "status"], {})
    assert batch.updated == 1


def test_a_score_an_instructor_corrected_stays(import_file, student, courses):
    ada = student("s1001")
    Enrollment.objects.create(student=ada, course=courses["BIO101"])
    Assessment.objects.create(course=courses["BIO101"], code="ESSAY")
    text = "student_id,assessment_id,score,is_banked\ns1001,ESSAY,{score},{banked}\n"
    import_file("grades", text.format(score=40, banked=0))
    work = AssessmentSubmission.objects.get()
    edit(work, score=64)
    batch = import_file("grades", text.format(score=45, banked=1))

    work.refresh_from_db()
    assert (work.score, work.is_banked, work.version) == (64, True, 2)
    assert batch.preserved_edits == {"score": 1}


ROSTER = "student_id,course_code,presentation\n"


def take_back(row: Enrollment, import_file: Any) -> None:
    """A file withdraws the person, and somebody makes them active again by hand."""
    import_file("enrollments", file_of("withdrawn"))
    row.refresh_from_db()
    edit(row, status="active")


def test_who_is_missing_from_a_roster_keeps_a_status_entered_by_hand(
    import_file, upload, imported, student, registrar_client
):
    student("s1002")
    import_file("enrollments", f"{ROSTER}s1002,BIO101,2026J\n")
    take_back(imported, import_file)
    batch = upload("enrollments", f"{ROSTER}s1002,BIO101,2026J\n", mode="sync")

    assert (batch.withdrawn, batch.preserved_edits) == (0, {"status": 1})
    assert [issue.message for issue in batch.issues.all()] == [
        f"Line 1: “{imported}” is missing from the file and is not withdrawn: status “active” "
        "was entered by hand since the last import. Release the column to withdraw them."
    ]
    page = f"/admin/bulk/batch/{batch.pk}"
    assert "Kept 1 local edit" in registrar_client.get(f"{page}/change/").content.decode()
    registrar_client.post(f"{page}/release/", {"column": ["status"]})
    batch.refresh_from_db()
    assert (batch.withdrawn, batch.preserved_edits) == (1, {})
    registrar_client.post(f"{page}/apply/", {"digest": batch.digest})
    imported.refresh_from_db()
    assert imported.status == "withdrawn"


def test_a_status_entered_by_hand_stays_after_a_file_that_wrote_something_else(
    import_file, upload, imported, student
):
    student("s1002")
    import_file("enrollments", f"{ROSTER}s1002,BIO101,2026J\n")
    take_back(imported, import_file)
    import_file("enrollments", f"{ROSTER[:-1]},final_result\ns1001,BIO101,2026J,Pass\n")
    batch = upload("enrollments", f"{ROSTER}s1002,BIO101,2026J\n", mode="sync")

    assert (batch.withdrawn, batch.preserved_edits) == (0, {"status": 1})


def test_preserved_edits_of_rows_and_of_who_is_missing_are_counted_together(
    import_file, upload, imported, student
):
    student("s1002")
    import_file("enrollments", f"{ROSTER}s1002,BIO101,2026J\n")
    take_back(imported, import_file)
    edit(Enrollment.objects.get(student__username="s1002"), status="failed")
    text = f"{HEADER}s1002,BIO101,2026J,active,\n"
    batch = upload("enrollments", text, mode="sync")

    assert (batch.withdrawn, batch.updated, batch.preserved_edits) == (0, 0, {"status": 2})


def test_a_status_entered_by_hand_since_the_preview_makes_a_new_one(
    import_file, upload, imported, student, registrar
):
    student("s1002")
    import_file("enrollments", f"{ROSTER}s1002,BIO101,2026J\n")
    batch = upload("enrollments", f"{ROSTER}s1002,BIO101,2026J\n", mode="sync")
    edit(imported, status="completed")

    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert (batch.withdrawn, batch.preserved_edits) == (0, {})
