"""A file is previewed exactly, and applied exactly as previewed."""

import pytest

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, OutcomeChanged, apply

HEADER = "student_id,course_code,presentation,status,enrolled_on,withdrawn_on,first_name,last_name"
THREE = f"""{HEADER}
s1001,BIO101,2026J,active,2026-02-03,,Zoë,O'Moore
s1002,BIO101,2026J,withdrawn,2026-02-03,2026-03-01,李,小龍
s1001,ART200,2026B,active,2026-02-03,,Zoë,O'Moore
"""


def counts(batch: Batch) -> tuple[int, ...]:
    return batch.created, batch.updated, batch.unchanged, batch.rejected, batch.duplicates


def test_a_preview_counts_and_writes_nothing(upload, courses):
    batch = upload("enrollments", THREE, create_students=True)

    assert batch.state == Batch.State.PREVIEWED
    assert counts(batch) == (3, 0, 0, 0, 0)
    assert (batch.rows, batch.created_students) == (3, 2)
    assert not Enrollment.objects.exists()
    assert not User.objects.students().exists()


def test_applying_writes_the_rows_and_the_students(import_file, courses, registrar):
    batch = import_file("enrollments", THREE, create_students=True, reason="Autumn intake")

    assert batch.state == Batch.State.APPLIED
    stored = Enrollment.objects.order_by("student__student_id", "course__code")
    assert [
        (e.student.student_id, e.course.code, e.status, str(e.withdrawn_on)) for e in stored
    ] == [
        ("s1001", "ART200", "active", "None"),
        ("s1001", "BIO101", "active", "None"),
        ("s1002", "BIO101", "withdrawn", "2026-03-01"),
    ]
    bruce = User.objects.get(student_id="s1002")
    assert (bruce.first_name, bruce.last_name, bruce.username) == ("李", "小龍", "s1002")
    assert (bruce.role, bruce.is_staff, bruce.has_usable_password()) == ("student", False, False)


def test_every_written_row_has_one_history_row_with_actor_reason_batch_and_line(
    import_file, courses, registrar
):
    batch = import_file("enrollments", THREE, create_students=True, reason="Autumn intake")

    history = Enrollment.history.order_by("line")
    assert [(h.line, h.history_type) for h in history] == [(2, "+"), (3, "+"), (4, "+")]
    assert {h.history_user for h in history} == {registrar}
    assert {h.history_change_reason for h in history} == {"Autumn intake"}
    change_set = ChangeSet.objects.get(batch=batch.pk)
    assert {h.change_set for h in history} == {change_set}
    assert (change_set.source, change_set.actor) == (ChangeSet.Source.IMPORT, registrar)
    assert sorted(User.history.filter(change_set=change_set).values_list("line", flat=True)) == [
        2,
        3,
    ]


def test_the_same_file_again_changes_nothing_and_leaves_no_history(import_file, courses):
    import_file("enrollments", THREE, create_students=True)
    before = Enrollment.history.count(), User.history.count()

    again = import_file("enrollments", THREE, create_students=True)

    assert counts(again) == (0, 0, 3, 0, 0)
    assert again.created_students == 0
    assert (Enrollment.history.count(), User.history.count()) == before


def test_only_rows_with_other_values_are_updated(import_file, courses):
    import_file("enrollments", THREE, create_students=True)
    corrected = THREE.replace("s1001,BIO101,2026J,active", "s1001,BIO101,2026J,completed")

    batch = import_file("enrollments", corrected, create_students=True)

    assert counts(batch) == (0, 1, 2, 0, 0)
    changed = Enrollment.objects.get(student__student_id="s1001", course__code="BIO101")
    assert changed.status == "completed"
    assert [(h.history_type, h.status) for h in changed.history.order_by("history_id")] == [
        ("+", "active"),
        ("~", "completed"),
    ]


def test_columns_the_file_does_not_have_stay_as_they_are(import_file, courses):
    import_file("enrollments", THREE, create_students=True)

    import_file(
        "enrollments", "student_id,course_code,presentation,final_result\ns1002,BIO101,2026J,Fail"
    )

    stored = Enrollment.objects.get(student__student_id="s1002")
    assert (stored.final_result, stored.status) == ("Fail", "withdrawn")


