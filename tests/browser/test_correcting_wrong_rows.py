"""Wrong cells are corrected by keyboard alone, and the file goes in."""

from pathlib import Path

from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.browser.conftest import OpenPage

TEXT = """student_id,course_code,presentation,status,first_name,last_name
s1001,BIO101,2026J,actve,Zoë,Byström
s1002,BIO101,2026J,active,Ada,Li
s1003,BIO999,2026J,active,Bo,Li
"""


def open_grid(open_page: OpenPage, registrar: User, folder: Path, text: str = TEXT) -> Page:
    """The grid of a refused file, reached by keyboard."""
    Course.objects.create(code="BIO101", presentation="2026J", slug="bio101")
    page = open_page(registrar)
    page.goto("/admin/bulk/batch/upload/?kind=enrollments")
    (folder / "autumn.csv").write_text(text)
    page.locator("input[type=file]").set_input_files(folder / "autumn.csv")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Create students").check()
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("link", name="Correct the wrong rows").press("Enter")
    return page


def type_text(page: Page, text: str, key: str) -> None:
    page.keyboard.type(text)
    page.keyboard.press(key)


def test_wrong_cells_are_corrected_by_keyboard(
    open_page: OpenPage, registrar: User, tmp_path: Path
):
    page = open_grid(open_page, registrar, tmp_path)
    status, course = (page.get_by_label(f"Line {name}") for name in ("2: status", "4: course_code"))
    expect(status).to_be_focused()
    type_text(page, "akctive", "Enter")
    expect(page.locator("#cell-2-3-errors")).to_contain_text("akctive")
    expect(course).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(status).to_be_focused()
    type_text(page, "active", "Tab")
    expect(page.locator("tr[data-line='2'] [data-state]")).to_have_text("Right")
    expect(course).to_be_focused()
    type_text(page, "BIO101", "ArrowUp")
    expect(page.get_by_label("Line 2: course_code")).to_be_focused()
    expect(page.get_by_text("All rows are right:")).to_be_visible()
    page.get_by_role("link", name="see the preview").press("Enter")
    expect(page.locator("#corrections tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Apply: write 6 rows").press("Enter")
    expect(page.get_by_text("The file was applied.")).to_be_visible()
    assert Enrollment.objects.filter(course__code="BIO101").count() == 3


def test_a_row_that_is_wrong_as_a_whole_is_reached_by_its_first_cell(
    open_page: OpenPage, registrar: User, tmp_path: Path
):
    short = TEXT.replace("s1003,BIO999,2026J,active,Bo,Li", "s1003,BIO101,2026J,active,Bo")
    page = open_grid(open_page, registrar, tmp_path, short)
    expect(page.get_by_label("Line 2: status")).to_be_focused()
    type_text(page, "active", "Enter")
    expect(page.get_by_label("Line 4: student_id")).to_be_focused()
    page.get_by_label("Line 4: last_name").focus()
    type_text(page, "Li", "Enter")
    expect(page.get_by_text("All rows are right:")).to_be_visible()
