"""What `make` says while it installs, when it installs, and why it could not."""

import io
import os
import sys
from pathlib import Path

import pytest

from backoffice.operations import virtual_environment
from backoffice.operations.virtual_environment import (
    PYTHON,
    STAMP,
    is_installed,
    message_for,
    pass_on,
    version_of,
)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder that looks like a virtual environment with this Python and all packages."""
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / STAMP).write_text(f"{PYTHON}\n")
    return folder


def test_an_environment_with_its_stamp_is_installed(environment):
    assert version_of(environment) == PYTHON
    assert is_installed(environment)


def test_requirements_that_changed_since_are_installed_again(environment):
    os.utime(environment / STAMP, (0, 0))
    assert not is_installed(environment)


def test_another_python_is_another_environment(environment):
    (environment / STAMP).write_text("3.10\n")
    assert not is_installed(environment)


@pytest.mark.parametrize("broken", ["exit 1", "echo 3.10"])
def test_an_environment_whose_python_does_not_start_or_lacks_pip_is_none(environment, broken):
    (environment / "bin" / "python").write_text(f"#!/bin/sh\n{broken}\n")
    assert not is_installed(environment)


def test_an_environment_that_was_moved_away_from_its_python_is_none(environment):
    (environment / "bin" / "python").unlink()
    (environment / "bin" / "python").symlink_to("/no/such/python")
    assert version_of(environment) == ""


def test_what_pip_is_at_is_passed_on_every_few_seconds(capsys, monkeypatch):
    monkeypatch.setattr(virtual_environment, "WORDS_EVERY", -1)
    pass_on(
        io.StringIO(
            "Collecting Django==5.2.19 (from -r requirements.txt (line 2))\n"
            "  Downloading Django-5.2.19-py3-none-any.whl (8.3 MB)\n"
            "Collecting django-unfold==0.91.0 (from -r requirements.txt (line 3))\n"
            "Requirement already satisfied: pillow==13.0.0 in ./.venv/lib (line 9)\n"
            "Installing collected packages: django-unfold, Django\n"
            "Successfully installed Django-5.2.19 django-unfold-0.91.0\n"
        )
    )
    assert capsys.readouterr().out.splitlines() == [
        "  1 found, now Django",
        "  2 found, now django-unfold",
        "  3 found, now pillow",
        "Installing 2 packages, half a minute or less ...",
    ]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
            "ERROR: Could not find a version that satisfies the requirement Django==5.2.19\n"
            "ERROR: No matching distribution found for Django==5.2.19\n",
            "no package index answers, or it lacks a package. Look at the network, or name an index"
            " in PIP_INDEX_URL, and say make again. (No matching distribution found for "
            "Django==5.2.19)",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on "
            "device\n\n",
            "the disk is full. Make room and say make again. (Could not install packages due to an "
            "OSError: [Errno 28] No space left on device)",
        ),
        ("error: something else\n", "pip failed. (error: something else)"),
        ("", "pip failed. (it said nothing)"),
    ],
)
def test_why_pip_failed_is_one_sentence_that_says_what_to_do(output, message):
    assert message_for(output) == message
