"""A real browser on a real server. What a page says to the console or asks outside fails a test."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from backoffice.apps.users.models import User
from backoffice.operations.server_account import temporary_folder
from tests.browser.chromium import CHROMIUM, FLAGS, NO_BROWSER

PASSWORD = "a password for tests"
LONGEST_TMPDIR = 40  # bytes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the browser, and comes last with the flush of its tables."""
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here + os.sep):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of the folder."""
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    with pytest.MonkeyPatch.context() as patch:
        # Chromium has a socket there, whose path has at most 107 bytes.
        patch.setenv("TMPDIR", str(temporary_folder(LONGEST_TMPDIR)))
        # The tool's loop runs in the test's own thread; the ORM works there all the same.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as tool:
            running = tool.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield running
            running.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[OpenPage]:
    """Opens a page for a person who has logged in through the form."""
    problems: list[str] = []
    with ExitStack() as stack:

        def make(person: User, width: int = 1440, is_dark: bool = False) -> Page:
            context = stack.enter_context(
                browser.new_context(
                    viewport={"width": width, "height": 900},
                    color_scheme="dark" if is_dark else "light",
                    base_url=live_server.url,
                )
            )
            page = context.new_page()
            _listen(page, live_server.url, problems)
            _log_in(page, person)
            return page

        yield make
    assert problems == []


def _listen(page: Page, home: str, problems: list[str]) -> None:
    def check_request(request: Request) -> None:
        if not request.url.startswith((home, "data:", "blob:")):
            problems.append(f"asked outside: {request.url}")

    def check_response(response: Response) -> None:
        if response.status >= 500 or response.status == 404:
            problems.append(f"{response.status}: {response.url}")

    def check_console(message: ConsoleMessage) -> None:
        # A refusal (403) may be what the test asks for; `check_response` reports anything else.
        if message.type == "error" and "Failed to load resource" not in message.text:
            problems.append(message.text)

    page.on("request", check_request)
    page.on("response", check_response)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("console", check_console)


def _log_in(page: Page, person: User) -> None:
    person.set_password(PASSWORD)
    person.save()
    page.goto("/admin/")
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")
