"""An auditor opens the same pages, finds no button that writes, and forged writes are refused."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from tests.browser.conftest import OpenPage

TEXT = "student_id,course_code,presentation\ns1001,BIO101,2026J\n"
POST = """async ([address, fields]) => {
    const token = document.cookie.match(/csrftoken=([^;]+)/);
    const body = new URLSearchParams({...fields, csrfmiddlewaretoken: token ? token[1] : ""});
    const answer = await fetch(address, {method: "POST", body, credentials: "same-origin"});
    return answer.status;
}"""


@pytest.fixture
def batch(transactional_db: None, courses: Any, import_file: Any) -> Batch:
    return import_file("enrollments", TEXT, create_students=True)


def buttons_that_write(page: Page) -> list[str]:
    """The forms of a page that post, but for logging out and the theme's own."""
    forms = page.locator("form[method=post i]")
    return [
        action
        for action in (form.get_attribute("action") or "" for form in forms.all())
        if "logout" not in action
    ]


def test_every_page_of_an_import_reads(
    open_page: OpenPage, batch: Batch, auditor: User, courses: Any
):
    page = open_page(auditor)
    expect(page.get_by_role("link", name=re.compile("Import a file"))).to_have_count(0)

    page.get_by_role("link", name=re.compile(r"Imports\s*$")).first.click()
    page.get_by_role("link", name="enrollments.csv").click()
    expect(page.get_by_text("Changed rows")).to_be_visible()
    assert buttons_that_write(page) == []

    page.get_by_role("link", name="History", exact=True).first.click()
    expect(page.locator("#change-history tbody tr")).to_contain_text("Registrar Example")
    assert buttons_that_write(page) == []

    enrollment = Enrollment.objects.get()
    page.goto(f"/admin/users/enrollment/{enrollment.pk}/change/")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("link", name="Delete")).to_have_count(0)


def test_every_forged_write_is_refused(open_page: OpenPage, batch: Batch, auditor: User):
    page = open_page(auditor)
    enrollment = Enrollment.objects.get()
    course = Course.objects.first()
    rows = list(Enrollment.objects.values())
    version = enrollment.history.get().pk
    base = f"/admin/users/enrollment/{enrollment.pk}"
    for address, fields in {
        f"{base}/change/": {"status": "completed"},
        f"{base}/delete/": {"post": "yes"},
        f"{base}/history/{version}/": {"status": "completed"},
        "/admin/users/enrollment/add/": {"student": "1", "course": str(course.pk)},
        f"/admin/bulk/batch/{batch.pk}/apply/": {"digest": batch.digest},
        f"/admin/bulk/batch/{batch.pk}/discard/": {},
        "/admin/bulk/batch/upload/?kind=enrollments": {"mode": "upsert", "on_error": "abort"},
    }.items():
        page.goto("/admin/users/enrollment/")
        assert page.evaluate(POST, [address, fields]) == 403, address
    assert list(Enrollment.objects.values()) == rows
