"""`make pictures`: the pictures of the documentation, taken from the product as it is.

Brings up a database of its own with the demo school and the web server, goes through the pages as
people do, and writes `docs/pictures/*.png`. Nothing of it is left but the pictures.
"""

import io
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from backoffice.operations.server_guard import start_throwaway
from tests.browser.chromium import CHROMIUM, FLAGS, NO_BROWSER

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
WRONG_FILE = ROOT / "fixtures" / "enrollments_with_errors.csv"
RIGHT_FILE = ROOT / "fixtures" / "enrollments.csv"
WIDTH, HEIGHT = 1440, 900
MOST_BYTES = 250_000
COLOURS = 256
# Blinking carets and things that move look different in every picture.
STILL = "* { animation: none !important; transition: none !important; caret-color: transparent; }"


@dataclass(frozen=True)
class Picture:
    """A picture: its name, who looks, and the way to what is seen."""

    name: str
    role: str
    go: Callable[[Page], None]


_pictures: list[Picture] = []


def picture(name: str, role: str) -> Callable[[Callable[[Page], None]], Callable[[Page], None]]:
    """Register the way to a picture; they are taken in this order, each after what went before."""

    def register(go: Callable[[Page], None]) -> Callable[[Page], None]:
        _pictures.append(Picture(name, role, go))
        return go

    return register


@picture("import", "registrar")
def _import(page: Page) -> None:
    page.goto("/admin/bulk/batch/upload/?kind=enrollments")


def _upload(page: Page, path: Path) -> None:
    page.goto("/admin/bulk/batch/upload/?kind=enrollments")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Create students").check()
    page.get_by_role("button", name="Upload and preview").click()
    page.wait_for_url("**/batch/*/**")
    page.wait_for_load_state("networkidle")


@picture("preview", "registrar")
def _preview(page: Page) -> None:
    _upload(page, WRONG_FILE)


@picture("applied", "registrar")
def _applied(page: Page) -> None:
    _upload(page, RIGHT_FILE)
    page.get_by_role("button", name="Apply: write").click()
    page.get_by_text("Applied. Every changed row").wait_for()


@picture("registrar-home", "registrar")
def _registrar_home(page: Page) -> None:
    page.goto("/admin/")


@picture("roster", "registrar")
def _roster(page: Page) -> None:
    page.goto("/admin/courses/course/?q=HIS210")
    _open_first(page)
    page.get_by_role("link", name="Enrollments").last.click()


@picture("export", "registrar")
def _export(page: Page) -> None:
    page.goto("/admin/users/enrollment/?status__exact=active")
    page.get_by_text("Export these rows").first.click()
    page.get_by_role("link", name="Excel (XLSX)").wait_for()


@picture("withdraw", "registrar")
def _withdraw(page: Page) -> None:
    page.goto("/admin/users/enrollment/?q=HIS210&status__exact=active")
    _open_first(page)
    _ask(page, "Withdraw")
    page.locator("#dialog [name=reason]").fill(
        "Moved to another university; letter of 24 November."
    )


@picture("instructor-home", "instructor")
def _instructor_home(page: Page) -> None:
    page.goto("/admin/")


@picture("submissions", "instructor")
def _submissions(page: Page) -> None:
    page.goto("/admin/assessments/assessmentsubmission/")


@picture("grade", "instructor")
def _grade(page: Page) -> None:
    page.goto("/admin/assessments/assessmentsubmission/?status__exact=submitted")
    _open_first(page)
    _ask(page, "Grade")


@picture("graded", "instructor")
def _graded(page: Page) -> None:
    _grade(page)
    # Two digits changed places, and were put right: something to be found by the auditor.
    _give(page, "46", "Good sources.")
    _ask(page, "Grade")
    _give(page, "64", "Good sources. Say earlier what you will show.")


def _give(page: Page, score: str, feedback: str) -> None:
    page.locator("#dialog [name=score]").fill(score)
    page.locator("#dialog [name=feedback]").fill(feedback)
    page.locator("#dialog button[type=submit]").click()
    page.get_by_text(f": {score} points.").wait_for()


@picture("auditor-home", "auditor")
def _auditor_home(page: Page) -> None:
    page.goto("/admin/")


@picture("grade-history", "auditor")
def _grade_history(page: Page) -> None:
    page.goto("/admin/")
    page.locator("section", has_text="Newest grade changes").locator("li a, td a, p a, a").nth(
        1
    ).click()
    page.wait_for_load_state("networkidle")
    if not page.url.endswith("/history/"):
        page.locator("a[href$='/history/']").first.click()


