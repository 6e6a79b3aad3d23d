"""Ten pieces of work are graded at the desk without a mouse; a conflict is resolved so, too."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradeDraft,
    GradingRubric,
    Question,
    QuestionResponse,
    RubricCriterion,
    RubricLevel,
    SavedComment,
    SubmissionFlag,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.browser.conftest import OpenPage

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORKS, MOST_KEYS = 10, 12


@pytest.fixture
def graders(transactional_db: None) -> list[User]:
    """Ingrid, who teaches the course, and Theo, who assists."""
    return [
        User.objects.create_user(name, role="instructor", is_staff=True, first_name=name.title())
        for name in ("ingrid", "theo")
    ]


@pytest.fixture
def essay(graders: list[User]) -> Assessment:
    """Ten pieces of work that wait, a rubric of three criteria, and a saved comment."""
    ingrid, theo = graders
    bio = Course.objects.create(
        code="BIO101", presentation="2026J", title="Biology", instructor=ingrid
    )
    Enrollment.objects.create(student=theo, course=bio, role="teaching_assistant")
    rubric = GradingRubric.objects.create(course=bio, title="Essay")
    for position, points in enumerate((40, 30, 30), 1):
        one = RubricCriterion.objects.create(
            rubric=rubric, position=position, title=f"Part {position}", max_points=points
        )
        for title, share in (("Good", points), ("Weak", points // 2)):
            RubricLevel.objects.create(criterion=one, title=title, points=share)
    paper = Assessment.objects.create(
        course=bio, code="TMA01", title="Essay", status="published", rubric=rubric, due_date=DUE
    )
    for number in range(WORKS):
        author = User.objects.create(
            username=f"s{number}", student_id=f"s{number}", first_name=f"Ada{number}", password="!"
        )
        Enrollment.objects.create(student=author, course=bio)
        AssessmentSubmission.objects.create(
            assessment=paper,
            student=author,
            text=f"Text {number}.",
            submitted_at=DUE - timedelta(hours=number),
        )
    SavedComment.objects.create(owner=ingrid, course=bio, text="{first_name}, name your sources.")
    return paper


def open_desk(page: Page, essay: Assessment) -> None:
    """The first work in the order of time."""
    page.goto(f"/admin/assessments/assessment/{essay.pk}/desk/?order=time")
    page.get_by_role("link", name="Start grading").press("Enter")
    expect(page.locator(".desk-criterion.is-current")).to_be_focused()


def press(page: Page, *keys: str) -> int:
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def test_ten_pieces_of_work_are_graded_by_keys_alone(
    open_page: OpenPage, graders: list[User], essay: Assessment
):
    page = open_page(graders[0])
    open_desk(page, essay)
    for _number in range(WORKS):
        name = page.locator("#desk-name bdi").inner_text()
        keys = press(page, "1", "2", "f")
        page.keyboard.insert_text("Look at this.")
        keys += press(page, "Enter")
        expect(page.locator("#desk-flag")).to_be_visible()
        keys += press(page, "c", *"sou", "Enter")
        expect(page.locator("#desk-dialog-bank")).to_be_hidden()
        keys += press(page, "1", "s")
        assert keys <= MOST_KEYS
        expect(page.locator("#desk-name").get_by_text(name, exact=True)).to_have_count(0)
    expect(page.get_by_text("10 of 10 handed in are graded.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    grades = AssessmentSubmission.objects.values_list("score", "version")
    assert list(grades) == [(85, 2)] * WORKS
    assert SubmissionFlag.objects.count() == WORKS
    assert SavedComment.objects.get().use_count == WORKS


def test_keys_typed_while_a_save_is_under_way_are_for_the_next_work(
    open_page: OpenPage, graders: list[User], essay: Assessment
):
    page = open_page(graders[0])
    open_desk(page, essay)
    saves: list[Route] = []
    page.route(
        re.compile(r"/desk/[0-9]+/\?"),
        lambda route: saves.append(route) if route.request.method == "POST" else route.continue_(),
    )
    name = page.locator("#desk-name bdi").inner_text()
    with page.expect_request(lambda request: request.method == "POST" and "?" in request.url):
        press(page, "1", "1", "1", "s")
    press(page, "s", "2", "1", "e", *"As said", "Escape")
    expect(page.locator("#desk-name bdi")).to_have_text(name)
    saves.pop().continue_()
    expect(page.locator("#desk-name").get_by_text(name, exact=True)).to_have_count(0)
    expect(page.locator("#desk-total")).to_have_text("50")
    expect(page.locator(".desk-criterion textarea").last).to_have_value("As said")
    expect(page.locator(".desk-criterion").last).to_be_focused()
    assert saves == []
    assert AssessmentSubmission.objects.filter(score__isnull=False).count() == 1


def test_the_score_follows_the_answers_where_they_come_to_the_maximum(
    open_page: OpenPage, graders: list[User], essay: Assessment
):
    Assessment.objects.update(rubric=None)
    work = AssessmentSubmission.objects.first()
    for position, points in enumerate((10, 90), 1):
        question = Question.objects.create(
            assessment=essay, position=position, text="Which?", points=points
        )
        QuestionResponse.objects.create(submission=work, question=question, answer="This one.")
    page = open_page(graders[0])
    page.goto(f"/admin/assessments/assessment/{essay.pk}/desk/{work.pk}/")
    fields = page.locator("[data-of-total]")
    fields.first.fill("8")
    expect(page.locator("#desk-total")).to_have_text("8")
    expect(page.locator("#id_score")).to_have_value("")
    fields.last.fill("80.5")
    expect(page.locator("#id_score")).to_have_value("88.5")


def test_a_conflict_is_resolved_by_keys(
    open_page: OpenPage, graders: list[User], essay: Assessment
):
    first, second = (open_page(grader) for grader in graders)
    for page in (first, second):
        open_desk(page, essay) if page is first else page.goto(first.url)
        expect(page.locator(".desk-criterion.is-current")).to_be_focused()
    press(first, "1", "1", "1", "S")
    expect(first.get_by_text("Saved.")).to_be_visible()
    press(second, "2", "2", "2", "S")
    conflict = second.locator("#desk-conflict")
    expect(conflict).to_be_focused()
    expect(conflict).to_contain_text("Ingrid (ingrid)")
    expect(conflict).to_contain_text("Theo")
    expect(second.locator("#id_score")).to_have_value("50")
    for _row in range(4):
        press(second, "Tab", "Enter")
    expect(second.locator("#id_score")).to_have_value("100")
    press(second, "S")
    expect(second.get_by_text("Saved.")).to_be_visible()
    assert AssessmentSubmission.objects.filter(score=100).count() == 1


def test_a_draft_survives_a_closed_browser(
    open_page: OpenPage, graders: list[User], essay: Assessment
):
    page = open_page(graders[0])
    open_desk(page, essay)
    address = page.url
    press(page, "e")
    page.keyboard.insert_text("Half a thou")
    expect(page.locator("#desk-status")).to_contain_text("Draft kept at", timeout=2_000)
    page.close()
    assert GradeDraft.objects.count() == 1
    again = open_page(graders[0])
    again.goto(address)
    expect(again.locator(".desk-criterion textarea").first).to_have_value("Half a thou")
