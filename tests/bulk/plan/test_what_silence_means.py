"""Of whom a whole roster speaks: active students, and the sorts of people it has a row of."""

from typing import Any

import pytest
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.enrollments.enrolling import reinstate, withdraw
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.undo.undo import undo

HEADER = "student_id,course_code,presentation\n"
CANVAS = "course_id,user_id,role,section_id,status\n"
ONEROSTER = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role\n"
OTHER_SORTS = ["student", "teaching_assistant", "observer"]
SORTS = {"t": "teaching_assistant", "o": "observer"}


@pytest.fixture
def enrolled(courses: dict[str, Course], student: Any) -> Any:
    """Enrolls people in BIO101 by a file: `enrolled(s001="completed", t001="active")`."""

    def make(**statuses: str) -> None:
        for name, status in statuses.items():
            Enrollment.objects.create(
                student=student(name),
                course=courses["BIO101"],
                role=SORTS.get(name[0], "student"),
                status=status,
                enrolled_on="2026-02-01",
                withdrawn_on="2026-03-01" if status == "withdrawn" else None,
            )

    return make


def lines(*names: str) -> str:
    return "".join(f"{name},BIO101,2026J\n" for name in names)


def statuses() -> dict[str, str]:
    rows = Enrollment.objects.order_by("student__student_id")
    return dict(rows.values_list("student__student_id", "status"))


def left() -> set[str]:
    return {name for name, status in statuses().items() if status == "withdrawn"}


def messages(batch: Batch, code: str) -> list[str]:
    return list(batch.issues.filter(code=code).values_list("message", flat=True))


def test_who_completed_or_failed_stays(import_file, enrolled):
    enrolled(s001="active", s002="completed", s003="failed", s004="active")
    batch = import_file("enrollments", HEADER + lines("s001"), mode="sync")

    assert (batch.withdrawn, left()) == (1, {"s004"})


def test_a_roster_without_roles_ends_no_assistant_and_no_observer(import_file, enrolled):
    enrolled(s001="active", s002="active", t001="active", o001="active")
    batch = import_file("enrollments", HEADER + lines("s001"), mode="sync")

    assert left() == {"s002"}
    assert batch.roster_scope == (
        "The file speaks of who is active as student in BIO101 2026J Biology: whoever of these is "
        "missing from it is withdrawn. Everybody else stays."
    )


@pytest.mark.parametrize(
    ("named", "gone"),
    [
        ("", {"s002"}),
        ("student", {"s002"}),
        ("teaching_assistant", {"s002", "t002"}),
        ("observer", {"s002"}),
    ],
)
def test_a_sort_of_people_is_spoken_of_where_a_row_names_it(import_file, enrolled, named, gone):
    enrolled(s001="active", s002="active", t001="active", t002="active", o001="active")
    text = "student_id,course_code,presentation,role\ns001,BIO101,2026J,\n"
    name = {"teaching_assistant": "t001", "observer": "o001"}.get(named, "s001")
    if named:
        text = text.replace(
            "s001,BIO101,2026J,\n", f"s001,BIO101,2026J,student\n{name},BIO101,2026J,"
        )
        text += f"{named}\n"
    import_file("enrollments", text, mode="sync")

    assert left() == gone


def test_the_sentence_names_every_sort_and_counts_many_courses(import_file, enrolled, courses):
    enrolled(s001="active", t001="active")
    for number in range(3):
        Course.objects.create(code=f"C{number}", presentation="2026J", slug=f"c{number}", title="C")
    text = (
        "student_id,course_code,presentation,role\nt001,BIO101,2026J,teaching_assistant\n"
        + "".join(f"s001,{code},2026J,student\n" for code in ("C0", "C1", "C2"))
    )
    assert import_file("enrollments", text, mode="sync").roster_scope == (
        "The file speaks of who is active as student or teaching assistant in 4 courses: whoever "
        "of these is missing from it is withdrawn. Everybody else stays."
    )


def test_the_page_and_a_rehearsal_say_of_whom_the_file_speaks(registrar_client, upload, enrolled):
    enrolled(s001="active", s002="active")
    batch = upload("enrollments", HEADER + lines("s001"), mode="sync")
    page = registrar_client.get(reverse("admin:bulk_batch_change", args=[batch.pk]))

    assert batch.roster_scope in page.content.decode()
    assert upload("enrollments", HEADER + lines("s001")).roster_scope == ""


def test_a_roster_that_names_no_course_says_so(upload, enrolled):
    enrolled(s001="active")
    text = HEADER + "s001,NONE1,2026J\n"
    batch = upload("enrollments", text, mode="sync", on_error="skip")

    assert batch.roster_scope == "It names no course that exists, so nobody is withdrawn."


def test_canvas_names_assistants_where_it_has_a_row_of_one(import_file, enrolled):
    enrolled(s001="active", s002="active", t001="active", t002="active", o001="active")
    text = CANVAS + "BIO101-2026J,s001,student,,active\nBIO101-2026J,s009,teacher,,active\n"
    import_file("enrollments", text, mode="sync")
    assert left() == {"s002"}

    import_file("enrollments", text + "BIO101-2026J,t001,ta,,active\n", mode="sync")
    assert left() == {"s002", "t002"}


