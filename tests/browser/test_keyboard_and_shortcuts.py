"""What people do all day takes a key: Enter opens what was found, a new row stands open."""

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from tests.browser.conftest import OpenPage


@pytest.fixture
def page(open_page: OpenPage, transactional_db: None) -> Page:
    """The home page of an instructor with a course."""
    ingrid = User.objects.create_user(
        "ingrid", role="instructor", is_staff=True, first_name="Ingrid", last_name="Sørensen"
    )
    Course.objects.create(code="BIO101", presentation="2026J", title="Biology", instructor=ingrid)
    return open_page(ingrid)


def test_enter_opens_the_first_row_found(page: Page):
    page.get_by_role("button", name="Find a name or page").click()
    page.keyboard.type("BIO101", delay=20)
    expect(page.locator("#command-results-list li").first).to_contain_text("Biology")
    page.keyboard.press("Enter")
    expect(page).to_have_title("BIO101 2026J Biology | Change course | Back office")


def test_enter_without_anything_found_does_nothing(page: Page):
    page.get_by_role("button", name="Find a name or page").click()
    page.keyboard.press("Enter")
    page.keyboard.type("nobody of this name", delay=20)
    expect(page.locator("#command-results-note")).to_contain_text("Nothing found.")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Home | Back office")


def test_a_new_question_stands_open(page: Page):
    page.locator("a[href='/admin/assessments/assessment/']").first.click()
    page.locator("#add-link").click()
    page.get_by_text("Add another Question").click()
    expect(page.locator("[name=questions-0-text]")).to_be_visible()


def test_a_module_of_a_course_leads_to_its_lessons(page: Page):
    Course.objects.get().modules.create(position=1, title="Getting started")
    page.get_by_role("link", name="Biology").first.click()
    page.get_by_role("link", name="Open the course").click()
    page.locator("#modules-group").get_by_role("link", name="Open").click()
    expect(page.get_by_text("Add another Lesson")).to_be_visible()
