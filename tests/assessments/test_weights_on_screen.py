"""Who saves an assessment hears when the weights of its course come to more than 100 %."""

from typing import Any

import pytest
from django.test import Client

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from tests.filling import fields_of

LIST = "/admin/assessments/assessment/"
OVER = "With this, the weights of BIO101 2026J Biology come to 140.5 %, which is more than 100 %."


@pytest.fixture
def taught(courses: dict[str, Course], instructor: Any) -> Course:
    """A course with one assessment that counts 80 %."""
    Course.objects.filter(pk=courses["BIO101"].pk).update(instructor=instructor)
    Assessment.objects.create(course=courses["BIO101"], code="E1", weight=80)
    return courses["BIO101"]


def saved(client: Client, address: str, **values: Any) -> list[tuple[str, str]]:
    """The messages after saving a form in which these values were changed."""
    data = fields_of(client, address)
    answer = client.post(address, data | values, follow=True)
    assert answer.redirect_chain, answer.context["adminform"].form.errors
    return [(each.level_tag, str(each)) for each in answer.context["messages"]]


def warnings(found: list[tuple[str, str]]) -> list[str]:
    return [text for level, text in found if level == "warning"]


def test_weights_beyond_100_percent_are_stored_with_the_warning_of_files(
    taught, instructor_client: Client
):
    values = {"course": taught.pk, "code": "E2", "title": "Essay", "weight": "60.5"}
    found = saved(instructor_client, f"{LIST}add/", **values)
    assert warnings(found) == [OVER]
    assert "success" in dict(found)
    assert Assessment.objects.filter(code="E2").exists()


def test_exactly_100_percent_is_no_warning(taught, instructor_client):
    values = {"course": taught.pk, "code": "E2", "title": "Essay", "weight": "20"}
    assert warnings(saved(instructor_client, f"{LIST}add/", **values)) == []


def test_a_changed_weight_is_counted_once(taught, instructor_client):
    one = Assessment.objects.create(course=taught, code="E2", title="Essay", weight=20)
    address = f"{LIST}{one.pk}/change/"
    assert warnings(saved(instructor_client, address, weight="60.50")) == [OVER]
    assert warnings(saved(instructor_client, address, weight="19.99")) == []


def test_what_counts_nothing_is_not_at_fault(taught, instructor_client):
    Assessment.objects.create(course=taught, code="E2", title="Essay", weight=60)
    values = {"course": taught.pk, "code": "E3", "title": "Talk", "weight": "0"}
    assert warnings(saved(instructor_client, f"{LIST}add/", **values)) == []
