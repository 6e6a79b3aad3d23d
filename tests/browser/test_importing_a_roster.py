"""The registrar's main job, as people do it: look, correct, apply, read the history, export."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.browser.conftest import OpenPage

HEADER = "student_id,course_code,presentation,status,enrolled_on,first_name,last_name"
WRONG = (
    "s1001,BIO101,2026J,active,2026-02-03,Zoë,O'Moore",
    "s1002,BIO101,2026J,actve,2026-02-03,小龍,李",
    "s1003,BIO999,2026J,active,2026-02-03,Anna-Lena,Müller-Lüdenscheidt",
    "s1004,BIO101,2026J,active,2026-02-30,Søren,Kjær",
)


@pytest.fixture
def biology(transactional_db: None) -> Course:
    return Course.objects.create(
        code="BIO101", presentation="2026J", slug="bio101-2026j", title="Biology"
    )


def file_of(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return path


def upload(page: Page, path: Path) -> None:
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_role("link", name="Enrollments", exact=True).last.click()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Create students").check()
    page.get_by_role("button", name="Upload and preview").click()


def see_the_errors(page: Page) -> None:
    expect(page.get_by_text("3 rows of 4 are wrong; nothing was written.")).to_be_visible()
    errors = page.locator("#errors tbody tr")
    expect(errors).to_have_count(3)
    for row, text in enumerate(("Did you mean “active”?", "BIO999", "2026-02-30")):
        expect(errors.nth(row)).to_contain_text(text)


def see_the_history(page: Page) -> None:
    page.get_by_role("link", name="History", exact=True).first.click()
    row = page.locator("#change-history tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Registrar Example")
    expect(row).to_contain_text(", line 2")
    row.get_by_role("link", name="import").click()
    expect(page.get_by_text("Changed rows")).to_be_visible()


def test_from_a_wrong_file_to_the_history_of_an_enrollment(
    open_page: OpenPage, biology: Course, registrar: User, tmp_path: Path
):
    page = open_page(registrar)
    upload(page, file_of(tmp_path, "autumn.csv", *WRONG))
    see_the_errors(page)
    assert not Enrollment.objects.exists()

    right = [row.replace("actve", "active").replace("BIO999", "BIO101") for row in WRONG]
    right = [row.replace("2026-02-30", "2026-02-20") for row in right]
    page.get_by_role("link", name="Upload another file").click()
    upload(page, file_of(tmp_path, "autumn.csv", *right))
    expect(page.get_by_text("This is a preview; nothing is written yet.")).to_be_visible()
    expect(page.get_by_text("李").first).to_be_visible()
    assert not Enrollment.objects.exists()

    page.get_by_role("button", name="Apply: write").click()
    expect(page.get_by_text("Applied. Every changed row says in its history")).to_be_visible()
    assert Enrollment.objects.filter(course=biology, status="active").count() == 4
    see_the_history(page)


def test_the_export_is_a_file_whose_import_changes_nothing(
    open_page: OpenPage, biology: Course, registrar: User, student: Any, tmp_path: Path
):
    known = student("s1001")
    Enrollment.objects.create(student=known, course=biology, final_result="=SUM(A1)")
    page = open_page(registrar)
    page.get_by_role("link", name=re.compile(r"\bExport$")).first.click()
    page.get_by_label("Rows").select_option(label="Enrollments")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    exported = tmp_path / download.value.suggested_filename
    download.value.save_as(exported)
    rows = list(csv.DictReader(io.StringIO(exported.read_text("utf-8-sig"))))
    assert [(row["student_id"], row["final_result"]) for row in rows] == [("s1001", "'=SUM(A1)")]

    upload(page, exported)
    expect(page.get_by_text("There is nothing to write: everything in this file")).to_be_visible()


def test_whoever_leaves_wrong_rows_out_gets_them_back_as_a_file(
    open_page: OpenPage, biology: Course, registrar: User, tmp_path: Path
):
    page = open_page(registrar)
    upload(page, file_of(tmp_path, "autumn.csv", *WRONG))
    page.get_by_role("button", name="Leave wrong rows out").click()
    page.get_by_role("button", name="Apply: write 2 rows").click()
    expect(page.get_by_text("Applied. Every changed row says in its history")).to_be_visible()
    assert Enrollment.objects.count() == 1
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Download the wrong rows")).click()
    text = download.value.path().read_text("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["s1002", "s1003", "s1004"]


def test_two_clicks_apply_once(
    open_page: OpenPage, biology: Course, registrar: User, tmp_path: Path
):
    page = open_page(registrar)
    upload(page, file_of(tmp_path, "one.csv", WRONG[0]))
    page.get_by_role("button", name="Apply: write").dblclick()
    expect(page.get_by_text("Applied. Every changed row says in its history")).to_be_visible()
    assert Enrollment.objects.get().history.count() == 1
