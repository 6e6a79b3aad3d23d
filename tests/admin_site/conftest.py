"""The school that crawls walk through: built once for a module, and rolled back."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from tests.school import School, build, rolled_back


@pytest.fixture(scope="module")
def school(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    """A row of every model, own and foreign. A test that uses it needs no other database."""
    files = tmp_path_factory.mktemp("school")
    with django_db_blocker.unblock(), override_settings(PRIVATE_ROOT=files), rolled_back():
        # What a crawl asks for is refused thousands of times; nobody reads the log of that.
        logging.disable(logging.CRITICAL)
        yield build(files)
        logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def private_files(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Path:
    """Uploads in a folder of the test's own, or of the school's where there is one."""
    is_school = "school" in request.fixturenames
    folder = request.getfixturevalue("school").files if is_school else tmp_path / "private"
    settings.PRIVATE_ROOT = folder
    return folder
