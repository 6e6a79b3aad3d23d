"""The school that crawls walk through: built once for a module, and taken away again."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from tests.school import School, build, rolled_back


@contextmanager
def restored_afterwards() -> Iterator[None]:
    """The database afterwards is as it was.

    SQLite gets its old content back as a copy: in a transaction that made a table, as an import
    does, every savepoint that is rolled back makes it read the whole schema again, which is half
    of the time of a crawl.
    """
    if connection.vendor != "sqlite":
        with rolled_back():
            yield
        return
    connection.ensure_connection()
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.connection.backup(copy)
        yield
        copy.backup(connection.connection)


@pytest.fixture(scope="module")
def school(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    """A row of every model, own and foreign. A test that uses it needs no other database."""
    files = tmp_path_factory.mktemp("school")
    with django_db_blocker.unblock(), override_settings(PRIVATE_ROOT=files), restored_afterwards():
        # What a crawl asks for is refused thousands of times; nobody reads the log of that.
        logging.disable(logging.CRITICAL)
        try:
            yield build(files)
        finally:
            logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def private_files(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Path:
    """Uploads in a folder of the test's own, or of the school's where there is one."""
    is_school = "school" in request.fixturenames
    folder = request.getfixturevalue("school").files if is_school else tmp_path / "private"
    settings.PRIVATE_ROOT = folder
    return folder
