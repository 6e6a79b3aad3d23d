"""Another spelling of exactly one value is that value; one of two values is refused with both."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.values.cells import CellRefused, cleaner_for
from backoffice.bulk.values.numbers import NumberStyle

SCORE = AssessmentSubmission._meta.get_field("score")
DAY = Enrollment._meta.get_field("enrolled_on")
HEADER = "student_id,assessment_id,score\n"


def issue_messages(batch: Any) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def stored_scores() -> list[Decimal | None]:
    rows = AssessmentSubmission.objects.order_by("student__student_id")
    return list(rows.values_list("score", flat=True))


def test_zeros_and_points_that_say_nothing_do_not_matter(import_file, gradebook):
    gradebook()
    text = HEADER + "s1001,T1,12.50000\ns1002,T1,.5\ns1003,T1,12.\n"
    import_file("grades", text)
    assert stored_scores() == [Decimal("12.5"), Decimal("0.5"), 12]
    batch = import_file("grades", HEADER + "s1001,T1,012.5\ns1002,T1,'0.50\ns1003,T1,+12.000\n")
    assert (batch.unchanged, batch.updated) == (3, 0)


def test_commas_between_thousands_are_read_where_commas_part_cells(import_file, upload, gradebook):
    gradebook()
    Assessment.objects.filter(code="T1").update(max_score=2000)
    import_file("grades", "student_id,assessment_id,score,max_score\n"
                          's1001,T1,"1,050.00","2,000.0"\n')  # fmt: skip
    assert stored_scores() == [1050]
    text = HEADER + 's1001,T1,"1,050"\ns1002,T1,"1,050.005"\ns1003,T1,"10,50.00"\n'
    assert issue_messages(upload("grades", text)) == [
        "Line 2: score “1,050” may be 1050 or 1.05. Write the one you mean.",
        "Line 3: score “1,050.005” is not a plain number. Use digits and at most two decimals, "
        "like 71.5.",
        "Line 4: score “10,50.00” is not a plain number. Use digits and at most two decimals, "
        "like 71.5.",
    ]


@pytest.mark.parametrize("sign", ";\t")
def test_a_comma_is_decimal_where_no_comma_parts_cells_and_no_number_has_a_point(
    import_file, gradebook, sign
):
    gradebook()
    text = HEADER + "s1001,T1,14.5\ns1002,T1,15\ns1003,T1,0.25\n"
    import_file("grades", text.replace(",", sign).replace(".", ","))
    assert stored_scores() == [Decimal("14.5"), 15, Decimal("0.25")]


def test_a_comma_beside_points_and_one_before_three_digits_are_refused(upload, gradebook):
    gradebook()
    text = "student_id;assessment_id;score\ns1001;T1;14,5\ns1002;T1;14,500\ns1003;T1;71.5\n"
    assert issue_messages(upload("grades", text)) == [
        "Line 2: score “14,5” has a comma, and other numbers of the file have a decimal point. "
        "Write 14.5.",
        "Line 3: score “14,500” may be 14500 or 14.5. Write the one you mean.",
    ]
    # Here nothing but that one number is in doubt.
    batch = upload("grades", text.replace("71.5", "71,5"))
    assert [issue.line for issue in batch.issues.all()] == [3]


def test_a_point_in_another_column_with_numbers_counts_too(upload, courses):
    text = "assessment_id;course_code;presentation;title;weight;max_score\n"
    row = "A{0};BIO101;2026J;No. 1.5;{1};{2}\n"
    numbers = [row.format(n, "12,5", "100") for n in range(3)]
    batch = upload("assessments", text + "".join(numbers))
    assert (batch.created, batch.errors) == (3, 0)
    batch = upload("assessments", text + "".join(numbers) + row.format(4, "1", "50.5"))
    assert batch.rejected == 3


def test_a_gradebook_with_commas_is_read_whatever_column_they_stand_in(import_file, gradebook):
    gradebook(T1={}, T2={})
    text = (
        "Student;ID;SIS User ID;SIS Login ID;Section;T one (T1);T two (T2)\n"
        "    Points Possible;;;;;100,00;100\n"
        "Li, No 1;;s1001;s1001;BIO101 2026J;51,5;7\n"
    )
    import_file("grades", text)
    assert sorted(stored_scores()) == [7, Decimal("51.5")]


def test_scores_at_export_keep_their_points_beside_commas(import_file, gradebook):
    gradebook(T1={"s1001": 51.5}, T2={})
    text = (
        "Student;ID;SIS User ID;SIS Login ID;Section;T one (T1);Scores at export\n"
        "    Points Possible;;;;;100;\n"
        "Li, No 1;;s1001;s1001;BIO101 2026J;61,5;T1=51.50\n"
    )
    batch = import_file("grades", text)
    assert (batch.updated, stored_scores()) == (1, [Decimal("61.5")])


def test_midnight_behind_a_day_says_nothing(import_file, upload, courses, student):
    student("s1001"), student("s1002")
    header = "student_id,course_code,presentation,enrolled_on\n"
    text = "s1001,BIO101,2026J,2026-02-03 00:00:00\ns1002,BIO101,2026J,'2026-02-03T00:00\n"
    import_file("enrollments", header + text)
    days = Enrollment.objects.values_list("enrolled_on", flat=True)
    assert [day.isoformat() for day in days] == ["2026-02-03"] * 2
    batch = upload("enrollments", header + "s1001,BIO101,2026J,2026-02-03 00:01\n")
    assert issue_messages(batch) == [
        "Line 2: enrolled_on “2026-02-03 00:01” is not a date. Write year-month-day, for example "
        "2013-10-19."
    ]


def test_a_moment_needs_its_zone_even_at_midnight(upload, courses):
    header = "assessment_id,course_code,presentation,due_on\n"
    batch = upload("assessments", header + "A1,BIO101,2026J,2026-03-01 00:00:00\n")
    assert [issue.code for issue in batch.issues.all()] == ["invalid_date"]


def test_the_letters_for_yes_and_no_are_read(import_file, db):
    import_file("users", "student_id,is_active\ns1001,Y\ns1002,n\n")
    active = User.objects.filter(student_id__in=["s1001", "s1002"]).order_by("student_id")
    assert list(active.values_list("is_active", flat=True)) == [True, False]


def test_pairs_of_direction_marks_around_a_text_are_dropped(import_file, upload, db):
    header = "student_id,first_name,last_name\n"
    text = "\u2068s1001\u2069,\u202bمريم\u202c,\u2067 \u202aعلي\u202c\u2069 \n"
    import_file("users", header + text)
    one = User.objects.get(student_id="s1001")
    assert (one.first_name, one.last_name) == ("مريم", "علي")
    for name in (
        "\u202eمريم\u202c",
        "\u202bمريم",
        "م\u202bر\u202cيم",
        "\u202bم\u202c \u202bي\u202c",
    ):
        batch = upload("users", header + f"s1002,{name},x\n")
        assert [issue.code for issue in batch.issues.all()] == ["control_character"]


def test_an_address_with_an_invisible_sign_names_it_and_shows_its_place(upload, db):
    header = "student_id,email\n"
    batch = upload("users", header + "s1001,ann.so\u00adft@example.org\ns10\u200d02,\n")
    shown = "ann.so[SOFT HYPHEN (U+00AD)]ft@example.org"
    assert issue_messages(batch) == [
        "Line 2: email holds an invisible sign, SOFT HYPHEN (U+00AD), which stands here: "
        f"“{shown}”. Type the value again.",
        "Line 3: student_id holds an invisible sign, ZERO WIDTH JOINER (U+200D), which stands "
        "here: “s10[ZERO WIDTH JOINER (U+200D)]02”. Type the value again.",
    ]
    batch = upload("users", header + "s1001,ann\u202e@example.org\n")
    assert "RIGHT-TO-LEFT OVERRIDE (U+202E)" in issue_messages(batch)[0]


def test_invisible_signs_around_an_address_do_not_matter(import_file, db):
    import_file("users", "student_id,email\ns1001,\u200eli.wei@example.org\u00a0\n")
    assert User.objects.get(student_id="s1001").email == "li.wei@example.org"


def clean(text: str, delimiter: str, *, has_points: bool) -> str | None:
    """The number that is staged, None where it is refused."""
    try:
        return cleaner_for(SCORE, style=NumberStyle(delimiter, lambda: has_points))(text)
    except CellRefused:
        return None


def meanings(text: str, delimiter: str) -> set[Decimal]:
    """Every number that a reader may see in a text; by its signs, not by the patterns we test."""
    digits = text.lstrip("+-")
    if not set(digits) <= set("0123456789.,") or len(text) - len(digits) > 1:
        return set()
    readings = [(".", ","), (",", ".")]
    if delimiter in ("", ",") and "," not in text:
        readings.pop()  # where commas part cells, a point parts decimals
    found = (number_read(digits, *reading) for reading in readings)
    return {-number if text.startswith("-") else number for number in found if number is not None}


def number_read(digits: str, point: str, parting: str) -> Decimal | None:
    """The number, where one sign parts decimals and the other one thousands."""
    whole, *behind = digits.split(point)
    first, *groups = whole.split(parting)
    is_grouped = len(first) in (1, 2, 3) and first[0] != "0" and {len(g) for g in groups} == {3}
    if len(behind) > 1 or parting in "".join(behind) or (groups and not is_grouped):
        return None
    number = "".join([first, *groups]) + "." + "".join(behind)
    return Decimal(f"0{number}0") if number != "." else None


NUMBERS = st.one_of(
    st.from_regex(re.compile(r"[+-]?[0-9]{0,5}[.,]?[0-9]{0,5}", re.ASCII), fullmatch=True),
    st.from_regex(
        re.compile(r"[0-9]{1,3}(,[0-9]{2,3}){0,2}(\.[0-9]{0,4})?", re.ASCII), fullmatch=True
    ),
    st.text(st.sampled_from("0125.,+- e%"), max_size=9),
)


@given(NUMBERS, st.sampled_from([",", ";", "\t", ""]), st.booleans())
@settings(max_examples=1500)
def test_what_goes_in_is_the_only_number_that_the_text_may_mean(text, delimiter, has_points):
    staged = clean(text, delimiter, has_points=has_points)
    if staged is None or not text.strip():
        return
    assert {Decimal(staged)} == meanings(text.strip(), delimiter)
    # Nothing was rounded, and a comma never stood for a point where commas part cells.
    assert -Decimal(staged).as_tuple().exponent <= 2
    if "," in text and "." not in text:
        assert delimiter in (";", "\t")
        assert not has_points


@given(st.decimals(0, 99999, places=2), st.integers(0, 6), st.booleans())
def test_any_number_with_zeros_behind_it_is_that_number(number, zeros, has_whole):
    text = str(number) + "0" * zeros
    text = text.removeprefix("0") if not has_whole else text
    for delimiter in (",", ""):
        assert Decimal(clean(text, delimiter, has_points=True)) == number
    # Three digits behind a sign that may part thousands say nothing certain.
    is_doubtful = zeros == 1 and 1 <= number < 1000
    for spelling in (text, text.replace(".", ",")):
        read = clean(spelling, ";", has_points=False)
        assert (read is None) == is_doubtful
        assert is_doubtful or Decimal(read) == number


@given(
    st.dates(), st.sampled_from([" ", "T"]), st.sampled_from(["00:00", "00:00:00", "00:00:00.000"])
)
def test_any_day_with_its_midnight_is_that_day(day, between, midnight):
    assert cleaner_for(DAY)(f"{day.isoformat()}{between}{midnight}") == day.isoformat()


MARKS = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2068": "\u2069"}
TITLE = Course._meta.get_field("title")


@given(
    st.text(st.sampled_from("aبé "), min_size=1).filter(str.strip),
    st.lists(st.sampled_from(sorted(MARKS)), max_size=4),
    st.sampled_from(["", "\u202e", "\u202c", "\u2067"]),
    st.integers(0, 5),
)
def test_marks_are_dropped_where_they_are_pairs_around_and_refused_elsewhere(
    text, pairs, stray, at
):
    bare = cleaner_for(TITLE)(text)
    inner = text.strip()
    with_stray = inner[: at % len(inner)] + stray + inner[at % len(inner) :]
    marked = "".join(pairs) + with_stray + "".join(MARKS[each] for each in reversed(pairs))
    if not stray:
        assert cleaner_for(TITLE)(marked) == bare
        return
    with pytest.raises(CellRefused) as refusal:
        cleaner_for(TITLE)(marked)
    assert refusal.value.fault.code == "control_character"
