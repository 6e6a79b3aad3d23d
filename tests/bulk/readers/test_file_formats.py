"""Every format a registrar may have in hand, and what no file may be."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.users.models import Enrollment, User

HEADER = ("student_id", "course_code", "presentation", "last_name")
ROWS = [("s1001", "BIO101", "2026J", "Müller"), ("s1002", "BIO101", "2026J", "van der Berg, Jr.")]


def text(delimiter: str = ",", end: str = "\n") -> str:
    lines = [delimiter.join(HEADER)]
    lines += [delimiter.join(f'"{cell}"' for cell in row) for row in ROWS]
    return end.join(lines) + end


def workbook(
    rows: list[tuple[object, ...]] | None = None, header: tuple[str, ...] = HEADER
) -> bytes:
    book = Workbook()
    for row in [header, *(rows or ROWS)]:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


READ = {
    "comma": text().encode(),
    "semicolon": text(";").encode(),
    "tab": text("\t").encode(),
    "crlf": text(end="\r\n").encode(),
    "cr": text(end="\r").encode(),
    "utf-8 with mark": text().encode("utf-8-sig"),
    "utf-16": text().encode("utf-16"),
    "utf-16 big endian": b"\xfe\xff" + text().encode("utf-16-be"),
    "no newline at the end": text().rstrip().encode(),
    "blank lines": text().replace("\n", "\n\n").encode(),
    "xlsx": workbook(),
}


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_whatever_its_format(import_file, courses, name):
    batch = import_file(
        "enrollments",
        READ[name],
        create_students=True,
        name="a.xlsx" if name == "xlsx" else "a.csv",
    )
    assert (batch.rows, batch.created) == (2, 2)
    names = Enrollment.objects.values_list("student__last_name", flat=True)
    assert sorted(names) == ["Müller", "van der Berg, Jr."]


def test_another_encoding_is_read_when_it_is_named(import_file, courses):
    batch = import_file(
        "enrollments", text().encode("cp1252"), create_students=True, encoding="cp1252"
    )
    assert batch.created == 2


def test_lines_are_physical_lines_even_after_a_newline_in_quotes(upload, courses):
    content = (
        "student_id,course_code,presentation,last_name\n"
        's1001,BIO101,2026J,"van\nder Berg"\n'
        "N/A,BIO101,2026J,x\n"
    )
    batch = upload("enrollments", content, create_students=True)
    issue = batch.issues.get()
    assert (issue.line, issue.row) == (4, 2)


def test_numbers_and_dates_of_a_workbook_are_text_as_shown(import_file, courses):
    rows = [(174782, "BIO101", "2026J", "Müller"), (174783.0, "BIO101", "2026J", "Li")]
    import_file("enrollments", workbook(rows), create_students=True, name="a.xlsx")
    ids = Enrollment.objects.values_list("student__student_id", flat=True)
    assert sorted(ids) == ["174782", "174783"]


def test_a_yes_of_a_workbook_is_no_number(import_file, upload, courses, student):
    Enrollment.objects.create(student=student("s1001"), course=courses["BIO101"])
    Assessment.objects.create(course=courses["BIO101"], code="ESSAY")
    header = ("student_id", "assessment_id", "score")
    batch = upload("grades", workbook([("s1001", "ESSAY", True)], header), name="a.xlsx")
    assert [issue.message for issue in batch.issues.all()] == [
        "Line 2: score “TRUE” is not a plain number. Use digits and at most two decimals, like "
        "71.5."
    ]
    rows = [("s1001", False)]
    import_file("users", workbook(rows, ("student_id", "is_active")), name="a.xlsx")
    assert not User.objects.get(student_id="s1001").is_active


def test_commas_within_a_quoted_header_do_not_tell_cells_apart(import_file, courses, student):
    student("s1001")
    batch = import_file(
        "enrollments",
        'student_id;course_code;presentation;"so, many, commas, here"\ns1001;BIO101;2026J;x\n',
        ignore_unknown_columns=True,
    )
    assert batch.created == 1


def test_a_column_of_new_students_names_the_option_it_needs(upload, courses):
    batch = upload("enrollments", "student_id,course_code,presentation,email\na,b,c,d\n")
    assert "Turn on “Create students”" in batch.sentence
    assert batch.issues.get().sentence == batch.sentence


def test_one_of_them_beside_a_misspelt_one_names_the_option_too(upload, courses):
    batch = upload("enrollments", "student_id,course_code,presentation,email,statsu\na,b,c,d,e\n")
    assert "“email” (only with “create students”)" in batch.sentence


def test_unknown_columns_are_passed_over_when_asked(import_file, courses, student):
    student("s1001")
    batch = import_file(
        "enrollments",
        "student_id,course_code,presentation,region\ns1001,BIO101,2026J,Wales\n",
        ignore_unknown_columns=True,
    )
    assert batch.created == 1


def test_limits_of_rows_and_of_one_row_hold(upload, courses, settings, student):
    settings.IMPORT_MAX_ROWS = 1
    assert upload("enrollments", text(), create_students=True).issues.get().code == "too_many_rows"
    settings.IMPORT_MAX_ROWS, settings.IMPORT_MAX_ROW_BYTES = 100, 50
    long = "student_id,course_code,presentation\n" + "s" * 90 + ",BIO101,2026J\n"
    assert upload("enrollments", long).issues.get().code == "row_too_long"


def test_the_stored_file_lies_in_private_storage_under_a_name_nobody_guesses(
    upload, courses, private_files: Path
):
    batch = upload("enrollments", text(), create_students=True, name="../../etc/passwd.csv")
    assert batch.path.is_relative_to(private_files)
    assert "passwd" not in batch.path.name
    assert batch.path.stat().st_mode & 0o077 == 0
    assert batch.file_name == "../../etc/passwd.csv"