def test_data_that_changed_since_the_preview_stop_the_import(upload, courses, registrar):
    batch = upload("enrollments", THREE, create_students=True)
    old_digest = batch.digest
    new_student = User.objects.create(username="s1002", student_id="s1002", password="!")

    with pytest.raises(OutcomeChanged) as refusal:
        apply(batch, old_digest, registrar)

    assert str(refusal.value) == (
        "The data changed since the preview, so nothing was written. Look at the new preview."
    )
    batch.refresh_from_db()
    assert batch.state == Batch.State.PREVIEWED
    assert batch.digest != old_digest
    assert batch.created_students == 1
    assert not Enrollment.objects.exists()
    apply(batch, batch.digest, registrar)
    assert Enrollment.objects.filter(student=new_student).count() == 1


def test_a_course_whose_end_moved_since_the_preview_stops_the_import(upload, courses, registrar):
    batch = upload("enrollments", THREE, create_students=True)
    Course.objects.filter(code="BIO101").update(ends_on="2026-02-02")

    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, registrar)

    batch.refresh_from_db()
    assert (batch.state, batch.rejected) == (Batch.State.REFUSED, 2)
    assert not Enrollment.objects.exists()


def test_a_second_confirmation_is_refused_without_harm(import_file, courses, registrar):
    batch = import_file("enrollments", THREE, create_students=True)

    with pytest.raises(NotApplied) as refusal:
        apply(batch, batch.digest, registrar)

    assert str(refusal.value) == (
        "This file was applied already; nothing was written a second time."
    )
    assert Enrollment.objects.count() == 3
    assert Batch.objects.get(pk=batch.pk).state == Batch.State.APPLIED


def test_a_digest_that_is_not_the_previewed_one_is_refused(upload, courses, registrar):
    batch = upload("enrollments", THREE, create_students=True)

    with pytest.raises(NotApplied) as refusal:
        apply(batch, "0" * 64, registrar)

    assert str(refusal.value) == (
        "The preview was renewed since you opened it, and nothing was written. Look at it again."
    )
    assert not Enrollment.objects.exists()


def test_a_stored_file_that_was_exchanged_is_refused(upload, courses, registrar):
    batch = upload("enrollments", THREE, create_students=True)
    batch.path.write_text(THREE.replace("active", "completed"))

    with pytest.raises(NotApplied) as refusal:
        apply(batch, batch.digest, registrar)

    assert str(refusal.value) == (
        "The stored file is not the one that was previewed. Nothing was written; upload it again."
    )
    assert not Enrollment.objects.exists()
    assert Batch.objects.get(pk=batch.pk).state == Batch.State.FAILED


def test_create_mode_refuses_what_exists(upload, import_file, courses):
    import_file("enrollments", THREE, create_students=True)

    batch = upload("enrollments", THREE, create_students=True, mode="create")

    assert (batch.state, batch.rejected) == (Batch.State.REFUSED, 3)
    assert batch.issues.filter(is_warning=False).first().message == (
        "Line 2: student_id “s1001”: this row exists already, and the chosen mode only adds rows."
    )


def test_abort_refuses_the_file_and_skip_takes_the_good_rows(upload, courses, registrar):
    text = THREE.replace("s1002", "N/A")

    refused = upload("enrollments", text, create_students=True)
    assert refused.state == Batch.State.REFUSED
    assert refused.sentence == (
        "1 row of 3 is wrong; nothing was written. Correct the file, or leave wrong rows out."
    )
    assert not Enrollment.objects.exists()
    none_right = upload("enrollments", "student_id,course_code,presentation\nN/A,BIO101,2026J\n")
    assert none_right.sentence == "1 row of 1 is wrong; nothing was written. Correct the file."

    skipped = upload("enrollments", text, create_students=True, on_error="skip")
    apply(skipped, skipped.digest, registrar)
    assert counts(skipped) == (2, 0, 0, 1, 0)
    assert Enrollment.objects.count() == 2


def test_whoever_may_not_import_a_kind_is_refused(upload, courses, instructor):
    with pytest.raises(Exception, match="You may not import enrollments."):
        upload("enrollments", THREE, actor=instructor)
    assert not Batch.objects.exists()