def test_oneroster_s_whole_roster_ends_no_assistant_it_does_not_know(import_file, enrolled):
    enrolled(s001="active", s002="active", t001="active", o001="active")
    import_file("enrollments", ONEROSTER + "e1,,,BIO101-2026J,o,s001,student\n", mode="sync")

    assert left() == {"s002"}


def test_oneroster_s_whole_roster_says_of_nobody_that_they_take_the_course_anew(
    import_file, enrolled
):
    enrolled(s001="completed", s002="failed", s003="withdrawn", s004="active")
    text = ONEROSTER + "".join(f"e,,,BIO101-2026J,o,s00{n},student\n" for n in range(1, 5))
    batch = import_file("enrollments", text, mode="sync")

    assert (batch.updated, batch.returns) == (1, 1)
    assert statuses() == {"s001": "completed", "s002": "failed", "s003": "active", "s004": "active"}


def test_moodle_s_users_with_courses_end_no_assistant(import_file, enrolled):
    enrolled(s001="active", s002="active", t001="active", o001="active")
    text = "username,firstname,lastname,email,course1\ns001,Zoë,Moore,,BIO101-2026J\n"
    import_file("enrollments", text, mode="sync")

    assert left() == {"s002"}


def test_who_returns_is_active_again_without_the_old_day(import_file, enrolled):
    enrolled(s001="active", s002="withdrawn", s003="completed")
    batch = import_file("enrollments", HEADER + lines("s001", "s002", "s003"), mode="sync")

    assert (batch.updated, batch.returns, batch.unchanged, batch.withdrawn) == (1, 1, 2, 0)
    assert statuses() == {"s001": "active", "s002": "active", "s003": "completed"}
    back = Enrollment.objects.get(student__student_id="s002")
    assert back.withdrawn_on is None
    assert back.history.latest().change_set_id == batch.change_set_id

    again = import_file("enrollments", HEADER + lines("s001", "s002", "s003"), mode="sync")
    assert (again.writes, again.returns) == (0, 0)


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("", ""),
        (",status", ","),
        (",status", ",active"),
        (",status,withdrawn_on", ",,"),
        (",status,withdrawn_on", ",Active,"),
        (",withdrawn_on", ","),
        (",role,enrolled_on", ",student,2026-02-01"),
    ],
)
def test_who_returns_is_back_whatever_the_columns(import_file, enrolled, columns, cells):
    enrolled(s001="withdrawn")
    text = HEADER.replace("\n", f"{columns}\n") + f"s001,BIO101,2026J{cells}\n"
    batch = import_file("enrollments", text, mode="sync")

    row = Enrollment.objects.get()
    assert (batch.returns, row.status, row.withdrawn_on) == (1, "active", None)
    assert messages(batch, "withdrawal_date_unexpected") == []


def test_a_row_with_a_status_returns_somebody_in_every_mode(import_file, enrolled):
    enrolled(s001="withdrawn", s002="withdrawn")
    text = "student_id,course_code,presentation,status\n"
    text += "s001,BIO101,2026J,active\ns002,BIO101,2026J,\n"
    batch = import_file("enrollments", text, mode="update")

    assert (batch.updated, batch.returns) == (1, 1)
    assert statuses() == {"s001": "active", "s002": "withdrawn"}
    assert Enrollment.objects.get(student__student_id="s001").withdrawn_on is None


def test_without_sync_a_row_without_a_status_returns_nobody(import_file, enrolled):
    enrolled(s001="withdrawn")
    batch = import_file("enrollments", HEADER + lines("s001"))

    assert (batch.updated, batch.returns, left()) == (0, 0, {"s001"})


def test_a_row_that_says_when_they_left_returns_nobody(import_file, enrolled):
    enrolled(s001="withdrawn")
    text = "student_id,course_code,presentation,withdrawn_on\ns001,BIO101,2026J,2026-03-01\n"
    batch = import_file("enrollments", text, mode="sync")

    assert (batch.returns, batch.unchanged, left()) == (0, 1, {"s001"})


def test_a_return_stands_apart_in_the_preview(registrar_client, upload, enrolled):
    enrolled(s001="withdrawn", s002="active")
    text = "student_id,course_code,presentation,enrolled_on\n"
    text += "s001,BIO101,2026J,2026-02-01\ns002,BIO101,2026J,2026-02-02\n"
    batch = upload("enrollments", text, mode="sync")
    page = registrar_client.get(reverse("admin:bulk_batch_change", args=[batch.pk]))

    (back,), (other,) = page.context["samples"]["returned"], page.context["samples"]["updated"]
    assert back.key == "s001 · BIO101 · 2026J"
    assert {(each.column, each.old, each.new) for each in back.changes} == {
        ("status", "withdrawn", "active"),
        ("withdrawn_on", "2026-03-01", ""),
    }
    assert other.key == "s002 · BIO101 · 2026J"
    text = page.content.decode()
    assert "Returns: active again" in text
    assert "Of these, returns" in text


