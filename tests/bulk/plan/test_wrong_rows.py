"""Every wrong or strange cell is reported once, at its line, row and column, in a sentence."""

import pytest

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.pipeline.apply import apply

COLUMNS = [
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
GOOD = {
    "student_id": "s1001",
    "course_code": "BIO101",
    "presentation": "2026J",
    "role": "student",
    "status": "active",
    "enrolled_on": "2026-02-03",
    "first_name": "Zoë",
    "last_name": "O'Moore",
    "email": "zoe@example.org",
}


def file_of(*rows: dict[str, str]) -> str:
    lines = [",".join(COLUMNS)]
    lines += [",".join(row.get(name, "") for name in COLUMNS) for row in rows]
    return "\n".join(lines) + "\n"


REFUSED = [
    ("student_id", "", "required", "Line 2: student_id is empty; every row needs it."),
    ("student_id", "N/A", "invalid_identifier", None),
    (
        "student_id",
        "1.40E+06",
        "identifier_scientific",
        "Line 2: student_id “1.40E+06” was rounded by a spreadsheet."
        " Format the column as text and enter it again.",
    ),
    ("course_code", "", "required", "Line 2: course_code is empty; every row needs it."),
    (
        "course_code",
        "BIO999",
        "unknown_course",
        "Line 2: course_code “BIO999” names no course that exists. Check it, or add it first.",
    ),
    (
        "presentation",
        "2031J",
        "unknown_presentation",
        "Line 2: presentation “2031J” names no course that exists. Check it, or add it first.",
    ),
    (
        "role",
        "superuser",
        "invalid_choice",
        "Line 2: role “superuser” is not one of: student, teaching_assistant, observer.",
    ),
    (
        "status",
        "enroled",
        "invalid_choice",
        "Line 2: status “enroled” is not one of: active, completed, failed, withdrawn.",
    ),
    (
        "enrolled_on",
        "03/04/13",
        "invalid_date",
        "Line 2: enrolled_on “03/04/13” is not a date. Write year-month-day, for example "
        "2013-10-19.",
    ),
    ("enrolled_on", "41548", "invalid_date", None),
    (
        "enrolled_on",
        "2013-02-30",
        "invalid_date",
        "Line 2: enrolled_on “2013-02-30” is a day that does not exist.",
    ),
    (
        "enrolled_on",
        "2026-07-01",
        "enrolled_after_end",
        "Line 2: enrolled_on “2026-07-01”: The enrollment lies after the end of the course."
        " Correct the date.",
    ),
    ("withdrawn_on", "2026-02-02", "withdrawn_before_enrolled", None),
    (
        "first_name",
        "x" * 151,
        "too_long",
        "Line 2: first_name is too long: at most 150 characters fit.",
    ),
    (
        "last_name",
        "Hall\x07",
        "control_character",
        "Line 2: last_name “Hall\\x07” holds an invisible control character. Type the value again.",
    ),
    ("email", "zoe at example.org", "invalid_email", None),
]


@pytest.mark.parametrize(("column", "value", "code", "message"), REFUSED)
def test_a_wrong_cell_is_refused_at_its_column(upload, courses, column, value, code, message):
    batch = upload("enrollments", file_of(GOOD | {column: value}), create_students=True)

    (issue,) = batch.issues.filter(is_warning=False)
    assert (issue.line, issue.row, issue.column, issue.code) == (2, 1, column, code)
    if message:
        assert issue.message == message
    assert (batch.state, batch.rejected) == ("refused", 1)


NORMALISED = [
    ("student_id", " s1001\t", "student.student_id", "s1001"),
    ("student_id", "174782.0", "student.student_id", "174782"),
    ("status", " Active ", "status", "active"),
    ("first_name", "Zoe\u0308", "student.first_name", "Zoë"),
    ("first_name", "\u00a0Zoë\u200b", "student.first_name", "Zoë"),
    ("last_name", '"van\nder Berg"', "student.last_name", "van der Berg"),
    ("email", "ZOE@Example.ORG", "student.email", "zoe@example.org"),
    ("last_name", "=1+1", "student.last_name", "=1+1"),
    ("last_name", "<b>Hall</b>", "student.last_name", "<b>Hall</b>"),
    ("enrolled_on", "2026-02-03T10:00:00+02:00", "enrolled_on", "2026-02-03"),
    ("role", "", "role", "student"),
    ("status", "", "status", "active"),
]


@pytest.mark.parametrize(("column", "value", "path", "stored"), NORMALISED)
def test_an_untidy_cell_is_stored_tidily(import_file, courses, column, value, path, stored):
    batch = import_file("enrollments", file_of(GOOD | {column: value}), create_students=True)

    assert not batch.issues.exists()
    actual: object = Enrollment.objects.get()
    for name in path.split("."):
        actual = getattr(actual, name)
    assert str(actual) == stored


WARNED = [
    ({"status": "completed", "withdrawn_on": "2026-03-01"}, "withdrawal_date_unexpected"),
    ({"status": "withdrawn"}, "withdrawal_date_missing"),
    ({"enrolled_on": ""}, "enrolled_on_missing"),
    ({"last_name": "MÃ¡rquez"}, "mojibake"),
]


@pytest.mark.parametrize(("cells", "code"), WARNED)
def test_a_strange_row_is_stored_and_listed(import_file, courses, cells, code):
    batch = import_file("enrollments", file_of(GOOD | cells), create_students=True)

    assert [issue.code for issue in batch.issues.all()] == [code]
    assert (batch.created, batch.warnings, batch.errors) == (1, 1, 0)
    assert Enrollment.objects.count() == 1


def test_the_same_row_again_is_ignored_and_listed(import_file, courses):
    batch = import_file("enrollments", file_of(GOOD, GOOD), create_students=True)

    (issue,) = batch.issues.all()
    assert (issue.line, issue.code) == (3, "duplicate")
    assert issue.message == "Line 3: the same row stands on line 2 already. It is ignored."
    assert (batch.created, batch.duplicates) == (1, 1)


def test_the_same_key_with_other_values_is_refused_and_the_first_stands(upload, courses, registrar):
    text = file_of(GOOD, GOOD | {"status": "completed"})
    batch = upload("enrollments", text, create_students=True, on_error="skip")

    (issue,) = batch.issues.all()
    assert (issue.line, issue.column, issue.code) == (3, "status", "conflicting_duplicate")
    apply(batch, batch.digest, registrar)
    assert Enrollment.objects.get().status == "active"


def test_a_student_with_two_e_mails_in_the_file_is_refused(upload, courses):
    other = GOOD | {"course_code": "ART200", "presentation": "2026B", "email": "z2@example.org"}
    batch = upload("enrollments", file_of(GOOD, other), create_students=True)

    (issue,) = batch.issues.all()
    assert (issue.line, issue.column, issue.code) == (3, "email", "other_email")
    assert issue.message == (
        "Line 3: email “z2@example.org” contradicts “zoe@example.org”,"
        " which this person already has. Correct one of them."
    )


def test_two_students_with_one_e_mail_in_the_file_are_refused(upload, courses):
    batch = upload(
        "enrollments", file_of(GOOD, GOOD | {"student_id": "s1002"}), create_students=True
    )

    (issue,) = batch.issues.all()
    assert (issue.line, issue.column) == (3, "student_id")
    assert issue.message == (
        "Line 3: student_id “s1002” comes with the email of s1001. Correct one of the two."
    )


def test_an_e_mail_that_belongs_to_a_stored_student_is_refused(upload, courses, student):
    student("s2002", email="zoe@example.org")
    batch = upload("enrollments", file_of(GOOD), create_students=True)

    (issue,) = batch.issues.all()
    assert issue.message == (
        "Line 2: student_id “s1001” comes with the email of s2002. Correct one of the two."
    )


def test_another_spelling_of_a_stored_name_is_listed_and_the_stored_one_stands(
    import_file, courses, student
):
    student("s1001", first_name="Zoe", last_name="O'Moore")
    batch = import_file("enrollments", file_of(GOOD), create_students=True)

    assert [(issue.code, issue.is_warning) for issue in batch.issues.all()] == [
        ("first_name_kept", True),
        ("email_not_stored", True),
    ]
    stored = User.objects.get(student_id="s1001")
    assert (stored.first_name, stored.email) == ("Zoe", "")


def test_an_unknown_student_is_refused_unless_students_are_created(upload, courses):
    batch = upload("enrollments", "student_id,course_code,presentation\ns1001,BIO101,2026J\n")

    (issue,) = batch.issues.all()
    assert issue.message == (
        "Line 2: student_id “s1001” names no person that exists. Check it, or add it first."
    )


def test_rows_with_too_few_or_too_many_cells_are_told_apart(upload, courses):
    text = "student_id,course_code,presentation\ns1001,BIO101\ns1002,BIO101,2026J,x\n"
    batch = upload("enrollments", text)

    few, many = batch.issues.all()
    assert few.message == "Line 2: the row has 2 cells, the header 3. A cell is missing."
    assert many.code == "too_many_cells"


def test_a_row_that_does_not_decode_is_refused_and_the_others_stand(upload, courses, registrar):
    text = file_of(GOOD | {"last_name": "Kov#cs"}, GOOD | {"student_id": "s1002", "email": ""})
    batch = upload(
        "enrollments",
        text.encode().replace(b"#", b"\xe1"),
        create_students=True,
        on_error="skip",
    )

    (issue,) = batch.issues.all()
    assert (issue.line, issue.column, issue.code) == (2, "last_name", "undecodable")
    apply(batch, batch.digest, registrar)
    assert Enrollment.objects.get().student.student_id == "s1002"


def test_all_errors_of_a_row_are_told_not_the_first(upload, courses):
    wrong = GOOD | {"status": "x", "enrolled_on": "41548", "email": "no"}
    batch = upload("enrollments", file_of(wrong), create_students=True)

    assert [issue.column for issue in batch.issues.all()] == ["status", "enrolled_on", "email"]
    assert batch.rejected == 1


def test_counts_add_up_with_skip(upload, courses):
    rows = [
        GOOD,
        GOOD,
        GOOD | {"status": "failed"},
        GOOD | {"student_id": "N/A"},
        GOOD | {"student_id": "s1002", "email": ""},
    ]
    batch = upload("enrollments", file_of(*rows), create_students=True, on_error="skip")

    totals = (batch.created, batch.updated, batch.unchanged, batch.rejected, batch.duplicates)
    assert totals == (2, 0, 0, 2, 1)
    assert sum(totals) == batch.rows


def test_a_row_of_staff_is_refused_and_nothing_of_it_is_told(upload, instructor):
    instructor.email = "ingrid@example.org"
    instructor.save()
    batch = upload("users", "username,first_name,email\ninstructor,Guess,guess@example.org\n")

    assert [(issue.column, issue.message) for issue in batch.issues.all()] == [
        (
            "username",
            "Line 2: username “instructor” is a row your role may not change by a file.",
        )
    ]
