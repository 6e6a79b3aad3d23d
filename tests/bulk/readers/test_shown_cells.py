"""A workbook's cell is what it shows, and where a number is due what its format hides is said."""

import datetime
import io

import pytest

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.export.xlsx_export import write_workbook
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.pages.samples import samples_of
from backoffice.bulk.pipeline.report import rejected_rows
from tests.bulk.bad_files.packing import HEADER, MAIN, SHEET, STYLES, workbook
from tests.bulk.workbooks import Shown, book

GRADES = ("student_id", "assessment_id", "score")


def grades(*scores: object) -> bytes:
    """A workbook with a score for each of three students."""
    students = ("s1001", "s1002", "s1003")
    return book(
        {
            "Grades": [
                GRADES,
                *((who, "T1", score) for who, score in zip(students, scores, strict=False)),
            ]
        }
    )


def scores() -> dict[str, float]:
    rows = AssessmentSubmission.objects.values_list("student__student_id", "score")
    return {who: float(score) for who, score in rows if score is not None}


def messages(batch: Batch) -> list[tuple[str, str]]:
    return [(each.code, each.message) for each in batch.issues.all()]


def test_noise_behind_the_15th_digit_is_none(import_file, gradebook):
    gradebook()
    import_file("grades", grades(57.300000000000004, 71.099999999999994, 0.1 + 0.2))
    assert scores() == {"s1001": 57.3, "s1002": 71.1, "s1003": 0.3}


@pytest.mark.parametrize("code", ["0%", "0.00%", "0 %", "[<2]0%;0", '0"%"', "[Red]0.0%"])
def test_a_percentage_is_never_a_score(upload, gradebook, code):
    gradebook()
    batch = upload("grades", grades(Shown(0.85, code)), on_error="skip")
    issue = batch.issues.get()
    assert (batch.rejected, issue.code, issue.column) == (1, "invalid_number", "score")
    assert issue.value.replace(" ", "") in ("85%", "85.00%", "85.0%", "1%")


def test_a_percentage_is_refused_wherever_a_number_is_due(upload, courses):
    rows = [
        ("assessment_id", "course_code", "presentation", "weight", "max_score"),
        ("T1", "BIO101", "2026J", Shown(0.2, "0%"), Shown(1, "0%")),
    ]
    batch = upload("assessments", book({"Tests": rows}))
    found = {(each.column, each.value) for each in batch.issues.all()}
    assert found == {("weight", "20%"), ("max_score", "100%")}


def test_digits_that_a_format_hides_go_in_and_are_said(import_file, gradebook):
    gradebook()
    file = grades(Shown(57.25, "0"), Shown(57.256, "0.0"), Shown(57.5, "0.00"))
    batch = import_file("grades", file)
    assert scores() == {"s1001": 57.25, "s1002": 57.3, "s1003": 57.5}
    assert messages(batch) == [
        ("hidden_digits", "Line 2: score shows “57” and holds 57.25. 57.25 goes in."),
        ("hidden_digits", "Line 3: score shows “57.3” and holds 57.256. What it shows goes in."),
    ]
    assert all(each.is_warning for each in batch.issues.all())


def test_more_digits_than_are_stored_are_refused_where_they_show(upload, gradebook):
    gradebook()
    batch = upload("grades", grades(Shown(57.25631, "0.000"), 66.666666666666667))
    assert [(each.code, each.value) for each in batch.issues.filter(is_warning=False)] == [
        ("invalid_number", "57.256"),
        ("invalid_number", "66.6666666666667"),
    ]


def test_a_dash_for_nothing_and_a_number_that_hides_are_said(import_file, gradebook):
    gradebook()
    accounting = '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)'
    batch = import_file(
        "grades", grades(Shown(0, accounting), Shown(7, ";;;"), Shown(8, accounting))
    )
    assert scores() == {"s1001": 0, "s1002": 7, "s1003": 8}
    assert messages(batch) == [
        ("hidden_digits", "Line 2: score shows “-” and holds 0. 0 goes in."),
        ("hidden_digits", "Line 3: score shows nothing and holds 7. 7 goes in."),
    ]


def test_what_goes_in_is_what_comes_back_to_be_corrected(upload, gradebook):
    gradebook()
    rows = [GRADES, ("s1001", "NONE", Shown(57.25, "0")), ("s1002", "NONE", Shown(0.5, "0%"))]
    batch = upload("grades", book({"Grades": rows}), on_error="skip")
    lines = "".join(rejected_rows(batch)).splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["s1001", "NONE", "57.25"],
        ["s1002", "NONE", "50%"],
    ]


def test_a_format_of_zeros_pads_identifiers(import_file, student, courses):
    student("00712345")
    student("s0012")
    rows = [
        ("student_id", "course_code", "presentation"),
        (Shown(712345, "00000000"), "BIO101", "2026J"),
        (Shown(12, '"s"0000'), "BIO101", "2026J"),
    ]
    batch = import_file("enrollments", book({"Roster": rows}))
    assert (batch.created, batch.warnings) == (2, 0)
    names = Enrollment.objects.values_list("student__student_id", flat=True)
    assert set(names) == {"00712345", "s0012"}


@pytest.mark.parametrize("code", ["#,##0", "0.00", "#,##0.00", "0", "General"])
def test_other_formats_leave_an_identifier_as_it_is(import_file, student, courses, code):
    student("174782")
    rows = [("student_id", "course_code", "presentation"), (Shown(174782, code), "BIO101", "2026J")]
    assert import_file("enrollments", book({"Roster": rows})).created == 1


