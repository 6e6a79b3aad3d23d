"""A large import in the browser: its progress to the end, and its cancellation."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from playwright.sync_api import Page, expect

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.concurrency import lock_kind
from tests.browser.conftest import OpenPage
from tests.browser.test_importing_a_roster import biology, file_of, upload
from tests.bulk.working import start_worker

__all__ = ["biology"]  # a fixture
FEW, MANY = 5_000, 100_000
LONG = 60_000  # milliseconds
# From the moment a page with a bar is there: a fast reading leaves little to see.
WATCH = """document.addEventListener("DOMContentLoaded", () => {
    const bar = document.querySelector("[role=progressbar][aria-label=Progress]");
    if (!bar) return;
    window.name = JSON.stringify([]);
    new MutationObserver(() => {
        const seen = JSON.parse(window.name);
        const told = document.querySelector(".bulk-figures").innerText;
        window.name = JSON.stringify([...seen, [Number(bar.getAttribute("aria-valuenow")), told]]);
    }).observe(bar, { attributes: true });
});"""


@pytest.fixture
def worker() -> Iterator[None]:
    """A worker in a process of its own, as operators start it."""
    process = start_worker()
    yield
    process.terminate()
    process.wait()


def rows(count: int) -> list[str]:
    return [f"s{1_000_000 + n},BIO101,2026J,active,2026-02-03,A,B" for n in range(count)]


@pytest.fixture
def large(biology: Course, tmp_path: Path) -> Path:
    return file_of(tmp_path, "all.csv", *rows(FEW))


def see_it_grow(page: Page, pattern: str) -> None:
    """The bar went up, and the words beside it told how many rows there are."""
    steps = page.evaluate("() => JSON.parse(window.name)")
    percents = [percent for percent, _text in steps]
    assert percents == sorted(percents)
    assert 0 < percents[-1] <= 100
    assert any(re.search(pattern, text) for _percent, text in steps), steps


def test_the_bar_goes_to_the_end_of_reading_and_of_applying(
    open_page: OpenPage, registrar: User, biology: Course, tmp_path: Path, worker: None
):
    page = open_page(registrar)
    page.add_init_script(WATCH)
    upload(page, file_of(tmp_path, "all.csv", *rows(MANY)))
    expect(page.get_by_role("progressbar", name="Progress")).to_be_attached()
    apply = page.get_by_role("button", name="Apply: write 200,000 rows")
    expect(apply).to_be_visible(timeout=LONG)
    see_it_grow(page, r"[0-9,]+ of (about )?[0-9,]+ rows read")

    apply.click()
    expect(page.get_by_role("progressbar", name="Progress")).to_be_attached()
    done = page.get_by_text("Applied. Every changed row says in its history")
    expect(done).to_be_visible(timeout=LONG)
    see_it_grow(page, "100,000 of 200,000 rows written, none visible before the end")
    assert Enrollment.objects.count() == MANY


def test_cancel_in_the_middle_of_an_apply_writes_nothing(
    open_page: OpenPage, registrar: User, large: Path, worker: None
):
    page = open_page(registrar)
    upload(page, large)
    apply = page.get_by_role("button", name="Apply: write 10,000 rows")
    expect(apply).to_be_visible(timeout=LONG)
    # Another import holds the table, so that this one is where the test wants it.
    with transaction.atomic(), connection.cursor() as cursor:
        lock_kind(cursor, kinds["enrollments"])
        apply.click()
        expect(page.get_by_text("Waiting until another import is done")).to_be_visible(timeout=LONG)
        page.get_by_role("button", name="Cancel").click()
        message = page.get_by_text("Cancelled. Nothing was written; the file can still be applied.")
        expect(message).to_be_visible()
    page.reload()
    expect(apply).to_be_visible()
    assert Batch.objects.get().state == "previewed"
    assert not Enrollment.objects.exists()


def test_without_a_worker_the_page_says_so_and_cancel_throws_the_file_away(
    open_page: OpenPage, registrar: User, large: Path
):
    page = open_page(registrar, 390, True)
    upload(page, large)
    expect(page.get_by_text("No worker is running; start “manage.py db_worker”.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled; nothing was written.")).to_be_visible()
    expect(page.get_by_text("Discarded; nothing was written")).to_be_visible()
