"""Files of Canvas, Moodle and OneRoster are known by their header and read as rows of ours."""

import io

import pytest
from django.core.management import call_command

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.formats.tables import TABLES
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.pipeline.report import rejected_rows

CANVAS = """course_id,user_id,role,section_id,status,start_date,end_date
BIO101-2026J,s1001,student,A,active,2026-02-01T00:00:00Z,
BIO101_2026J,s1002,ta,A,deleted,,2026-03-01T00:00:00Z
BIO101-2026J,t1,teacher,A,active,,
BIO101-2026J,s1003,student,A,gone,,
ART200,s1003,student,B,completed,,2026-04-01T00:00:00Z
NONE1-2026J,s1003,student,B,active,,
BIO101-2026J,N/A,student,A,active,,
BIO101-2026J,s1004,student
"""
FILES = {
    ("canvas", "users", "Canvas SIS users"): (
        "user_id,login_id,declared_user_type,first_name,last_name,email,status\n"
        "s1001,x,student,Zoë,O'Moore,Z@example.org,suspended\nt1,t,teacher,A,B,,active\n"
    ),
    ("moodle", "users", "Moodle users"): (
        "username,firstname,lastname,email,idnumber,suspended,course1\n"
        "zoe,Zoë,O'Moore,z@example.org,s1001,1,BIO\n"
    ),
    ("oneroster", "users", "OneRoster users"): (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
        "givenName,familyName,middleName,identifier,email\n"
        "u-1,,,false,o,student,zoe,,Zoë,O'Moore,,s1001,z@example.org\n"
        "u-2,,,true,o,teacher,t,,A,B,,,\n"
    ),
}


@pytest.mark.parametrize(("dialect", "kind", "title"), FILES)
def test_a_file_of_users_is_read_as_what_its_header_shows(import_file, dialect, kind, title):
    batch = import_file(kind, FILES[dialect, kind, title])
    one = User.objects.get(student_id="s1001")
    assert (one.first_name, one.last_name, one.email) == ("Zoë", "O'Moore", "z@example.org")
    assert not one.is_active
    assert (batch.read_as, batch.rows, batch.created) == (title, 1, 1)


def test_each_row_of_canvas_is_taken_or_told_on_its_own_line(upload, courses, student):
    for name in ("s1001", "s1002", "s1003", "s1004"):
        student(name)
    batch = upload("enrollments", CANVAS, on_error="skip")
    assert (batch.read_as, batch.state) == ("Canvas SIS enrollments", "previewed")
    assert (batch.rows, batch.created, batch.rejected) == (7, 3, 4)
    messages = {issue.message for issue in batch.issues.filter(is_warning=False)}
    assert messages == {
        "Line 5: status “gone” is not one of: active, completed, deleted, inactive, "
        "deleted_last_completed.",
        "Line 7: course_id “NONE1-2026J” names no course that exists. Check it, or add it first.",
        "Line 8: user_id “N/A”: “N/A” is not a student ID of this school.",
        "Line 9: the row has 3 cells, the header 7. A cell is missing.",
    }
    left_out = batch.issues.get(code="left_out")
    assert left_out.message == "Line 4: role “teacher” is not kept here; the row is left out."
    assert (left_out.line, left_out.column, left_out.value) == (4, "role", "teacher")


def test_what_canvas_says_is_stored_in_our_words(import_file, courses, student):
    for name in ("s1001", "s1002", "s1003", "s1004"):
        student(name)
    import_file("enrollments", CANVAS, on_error="skip")
    rows = Enrollment.objects.order_by("student__student_id", "course__code").values_list(
        "student__student_id", "course__code", "role", "status", "enrolled_on", "withdrawn_on"
    )
    assert [tuple(map(str, row)) for row in rows] == [
        ("s1001", "BIO101", "student", "active", "2026-02-01", "None"),
        ("s1002", "BIO101", "teaching_assistant", "withdrawn", "None", "2026-03-01"),
        ("s1003", "ART200", "student", "completed", "None", "None"),
    ]


def test_a_flat_file_of_moodle_has_no_header(import_file, upload, courses, student):
    student("s1001")
    student("s1002")
    text = (
        "add, student, s1001, BIO101-2026J, 1769904000\n"
        "del, student, s1002, BIO101-2026J, 0, 1772323200\n"
        "add, editingteacher, t1, BIO101-2026J\n"
    )
    batch = import_file("enrollments", text)
    assert (batch.read_as, batch.rows, batch.created) == ("Moodle enrollments", 2, 2)
    first, second = Enrollment.objects.order_by("student__student_id")
    assert (first.status, str(first.enrolled_on)) == ("active", "2026-02-01")
    assert (second.status, str(second.withdrawn_on)) == ("withdrawn", "2026-03-01")
    batch = upload("enrollments", "add, student, s1001, BIO101-2026J, soon\n")
    assert batch.issues.get().message == (
        "Line 1: starttime “soon” is not a Unix time. Write seconds since 1970."
    )


