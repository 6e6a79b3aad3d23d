"""Two graders have the dialog of a grade open: the second sees both values and both names."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.browser.conftest import OpenPage


@pytest.fixture
def graders(transactional_db: None) -> list[User]:
    """Ingrid, who teaches the course, and Theo, who assists."""
    return [
        User.objects.create_user(name, role="instructor", is_staff=True, first_name=name.title())
        for name in ("ingrid", "theo")
    ]


@pytest.fixture
def work(graders: list[User]) -> AssessmentSubmission:
    """What both of them grade."""
    ingrid, theo = graders
    bio = Course.objects.create(
        code="BIO101", presentation="2026J", title="Biology", instructor=ingrid
    )
    ada = User.objects.create(username="s1001", student_id="s1001", first_name="Ada", password="!")
    Enrollment.objects.create(student=ada, course=bio)
    Enrollment.objects.create(student=theo, course=bio, role="teaching_assistant")
    paper = Assessment.objects.create(course=bio, code="TMA01", title="Essay", status="published")
    return AssessmentSubmission.objects.create(
        assessment=paper, student=ada, status="submitted", submitted_at="2026-03-01T12:00Z"
    )


def open_dialog(page: Page, work: AssessmentSubmission) -> None:
    page.goto(f"/admin/assessments/assessmentsubmission/{work.pk}/change/")
    page.get_by_role("link", name=re.compile(r"Grade\s*$")).first.click()
    expect(page.locator("#dialog").locator("[name=score]")).to_be_visible()


def submit(page: Page) -> None:
    page.locator("#dialog").get_by_role("button", name="Grade").click()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_second_grader_sees_both_values_and_both_names(
    width: int, open_page: OpenPage, graders: list[User], work: AssessmentSubmission
):
    first, second = (open_page(grader, width) for grader in graders)
    open_dialog(first, work)
    open_dialog(second, work)
    first.locator("#dialog").locator("[name=score]").fill("71")
    submit(first)
    expect(first.get_by_text("71 points.")).to_be_visible()
    dialog = second.locator("#dialog")
    dialog.locator("[name=score]").fill("12")
    submit(second)
    expect(dialog.get_by_text("Nothing was stored: Ingrid (ingrid) changed this")).to_be_visible()
    expect(dialog.locator("table")).to_contain_text("71")
    expect(dialog.locator("table")).to_contain_text("Ingrid (ingrid)")
    expect(dialog.locator("table")).to_contain_text("12")
    expect(dialog.locator("[name=score]")).to_have_value("12")
    second.screenshot(path=f"/tmp/hd_conflict_{width}.png")
    dialog.get_by_label("Take theirs").check()
    submit(second)
    expect(second.get_by_text("stays as it is: 71 points.")).to_be_visible()
    work.refresh_from_db()
    assert (work.score, work.grader) == (Decimal("71"), graders[0])
