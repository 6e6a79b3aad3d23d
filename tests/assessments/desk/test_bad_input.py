"""What is no grade: a sentence for each, nothing is stored, and what was typed stays."""

from html import unescape
from typing import Any

import pytest

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradeDraft,
    GradingRubric,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.audit.models import ChangeSet
from tests.assessments.desk.desk import Desk

STALE = (
    "Nothing was saved: the grade changed while you were at it. Look at what is different below, "
    "choose, and save again."
)
DIGITS = "“{}” is not written with the digits 0 to 9. Write it with those."
NO_NUMBER = "“{}” is not a plain number. Use digits and at most two decimals, like 71.5."
RANGE = "The score is from 0 to 100 points."
CONTROL = "The text holds an invisible control character. Type it again."
OTHER_RUBRIC = "This criterion belongs to another rubric than the work is marked by."
UNKNOWN = "This names no criterion and no question."
NO_LEVEL = "This is no level. Choose one of the criterion."
OTHER_CRITERION = "This level belongs to another criterion. Choose one of “Argument”."
OTHER_QUESTION = "This question belongs to another assessment, or was not answered."

# What is typed as the score, and what the page says of it.
SCORES = {
    "underscore": ("7_0", "“7_0” has an underscore in it. Write the digits without one."),
    "not a number": ("NaN", NO_NUMBER.format("NaN")),
    "infinity": ("Infinity", NO_NUMBER.format("Infinity")),
    "exponent": ("1e1", "“1e1” has an exponent. Write the number in full."),
    "comma": ("12,5", "Write “12.5” with a point: a comma is not read as one here."),
    "grouped": ("1,000.50", "Write “1000.50” without a comma: none is read here."),
    "two meanings": ("1,000", "“1,000” may be 1000 or 1. Write the one you mean."),
    "full width": ("\uff17\uff10", DIGITS.format("\uff17\uff10")),
    "Arabic-Indic": ("\u0667\u0660", DIGITS.format("\u0667\u0660")),
    "one foreign digit": ("7\u0660", DIGITS.format("7\u0660")),
    "1,000 digits": (
        "9" * 1000,
        f"“{'9' * 40}…” is too long for a number. Write at most 40 characters.",
    ),
    "20 digits": (
        "9" * 20,
        f"“{'9' * 20}” has too many digits. Write at most 15 before the point.",
    ),
    "formula": (
        "=1+1",
        "“=1+1” looks like a formula. Write the number it gives: nothing is calculated.",
    ),
    "HTML": ("<b>70</b>", NO_NUMBER.format("<b>70</b>")),
    "script": ('"><script>x()</script>', NO_NUMBER.format('"><script>x()</script>')),
    "template": ("{{ 7 }}", NO_NUMBER.format("{{ 7 }}")),
    "percent": ("70%", "“70%” has a percent sign. Write the number without it."),
    "blank within": (
        "7 0",
        "“7 0” has a blank in it. Write the digits and the point without blanks.",
    ),
    "decimals": (
        "70.125",
        "“70.125” has more than two decimals. Write at most two: nothing is rounded here.",
    ),
    "hexadecimal": ("0x46", NO_NUMBER.format("0x46")),
    "fraction": ("\u00bd", NO_NUMBER.format("\u00bd")),
    "word": ("seventy", NO_NUMBER.format("seventy")),
    "NUL": ("\0", NO_NUMBER.format("\ufffd")),
    "NUL between digits": ("7\x000", NO_NUMBER.format("7\ufffd0")),
    "negative": ("-1", RANGE),
    "over the maximum": ("100.01", RANGE),
}


@pytest.fixture
def others(course: Any, courses: dict[str, Course], works: Any) -> dict[str, int]:
    """The keys of what is not the work's: a criterion, a level, a question."""
    rubric = GradingRubric.objects.create(course=courses["ART200"], title="Talk")
    criterion = RubricCriterion.objects.create(
        rubric=rubric, position=1, title="Voice", max_points=60
    )
    level = RubricLevel.objects.create(criterion=criterion, title="Clear", points=60)
    quiz = Assessment.objects.create(course=course, code="QUIZ01", title="Quiz")
    question = Question.objects.create(assessment=quiz, position=1, text="Why?", points=100)
    return {"criterion": criterion.pk, "level": level.pk, "question": question.pk}