def test_courses_are_told_apart_by_term_by_what_is_stored_and_by_the_last_separator(import_file):
    head = "course_id,short_name,long_name,term_id,status,start_date\n"
    import_file("courses", head + "A-B-2026J,A,Alpha,2026J,published,2026-02-01T00:00:00Z\n")
    import_file("courses", head + "C-D,C,C D,,active,\nA-B-2026J,A,Beta,,active,\n")
    rows = Course.objects.order_by("code").values_list("code", "presentation", "title", "status")
    assert list(rows) == [("A-B", "2026J", "Beta", "published"), ("C", "D", "", "draft")]
    assert str(Course.objects.get(code="A-B").starts_on) == "2026-02-01"


def test_a_name_that_may_be_two_courses_is_refused(upload, student):
    student("s1001")
    for code, term in (("A-B", "C"), ("A", "B-C")):
        Course.objects.create(code=code, presentation=term, slug=f"{code}{term}")
    batch = upload("enrollments", "course_id,user_id,role,status\nA-B-C,s1001,student,active\n")
    assert batch.issues.get().message == (
        "Line 2: course_id “A-B-C” may be any of these courses: A B-C / A-B C."
    )


def test_a_named_format_insists_and_another_kind_is_named(upload, courses):
    batch = upload("enrollments", "student_id,course_code\n1,2\n", dialect="canvas")
    assert batch.sentence == (
        "The header is not that of a file of Canvas. Choose the right format, or let it be "
        "recognised."
    )
    batch = upload("users", CANVAS)
    assert batch.sentence == (
        "The file reads as “Canvas SIS enrollments”. Choose the kind “enrollments” for it."
    )


def test_what_no_file_may_set_is_refused_in_a_foreign_file_too(upload):
    text = "username,firstname,lastname,idnumber,is_superuser\nzoe,Z,M,s1001,1\n"
    batch = upload("users", text)
    assert batch.issues.get().code == "forbidden_column"
    assert not batch.file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_passwords_are_not_kept_and_lines_stay_lines(registrar, encoding):
    text = (
        "user_id,login_id,password,ssha_password,last_name,status\n"
        's1001,a,pass-Geheim,x-Geheim,"van\nder Berg",active\n\n'
        "s1002,b,oops,Geheim,Geheim,Li,active\n"
        "N/A,c,Geheim,,Li,active\n"
    )
    stream = io.BytesIO(text.encode(encoding))
    batch = receive(stream, "users.csv", registrar, kind="users", on_error="skip")
    content = batch.path.read_bytes()
    assert b"Geheim" not in content
    assert "Geheim".encode("utf-16-le") not in content
    preview(batch)
    assert [issue.line for issue in batch.issues.order_by("line")] == [5, 6]
    assert (batch.rows, batch.created, batch.read_as) == (3, 1, "Canvas SIS users")
    assert not batch.issues.filter(value__contains="Geheim").exists()


def test_a_file_with_passwords_that_cannot_be_read_to_its_end_is_not_kept(registrar, settings):
    settings.IMPORT_MAX_ROW_BYTES = 100
    text = "user_id,login_id,password,status\ns1001,a,Geheim,active\n" + '"' + "x" * 200
    batch = preview(receive(io.BytesIO(text.encode()), "a.csv", registrar, kind="users"))
    assert (batch.state, bool(batch.file)) == (Batch.State.REFUSED, False)
    assert batch.sentence.startswith("The row starting on line 3 is longer than 100 bytes.")


WRITTEN = sorted((table.dialect, table.kind) for table in TABLES if table.written)


@pytest.mark.parametrize(("dialect", "kind"), WRITTEN)
def test_what_is_exported_and_imported_again_changes_nothing(dialect, kind, school, tmp_path):
    path = tmp_path / "out.csv"
    course = ["--course", "BIO101", "--presentation", "2026J"] if kind == "grades" else []
    call_command("export_csv", kind, *course, "--dialect", dialect, "--output", str(path))
    call_command("import_csv", kind, str(path), "--dialect", dialect)
    batch = Batch.objects.get(state="applied")
    gradebooks = ("canvas", "edx", "moodle", "brightspace", "blackboard")
    some = {("moodle", "enrollments"): 2, **{(each, "grades"): 1 for each in gradebooks}}
    expressible = some.get((dialect, kind), school[kind])
    assert (batch.created, batch.updated, batch.rejected) == (0, 0, 0)
    assert batch.unchanged == expressible


