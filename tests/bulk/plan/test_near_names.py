"""A name that names nothing gets “did you mean”, where a stored one is near."""

from difflib import SequenceMatcher
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as properties
from hypothesis import strategies as st

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.plan import near_names
from backoffice.bulk.plan.near_names import MOST_NAMES, NearNames
from backoffice.bulk.sql import dialects
from backoffice.bulk.sql.layout import Layout

ENROLL = "student_id,course_code,presentation\n"


def sentences(batch: Any) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


@pytest.fixture(autouse=True)
def history(courses: Any, student: Any) -> Course:
    student("s1001")
    return Course.objects.create(code="HIS210", presentation="2026J", title="Rome")


NAMES_NO_COURSE = "names no course that exists. Check it, or add it first."


@pytest.mark.parametrize(
    "code", ["HIS201", "his210", "HIS 210", "HIS-210", "ＨＩＳ２１０", "HIS2100"]
)
def test_a_near_course_is_named(upload, code):
    batch = upload("enrollments", ENROLL + f"s1001,{code},2026J\n")
    assert sentences(batch) == [
        f"Line 2: course_code “{code}” {NAMES_NO_COURSE} Did you mean “HIS210”?"
    ]


def test_a_far_one_is_not(upload):
    batch = upload("enrollments", ENROLL + "s1001,CHEM7,2026J\n")
    assert sentences(batch) == [f"Line 2: course_code “CHEM7” {NAMES_NO_COURSE}"]


def test_of_a_presentation_it_is_one_of_the_same_course(upload):
    Course.objects.create(code="HIS999", presentation="2025K")
    batch = upload("enrollments", ENROLL + "s1001,HIS210,2025J\n")
    assert sentences(batch) == [
        f"Line 2: presentation “2025J” {NAMES_NO_COURSE} Did you mean “2026J”?"
    ]


def test_of_an_assessment_it_is_one_of_the_same_course(upload, history):
    for course, code in ((history, "ESSAY1"), (Course.objects.get(code="BIO101"), "ESSAY22")):
        Assessment.objects.create(course=course, code=code, title=code, max_score=100)
    head = "student_id,assessment_id,course_code,presentation,score\n"
    batch = upload("grades", head + "s1001,ESSAY2,HIS210,2026J,50\n")
    assert sentences(batch)[0].endswith("Did you mean “ESSAY1”?")
    batch = upload("grades", "student_id,assessment_id,score\ns1001,ESSAY2,50\n")
    assert sentences(batch)[0].endswith("Did you mean “ESSAY22”?")


def test_an_instructor_hears_of_no_course_that_is_not_theirs(upload, taught, instructor):
    Course.objects.create(code="BIO102", presentation="2026J")
    text = "Rubric Name,Criteria Name,Rating Name,Rating Points,Course Code,Presentation\n"
    batch = upload("rubrics", text + "Essay,Voice,Clear,5,BIO10Z,2026J\n", actor=instructor)
    hints = [each.partition("Did you mean")[2] for each in sentences(batch)]
    assert " “BIO102”?" not in hints


def test_few_names_are_looked_for_and_each_once(upload):
    lines = "".join(f"s1001,HIS{n:04},2026J\n" for n in range(120) for _twice in range(2))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        batch = upload("enrollments", ENROLL + lines)
    looked = [each for each in queries if "DISTINCT" in each["sql"] and '"code"' in each["sql"]]
    assert len(looked) <= MOST_NAMES
    assert sum("Did you mean" in each for each in sentences(batch)) <= 2 * MOST_NAMES


CODES = st.text(st.sampled_from("AB12"), min_size=1, max_size=6)


@given(stored=st.sets(CODES, min_size=1, max_size=8), name=CODES)
@properties(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_near_one_is_as_near_as_any(db, stored, name):
    Course.objects.all().delete()
    for code in stored - {name}:
        Course.objects.create(code=code, presentation="2026J")
    layout = Layout(
        kinds["enrollments"], ("student_id", "course_code", "presentation"), dialects.current()
    )
    check = Check("unknown_course", "course_code", "", is_of_name=True)
    hint = NearNames(layout).hint(check, {"course_code": name, "presentation": "2026J"})

    def closeness(code: str) -> float:
        return SequenceMatcher(None, code.casefold(), name.casefold()).ratio()

    best = max(map(closeness, stored - {name}), default=0.0)
    if best < near_names.CLOSENESS:
        assert hint == ""
    else:
        named = hint.removeprefix(" Did you mean “").removesuffix("”?")
        assert closeness(named) == best


def test_where_there_are_many_names_those_with_the_same_beginning_count(monkeypatch, upload):
    monkeypatch.setattr(near_names, "MOST_CANDIDATES", 2)
    batch = upload(
        "enrollments", ENROLL + "s1001,HIS201,2026J\ns1001,BUO101,2026J\n", on_error="skip"
    )
    assert [each.partition("Did you mean")[2] for each in sentences(batch)] == [" “HIS210”?", ""]
