"""The code and the presentation of a course, as spreadsheets and other programs write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.bulk.values.cells import cleaner_for
from backoffice.bulk.values.faults import CellRefused

COURSES = "course_code,presentation,title\n"
ROUNDED = (
    "Line 2: {column} “{value}” was rounded by a spreadsheet. Format the column as text and enter "
    "it again."
)
CODE = Course._meta.get_field("code")
clean = cleaner_for(CODE, is_code=True)


def test_an_apostrophe_in_front_names_the_same_course(import_file, courses, student):
    student("s1001")
    text = "student_id,course_code,presentation\n's1001,'BIO101,'2026J\n"
    import_file("enrollments", text)
    assert Enrollment.objects.get().course == courses["BIO101"]


def test_it_makes_no_second_course(import_file, courses):
    import_file("courses", COURSES + "'BIO101,'2026J,'t Hooft's fields\n")
    assert Course.objects.count() == 2
    assert Course.objects.get(code="BIO101").title == "'t Hooft's fields"


@pytest.mark.parametrize("value", ["1E+05", "1.00E+02", "2.5e-3"])
@pytest.mark.parametrize("column", ["course_code", "presentation"])
def test_a_code_that_a_spreadsheet_rounded_is_refused(upload, courses, column, value):
    row = f"{value},2026J,One\n" if column == "course_code" else f"BIO101,{value},One\n"
    batch = upload("courses", COURSES + row)
    issue = batch.issues.get()
    assert (issue.code, issue.message) == (
        "identifier_scientific",
        ROUNDED.format(column=column, value=value),
    )


@pytest.mark.parametrize("value", ["6.00", "18.0", "2E1", "101", "007"])
def test_a_code_of_digits_stays_as_it_is(import_file, db, value):
    import_file("courses", COURSES + f"{value},2026J,One\n")
    assert Course.objects.get().code == value


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=12))
def test_any_code_reads_the_same_with_an_apostrophe_before_it(code):
    """The oracle: what a spreadsheet shows is the text without its first sign."""
    if code[0] in "'=\"":
        return
    try:
        plain = clean(code)
    except CellRefused as refusal:
        plain = refusal.fault.code
    try:
        marked = clean("'" + code)
    except CellRefused as refusal:
        marked = refusal.fault.code
    assert marked == plain