def test_returns_are_counted_by_the_brake(upload, enrolled):
    enrolled(**{f"s{n:03}": "withdrawn" if n <= 5 else "active" for n in range(1, 21)})
    batch = upload("enrollments", HEADER + lines(*(f"s{n:03}" for n in range(1, 21))), mode="sync")

    assert (batch.state, batch.updated, batch.returns) == (Batch.State.HELD, 5, 5)
    assert batch.sentence == (
        "It changes 5 of 20 enrollments of BIO101 2026J Biology: 25.0 %, and at most 20 % go in "
        "without a second person."
    )


def test_who_returns_takes_a_place(upload, enrolled, courses):
    enrolled(s001="active", s002="withdrawn")
    Course.objects.filter(pk=courses["BIO101"].pk).update(enrollment_limit=1)
    batch = upload("enrollments", HEADER + lines("s001", "s002"), mode="sync")

    assert (batch.state, batch.rejected) == (Batch.State.REFUSED, 1)
    assert messages(batch, "over_limit") == [
        "Line 3: course_code “BIO101”: With this, the course is over its enrollment limit by 1: 2 "
        "active students of 1. It takes a reason."
    ]


def test_an_undo_withdraws_who_returned_as_before(import_file, enrolled, registrar):
    enrolled(s001="withdrawn")
    batch = import_file("enrollments", HEADER + lines("s001"), mode="sync")
    undo(batch, registrar, "The wrong file.")

    row = Enrollment.objects.get()
    assert (row.status, str(row.withdrawn_on)) == ("withdrawn", "2026-03-01")


def test_who_was_withdrawn_since_the_preview_makes_a_new_one(upload, enrolled, registrar):
    enrolled(s001="active")
    batch = upload("enrollments", HEADER + lines("s001"), mode="sync")
    Enrollment.objects.update(status="withdrawn", withdrawn_on="2026-03-02")

    assert batch.writes == 0
    Batch.objects.filter(pk=batch.pk).update(updated=1)
    with pytest.raises(NotApplied, match="The data changed since the preview"):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert (batch.returns, left()) == (1, {"s001"})


@pytest.fixture
def by_hand(registrar: User) -> Any:
    """Changes an enrollment as an action of the registrar does."""

    def change(name: str, action: Any, *details: Any) -> None:
        with recording(actor=registrar, source=ChangeSet.Source.ACTION):
            action(Enrollment.objects.get(student__student_id=name), *details)

    return change


ACTIVE = "student_id,course_code,presentation,status,enrolled_on\n"


def test_who_was_withdrawn_by_hand_since_the_last_import_stays_so(
    import_file, student, by_hand, courses
):
    student("s001")
    import_file("enrollments", ACTIVE + "s001,BIO101,2026J,active,2026-02-01\n")
    by_hand("s001", withdraw, "2026-03-03")
    batch = import_file("enrollments", HEADER + lines("s001"), mode="sync")

    assert (batch.returns, batch.writes, left()) == (0, 0, {"s001"})
    assert messages(batch, "local_edit_kept") == [
        f"Line 2: {column} stays “{value}”, which was entered by hand since the last import: this "
        "person is not made active again. Release the column to take them back."
        for column, value in (("status", "withdrawn"), ("withdrawn_on", "2026-03-03"))
    ]
    assert batch.preserved_edits == {"status": 1, "withdrawn_on": 1}


@pytest.mark.parametrize("columns", [["status"], ["withdrawn_on"], ["status", "withdrawn_on"]])
def test_one_released_column_of_a_withdrawal_releases_it(
    upload, import_file, student, by_hand, courses, columns
):
    student("s001")
    import_file("enrollments", ACTIVE + "s001,BIO101,2026J,active,2026-02-01\n")
    by_hand("s001", withdraw, "2026-03-03")
    batch = upload("enrollments", HEADER + lines("s001"), mode="sync", released=columns)

    assert (batch.returns, batch.preserved_edits) == (1, {})


def test_who_was_taken_back_by_hand_is_not_withdrawn(import_file, student, by_hand, courses):
    for name in ("s001", "s002"):
        student(name)
    text = ACTIVE.replace("\n", ",withdrawn_on\n")
    text += "s001,BIO101,2026J,withdrawn,2026-02-01,2026-03-01\ns002,BIO101,2026J,,2026-02-01,\n"
    import_file("enrollments", text)
    by_hand("s001", reinstate)
    batch = import_file("enrollments", HEADER + lines("s002"), mode="sync")

    assert (batch.withdrawn, left()) == (0, set())
    assert len(messages(batch, "local_edit_kept")) == 2


def test_new_people_of_a_roster_without_statuses_take_places(upload, enrolled, courses, student):
    enrolled(s001="active")
    Course.objects.filter(pk=courses["BIO101"].pk).update(enrollment_limit=1)
    student("s002")
    batch = upload("enrollments", HEADER + lines("s001", "s002"), mode="sync")

    assert (batch.state, batch.rejected) == (Batch.State.REFUSED, 1)
