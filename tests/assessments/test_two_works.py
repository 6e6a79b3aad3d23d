"""Where an instructor is asked which of two works counts, and compares them side by side."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.merging.requests import request_merge
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import AccessRecord
from tests.actions import do, page_of
from tests.users.twins import WHY, graded

EMPTY = "Nobody has asked to merge two records that both have this work."


@pytest.fixture
def works(
    student: Any, courses: dict[str, Course], instructor: User
) -> tuple[AssessmentSubmission, AssessmentSubmission]:
    """Two records, each with a grade for one paper."""
    bio = courses["BIO101"]
    Course.objects.filter(pk=bio.pk).update(instructor=instructor)
    paper = Assessment.objects.create(course=bio, code="TMA01", title="TMA01", status="published")
    question = paper.questions.create(position=1, question_type="essay", text="Why?", points=10)
    rubric = GradingRubric.objects.create(course=bio, title="Essay")
    criterion = RubricCriterion.objects.create(
        rubric=rubric, position=1, title="Sources", max_points=10
    )
    rows = []
    for number, score in (("S1001", 40), ("S2002", 90)):
        person = student(number)
        Enrollment.objects.create(student=person, course=bio)
        row = graded(paper, person, score)
        row.responses.create(question=question, answer=f"Because {number}", score=3)
        CriterionScore.objects.create(submission=row, criterion=criterion, points=5)
        rows.append(row)
    return rows[0], rows[1]


@pytest.fixture
def asked(works: Any, registrar: User) -> Any:
    """The registry asks for the merge of the two."""
    request_merge(works[0].student, works[1].student, registrar, WHY)
    return works


def shown(client: Client, work: AssessmentSubmission) -> Any:
    return client.get(page_of(work, "two_works"))


def test_the_home_page_asks_and_leads_to_both_side_by_side(asked, instructor_client):
    home = instructor_client.get(reverse("admin:index")).content.decode()
    assert "One person, two works" in home
    assert page_of(asked[0], "two_works") in home
    page = shown(instructor_client, asked[0])
    assert [column.work for column in page.context["columns"]] == list(asked)
    text = page.content.decode()
    for word in ("40 / 100", "90 / 100", "By S1001", "By S2002", "Because S1001", "Because S2002",
                 "Why?", "Sources", "S2002"):  # fmt: skip
        assert word in text, word
    for work in asked:
        assert page_of(work, "choose_work") in text


def test_what_is_chosen_is_marked_until_a_grade_changes(asked, instructor_client):
    do(instructor_client, asked[1], "choose_work", reason="The second one was the later draft")
    columns = shown(instructor_client, asked[0]).context["columns"]
    assert [column.is_chosen for column in columns] == [False, True]
    home = instructor_client.get(reverse("admin:index")).content.decode()
    assert page_of(asked[0], "two_works") not in home
    asked[0].score = 95
    asked[0].save()
    columns = shown(instructor_client, asked[0]).context["columns"]
    assert [column.is_chosen for column in columns] == [False, False]


def test_the_page_of_each_work_leads_there_while_somebody_asks(asked, instructor_client):
    for work in asked:
        page = instructor_client.get(page_of(work, "change"))
        addresses = [link["address"] for link in page.context["related_lists"]]
        assert page_of(work, "two_works") in addresses


def test_where_nobody_asks_the_page_says_so(works, instructor_client):
    page = shown(instructor_client, works[0])
    assert (page.status_code, page.context["columns"]) == (200, [])
    assert EMPTY in page.content.decode()
    change = instructor_client.get(page_of(works[0], "change"))
    assert page_of(works[0], "two_works") not in change.content.decode()


@pytest.mark.parametrize("who", ["registrar", "admin", "auditor", "other"])
def test_nobody_else_compares_them(who, request, asked, person):
    if who == "other":
        client = Client()
        client.force_login(person("instructor", "ingrid"))
    else:
        client = request.getfixturevalue(f"{who}_client")
    assert shown(client, asked[0]).status_code == 403


def test_an_assistant_of_the_course_does_not(asked, person, courses):
    helper = person("instructor", "helper")
    Enrollment.objects.create(student=helper, course=courses["BIO101"], role="teaching_assistant")
    client = Client()
    client.force_login(helper)
    assert shown(client, asked[0]).status_code == 403
    assert do(client, asked[0], "choose_work", reason=WHY).status_code == 403


def test_it_is_only_looked_at_and_each_look_is_recorded_for_both(asked, instructor_client):
    assert instructor_client.post(page_of(asked[0], "two_works")).status_code == 403
    assert not AccessRecord.objects.filter(kind="view").exists()
    shown(instructor_client, asked[0])
    looks = AccessRecord.objects.filter(kind="view")
    assert set(looks.values_list("person", flat=True)) == {row.student_id for row in asked}
