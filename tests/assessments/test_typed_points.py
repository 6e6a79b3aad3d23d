"""Points that somebody types are read as a file's are: the same numbers, and nothing else."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    Question,
    QuestionResponse,
    RubricCriterion,
)
from backoffice.apps.users.models import Enrollment
from backoffice.bulk.values.cells import cleaner_for
from backoffice.bulk.values.faults import CellRefused
from backoffice.bulk.values.numbers import NumberStyle
from tests.actions import do, page_of, refused
from tests.filling import errors_of, save

SCORE = AssessmentSubmission._meta.get_field("score")
NO_NUMBER = "“{}” is not a plain number. Use digits and at most two decimals, like 71.5."
DECIMALS = "“{}” has more than two decimals. Write at most two: nothing is rounded here."
FORMULA = "“{}” looks like a formula. Write the number it gives: nothing is calculated."
DIGITS = "“{}” is not written with the digits 0 to 9. Write it with those."
UNDERSCORE = "“{}” has an underscore in it. Write the digits without one."
EXPONENT = "“{}” has an exponent. Write the number in full."
PERCENT = "“{}” has a percent sign. Write the number without it."
BLANK = "“{}” has a blank in it. Write the digits and the point without blanks."
MANY = "“{}” has too many digits. Write at most 15 before the point."
LONG = "“{}…” is too long for a number. Write at most 40 characters."
COMMA = "Write “{}” with a point: a comma is not read as one here."
BAD = [
    *((text, UNDERSCORE.format(text)) for text in ("7_0", "1_000.5", "5_")),
    *((text, EXPONENT.format(text)) for text in ("1e1", "1E1", "1.5e+1", "100e-1")),
    *((text, NO_NUMBER.format(text)) for text in ("NaN", "sNaN", "Infinity", "-inf", "0x1F")),
    *(
        (text, NO_NUMBER.format(text))
        for text in ("seven", "-", ".", "7.1.5", "--5", "½", "\u22125")
    ),
    *((text, NO_NUMBER.format(text)) for text in ("<b>7</b>", "7/2", "'7", "None", "7;5")),
    *((text, DIGITS.format(text)) for text in ("٧٠", "７０", "7०", "۷.۵")),
    *((text, FORMULA.format(text)) for text in ("=1+1", '="7"', "=cmd|' /C calc'!A0", "@SUM(A1)")),
    *((text, PERCENT.format(text)) for text in ("85%", "85 %")),
    *((text, BLANK.format(text)) for text in ("7 0", "1\u00a0000", "+ 5")),
    *((text, DECIMALS.format(text)) for text in ("71.555", ".001", "71.5000001")),
    ("12,5", COMMA.format("12.5")),
    (",75", COMMA.format(".75")),
    ("1,050", "“1,050” may be 1050 or 1.05. Write the one you mean."),
    ("1,050.50", "Write “1050.50” without a comma: none is read here."),
    ("1" * 16, MANY.format("1" * 16)),
    ("9" * 1000, LONG.format("9" * 40)),
    ("7\x00", NO_NUMBER.format("7\ufffd")),
]


@pytest.fixture
def work(courses: Any, instructor: Any, student: Any) -> AssessmentSubmission:
    """Work with one answer that the instructor marks, by a rubric of one criterion."""
    course, one = courses["BIO101"], student("s1001")
    course.instructor = instructor
    course.save()
    Enrollment.objects.create(course=course, student=one)
    rubric = GradingRubric.objects.create(course=course, title="Essay")
    RubricCriterion.objects.create(rubric=rubric, position=1, title="Argument", max_points=40)
    essay = Assessment.objects.create(course=course, code="TMA01", title="Essay", rubric=rubric)
    question = Question.objects.create(assessment=essay, position=1, text="Why?", points=10)
    handed_in = AssessmentSubmission.objects.create(assessment=essay, student=one, text="So.")
    QuestionResponse.objects.create(submission=handed_in, question=question, answer="Because.")
    return handed_in


def form_of(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def assert_nothing_is_stored(work: AssessmentSubmission) -> None:
    before = work.version
    work.refresh_from_db()
    assert (work.score, work.status, work.version) == (None, "submitted", before)
    assert work.responses.get().score is None
    assert not CriterionScore.objects.exists()


def criterion_points(points: str) -> dict[str, Any]:
    return {
        "criterion_scores-TOTAL_FORMS": 1,
        "criterion_scores-0-criterion": RubricCriterion.objects.get().pk,
        "criterion_scores-0-points": points,
    }


def test_forty_faults_are_looked_at():
    assert len({text for text, _sentence in BAD}) >= 40


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_the_dialog_says_what_is_wrong_with_a_score_and_stores_nothing(
    instructor_client, work, text, sentence
):
    assert refused(do(instructor_client, work, "grade", score=text)) == {"score": [sentence]}
    assert_nothing_is_stored(work)


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_the_form_says_it_of_each_field_with_points_and_stores_nothing(
    instructor_client, work, text, sentence
):
    values = {"score": text, "responses-0-score": text, **criterion_points(text)}
    assert errors_of(save(instructor_client, form_of(work), **values)) == {
        "score": [sentence],
        "responses-0-score": [sentence],
        "criterion_scores-0-points": [sentence],
    }
    assert_nothing_is_stored(work)


def test_what_was_typed_still_stands_there_escaped(instructor_client, work):
    page = do(instructor_client, work, "grade", score="<b>7</b>").content.decode()
    assert 'value="&lt;b&gt;7&lt;/b&gt;"' in page
    assert "<b>7</b>" not in page


@pytest.mark.parametrize(
    ("text", "value"),
    [("+5", "5"), ("5.", "5"), (".5", "0.5"), ("012.50000", "12.5"), (" 7 ", "7")],
)
def test_a_number_written_another_way_is_that_number(instructor_client, work, text, value):
    assert do(instructor_client, work, "grade", score=text).status_code == 302
    work.refresh_from_db()
    assert work.score == Decimal(value)


def test_blanks_alone_are_no_score(instructor_client, work):
    refusal = {"score": ["This field is required."]}
    assert refused(do(instructor_client, work, "grade", score=" ")) == refusal
    assert save(instructor_client, form_of(work), score=" ").status_code == 302
    assert_nothing_is_stored(work)


@pytest.mark.parametrize("address", [form_of, lambda work: page_of(work, "grade")])
def test_a_browser_sends_what_was_typed(instructor_client, work, address):
    page = instructor_client.get(address(work)).content.decode()
    (box,) = re.findall(r'<input[^>]*name="score"[^>]*>', page)
    assert 'type="text"' in box
    assert 'inputmode="decimal"' in box
    assert not re.search(r'\b(step|min|max)="', box)


@pytest.mark.parametrize(
    ("given_value", "value"), [(71.5, "71.5"), (0.1, "0.1"), (71, "71"), (Decimal("7.25"), "7.25")]
)
def test_a_script_gives_numbers_that_are_exact(given_value, value):
    assert SCORE.to_python(given_value) == Decimal(value)
    assert SCORE.to_python(None) is None


@pytest.mark.parametrize("number", [0.1 + 0.2, 71.555, float("nan"), float("inf")])
def test_a_script_with_a_float_that_is_not_exact_is_refused(number):
    sentence = f"“{number!r}” is not exact to two decimals. Give a Decimal or a text."
    with pytest.raises(ValidationError) as refusal:
        SCORE.to_python(number)
    assert refusal.value.messages == [sentence]


def test_a_text_that_is_no_number_is_not_saved_past_the_forms(work):
    work.score = "7_0"
    with pytest.raises(ValidationError) as refusal:
        work.save()
    assert refusal.value.messages == [UNDERSCORE.format("7_0")]


def test_past_the_forms_a_float_that_is_not_exact_is_not_saved_either(work):
    rows = AssessmentSubmission.objects.filter(pk=work.pk)
    with pytest.raises(ValidationError), transaction.atomic():
        rows.update(score=0.1 + 0.2)
    with pytest.raises(ValidationError), transaction.atomic():
        AssessmentSubmission.objects.bulk_update([_with_score(work, 71.555)], ["score"])
    rows.update(score=71.5)
    assert rows.get().score == Decimal("71.5")


def _with_score(work: AssessmentSubmission, score: Any) -> AssessmentSubmission:
    work.score = score
    return work


def test_a_list_is_narrowed_by_a_number_of_more_decimals(instructor_client, work):
    AssessmentSubmission.objects.update(score="71.50", status="graded")
    page = reverse("admin:assessments_assessmentsubmission_changelist")
    for least, count in (("71.495", 1), ("71.555", 0), ("nonsense", 1)):
        answer = instructor_client.get(page, {"score_from": least})
        assert answer.context["cl"].queryset.count() == count, least


# The oracle shares nothing with the parser: whole and decimals apart, as integers.
WRITTEN = re.compile(r"(?P<sign>[-+]?)(?P<whole>[0-9]*)\.?(?P<rest>[0-9]*)")


def oracle(text: str) -> Fraction | None:
    match = WRITTEN.fullmatch(text.strip(" \t\r\n\u00a0\u202f"))
    if not match or len(match[0]) > 40 or not match["whole"] + match["rest"]:
        return None
    whole, rest = match["whole"], match["rest"].rstrip("0")
    if len(rest) > 2 or len(whole) > 15 or int(whole or "0") > 99_999:
        return None
    number = int(whole or "0") + Fraction(int(rest or "0"), 10 ** len(rest))
    return -number if match["sign"] == "-" else number


def from_form(text: str) -> Decimal | None:
    try:
        return SCORE.formfield(required=True).clean(text)
    except ValidationError:
        return None


def from_file(text: str, delimiter: str) -> Decimal | None:
    try:
        value = cleaner_for(SCORE, style=NumberStyle(delimiter))(text)
    except CellRefused:
        return None
    return None if value is None else Decimal(value)


numbers = st.from_regex(r"[+-]?[0-9]{0,17}(\.[0-9]{0,3}0{0,3})?", fullmatch=True)
signs = st.text("0123456789+-.,_eE '=%<\u00a0\t\x1c٧７", max_size=12)


@given(numbers | signs | st.text(max_size=45))
@example(".")
@example("-0")
@example("00000.10")
@example("71.555")
@example("1.050")
def test_a_form_takes_what_the_oracle_takes_and_a_file_takes_the_same(text):
    value = from_form(text)
    assert value == oracle(text)
    if value is not None:
        assert isinstance(value, Decimal)
        assert from_file(text, ",") == from_file(text, "") == value


@given(st.integers(-9_999_999, 9_999_999))
def test_every_mark_comes_back_as_it_is_shown(cents):
    mark = Decimal(cents).scaleb(-2)
    assert from_form(str(mark)) == mark
    assert SCORE.to_python(cents / 100) == mark