@pytest.fixture
def assert_nothing_stored(works: list[AssessmentSubmission]) -> Any:
    """Compares every grade, mark and change set with those from before."""

    def stored() -> list[Any]:
        models = (AssessmentSubmission, CriterionScore, QuestionResponse)
        rows = [list(model.objects.order_by("pk").values()) for model in models]
        return [*rows, ChangeSet.objects.count(), AssessmentSubmission.history.count()]

    before = stored()

    def check() -> None:
        assert stored() == before

    return check


def said(answer: Any) -> str:
    return unescape(answer.content.decode())


@pytest.mark.parametrize("what", SCORES)
def test_what_is_no_score(desk: Desk, works, assert_nothing_stored, what: str):
    typed, sentence = SCORES[what]
    values = {"score": typed, "feedback": "Typed at length."}
    answer = desk.save(works[0], **values, version=desk.version(works[0]))
    assert answer.status_code == 422
    assert answer.context["outcome"].errors == {"score": [sentence]}
    assert sentence in said(answer)
    assert_nothing_stored()
    kept = typed.replace("\0", "")
    assert (answer.context["work"].score, answer.context["work"].feedback) == (
        kept,
        "Typed at length.",
    )
    draft = GradeDraft.objects.get().payload
    assert (draft["score"], draft["feedback"]) == (kept, "Typed at length.")


def named(name: str, rubric: GradingRubric, others: dict[str, int]) -> str:
    first, second = rubric.criteria.order_by("position")
    keys = {"first": first.pk, "second": second.levels.first().pk, **others}
    return name.format(**keys)


PARTS = {
    "a level of another criterion": ("criterion-{first}-level", "{second}", OTHER_CRITERION),
    "a level of another course": ("criterion-{first}-level", "{level}", OTHER_CRITERION),
    "a level that is not there": ("criterion-{first}-level", "9" * 18, OTHER_CRITERION),
    "a huge level": ("criterion-{first}-level", "9" * 30, NO_LEVEL),
    "a text as level": ("criterion-{first}-level", "Convincing", NO_LEVEL),
    "a foreign digit as level": ("criterion-{first}-level", "\u0661", NO_LEVEL),
    "NUL as level": ("criterion-{first}-level", "1\0", NO_LEVEL),
    "a criterion of another rubric": ("criterion-{criterion}-points", "5", OTHER_RUBRIC),
    "a huge criterion": (f"criterion-{'9' * 30}-points", "5", UNKNOWN),
    "a text as criterion": ("criterion-x-points", "5", UNKNOWN),
    "another field": ("criterion-{first}-maximum", "5", UNKNOWN),
    "a question of another assessment": ("response-{question}-score", "5", OTHER_QUESTION),
    "points as a word": ("criterion-{first}-points", "five", NO_NUMBER.format("five")),
    "points below 0": (
        "criterion-{first}-points",
        "-1",
        "“Argument” gives from 0 to 60 points.",
    ),
    "points over the maximum": (
        "criterion-{first}-points",
        "60.01",
        "“Argument” gives from 0 to 60 points.",
    ),
    "a comment alone": (
        "criterion-{first}-comment",
        "Clear.",
        "“Argument” has a comment and no points. Choose a level, or say how many points.",
    ),
    "NUL in a comment": ("criterion-{first}-comment", "A\0B", CONTROL),
    "NUL in the feedback": ("feedback", "A\0B", CONTROL),
    "a control character": ("feedback", "A\x01B", CONTROL),
    "a turned direction": ("feedback", "A\u202eB", CONTROL),
    "100 kB of feedback": (
        "feedback",
        "x" * 100_000,
        "This has 100000 characters. Shorten it to 50000.",
    ),
    "a reason of a page": (
        "override_reason",
        "x" * 501,
        "Ensure this value has at most 500 characters (it has 501).",
    ),
}


