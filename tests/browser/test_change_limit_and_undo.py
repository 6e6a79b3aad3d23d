"""A roster that withdraws too many waits for a second registrar; later it is taken back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.browser.conftest import OpenPage

HEADER = "student_id,course_code,presentation,enrolled_on\n"


@pytest.fixture
def people(transactional_db: None) -> tuple[User, User]:
    """Rita and Ravi, registrars; and thirty students of BIO101."""
    bio = Course.objects.create(code="BIO101", presentation="2026J", title="Biology")
    for number in range(1001, 1031):
        student = User.objects.create(
            username=f"s{number}", student_id=f"s{number}", first_name="Zoë", password="!"
        )
        Enrollment.objects.create(student=student, course=bio, enrolled_on="2026-02-01")
    rita, ravi = (
        User.objects.create_user(name.lower(), role="registrar", is_staff=True, first_name=name)
        for name in ("Rita", "Ravi")
    )
    return rita, ravi


def test_a_roster_is_held_approved_applied_and_taken_back(
    open_page: OpenPage, people: tuple[User, User], tmp_path: Path
):
    rita, ravi = people
    page = open_page(rita)
    _upload(page, tmp_path)
    expect(page.get_by_text("It withdraws 10 of 30 enrollments")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Apply|Approve"))).to_have_count(0)
    address = page.url
    _approve(open_page(ravi))
    page.goto(address)
    expect(page.get_by_text("Approved by Ravi")).to_be_visible()
    page.get_by_role("button", name="Apply: write 10 rows").click()
    expect(page.get_by_text("Applied. Every changed row")).to_be_visible()
    assert Enrollment.objects.filter(status="withdrawn").count() == 10

    changed = Enrollment.objects.get(student__username="s1021")
    changed.final_result = "Moved away"
    changed.save()
    page.get_by_role("link", name="Undo this import").click()
    expect(page.locator("#staying")).to_contain_text("Zoë – BIO101 2026J Biology was changed since")
    page.get_by_role("button", name="Undo: 9 rows go back").click()
    expect(page.get_by_text("was undone.")).to_be_visible()
    assert Enrollment.objects.get(status="withdrawn") == changed


def _upload(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    rows = (f"s{number},BIO101,2026J,2026-02-01\n" for number in range(1001, 1021))
    file.write_text(HEADER + "".join(rows))

    page.goto("/admin/bulk/batch/upload/?kind=enrollments")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("Options", exact=True).click()
    page.locator("[name=mode]").select_option("sync")
    page.get_by_role("button", name="Upload and preview").click()


def _approve(page: Page) -> None:
    page.goto("/admin/bulk/batch/")
    page.get_by_role("link", name=re.compile("roster.csv")).first.click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved. Rita")).to_be_visible()
