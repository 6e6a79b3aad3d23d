"""Gradebooks of Canvas and Open edX go out, come in again unchanged, and tell another maximum."""

import csv
import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.admin_site.permissions import roles
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import AccessRecord
from backoffice.bulk.export.other_systems import writer_for
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.formats.gradebooks import assignment_code
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.report import rejected_rows

BIO = ("--course", "BIO101", "--presentation", "2026J")
PAGE = "/admin/bulk/batch/export/"
QUERY = {"kind": "grades", "course": "BIO101", "presentation": "2026J", "dialect": "canvas"}
HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,'=Essay (ESSAY),QUIZ (1) (QUIZ (1))"
CANVAS = f"""{HEADER},Scores at export
    Points Possible,,,,,50.00,10.00,(read only)
"'=O'Moore, Zoë",,s1001,s1001,BIO101-2026J,41.50,0.00,ESSAY=41.50; QUIZ (1)=0.00
"Li, Wei",,s1002,s1002,BIO101-2026J,,9.25,QUIZ (1)=9.25
,,s1003,s1003,BIO101-2026J,,,
s1004,,s1004,s1004,BIO101-2026J,12.00,,ESSAY=12.00
"""


@pytest.fixture
def essay(courses: dict[str, Course], student: Any) -> Assessment:
    """Of BIO101, where somebody left with a grade, somebody without; ART200 has its code too."""
    bio, art = courses["BIO101"], courses["ART200"]
    names = {1: ("=O'Moore", "Zoë"), 2: ("Li", "Wei"), 4: ("s1004", ""), 5: ("Left", "Long")}
    for number in range(1, 7):
        last, first = names.get(number, ("", ""))
        one = student(f"s100{number}", last_name=last, first_name=first)
        left = number in (4, 5)
        Enrollment.objects.create(
            student=one,
            course=bio,
            role="observer" if number == 6 else "student",
            status="withdrawn" if left else "active",
            withdrawn_on="2026-05-01" if left else None,
        )
    Assessment.objects.create(course=art, code="ESSAY", max_score=7)
    essay = Assessment.objects.create(course=bio, code="ESSAY", title="=Essay", max_score=50)
    Assessment.objects.filter(pk=essay.pk).update(due_date="2026-03-01T00:00:00Z")
    quiz = Assessment.objects.create(
        course=bio, code="QUIZ (1)", max_score=10, due_date="2026-04-01T00:00:00Z"
    )
    graded(essay, s1001="41.5", s1002=None, s1004=12)
    graded(quiz, s1001=0, s1002="9.25")
    return essay


def graded(assessment: Assessment, **scores: Any) -> None:
    for name, score in scores.items():
        AssessmentSubmission.objects.create(
            assessment=assessment,
            student=User.objects.get(student_id=name),
            score=score,
            status="submitted" if score is None else "graded",
        )


def exported(dialect: str, *course: str, tmp_path: Any) -> str:
    path = tmp_path / f"{dialect}.csv"
    call_command("export_csv", "grades", *course, "--dialect", dialect, "--output", str(path))
    return path.read_text()


