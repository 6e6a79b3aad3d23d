"""A rubric is written in its grid by keyboard; the total is checked while one is typing."""

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.assessments.models import Assessment, GradingRubric
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from tests.browser.conftest import OpenPage

KEYS = ["Voice", "Tab", "10", "Tab", "Tab", "Tab", "Tab", "Clear", "Tab", "10"]


@pytest.fixture
def page(open_page: OpenPage, transactional_db: None) -> Page:
    """The grid of a rubric without criteria, for an assessment of 30 points."""
    ingrid = User.objects.create_user("ingrid", role="instructor", is_staff=True)
    course = Course.objects.create(code="BIO101", presentation="2026J", instructor=ingrid)
    rubric = GradingRubric.objects.create(course=course, title="Talk")
    Assessment.objects.create(course=course, code="TMA01", rubric=rubric, max_score=30)
    page = open_page(ingrid)
    page.goto(f"/admin/assessments/gradingrubric/{rubric.pk}/grid/")
    return page


def write(page: Page, keys: list[str]) -> None:
    """Type words and press keys."""
    for each in keys:
        if each in ("Tab", "Enter"):
            page.keyboard.press(each)
        else:
            page.keyboard.type(each)


def test_a_rubric_is_written_moved_and_saved_by_keyboard(page: Page):
    page.locator("[name=criterion-0-title]").focus()
    write(page, KEYS)
    message = page.locator(".rubric-total-message")
    expect(message).to_have_text("The rubric gives 10, the assessment 30.")
    expect(page.locator("#rubric-preview")).to_contain_text("Clear (10)")
    page.locator("#rubric-add").press("Enter")
    write(page, ["Slides", "Tab", "20"])
    expect(message).to_have_text("")
    page.keyboard.press("ArrowUp")
    expect(page.locator("[name=criterion-0-max_points]")).to_be_focused()
    page.keyboard.press("Alt+Shift+ArrowDown")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The rubric was saved.")).to_be_visible()
    criteria = GradingRubric.objects.get().criteria.order_by("position")
    assert [(each.title, each.max_points) for each in criteria] == [("Slides", 20), ("Voice", 10)]


def test_what_is_wrong_is_said_at_its_cell_before_saving(page: Page):
    page.locator("[name=criterion-0-title]").focus()
    write(page, KEYS)
    page.locator("[name=criterion-0-level-0-points]").fill("12")
    error = page.locator(".rubric-error")
    expect(error).to_have_text("A level cannot have more points than its criterion.")
    page.locator("[name=criterion-0-level-0-points]").fill("4,5")
    expect(error).to_have_text("Points have a decimal point and no comma: 4.5.")
    page.locator("[name=criterion-0-level-0-points]").fill("4.5")
    expect(error).to_have_count(0)


def test_a_criterion_is_copied_and_dragged(page: Page):
    page.locator("[name=criterion-0-title]").focus()
    write(page, KEYS)
    page.get_by_role("button", name="Duplicate").first.click()
    titles = page.locator("td.rubric-criterion [data-field=title]")
    expect(titles.nth(1)).to_have_value("Voice (copy)")
    page.locator(".rubric-handle").nth(1).drag_to(page.locator("tr.rubric-row").nth(0))
    expect(titles.nth(0)).to_have_value("Voice (copy)")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The rubric was saved.")).to_be_visible()
    criteria = GradingRubric.objects.get().criteria.order_by("position")
    assert [(each.title, each.levels.count()) for each in criteria] == [
        ("Voice (copy)", 1),
        ("Voice", 1),
    ]