def test_an_identifier_in_powers_of_ten_is_refused(upload, courses):
    rows = [
        ("student_id", "course_code", "presentation"),
        (Shown(1400000, "0.00E+00"), "BIO101", "2026J"),
        (1234567890123456, "BIO101", "2026J"),
    ]
    batch = upload("enrollments", book({"Roster": rows}), create_students=True)
    assert {each.code for each in batch.issues.all()} == {"identifier_scientific"}
    assert batch.rejected == 2


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!"])
def test_an_error_of_the_spreadsheet_is_never_a_text(upload, db, error):
    rows = [("student_id", "first_name", "last_name"), ("s1001", "Zoë", error)]
    batch = upload("users", book({"People": rows}))
    issue = batch.issues.get()
    assert (batch.rejected, issue.code) == (1, "spreadsheet_error")
    assert issue.message == (
        f"Line 2: last_name “{error}” is an error of the spreadsheet, not a value. Correct the "
        "formula, or empty the cell."
    )
    as_text = upload("users", f"student_id,first_name,last_name\ns1001,Zoë,{error}\n")
    assert as_text.issues.get().code == "spreadsheet_error"
    assert not User.objects.filter(student_id="s1001").exists()


def test_a_score_that_is_an_error_is_refused(upload, gradebook):
    gradebook()
    batch = upload("grades", grades("#DIV/0!"))
    assert (batch.rejected, batch.issues.get().value) == (1, "#DIV/0!")


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (datetime.date(2026, 2, 3), "2026-02-03"),
        (Shown(46056, "dd.mm.yyyy"), "2026-02-03"),
        (Shown(46056, "[$-407]d. mmmm yyyy;@"), "2026-02-03"),
        (Shown(46056, "0"), ""),
        (46056, ""),
        (20260203, ""),
        (Shown(20260203, "0000-00-00"), ""),
        (Shown(20260203, "0000\\-00\\-00"), ""),
        (Shown(46056, '"Day "0'), ""),
        (Shown(46056, "Standard"), ""),
    ],
)
def test_a_date_is_a_cell_with_the_format_of_one(upload, student, courses, value, day):
    student("s1001")
    header = ("student_id", "course_code", "presentation", "enrolled_on")
    batch = upload("enrollments", book({"R": [header, ("s1001", "BIO101", "2026J", value)]}))
    if day:
        assert (batch.created, batch.errors) == (1, 0)
    else:
        assert [each.code for each in batch.issues.all()] == ["invalid_date"]


@pytest.mark.parametrize("number", [14, 27, 31, 36, 50, 57, 58, 71])
def test_the_dates_of_other_languages_are_dates(upload, student, courses, number):
    """Excel in Chinese, Japanese, Korean or Thai writes them by number alone."""
    student("s1001")
    names = (*HEADER, "enrolled_on")
    cells = zip("ABC", ("s1001", "BIO101", "2026J"), strict=True)
    row = "".join(f'<c r="{at}2" t="str"><v>{text}</v></c>' for at, text in cells)
    heading = "".join(f'<c t="str"><v>{name}</v></c>' for name in names)
    data = f'<row r="1">{heading}</row><row r="2">{row}<c r="D2" s="1"><v>46056</v></c></row>'
    style = b'<xf numFmtId="%d" fontId="0" fillId="0" borderId="0"/></cellXfs>' % number
    content = workbook(
        {
            SHEET: b"<worksheet "
            + MAIN
            + b"><sheetData>"
            + data.encode()
            + b"</sheetData></worksheet>",
            STYLES: lambda old: old.replace(b"</cellXfs>", style),
        }
    )
    assert upload("enrollments", content).created == 1
    assert "2026-02-03" in "".join(map(str, samples_of(Batch.objects.get())["created"]))


def test_gradebooks_say_it_too_each_under_its_column(import_file, gradebook):
    gradebook(T1={"s1001": 1})
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "One (T1)", "Two (T2)")
    rows = [
        header,
        ("    Points Possible", "", "", "", "", 100, 100),
        ("Li, No 1", 1, "s1001", "s1001", "S", Shown(57.25, "0"), Shown(60.126, "0.0")),
        ("Li, No 2", 2, "s1002", "s1002", "S", Shown(58, "0"), Shown(61.5, "0")),
    ]
    batch = import_file("grades", book({"Gradebook": rows}))
    found = [(e.line, e.column, e.value) for e in batch.issues.filter(code="hidden_digits")]
    assert found == [(3, "One (T1)", "57"), (3, "Two (T2)", "60.1"), (4, "Two (T2)", "62")]
    rows = AssessmentSubmission.objects.order_by("student__student_id", "assessment__code")
    stored = [float(score) for score in rows.values_list("score", flat=True) if score is not None]
    assert stored == [57.25, 60.1, 58, 61.5]


@pytest.mark.parametrize("kind", ["assessments", "grades", "enrollments", "users"])
def test_what_we_export_as_a_workbook_changes_nothing(upload, gradebook, kind):
    gradebook(T1={"s1001": 57.25, "s1002": 0, "s1003": 99.99}, T2={"s1001": 100, "s1002": None})
    stream = io.BytesIO()
    write_workbook(Selection.of_all(kinds[kind]), stream)
    batch = upload(kind, stream.getvalue())
    assert batch.unchanged == batch.rows > 1
    codes = set(batch.issues.values_list("code", flat=True))
    assert not codes & {"hidden_digits", "hidden_rows", "sheet_left_out", "spreadsheet_error"}


def test_maxima_of_assessments_are_said_too(import_file, courses):
    rows = [
        ("assessment_id", "course_code", "presentation", "max_score"),
        ("T9", "BIO101", "2026J", Shown(12.5, "0")),
    ]
    batch = import_file("assessments", book({"Tests": rows}))
    assert float(Assessment.objects.get(code="T9").max_score) == 12.5
    assert messages(batch)[0][0] == "hidden_digits"
