"""A registrar goes back to an earlier version: sees what changes, says why, and it is done."""

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.browser.conftest import OpenPage


@pytest.fixture
def enrollment(transactional_db: None) -> Enrollment:
    """Of a student who was taken for another one."""
    bio = Course.objects.create(code="BIO101", presentation="2026J", title="Biology")
    ada = User.objects.create(
        username="s1001", student_id="s1001", first_name="Ada", last_name="Byron", password="!"
    )
    row = Enrollment.objects.create(student=ada, course=bio, enrolled_on="2026-02-01")
    row.progress_percent, row.final_result, row.final_grade = 100, "Pass with distinction", 91
    row.save()
    return row


@pytest.fixture
def registrar(transactional_db: None) -> User:
    """Rita, who does it."""
    return User.objects.create_user("rita", role="registrar", is_staff=True, first_name="Rita")


def test_a_registrar_goes_back_to_an_earlier_version(
    open_page: OpenPage, registrar: User, enrollment: Enrollment
):
    page: Page = open_page(registrar)
    page.goto(f"/admin/users/enrollment/{enrollment.pk}/history/")
    page.locator("#change-history tbody a").last.click()
    page.get_by_role("link", name="Revert to this version").click()
    expect(page.locator("#coming tbody tr")).to_have_count(3)
    expect(page.locator("#coming")).to_contain_text("Pass with distinction")
    page.get_by_role("button", name="Revert").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    page.get_by_label("Reason").fill("It was another student.")
    page.get_by_role("button", name="Revert").click()
    expect(page.get_by_text("stands again as in the version of")).to_be_visible()
    enrollment.refresh_from_db()
    assert (enrollment.progress_percent, enrollment.final_grade) == (0, None)
    page.goto(f"/admin/users/enrollment/{enrollment.pk}/history/")
    expect(page.locator("#change-history")).to_contain_text("It was another student.")