def issue_messages(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def test_a_gradebook_of_canvas_has_a_line_for_each_student_and_a_column_for_each_assessment(
    essay, tmp_path, capsys
):
    assert exported("canvas", *BIO, tmp_path=tmp_path) == CANVAS
    assert capsys.readouterr().out.startswith("4 grades written to ")


def test_overrides_of_open_edx_have_five_columns_for_each_assessment(essay, tmp_path):
    lines = list(csv.DictReader(io.StringIO(exported("edx", *BIO, tmp_path=tmp_path))))
    assert [line["student_key"] for line in lines] == ["s1001", "s1002", "s1003", "s1004"]
    assert lines[0] == {
        "user_id": "s1001",
        "username": "s1001",
        "student_key": "s1001",
        "course_id": "course-v1:school+BIO101+2026J",
        "track": "",
        "cohort": "",
        "name-ESSAY": "'=Essay",
        "grade-ESSAY": "41.50",
        "original_grade-ESSAY": "",
        "previous_override-ESSAY": "41.50",
        "new_override-ESSAY": "41.50",
        "name-QUIZ (1)": "QUIZ (1)",
        "grade-QUIZ (1)": "0.00",
        "original_grade-QUIZ (1)": "",
        "previous_override-QUIZ (1)": "0.00",
        "new_override-QUIZ (1)": "0.00",
    }


@pytest.mark.parametrize("dialect", ["canvas", "edx"])
def test_what_goes_out_comes_in_again_and_what_was_filled_in_counts(
    essay, dialect, tmp_path, import_file
):
    """Another course has an assessment of the same code, so the file has to say the course."""
    text = exported(dialect, *BIO, tmp_path=tmp_path)
    same = import_file("grades", text)
    assert (same.created, same.updated, same.unchanged, same.rows) == (0, 0, 4, 4)
    assert issue_messages(same) == []

    bare = ",s1003,s1003,BIO101-2026J,,,"
    in_a_group = ",s1003,s1003,Morning [13805],,7,"
    filled = text.replace(bare, in_a_group) if dialect == "canvas" else _overridden(text)
    batch = import_file("grades", filled)
    assert (batch.created, batch.updated, batch.unchanged) == (1, 0, 4)
    made = AssessmentSubmission.objects.get(student__student_id="s1003")
    assert (made.assessment.course.code, made.assessment.code, made.score) == (
        "BIO101",
        "QUIZ (1)",
        7,
    )


def _overridden(text: str) -> str:
    head, *lines = text.splitlines()
    return "\n".join([head, *(f"{line}7" if line[:5] == "s1003" else line for line in lines)])


def test_a_course_without_a_grade_has_an_empty_gradebook_to_fill_in(essay, tmp_path):
    text = exported("canvas", "--course", "ART200", "--presentation", "2026B", tmp_path=tmp_path)
    assert text.splitlines()[0].endswith(",Section,ESSAY (ESSAY),Scores at export")
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize(
    ("course", "code", "message"),
    [
        ((), "", "A gradebook is of one course. Give a course code and a presentation."),
        (
            ("--course", "NONE", "--presentation", "1"),
            "",
            "There is nothing to export for course NONE, presentation 1.",
        ),
        (
            BIO,
            "A)B",
            "A Canvas gradebook has an assessment's code in brackets, and “A)B” would not be "
            "read again. Give the assessment another code.",
        ),
    ],
)
def test_what_cannot_be_a_gradebook_is_refused_and_leaves_no_file(
    essay, course, code, message, tmp_path
):
    if code:
        Assessment.objects.filter(pk=essay.pk).update(code=code)
    with pytest.raises(CommandError) as refusal:
        exported("canvas", *course, tmp_path=tmp_path)
    assert str(refusal.value) == message
    assert list(tmp_path.glob("*.csv")) == []


def test_an_instructor_gets_the_gradebook_of_an_own_course_only(
    instructor_client, instructor, essay
):
    page = instructor_client.get(PAGE, QUERY)
    nothing = {"course": ["There is no such course. Choose one from the list."]}
    assert page.context["form"].errors == nothing

    Course.objects.filter(code="BIO101").update(instructor=instructor)
    assert b"".join(instructor_client.get(PAGE, QUERY)).decode() == CANVAS
    assert AccessRecord.objects.get(kind="export").rows == 4
    elsewhere = instructor_client.get(PAGE, {**QUERY, "course": "ART200", "presentation": "2026B"})
    assert elsewhere.context["form"].errors == nothing


def test_what_a_role_does_not_see_is_not_in_its_gradebook(auditor_client, essay, monkeypatch):
    monkeypatch.setitem(roles.VISIBLE, "users.user", {roles.AUDITOR: {"student_id", "first_name"}})
    lines = b"".join(auditor_client.get(PAGE, QUERY)).decode().splitlines()
    assert lines[2] == "Zoë,,s1001,s1001,BIO101-2026J,41.50,0.00,ESSAY=41.50; QUIZ (1)=0.00"

    hidden = {roles.AUDITOR: {"student", "assessment"}}
    monkeypatch.setitem(roles.VISIBLE, "assessments.assessmentsubmission", hidden)
    page = auditor_client.get(PAGE, QUERY)
    assert page.context["form"].non_field_errors() == [
        "Your role does not see the scores that a gradebook is made of."
    ]


def test_more_students_cost_no_more_statements(essay, student):
    def statements() -> int:
        everything = Selection.of_all(kinds["grades"]).of_course("BIO101", "2026J")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            writer_for("csv", "canvas", "grades")(everything, io.BytesIO())
        return len(queries)

    few = statements()
    for number in range(30):
        one = student(f"x{number:04}")
        Enrollment.objects.create(student=one, course=essay.course)
        graded(essay, **{one.student_id: number})
    assert statements() == few == 2


def test_another_maximum_than_the_assessment_s_is_refused_with_its_line(essay, upload, import_file):
    text = CANVAS.replace("50.00,10.00", "60.00,10.00")
    batch = upload("grades", text, on_error="skip")
    message = (
        "Points Possible of '=Essay (ESSAY) “60.00” contradicts “50”, which the assessment has. "
        "Correct the file, or the assessment first."
    )
    assert issue_messages(batch) == [f"Line 3: {message}", f"Line 6: {message}"]
    assert {(issue.code, issue.column, issue.value) for issue in batch.issues.all()} == {
        ("other_max_score", "'=Essay (ESSAY)", "60.00")
    }
    assert (batch.unchanged, batch.rejected) == (2, 2)

    back = "".join(rejected_rows(batch))
    assert [line.split(",")[0] for line in back.splitlines()] == [
        "\ufeffStudent",
        "    Points Possible",
        "\"'=O'Moore",
        "s1004",
    ]
    assert upload("grades", back).state == Batch.State.REFUSED
    assert import_file("grades", back.replace("60.00", "50")).unchanged == 3


def test_a_gradebook_of_a_real_canvas_needs_no_section_of_ours(essay, import_file):
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Quiz (QUIZ (1)),Final Score\n"
        ",,,,,Manual Posting,\n"
        "    Points Possible,,,,,10.00,(read only)\n"
        "Wei Li,1,s1002,wei,BIO 101 - A01 [13805],9.5,95.31\n"
        '"Student, Test",2,,x,BIO 101 - A01 [13805],1,1\n'
    )
    batch = import_file("grades", text)
    assert (batch.updated, batch.rows) == (1, 1)


def test_a_student_whose_name_is_that_of_canvas_test_student_is_one(essay, import_file):
    text = CANVAS.replace("Li, Wei", "Student, Test").replace(",9.25,", ",9,")
    assert import_file("grades", text).updated == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Lab (150834)", "150834"),
        ("Lab (a) (TMA (1))", "TMA (1)"),
        ("Lab(7)", "7"),
        ("Final Score", ""),
        ("Lab ()", ""),
        ("Lab 7)", ""),
        ("(7) Lab", ""),
    ],
)
def test_the_code_of_an_assignment_stands_in_its_last_brackets(name, code):
    assert assignment_code(name) == code
