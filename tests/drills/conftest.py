"""Drills take minutes and break what they work on, so they run only when asked for: `make drill`.

Each one adds rows to a table; `WRITE=1` puts it into docs/operator.md.
"""

import os
import platform
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection

HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operator.md"
ROWS = pytest.StashKey[list[tuple[str, str]]]()
AddRow = Callable[[str, str], None]


def pytest_configure(config: pytest.Config) -> None:
    """Rows of the table are gathered here."""
    config.stash[ROWS] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the drills out of every other run."""
    own = [item for item in items if HERE in item.path.parents]
    for item in own:
        item.add_marker(pytest.mark.drill)
    if "drill" not in config.option.markexpr:
        items[:] = [item for item in items if item not in own]
        config.hook.pytest_deselected(items=own)


@pytest.fixture
def add_row(request: pytest.FixtureRequest) -> AddRow:
    """Adds what was done, and what came of it, to the table."""

    def add(done: str, outcome: str) -> None:
        request.config.stash[ROWS].append((done, outcome))
        print(f"\n{done}: {outcome}", flush=True)

    return add


def table(rows: list[tuple[str, str]]) -> Iterator[str]:
    """The table as it stands on the page."""
    memory = psutil.virtual_memory().total / 2**30
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}:"
    )
    yield ""
    yield "| drill | outcome |"
    yield "|---|---|"
    yield from (f"| {done} | {outcome} |" for done, outcome in rows)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, and write it into the page where that was asked for."""
    rows = config.stash[ROWS]
    if not rows:
        return
    content = "\n".join(table(rows))
    terminalreporter.write_line(f"\n{content}")
    if os.environ.get("WRITE") and not terminalreporter.stats.get("failed"):
        place = re.compile(r"(<!-- make drill -->\n).*?(<!-- end -->)", re.DOTALL)
        text = PAGE.read_text("utf-8")
        PAGE.write_text(place.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text), "utf-8")


@pytest.fixture(scope="session", autouse=True)
def on_postgres() -> None:
    """Drills kill what only PostgreSQL has: a server, and workers beside it."""
    if connection.vendor != "postgresql":
        pytest.skip("drills need PostgreSQL")
