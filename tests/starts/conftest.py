"""Places for clones, removed with all that was made there."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backoffice.operations.embedded import data_folder
from backoffice.operations.server_account import is_root
from tests.starts.clones import (
    ORDINARY,
    Clone,
    clone_into,
    closed,
    hand_over,
    neutral_environment,
    python_for_everybody,
)

NewClone = Callable[..., Clone]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """They take minutes and install packages, so they run only when asked for by their marker."""
    own = [item for item in items if HERE in item.path.parents]
    for item in own:
        item.add_marker(pytest.mark.starts)
    if "starts" not in config.option.markexpr:
        items[:] = [item for item in items if item not in own]
        config.hook.pytest_deselected(items=own)


@pytest.fixture(autouse=True)
def private_files() -> None:
    """No settings of the suite: everything runs in other processes."""


@pytest.fixture(autouse=True)
def checked_lately() -> None:
    """Nor its cache."""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder every account can enter, outside of anybody's home."""
    folder = Path(tempfile.mkdtemp(prefix="backoffice-starts-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new_clone(place: Path) -> Iterator[NewClone]:
    """Clones in the name of whoever runs the tests."""
    made: list[Path] = []

    def make(name: str = "clone", **options: Any) -> Clone:
        folder = clone_into(place / name)
        made.append(folder.resolve())
        return Clone(folder, **options)

    yield make
    for folder in made:
        outside = data_folder(folder)
        if not outside.is_relative_to(folder):
            shutil.rmtree(outside, ignore_errors=True)
            outside.with_suffix(".lock").unlink(missing_ok=True)


@pytest.fixture
def clone_of_roots(new_clone: NewClone) -> NewClone:
    """Clones of root; skips for others."""
    if not is_root():
        pytest.skip("Only root can try this.")
    return new_clone


@pytest.fixture
def clone_of_a_user(place: Path, new_clone: NewClone) -> NewClone:
    """Clones of an ordinary user in a home that nobody else can enter."""

    def make(name: str = "clone", **options: Any) -> Clone:
        if not is_root():
            closed(place / "home")
            return new_clone(f"home/{name}", **options)
        python = python_for_everybody()
        if not python:
            pytest.skip("No Python outside of root's home has venv: apt install python3-venv")
        home = place / "home"
        folder = clone_into(home / name)
        closed(home)
        hand_over(home, ORDINARY)
        environment = neutral_environment(HOME=str(home), PATH="/usr/local/bin:/usr/bin:/bin")
        environment |= options.pop("environment", {})
        return Clone(folder, ORDINARY, environment, variables=[f"PYTHON={python}"], **options)

    return make
