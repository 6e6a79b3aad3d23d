"""The gradebook of a course at a moment of the past, and the cells that differ from another."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.assessments.gradebook_as_of import counted
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.record.install import audited_models
from tests.forging import unwatched
from tests.school import text_of

PAGE = "/admin/gradebook-as-of/"
MAY, JULY = (datetime(2024, month, 1, 12, tzinfo=UTC) for month in (5, 7))


@pytest.fixture
def course(courses: dict[str, Course], student: Callable[..., User]) -> Course:
    """In May Ada had 97 for TMA01; in July 79, final, there was an exam, and Bo had handed in."""
    course = courses["BIO101"]
    ada, bo = student("s1001", first_name="Ada"), student("s1002", first_name="Bo")
    for one in (ada, bo):
        Enrollment.objects.create(course=course, student=one)
    essay = task(course, "TMA01", due_date=MAY)
    graded = {"status": "graded", "score": 97}
    AssessmentSubmission.objects.create(assessment=essay, student=ada, **graded)
    dated(MAY)
    AssessmentSubmission.objects.update(score=79, status="finalized")
    AssessmentSubmission.objects.create(assessment=essay, student=bo, is_late=True)
    task(course, "EXAM", due_date=JULY, max_score="62.50")
    dated(JULY)
    return course


def task(course: Course, code: str, **fields: Any) -> Assessment:
    return Assessment.objects.create(course=course, code=code, status="published", **fields)


def dated(moment: datetime) -> None:
    """What was recorded since the last moment was recorded at this one."""
    with unwatched():
        for model in audited_models():
            model.history.filter(history_date__gt=JULY).update(history_date=moment)


def grid(page: Any) -> dict[str, list[tuple[str, str]]]:
    """What the cells of the page say, by student."""
    return {
        str(line.person): [
            (cell.mark.points, cell.mark.state) if cell.mark else ("", "") for cell in line.cells
        ]
        for line in page.context["grade_rows"]
    }


def codes(page: Any) -> list[str]:
    return [column.row.code for column in page.context["columns"]]


def test_the_gradebook_is_as_it_was(course: Course, auditor_client: Client):
    page = auditor_client.get(PAGE, {"course": course.pk, "at": "2024-06-01"})
    assert codes(page) == ["TMA01"]
    assert grid(page) == {"Ada": [("97", "graded")], "Bo": [("", "")]}
    later = auditor_client.get(PAGE, {"course": course.pk, "at": "2024-07-02"})
    assert codes(later) == ["TMA01", "EXAM"]
    assert grid(later) == {
        "Ada": [("79", "final"), ("", "")],
        "Bo": [("–", "submitted"), ("", "")],
    }
    assert "of 62.5" in text_of(later)
    early = auditor_client.get(PAGE, {"course": course.pk, "at": "2024-04-01"})
    assert "No student was on the roster at this moment. Choose a later one." in text_of(early)


def test_a_difference_shows_the_cells_before_and_after(course: Course, auditor_client: Client):
    query = {"course": course.pk, "since": "2024-06-01", "at": "2024-07-02"}
    page = auditor_client.get(PAGE, query)
    assert [(c.row.code, c.change) for c in page.context["columns"]] == [
        ("TMA01", None),
        ("EXAM", "added"),
    ]
    assert re.search(r"<bdi>EXAM</bdi>.*?added", text_of(page), re.DOTALL)
    ada, bo = page.context["grade_rows"]
    assert [cell.is_changed for cell in ada.cells] == [True, False]
    assert (ada.cells[0].before.points, ada.cells[0].mark.points) == ("97", "79")
    assert (bo.cells[0].before, bo.cells[0].mark.state) == (None, "submitted")
    text = text_of(auditor_client.get(PAGE, query | {"since": "2024-07-01T12:00:00"}))
    assert (
        "No grade was given, changed or taken back in this time. "
        "Choose an earlier moment to compare with."
    ) in text


def test_work_that_changed_in_nothing_a_gradebook_shows_is_no_difference(
    course: Course, auditor_client: Client
):
    AssessmentSubmission.objects.update(feedback="Well done.")
    page = auditor_client.get(PAGE, {"course": course.pk, "since": "2024-07-02"})
    assert page.context["grade_rows"] == []


def test_a_student_who_came_and_an_attempt_that_counts_now_are_differences(
    course: Course, student: Callable[..., User], auditor_client: Client
):
    cy = student("s1003", first_name="Cy")
    Enrollment.objects.create(course=course, student=cy)
    essay = Assessment.objects.get(code="TMA01")
    Assessment.objects.filter(pk=essay.pk).update(grading_method="latest", max_attempts=2)
    AssessmentSubmission.objects.create(
        assessment=essay, student=User.objects.get(first_name="Ada"), attempt=2, score=50
    )
    page = auditor_client.get(PAGE, {"course": course.pk, "since": "2024-07-02"})
    rows = {str(row.person): row for row in page.context["grade_rows"]}
    assert rows["Cy"].change == "added"
    cell = rows["Ada"].cells[0]
    assert (cell.before.points, cell.mark.points, cell.mark.attempts) == ("79", "50", 2)
    assert page.context["columns"][0].change == "changed"


def test_the_files_have_the_same_cells(course: Course, auditor_client: Client):
    query = {"course": course.pk, "at": "2024-07-02", "format": "csv"}
    answer = auditor_client.get(PAGE, query)
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="gradebook_BIO101_2026J_20240702T235959Z.csv"'
    )
    assert text_of(answer).splitlines() == [
        "student_id,username,name,enrollment,TMA01,TMA01 state,EXAM,EXAM state",
        "s1001,s1001,Ada,active,79.00,final,,",
        "s1002,s1002,Bo,active,,submitted,,",
    ]
    answer = auditor_client.get(PAGE, query | {"since": "2024-06-01"})
    assert text_of(answer).splitlines() == [
        "student_id,username,name,assessment,what,score before,score after,state before,"
        "state after",
        "s1001,s1001,Ada,TMA01,changed,97.00,79.00,graded,final",
        "s1002,s1002,Bo,TMA01,added,,,,submitted",
    ]


def test_a_registrar_has_no_gradebook_and_an_instructor_that_of_the_own_courses(
    course: Course, registrar_client: Client, instructor: User, instructor_client: Client
):
    query = {"course": course.pk, "at": "2024-06-01"}
    assert registrar_client.get(PAGE, query).status_code == 403
    assert instructor_client.get(PAGE, query).status_code == 404
    Course.objects.filter(pk=course.pk).update(instructor=instructor)
    assert grid(instructor_client.get(PAGE, query))["Ada"] == [("97", "graded")]


def test_the_page_of_a_course_and_its_roster_lead_to_their_past(
    course: Course, auditor_client: Client, registrar_client: Client
):
    links = [f'href="/admin/{name}-as-of/?course={course.pk}"' for name in ("roster", "gradebook")]
    form = f"/admin/courses/course/{course.pk}/change/"
    listed = f"/admin/users/enrollment/?course__id__exact={course.pk}"
    for address in (form, listed):
        assert [link in text_of(auditor_client.get(address)) for link in links] == [True, True]
        assert [link in text_of(registrar_client.get(address)) for link in links] == [True, False]


def test_a_course_without_assessments_says_so(
    courses: dict[str, Course], student: Callable[..., User], auditor_client: Client
):
    Enrollment.objects.create(course=courses["ART200"], student=student("s1001"))
    text = text_of(auditor_client.get(PAGE, {"course": courses["ART200"].pk}))
    assert (
        "The course had no assessment at this moment. Choose a later one to see grades."
    ) in text


@pytest.mark.parametrize(
    ("method", "scores", "counts"),
    [
        ("highest", (50, 70, 60), 70),
        ("latest", (50, 70, 60), 60),
        ("latest", (50, None), 50),
        ("first", (50, 70, 60), 50),
        ("average", (50, 70, 61), Decimal("60.33")),
        ("average", (None, None), None),
        ("highest", (None, 0), 0),
    ],
)
def test_which_attempt_counts_the_assessment_said(
    method: str, scores: tuple[int | None, ...], counts: Any
):
    tries = [
        SimpleNamespace(
            score=None if score is None else Decimal(score), status="graded", is_late=False
        )
        for score in scores
    ]
    assert counted(method, tries).score == counts
    assert counted(method, tries).attempts == len(scores)


def test_a_page_asks_the_same_few_questions_for_any_number_of_students(
    courses: dict[str, Course],
    student: Callable[..., User],
    auditor_client: Client,
    django_assert_max_num_queries: Any,
):
    course = courses["ART200"]
    people = [student(f"s{4000 + n}") for n in range(60)]
    Enrollment.objects.bulk_create(Enrollment(course=course, student=one) for one in people)
    for number in range(3):
        essay = task(course, f"T{number}")
        AssessmentSubmission.objects.bulk_create(
            AssessmentSubmission(assessment=essay, student=one, maximum=100, score=number)
            for one in people
        )
    auditor_client.get(PAGE)
    with django_assert_max_num_queries(16):
        page = auditor_client.get(PAGE, {"course": course.pk})
    assert len(page.context["grade_rows"]) == 50
    assert all(points for line in grid(page).values() for points, _state in line)
    query = {"course": course.pk, "since": "2024-01-01"}
    with django_assert_max_num_queries(20):
        assert len(auditor_client.get(PAGE, query).context["grade_rows"]) == 50
