"""An auditor follows a changed grade through the record, to the gradebook then and the seal."""

import re
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from backoffice.apps.assessments.grading import grade
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.users.models import User
from backoffice.audit.record.recording import recording
from backoffice.audit.seal.seal import seal
from tests.browser.conftest import OpenPage
from tests.browser.test_pages_fit import BROADER

REASON = "Two digits had changed places; the paper says so."


@pytest.fixture
def before(transactional_db: None) -> datetime:
    """The moment before a grade of the demo school is put right, and all of it is sealed."""
    call_command("init_db", stdout=StringIO())
    moment = timezone.now()
    ingrid = User.objects.get(username="instructor")
    with recording(source="action", actor=ingrid, reason=REASON):
        grade(work(), 64, "Good sources.", ingrid)
    seal()
    return moment


def work() -> AssessmentSubmission:
    """The grade that is followed."""
    rows = AssessmentSubmission.objects.filter(status="graded", score__gt=10)
    return rows.select_related("assessment__course", "student").earliest("pk")


def fits(page: Page) -> None:
    """The page is not broader than its window, and says no word of programmers."""
    page.wait_for_load_state("networkidle")
    assert page.evaluate(BROADER) == 0, page.url
    assert "None" not in page.inner_text("body").split("\n")


def choose(page: Page, label: str, text: str) -> None:
    """Search for a row as people do, and take the first that is found."""
    field = page.locator(f"div:has(> label:text-is('{label}'))").locator(".select2-selection")
    field.click()
    page.locator(".select2-search__field").last.fill(text)
    page.locator(".select2-results__option", has_text=text).first.click()


@pytest.mark.parametrize(("width", "is_dark"), [(390, True), (1440, False)])
def test_an_auditor_follows_a_changed_grade(
    open_page: OpenPage, before: datetime, width: int, is_dark: bool
):
    changed = work()
    page = open_page(User.objects.get(username="auditor"), width, is_dark)
    _narrow_the_timeline(page)
    _from_the_change_to_the_whole_record(page, changed)
    _grade_history(page, changed)
    _the_gradebook_before(page, changed, before)
    _verify_a_block(page)


def _narrow_the_timeline(page: Page) -> None:
    page.goto("/admin/timeline/")
    fits(page)
    choose(page, "Who did it", "Ingrid")
    page.get_by_label("Through").select_option("action")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text(REASON)).to_be_visible()
    # The choice “demo data” of the form stays.
    expect(page.get_by_role("listitem").filter(has_text="Demo data")).to_have_count(0)
    fits(page)


def _from_the_change_to_the_whole_record(page: Page, changed: AssessmentSubmission) -> None:
    page.get_by_role("listitem").filter(has_text=REASON).get_by_role("link").first.click()
    expect(page.get_by_text("Submission changed")).to_be_visible()
    fits(page)
    page.get_by_role("link", name=str(changed)).click()
    expect(page.locator("#change-history")).to_contain_text(REASON)
    fits(page)
    page.goto(page.url.replace("/history/", "/change/"))
    fits(page)
    page.locator(f"a[href='/admin/users/user/{changed.student_id}/change/']").first.click()
    page.get_by_role("link", name="Whole record").click()
    expect(page.get_by_role("heading", name=str(changed.student))).to_be_visible()
    expect(page.get_by_text(REASON)).to_be_visible()
    fits(page)


def _grade_history(page: Page, changed: AssessmentSubmission) -> None:
    page.goto(f"/admin/assessments/assessmentsubmission/{changed.pk}/change/")
    page.get_by_role("link", name="How this grade came about").click()
    expect(page.get_by_role("heading", name="How this grade came about")).to_be_visible()
    expect(page.locator("[data-steps] > li").first).to_contain_text("→ 64")
    expect(page.locator("[data-steps] > li").first).to_contain_text(REASON)
    fits(page)


def _the_gradebook_before(page: Page, changed: AssessmentSubmission, before: datetime) -> None:
    course = changed.assessment.course
    page.goto(f"/admin/gradebook-as-of/?course={course.pk}&at={before:%Y-%m-%dT%H:%M:%S.%f}")
    line = page.locator("tbody tr", has_text=changed.student.student_id)
    expect(line).to_be_visible()
    expect(page.locator("td.turned")).to_have_count(0)
    fits(page)
    page.goto(f"/admin/gradebook-as-of/?course={course.pk}&since={before:%Y-%m-%dT%H:%M:%S.%f}")
    expect(page.locator("td.turned")).to_have_count(1)
    expect(line.locator("td.turned")).to_contain_text(re.compile(r"→\s+64"))
    fits(page)


def _verify_a_block(page: Page) -> None:
    page.goto("/admin/seal/")
    fits(page)
    page.get_by_role("link", name=re.compile(r"^Block \d+$")).first.click()
    expect(page.get_by_text("every row is there as it was sealed")).to_be_visible()
    fits(page)
