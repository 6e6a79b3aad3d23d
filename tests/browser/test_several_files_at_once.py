"""Several files at once in the browser: step by step to the end and back; and own headers."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import HeaderMapping, ValueMapping
from tests.browser.conftest import OpenPage
from tests.browser.test_importing_a_roster import biology

__all__ = ["biology"]  # a fixture
FILES = {
    "people.csv": "student_id,first_name,last_name\ns1001,Zoë,Moore\ns1002,Tom,Lane\n",
    "runs.csv": "course_code,presentation,title\nBIO300,2026J,Marine biology\n",
    "classes.csv": (
        "student_id,course_code,presentation\ns1001,BIO300,2026J\ns1002,BIO300,2026J\n"
    ),
    "notes.csv": "colour,size\nred,9\n",
}
STEPS = (("people.csv", 2), ("runs.csv", 1), ("classes.csv", 2))
GERMAN = "Matrikel;Kurs;Semester;Bemerkung\ns1001;BIO101;2026J;kommt später\n"


def upload(page: Page, tab: str, path: Path) -> None:
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_role("navigation").get_by_role("link", name=tab, exact=True).last.click()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Upload and preview").click()


def students() -> int:
    return User.objects.filter(student_id__isnull=False).count()


def test_a_zip_goes_in_step_by_step_and_all_of_it_is_taken_back(
    open_page: OpenPage, registrar: User, tmp_path: Path
):
    school = tmp_path / "school.zip"
    with zipfile.ZipFile(school, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    page = open_page(registrar)
    upload(page, "Let the files say", school)
    expect(page.locator("#unknown")).to_contain_text("school.zip/notes.csv")
    expect(page.get_by_text("Waits for file 1 of 3: “people.csv”.")).to_have_count(2)
    for number, (name, rows) in enumerate(STEPS, 1):
        expect(page.get_by_role("heading", name=f"Step {number} of 3")).to_be_visible()
        page.get_by_role("link", name=f"Look at the preview of {name}").click()
        expect(page.get_by_text(f"File {number} of 3 of this delivery.")).to_be_visible()
        page.get_by_role("button", name=re.compile(f"Apply: write {rows} rows?")).click()
    expect(page.get_by_role("heading", name="All done")).to_be_visible()
    assert (students(), Enrollment.objects.count()) == (2, 2)

    page.get_by_role("link", name="Undo all").click()
    expect(page.locator(".bulk-order li").first).to_contain_text("classes.csv 2 rows written")
    page.get_by_label("Reason").fill("The wrong term")
    page.get_by_role("button", name="Undo 3 imports").click()
    expect(page.get_by_text("3 imports were undone.")).to_be_visible()
    expect(page.locator(".bulk-steps").get_by_text("Undone")).to_have_count(3)
    left = (students(), Course.objects.count(), Enrollment.objects.count())
    assert left == (0, 0, 0)


@pytest.mark.usefixtures("biology")
def test_a_file_with_own_headers_is_explained_and_read_again(
    open_page: OpenPage, registrar: User, tmp_path: Path
):
    User.objects.create(username="s1001", student_id="s1001", first_name="Zoë", password="!")
    german = tmp_path / "herbst.csv"
    german.write_text(GERMAN, encoding="utf-8")
    page = open_page(registrar, 390, True)
    page.goto("/admin/bulk/batch/upload/?kind=enrollments")
    page.locator("input[type=file]").set_input_files(german)
    page.get_by_role("button", name="Upload and preview").click()
    own_headers = page.locator("#own-headers")
    for header, column in (
        ("Matrikel", "student_id"),
        ("Kurs", "course_code"),
        ("Semester", "presentation"),
        ("Bemerkung", "ignore this column"),
    ):
        own_headers.get_by_label(header).select_option(column)
    own_headers.get_by_role("button", name="Save and read again").click()
    expect(page.get_by_text("Read with your school's own headers:")).to_be_visible()
    page.get_by_role("button", name="Apply: write 1 row").click()
    expect(page.get_by_text("Applied. Every changed row")).to_be_visible()
    assert Enrollment.objects.get().course.code == "BIO101"
    assert HeaderMapping.objects.count() == 4


@pytest.mark.usefixtures("biology")
def test_a_file_with_own_values_is_explained_and_read_again(
    open_page: OpenPage, registrar: User, tmp_path: Path
):
    for number in (1, 2):
        key = f"s100{number}"
        User.objects.create(username=key, student_id=key, first_name="Zoë", password="!")
    states = tmp_path / "states.csv"
    states.write_text(
        "student_id,course_code,presentation,status\n"
        "s1001,BIO101,2026J,Enrolled\ns1002,BIO101,2026J,Waitlisted\n"
    )
    page = open_page(registrar, 390, True)
    page.goto("/admin/bulk/batch/upload/?kind=enrollments")
    page.locator("input[type=file]").set_input_files(states)
    page.get_by_role("button", name="Upload and preview").click()
    own_values = page.locator("#own-values")
    own_values.get_by_label("Enrolled").select_option("active")
    own_values.get_by_label("Waitlisted").select_option("leave such rows out")
    own_values.get_by_role("button", name="Save and read again").click()
    expect(page.get_by_text("Read with your school's own values:")).to_be_visible()
    page.get_by_role("button", name="Apply: write 1 row").click()
    expect(page.get_by_text("Applied. Every changed row")).to_be_visible()
    assert Enrollment.objects.get().status == "active"
    assert ValueMapping.objects.count() == 2
