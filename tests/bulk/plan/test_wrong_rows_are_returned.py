"""Wrong rows come back as a file that imports after correction, and not before."""

import csv
import io
from typing import Any

import pytest

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.export.csv_export import write_csv
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.report import rejected_rows

HEADER = "student_id,first_name,specialization\n"


def rejected_text(batch: Batch) -> str:
    return "".join(rejected_rows(batch)).removeprefix("\ufeff")


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_line_with_a_stray_quotation_mark_is_one_wrong_row(import_file):
    text = 'student_id,first_name\ns2001,a\ns2002,"b\ns2003,c\ns2004,"d"e\ns2005,f\n'
    batch = import_file("users", text, on_error="skip")
    assert (batch.rows, batch.created, batch.rejected) == (5, 3, 2)
    assert [(issue.line, issue.code) for issue in batch.issues.all()] == [
        (3, "bad_quoting"),
        (5, "bad_quoting"),
    ]
    assert [row[:2] for row in rows_of(rejected_text(batch))] == [
        ["student_id", "first_name"],
        ['s2002,"b', "3"],
        ['s2004,"d"e', "5"],
    ]


@pytest.mark.parametrize(
    "row", ["s2001,Smith, Ann,Bio", "s2001,Ann", 's2001,"Ann"e,Bio', 's2001,"Ann,Bio']
)
def test_a_row_of_the_wrong_shape_does_not_go_in_uncorrected(upload, row: str):
    text = HEADER + f"{row}\ns2002,Li,Law\n"
    for _ in range(2):
        batch = upload("users", text, on_error="skip")
        assert batch.rejected == 1
        text = rejected_text(batch)
    assert not User.objects.filter(student_id="s2001").exists()


def test_a_second_round_of_correction_is_like_the_first(upload, import_file):
    text = "student_id,graduation_year\ns2001,1066\nN/A,2027\n"
    first = rejected_text(upload("users", text, on_error="skip"))
    half = first.replace("1066", "2027")
    second = rejected_text(upload("users", half, on_error="skip"))
    assert second.splitlines()[0] == "student_id,graduation_year,line,errors"
    assert len(second.splitlines()) == 2
    import_file("users", second.replace("N/A", "s2002"))
    assert User.objects.filter(student_id="s2002", graduation_year=2027).exists()


CELLS = ["=A", "'=A", "=A  B", "\tAnn", '"\r\nLee"', " '=A", "+1", "'Til", "''=A", "-", "@x"]


@pytest.mark.parametrize("cell", CELLS)
def test_a_corrected_row_stores_what_it_would_have_stored_at_once(import_file, upload, cell: str):
    good = f"student_id,first_name,graduation_year\ns2001,{cell},2027\n"
    import_file("users", good)
    wrong = good.replace("s2001", "s2002").replace("2027", "1066")
    import_file("users", rejected_text(upload("users", wrong)).replace("1066", "2027"))
    names = set(User.objects.values_list("first_name", flat=True).filter(role="student"))
    assert len(names) == 1


def test_an_export_imports_into_an_empty_school(import_file, student):
    from_here = "".join(_exported("users", student))
    User.objects.filter(role="student").delete()
    assert from_here.splitlines()[0].startswith("student_id,first_name,last_name,email,")
    blanks = "," * (from_here.splitlines()[0].count(",") - 2)
    batch = import_file("users", from_here + f"s7777,New,Person{blanks}\n")
    assert (batch.created, batch.rejected) == (2, 0)


def _exported(kind: str, student: Any) -> Any:
    student("s1001", first_name="Zoë")
    return exported_now(kind).splitlines(keepends=True)


def exported_now(kind: str) -> str:
    stream = io.BytesIO()
    write_csv(Selection.of_all(kinds[kind]), stream)
    return stream.getvalue().decode()


def test_an_export_of_enrollments_leaves_staff_without_a_student_id_out(
    import_file, courses, instructor, student
):
    for one in (student("s1001"), instructor):
        role = "student" if one.role == "student" else "teaching_assistant"
        Enrollment.objects.create(course=courses["BIO101"], student=one, role=role)
    text = exported_now("enrollments")
    assert len(text.splitlines()) == 2
    assert import_file("enrollments", text).unchanged == 1


def test_a_value_is_told_as_it_stands_in_the_file(upload, courses, student):
    student("s1001")
    text = (
        "student_id,course_code,presentation,enrolled_on\n"
        " 999001.0 ,BIO101,2026J,\n"
        "s1001,BIO101,2026J,2026-07-01T23:00:00-09:00\n"
        "s1001, ZZZ ,2026J,\n"
    )
    batch = upload("enrollments", text)
    assert batch.issues.get(row=1).value == " 999001.0 "
    assert batch.issues.get(row=3, code="unknown_course").value == " ZZZ "
    assert batch.issues.get(row=2).value == "2026-07-01T23:00:00-09:00"


@pytest.mark.parametrize("cell", ["N/A", "1.40E+06", "", "s1\x07"])
def test_a_refused_key_is_told_once(upload, cell: str):
    batch = upload("users", f"student_id,first_name\n{cell},Ann\n")
    assert batch.issues.count() == 1


def test_somebody_without_a_name_in_files_is_not_named(upload, person):
    person("registrar", "reg1", email="reg1@staff.org")
    batch = upload("users", "student_id,email\ns2001,reg1@staff.org\n")
    assert batch.issues.get().message == (
        "Line 2: email “reg1@staff.org” belongs to somebody else already. Correct it, or the key."
    )


def test_a_damaged_a_with_accent_is_pointed_out_though_its_second_half_is_a_space(import_file):
    batch = import_file("users", "student_id,first_name\ns2001,VoilÃ\u00a0\n")
    assert batch.issues.get().code == "mojibake"


def test_a_header_that_looks_like_a_formula_is_none_when_it_comes_back(upload):
    text = 'student_id,first_name,"=HYPERLINK(""x"")"\ns 2001,Ann,1\n'
    batch = upload("users", text, ignore_unknown_columns=True)
    back = rejected_text(batch)
    assert rows_of(back)[0] == ["student_id", "first_name", '\'=HYPERLINK("x")', "line", "errors"]
    corrected = upload("users", back.replace("s 2001", "s2001"), ignore_unknown_columns=True)
    assert corrected.created == 1
