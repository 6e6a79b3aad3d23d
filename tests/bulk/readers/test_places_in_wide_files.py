"""In a file with several rows of ours on a line, each error names the cell that is wrong.

The column is the cell's header, the value stands as in the file, and the row is that of the file.
"""

from collections.abc import Callable
from typing import Any

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.audit.record.recording import recording
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.report import rejected_rows

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,T one (T1),Other (T2),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,100.00,100.00,(read only)
"Li, No 1",1,s1001,x,BIO101-2026J,51,52,
"Li, No 2",2,s1002,x,BIO101-2026J,abc,101,
"Test, Student",3,s1003,x,BIO101-2026J,71,,
"""
EDX = "user_id,username,student_key,course_id,track,cohort,new_override-T1,new_override-T2\n"
COURSE = "course-v1:X+BIO101+2026J"
MOODLE = "username,firstname,lastname,idnumber,course1,role1,enrolstatus1,course2,enrolstatus2\n"
Gave = Callable[..., None]


def places(batch: Batch) -> list[tuple[Any, ...]]:
    return list(batch.issues.values_list("line", "row", "column", "value", "code"))


def issue_messages(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def test_scores_of_canvas_are_told_by_their_headers_and_the_row_of_the_student(gradebook, upload):
    batch = upload("grades", CANVAS)

    assert places(batch) == [
        (5, 2, "T one (T1)", "abc", "invalid_number"),
        (5, 2, "Other (T2)", "101", "score_above_maximum"),
    ]
    assert issue_messages(batch)[0].startswith("Line 5: T one (T1) “abc” ")
    assert (batch.rows, batch.created, batch.rejected) == (5, 3, 2)


def test_a_long_header_is_told_whole(gradebook, upload):
    header = f"{'An essay on the history of the northern coast ' * 4}(T1)"
    batch = upload("grades", CANVAS.replace("T one (T1)", header))
    assert places(batch)[0] == (5, 2, header, "abc", "invalid_number")


def test_overrides_of_open_edx_are_told_by_their_headers(gradebook, upload):
    text = f"{EDX}1,s1001,,{COURSE},,,500,50\n2,s9999,,{COURSE},,,,60\n"
    assert places(upload("grades", text)) == [
        (2, 1, "new_override-T1", "500", "score_above_maximum"),
        (3, 2, "username", "s9999", "unknown_student"),
    ]


def test_an_unknown_assessment_is_told_at_the_header_and_its_lines_come_back(
    gradebook, upload, import_file
):
    text = CANVAS.replace("Other (T2)", "Mystery (999)").replace("abc", "61")
    batch = upload("grades", text, on_error="skip")

    assert places(batch) == [
        (1, 1, "Mystery (999)", "", "unknown_assessment"),
        (1, 2, "Mystery (999)", "", "unknown_assessment"),
    ]
    message = "Line 1: Mystery (999) names no assessment that exists. Check it, or add it first."
    assert issue_messages(batch) == [message, message]

    back = "".join(rejected_rows(batch))
    names = [line.split(",")[0].strip() for line in back.splitlines()]
    assert names == ["\ufeffStudent", "", "Points Possible", '"Li', '"Li']
    assert back.splitlines()[-1].endswith(f',5,"{message}"')
    good = back.replace("Mystery (999)", "T two (T2)").replace(",101,", ",99,")
    assert import_file("grades", good).created == 4


def test_a_code_that_cannot_be_one_is_told_at_the_header(gradebook, upload):
    batch = upload("grades", CANVAS.replace("Other (T2)", "Other (1.40E+06)").replace("abc", "1"))
    assert places(batch)[0] == (1, 1, "Other (1.40E+06)", "", "identifier_scientific")


def test_what_is_derived_from_a_section_is_told_with_the_section(gradebook, upload, courses):
    Assessment.objects.filter(code="T2").update(course=courses["ART200"])
    batch = upload("grades", CANVAS.replace("abc", "61").replace(",101,", ",,"))
    assert places(batch) == [(4, 1, "Section", "BIO101-2026J", "assessment_elsewhere")]


def test_the_average_of_attempts_is_told_at_the_student_s_line(gradebook, upload, student):
    gradebook(T1={"s1001": 51})
    Assessment.objects.filter(code="T1").update(grading_method="average", max_attempts=2)
    first = AssessmentSubmission.objects.get()
    AssessmentSubmission.objects.create(
        assessment=first.assessment, student=first.student, attempt=2, score=70, status="graded"
    )
    batch = upload("grades", CANVAS.replace("abc", "61").replace(",101,", ",,"))
    assert issue_messages(batch) == [
        "Line 4: T one (T1): the grade of this student is the average of several attempts. "
        "Grade the attempts."
    ]


def test_the_same_student_twice_is_told_by_headers_and_rows(gradebook, upload):
    text = f"{EDX}1,s1001,,{COURSE},,,50,50\n1,s1001,,{COURSE},,,50,60\n"
    batch = upload("grades", text)
    assert places(batch) == [
        (3, 2, "", "", "duplicate"),
        (3, 2, "new_override-T2", "60", "conflicting_duplicate"),
    ]
    assert issue_messages(batch)[1] == (
        "Line 3: the same row stands on line 2 already with another value in new_override-T2. The "
        "first one stands."
    )


def test_a_score_entered_by_hand_is_told_by_its_header(gradebook, upload, import_file):
    import_file("grades", CANVAS.replace("abc", "61").replace("101", "100"))
    with recording(source="form"):
        one = AssessmentSubmission.objects.get(student__student_id="s1002", assessment__code="T1")
        one.score = 88
        one.save()
    batch = upload("grades", CANVAS.replace("abc", "62.0").replace("101", "100"))
    assert places(batch) == [(5, 2, "T one (T1)", "62.0", "local_edit_kept")]


def test_the_history_names_the_physical_line(gradebook, import_file):
    import_file("grades", CANVAS.replace("abc", "61").replace("101", "100"))
    rows = AssessmentSubmission.history.values_list("student__student_id", "line")
    assert sorted(rows) == [
        ("s1001", 4),
        ("s1001", 4),
        ("s1002", 5),
        ("s1002", 5),
        ("s1003", 6),
    ]


def test_courses_of_moodle_users_are_told_by_their_numbered_headers(courses, student, upload):
    student("s1001")
    student("s1002")
    text = MOODLE + (
        "a,A,A,s1001,BIO101-2026J,student,2,ART200-2026B,0\n"
        "b,B,B,s1002,BIO101-2026J,boss,0,NONE-1,0\n"
        "s1003,C,C,,ART200-2026B,student,0,,\n"
    )
    batch = upload("enrollments", text)
    assert places(batch) == [
        (2, 1, "enrolstatus1", "2", "invalid_choice"),
        (3, 2, "role1", "boss", "invalid_choice"),
        (3, 2, "course2", "NONE-1", "unknown_course"),
        (4, 3, "username", "s1003", "unknown_student"),
    ]


def test_a_warning_of_a_moodle_course_is_told_by_its_header_too(courses, student, import_file):
    Enrollment.objects.create(
        student=student("s1001"), course=courses["BIO101"], role="student", status="active"
    )
    text = f"{MOODLE}a,A,A,s1001,,,,BIO101-2026J,1\n"
    batch = import_file("enrollments", text)
    assert places(batch) == [(2, 1, "enrolstatus2", "1", "withdrawal_date_missing")]


def test_rows_that_come_back_are_those_of_the_file(gradebook, upload, courses: dict[str, Course]):
    batch = upload("grades", CANVAS, on_error="skip")
    back = "".join(rejected_rows(batch)).splitlines()
    assert [line.split(",")[:3] for line in back[3:]] == [['"Li', ' No 2"', "2"]]
