"""A file is dropped, the options say what is so, and a refused file leads on."""

from pathlib import Path

from playwright.sync_api import expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from tests.browser.conftest import OpenPage

TEXT = "student_id,course_code,presentation,first_name,last_name\ns1001,BIO101,2026J,Zoë,Byström\n"
DROP = """([text, name]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([text], name, { type: "text/csv" }));
    const input = document.querySelector(".bulk-drop input");
    input.dispatchEvent(new DragEvent("dragover", { bubbles: true, dataTransfer: carried }));
    input.files = carried.files;
    input.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: carried }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
}"""


def test_a_file_is_dropped_refused_and_read_again_with_the_option_it_asks_for(
    open_page: OpenPage, registrar: User
):
    Course.objects.create(code="BIO101", presentation="2026J", slug="bio101")
    page = open_page(registrar)
    page.goto("/admin/bulk/batch/upload/")
    expect(page.get_by_text("Drop files here, or choose them.")).to_be_visible()
    page.evaluate(DROP, [TEXT, "herbst-<b>.csv"])
    expect(page.locator("[data-chosen] li")).to_have_text(["herbst-<b>.csv · 1 kB"])
    expect(page.locator(".bulk-drop")).not_to_have_class("bulk-drop is-over")
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("link", name="herbst-<b>.csv").first.click()
    page.get_by_role("button", name="Turn on “Create students” and read again").click()
    page.get_by_role("button", name="Apply: write 2 rows").click()
    expect(page.get_by_text("The file was applied.")).to_be_visible()
    assert Enrollment.objects.get().student.last_name == "Byström"


def test_options_are_folded_and_say_what_is_so(
    open_page: OpenPage, registrar: User, tmp_path: Path
):
    page = open_page(registrar, 390, True)
    page.goto("/admin/bulk/batch/upload/?kind=enrollments")
    options = page.locator(".bulk-options")
    expect(page.get_by_label("Create students")).to_be_hidden()
    expect(options).to_contain_text("Create students Unknown students are an error.")
    expect(options).to_contain_text("Reason No reason is entered.")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Create students").check()
    page.get_by_label("Wrong rows").select_option("skip")
    page.get_by_label("Reason").fill("The first roster of the term")
    page.get_by_text("Options", exact=True).click()
    expect(options).to_contain_text("Create students Unknown students are added.")
    expect(options).to_contain_text("Wrong rows Take the good rows, give the wrong ones back")
    expect(options).to_contain_text("Reason The first roster of the term")
    # An error at a field that is folded away opens it.
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Allow over the limit").check()
    page.get_by_label("Reason").fill("So")
    (tmp_path / "autumn.csv").write_text(TEXT)
    page.locator("input[type=file]").set_input_files(tmp_path / "autumn.csv")
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_text("Say in at least 10 characters why")).to_be_visible()
