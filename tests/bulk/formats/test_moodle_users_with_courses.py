"""One file of Moodle brings in people, and read once more who takes which course."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.report import rejected_rows

HEADER = (
    "username,password,firstname,lastname,email,idnumber,"
    "course1,role1,type1,group1,enrolperiod1,enrolstatus1,course2,role2,type2,enrolstatus2\n"
)
FILE = HEADER + (
    "zoe,Geheim,Zoë,Moore,z@example.org,s1001,BIO101-2026J,student,,A,90,0,ART200-2026B,,3,\n"
    "wei,Geheim,Wei,Li,w@example.org,s1002,,,,,,,ART200,observer,,1\n"
    "tea,Geheim,Tea,Cher,t@example.org,s1003,BIO101-2026J,editingteacher,,,,,ART200-2026B,,2,\n"
    "new,Geheim,New,One,n@example.org,s1004,,,,,,,,,,\n"
)
NOT_READ = (
    "Line 1: course1 says who takes which course. Of a file of people no enrollments are read: "
    "bring the same file in once more with the kind “enrollments” (import_csv enrollments FILE "
    "--dialect moodle)."
)
EXPECTED_ROWS = [
    ("s1001", "ART200", "teaching_assistant", "active"),
    ("s1001", "BIO101", "student", "active"),
    ("s1002", "ART200", "observer", "withdrawn"),
]


def enrollment_rows() -> list[tuple[str, ...]]:
    rows = Enrollment.objects.order_by("student__student_id", "course__code")
    return list(rows.values_list("student__student_id", "course__code", "role", "status"))


def issue_messages(batch: Batch, **which: Any) -> list[str]:
    return [issue.message for issue in batch.issues.filter(**which)]


def test_as_people_it_says_that_it_has_enrollments_and_how_they_come_in(
    registrar_client, courses, import_file
):
    batch = import_file("users", FILE)
    assert (batch.read_as, batch.created) == ("Moodle users", 4)
    issue = batch.issues.get(code="enrollments_not_read")
    assert (issue.message, issue.is_warning, issue.line, issue.row) == (NOT_READ, True, 1, 0)

    file = io.BytesIO(FILE.encode())
    file.name = "users.csv"
    choices = {"file": file, "mode": "upsert", "on_error": "abort", "dialect": "auto"}
    page = registrar_client.post("/admin/bulk/batch/upload/?kind=users", choices, follow=True)
    assert NOT_READ.removeprefix("Line 1: ") in page.content.decode()


def test_people_alone_are_told_nothing(import_file):
    text = "username,firstname,lastname,idnumber,courses\nzoe,Z,M,s1001,x\n"
    assert issue_messages(import_file("users", text)) == []


def test_as_enrollments_each_pair_of_person_and_course_is_one(courses, import_file):
    import_file("users", FILE)
    batch = import_file("enrollments", FILE)
    assert batch.read_as == "Moodle users with their courses"
    assert enrollment_rows() == EXPECTED_ROWS
    assert issue_messages(batch, code="left_out") == [
        "Line 4: role1 “editingteacher” is not kept here; the row is left out.",
        "Line 4: type2 “2” is not kept here; the row is left out.",
        "Line 5: the row names no course; it is left out.",
    ]

    again = import_file("enrollments", FILE)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)


def test_a_stored_status_and_role_stand_where_the_file_says_nothing(courses, import_file, student):
    Enrollment.objects.create(
        student=student("s1001"), course=courses["BIO101"], role="observer", status="completed"
    )
    header, line = HEADER, "zoe,x,Zoë,Moore,,s1001,BIO101-2026J,,,,,,,,,\n"
    assert import_file("enrollments", header + line).unchanged == 1


def test_with_new_students_allowed_one_look_at_the_file_is_enough(courses, tmp_path, capsys):
    path, report = tmp_path / "users.csv", tmp_path / "report.json"
    path.write_text(FILE)
    arguments = ["enrollments", str(path), "--dialect", "moodle", "--create-students"]
    call_command("import_csv", *arguments, "--report", str(report))
    reported = json.loads(report.read_text())
    assert (reported["created"], reported["created_students"]) == (3, 2)
    assert enrollment_rows() == EXPECTED_ROWS
    zoe = User.objects.get(student_id="s1001")
    assert (zoe.first_name, zoe.last_name, zoe.email) == ("Zoë", "Moore", "z@example.org")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            "BIO101-2026J,boss,,,,,,,,",
            "role1 “boss” is not one of: student, teacher, observer.",
        ),
        (",,,,,,BIO101-2026J,,4,", "type2 “4” is not one of: 1, 3."),
        ("BIO101-2026J,,,,,2,,,,", "enrolstatus1 “2” is not one of: 0, 1."),
        (
            ",,,,,,BIO101,,,",
            "course2 “BIO101” does not say which presentation of the course is meant. Write it "
            "like BIO101-2026J.",
        ),
        (
            "NONE-1,,,,,,,,,",
            "course1 “NONE-1” names no course that exists. Check it, or add it first.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_column(courses, student, upload, cells, message):
    student("s1001")
    if "BIO101," in cells:
        courses["BIO101"].delete()
    batch = upload("enrollments", f"{HEADER}zoe,x,Zoë,Moore,,s1001,{cells}\n")
    assert issue_messages(batch) == [f"Line 2: {message}"]


def test_a_wrong_line_comes_back_whole_and_without_its_password(
    courses, student, upload, import_file
):
    student("s1001")
    batch = upload("enrollments", FILE.replace("student,,A", "boss,,A"), on_error="skip")
    assert (batch.rows, batch.created, batch.rejected) == (3, 1, 2)
    back = "".join(rejected_rows(batch))
    assert "Geheim" not in back
    first = "zoe,Zoë,Moore,z@example.org,s1001,BIO101-2026J,boss,,A,90,0,ART200-2026B,,3,,2,"
    assert back.splitlines()[1].startswith(first)