@pytest.fixture
def school(courses, student) -> dict[str, int]:
    """Everything that a format may find hard to say."""
    Course.objects.filter(code="ART200").update(status="published")
    Course.objects.create(code="OLD-1", presentation="2020_B", slug="old", status="archived")
    states = ("active", "completed", "failed", "withdrawn", "completed")
    roles = ("student", "student", "teaching_assistant", "student", "observer")
    for number, (status, role) in enumerate(zip(states, roles, strict=True)):
        Enrollment.objects.create(
            student=student(
                f"S100{number}", first_name="=Ann", email=f"a{number}@b.org", is_active=number != 1
            ),
            course=courses["BIO101"] if number % 2 else Course.objects.get(code="OLD-1"),
            status=status,
            role=role,
            enrolled_on=None if number == 2 else "2026-01-10",
            withdrawn_on="2026-03-01" if status in ("withdrawn", "completed") else None,
        )
    essay = Assessment.objects.create(
        course=courses["BIO101"], code="ESSAY", title="=Essay", max_score=50, weight="12.50"
    )
    for number, score in ((1, "41.5"), (3, None)):
        AssessmentSubmission.objects.create(
            assessment=essay,
            student=User.objects.get(student_id=f"S100{number}"),
            score=score,
            status="graded" if score else "submitted",
            submitted_at="2026-03-01T10:30:00+00:00",
        )
    return {"users": 5, "courses": 3, "enrollments": 5, "assessments": 1, "grades": 2}


def test_what_somebody_changes_in_an_exported_file_counts(import_file, school, tmp_path):
    path = tmp_path / "out.csv"
    call_command("export_csv", "enrollments", "--dialect", "canvas", "--output", str(path))
    text = path.read_text().replace("student,active,", "student,deleted,")
    batch = import_file("enrollments", text)
    assert batch.updated == 1
    assert Enrollment.objects.get(student__student_id="S1000").status == "withdrawn"


def test_wrong_rows_come_back_in_the_format_they_came_in(upload, import_file, courses, student):
    student("s1001")
    flat = upload("enrollments", "add,student,s9,BIO101-2026J\nadd,student,s1001,BIO101-2026J\n")
    text = "".join(rejected_rows(flat))
    assert text == (
        "\ufeffadd,student,s9,BIO101-2026J,,,1,Line 1: user idnumber “s9”: “s9” is not a student "
        "ID of this school.\r\n"
    )
    assert import_file("enrollments", text.replace("s9,", "s1001,")).created == 1

    canvas = upload("enrollments", CANVAS, on_error="skip")
    header, first, *_rest = "".join(rejected_rows(canvas)).splitlines()
    assert header == "\ufeff" + CANVAS.splitlines()[0] + ",line,errors"
    assert first.startswith("BIO101_2026J,s1002,ta,A,deleted,,2026-03-01T00:00:00Z,3,")


def test_the_page_says_what_the_file_was_read_as(registrar_client, registrar):
    file = io.BytesIO(FILES["canvas", "users", "Canvas SIS users"].encode())
    file.name = "users.csv"
    choices = {"file": file, "mode": "upsert", "on_error": "abort", "dialect": "auto"}
    address = "/admin/bulk/batch/upload/?kind=users"
    page = registrar_client.post(address, choices, follow=True).content.decode()
    assert "Read as Canvas SIS users." in page
    assert "declared_user_type “teacher” is not kept here; the row is left out." in page


def test_an_export_in_a_format_is_a_choice_of_the_page(registrar_client, courses):
    address = "/admin/bulk/batch/export/?kind=courses&dialect=canvas"
    lines = b"".join(registrar_client.get(address)).decode().splitlines()
    assert lines[1].startswith("ART200-2026B,ART200,Art,2026B,active,")
    page = registrar_client.get(address.replace("canvas", "edx")).content.decode()
    assert "There is no file of courses to write for Open edX. Choose another format." in page


@pytest.mark.parametrize(
    ("kind", "header", "repeated"),
    [
        ("grades", "Student,ID,SIS User ID,SIS User ID,Section,T one (T1)", "SIS User ID"),
        ("grades", "Student,ID,SIS User ID,Section,T one (T1),T one (T1)", "T one (T1)"),
        (
            "grades",
            "user_id,username,student_key,course_id,track,cohort,new_override-T1,new_override-T1",
            "new_override-T1",
        ),
        ("users", "user_id,login_id,first_name,first_name,last_name,email,status", "first_name"),
        ("users", "username,firstname,lastname,email,email,idnumber", "email"),
    ],
)
def test_a_column_that_is_read_stands_in_a_file_once(upload, db, kind, header, repeated):
    cells = ",".join(["x"] * (header.count(",") + 1))
    batch = upload(kind, f"{header}\n{cells}\n")
    assert batch.issues.get().code == "duplicate_column"
    assert batch.sentence == f"The header names {repeated} more than once. Keep one of them."