@pytest.mark.parametrize("what", PARTS)
def test_what_is_no_part_of_the_grade(
    desk: Desk, works, rubric, others, assert_nothing_stored, what: str
):
    name, typed, sentence = PARTS[what]
    name, typed = (named(each, rubric, others) for each in (name, typed))
    # All else is as it should be.
    values = {"score": "70", "version": desk.version(works[0])} | {name: typed}
    answer = desk.save(works[0], **values)
    assert answer.status_code == 422
    assert [sentence in messages for messages in answer.context["outcome"].errors.values()] == [
        True
    ]
    assert sentence in said(answer)
    assert_nothing_stored()
    assert GradeDraft.objects.get().payload[name] == typed.replace("\0", "")


def test_points_that_are_no_level(desk: Desk, works, rubric, assert_nothing_stored):
    criterion = rubric.criteria.first()
    level = criterion.levels.get(title="Convincing").pk
    values = {f"criterion-{criterion.pk}-level": level, f"criterion-{criterion.pk}-points": "17.35"}
    answer = desk.save(works[0], **values, version=desk.version(works[0]))
    assert answer.status_code == 422
    (messages,) = answer.context["outcome"].errors.values()
    assert messages[0].endswith(".")
    assert messages[0] in said(answer)
    assert_nothing_stored()


@pytest.mark.parametrize(
    "version",
    [None, "", "1", "-", "1-", "0-0", "-1-a", "1-\0", "x" * 3000, "9" * 30, "\u0661-a", "<b>1</b>"],
)
def test_a_version_that_is_none(desk: Desk, works, assert_nothing_stored, version: str | None):
    sent = {} if version is None else {"version": version}
    answer = desk.save(works[0], score="70", feedback="Typed at length.", **sent)
    assert answer.status_code == 409
    assert STALE in said(answer)
    assert_nothing_stored()
    assert answer.context["work"].feedback == "Typed at length."
    assert GradeDraft.objects.get().payload["feedback"] == "Typed at length."


def test_an_ancient_version(desk: Desk, works):
    first = desk.version(works[0])
    for score in ("50", "60", "70"):
        desk.save(works[0], score=score, version=desk.version(works[0]))
    answer = desk.save(works[0], score="80", version=first)
    assert answer.status_code == 409
    assert STALE in said(answer)
    works[0].refresh_from_db()
    assert (works[0].score, works[0].version) == (70, 4)


def test_the_version_of_other_work(desk: Desk, works, assert_nothing_stored):
    answer = desk.save(works[0], score="70", version=desk.version(works[1]))
    assert answer.status_code == 409
    assert_nothing_stored()


def test_nothing_at_all_takes_no_grade_away(desk: Desk, works):
    desk.save(works[0], **desk.marks("Thin", "Thin"), version=desk.version(works[0]))
    assert desk.client.post(desk.address(works[0])).status_code == 409
    works[0].refresh_from_db()
    assert (works[0].score, works[0].version) == (50, 2)


def test_work_of_another_assessment(desk: Desk, course, works, assert_nothing_stored):
    other = Assessment.objects.create(course=course, code="TMA02", title="Other")
    values = {"score": "70", "version": desk.version(works[0])}
    assert Desk(desk.client, other).save(works[0], **values).status_code == 404
    assert_nothing_stored()


def test_work_of_another_course(desk: Desk, courses, student):
    author, foreign = student("s2001"), courses["ART200"]
    Enrollment.objects.create(course=foreign, student=author)
    talk = Assessment.objects.create(course=foreign, code="TMA01", title="Talk")
    work = AssessmentSubmission.objects.create(assessment=talk, student=author, text="So.")
    for each in (desk, Desk(desk.client, talk)):
        assert each.save(work, score="70", version="1-0").status_code == 403
    work.refresh_from_db()
    assert (work.score, work.version) == (None, 1)
    assert not GradeDraft.objects.exists()


def test_more_fields_than_a_form_has(desk: Desk, works, assert_nothing_stored):
    values = {f"criterion-{number}-points": "5" for number in range(1, 2000)}
    answer = desk.save(works[0], **values, version=desk.version(works[0]))
    assert answer.status_code == 400
    assert_nothing_stored()
