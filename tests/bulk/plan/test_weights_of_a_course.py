"""Weights that come to more than 100 % of a course are stored, and pointed out once."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import Assessment
from backoffice.bulk.models import Batch

HEADER = "assessment_id,course_code,presentation,weight\n"
WEIGHTS = st.lists(st.integers(0, 12_000).map(lambda n: n / 100), min_size=1, max_size=5)


def warned(batch: Batch) -> list[tuple[int, str]]:
    return list(batch.issues.filter(code="weights_over").values_list("line", "message"))


def rows(*weights: object, course: str = "BIO101,2026J") -> str:
    return "".join(f"W{number},{course},{weight}\n" for number, weight in enumerate(weights))


def test_weights_beyond_100_percent_are_stored_with_a_warning(import_file, courses):
    batch = import_file("assessments", HEADER + rows(80, "60.5", 0))

    assert warned(batch) == [
        (
            3,
            "Line 3: weight “60.5”: With this, the weights of BIO101 2026J Biology come to "
            "140.5 %, which is more than 100 %.",
        )
    ]
    assert Assessment.objects.count() == 3


def test_exactly_100_percent_is_no_warning(import_file, courses):
    batch = import_file("assessments", HEADER + rows("33.3", "33.3", "33.4"))

    assert warned(batch) == []


def test_what_is_stored_counts_and_what_the_file_lowers_does_not(upload, courses):
    bio, art = courses["BIO101"], courses["ART200"]
    Assessment.objects.create(course=bio, code="OLD", weight=50)
    Assessment.objects.create(course=bio, code="W0", weight=90)
    Assessment.objects.create(course=art, code="W0", weight=90)

    assert warned(upload("assessments", HEADER + rows(50))) == []
    more = upload("assessments", HEADER + rows(51))
    assert [line for line, _text in warned(more)] == [2]
    both = HEADER + rows(51) + rows(20, 81, course="ART200,2026B")
    assert [line for line, _text in warned(upload("assessments", both))] == [2, 4]


def test_a_file_without_weights_says_nothing_of_them(upload, courses):
    Assessment.objects.create(course=courses["BIO101"], code="OLD", weight=150)
    text = "assessment_id,course_code,presentation,title\nOLD,BIO101,2026J,Old\n"

    assert warned(upload("assessments", text)) == []


def test_a_refused_row_adds_nothing(upload, courses):
    text = HEADER + rows(80) + "W8,BIO101,2026J,-70\nW9,NONE,2026J,70\n"

    assert warned(upload("assessments", text, on_error="skip")) == []


@given(stored=WEIGHTS, incoming=WEIGHTS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.django_db
def test_the_sum_is_that_of_all_assessments(upload: Any, courses, stored, incoming):
    Assessment.objects.all().delete()
    for number, weight in enumerate(stored):
        Assessment.objects.create(course=courses["BIO101"], code=f"W{number}", weight=weight)
    batch = upload("assessments", HEADER + rows(*incoming))

    others = [round(100 * weight) for weight in stored[len(incoming) :]]
    total = sum(round(100 * weight) for weight in incoming) + sum(others)
    assert bool(warned(batch)) == (total > 10_000 and any(incoming))