@picture("record", "auditor")
def _record(page: Page) -> None:
    page.goto("/admin/audit/changeset/")


@picture("timeline", "auditor")
def _timeline(page: Page) -> None:
    page.goto("/admin/timeline/?source=action")


@picture("gradebook-as-of", "auditor")
def _gradebook_as_of(page: Page) -> None:
    """What changed in a gradebook since the moment before the grades were given."""
    _timeline(page)
    first = page.locator("li", has=page.locator("header")).last
    given = datetime.fromisoformat(first.locator("header a").inner_text())
    first.locator("a[href$='/history/']").first.click()
    page.goto(page.url.replace("/history/", "/change/"))
    page.locator("a[href*='/assessments/assessment/']").and_(
        page.locator("a[href$='/change/']")
    ).first.click()
    page.locator("a[href*='/courses/course/']").and_(
        page.locator("a[href$='/change/']")
    ).first.click()
    course = page.url.split("/")[-3]
    before = f"{given - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
    page.goto(f"/admin/gradebook-as-of/?course={course}&since={before}")


@picture("seal", "auditor")
def _seal(page: Page) -> None:
    page.goto("/admin/seal/")


@picture("admin-home", "admin")
def _admin_home(page: Page) -> None:
    page.goto("/admin/")


@picture("health", "admin")
def _health(page: Page) -> None:
    page.goto("/admin/health/")


@picture("role", "admin")
def _role(page: Page) -> None:
    page.goto("/admin/users/user/?q=registrar2")
    _open_first(page)
    _ask(page, "Change role")


def _open_first(page: Page) -> None:
    """The page of a list's first row."""
    page.locator("#result_list tbody th a, #result_list tbody td a").first.click()
    page.wait_for_load_state("networkidle")


def _ask(page: Page, action: str) -> None:
    """Open the dialog of an action on a row's page."""
    page.get_by_role("link", name=re.compile(rf"{action}\s*$")).first.click()
    page.wait_for_load_state("networkidle")


def pictures() -> list[Picture]:
    """All pictures, in the order in which they are taken."""
    return list(_pictures)


def main() -> int:
    """Take all pictures; the exit status is not zero when one cannot be taken."""
    if not CHROMIUM:
        print(NO_BROWSER, file=sys.stderr)
        return 1
    with _served() as address, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for each in pictures():
            size = _take(browser, address, each)
            print(f"{each.name}.png: {size // 1000} kB")
        browser.close()
    return 0


@contextmanager
def _served() -> Iterator[str]:
    """The product with the demo school, at an address of its own."""
    files = tempfile.TemporaryDirectory()
    environment = {**os.environ, "DJANGO_ENV": "development", "PRIVATE_ROOT": files.name}
    environment["DATABASE_URL"] = start_throwaway("pictures")
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "--verbosity", "0"], ["init_db"], ["audit_seal"]):
        subprocess.run([*manage, *command], cwd=ROOT, env=environment, check=True)
    port = _free_port()
    command = ["runserver", f"127.0.0.1:{port}", "--noreload"]
    server = subprocess.Popen(
        [*manage, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
        files.cleanup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("The web server does not answer.")


def _take(browser: Browser, address: str, wanted: Picture) -> int:
    """Go there as this person, and write the picture; gives its size in bytes."""
    context = browser.new_context(
        base_url=address, viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light"
    )
    page = context.new_page()
    _log_in(page, wanted.role)
    wanted.go(page)
    page.add_style_tag(content=STILL)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    packed = _packed(page.screenshot())
    context.close()
    if len(packed) > MOST_BYTES:
        raise ValueError(f"{wanted.name}.png has {len(packed)} bytes, more than {MOST_BYTES}.")
    (PICTURES / f"{wanted.name}.png").write_bytes(packed)
    return len(packed)


def _log_in(page: Page, role: str) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(role)
    page.get_by_label("Password").fill(f"demo-{role}")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")


def _packed(taken: bytes) -> bytes:
    """The picture with as many colours as a page needs: a third of the bytes."""
    target = io.BytesIO()
    reduced = (
        Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    )
    reduced.save(target, "PNG", optimize=True)
    return target.getvalue()


if __name__ == "__main__":
    sys.exit(main())
