"""Ctrl-C at any moment of a start: quiet, nothing runs on, and the next start works."""

import random
import time

import pytest

from tests.starts.clones import Clone, python_of_version
from tests.starts.conftest import NewClone

STEPS = (
    "Starting PostgreSQL",
    "Making the tables",
    "Bringing in the demo data",
    "Starting the web server",
)


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_a_start_is_interrupted(new_clone: NewClone, version: str):
    python = python_of_version(version)
    if not python:
        pytest.skip(f"There is no Python {version} with venv.")
    clone = new_clone(variables=[f"PYTHON={python}"])
    assert clone.make("lint")[0] == 0
    chance = random.Random(7)
    for _ in range(40):
        interrupt_at_once(clone, chance.uniform(0, 0.4))
    for step in STEPS:
        for _ in range(6):
            interrupt_after(clone, step, chance.uniform(0, 0.7))
    clone.serves()


def interrupt_at_once(clone: Clone, seconds: float) -> None:
    """One start, interrupted before it said anything, or soon after."""
    started = clone.start("run")
    time.sleep(seconds)
    started.interrupt()
    started.end()
    assert "Traceback" not in started.output, started.output
    assert clone.left_behind() == []


def interrupt_after(clone: Clone, step: str, seconds: float) -> None:
    """One start, interrupted that long after it said what it is doing."""
    started = clone.start("run")
    started.wait_for(step)
    time.sleep(seconds)
    started.interrupt()
    started.end()
    assert "Traceback" not in started.output, started.output
    assert "Exception ignored" not in started.output, started.output
    assert "Could not start" not in started.output, started.output
    assert "Stopped; the data is kept." in started.output, started.output
    assert clone.left_behind() == []


def test_an_installation_is_interrupted(new_clone: NewClone):
    clone = new_clone()
    for step in ("Making a virtual environment", "Fetching", "Installing"):
        started = clone.start("run")
        started.wait_for(step)
        time.sleep(0.5)
        started.interrupt()
        assert started.end()
        assert "Traceback" not in started.output, started.output
        assert "Stopped; say make again to go on from here." in started.output
        assert clone.left_behind() == []
        assert not list(clone.folder.glob(".venv-room-*"))
    clone.serves("run", "DATABASE=sqlite")


def test_two_first_starts_of_one_clone_at_once(new_clone: NewClone):
    clone = new_clone()
    first, second = clone.start("lint"), clone.start("lint")
    assert [first.end(), second.end()] == [0, 0], first.output + second.output
    waited = "Another make is installing into this clone; waiting for it ..."
    assert (waited in first.output) != (waited in second.output)
