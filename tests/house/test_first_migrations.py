"""The first migrations make the tables of the 47 they replace, down to the triggers.

`schema_*.txt` was written from the old chain's end. Migrations that follow may change those tables;
here only the first ones run, in a database of their own.
"""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from tests.house.source import ROOT


@pytest.fixture
def address(tmp_path: Path, transactional_db: None):
    """Of an empty database beside the tests' own."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'first.sqlite3'}"
        return
    name = f"first_{uuid4().hex[:12]}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_first_migrations_make_what_the_old_ones_made(address: str):
    done = subprocess.run(
        [sys.executable, "-m", "tests.house.schema"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = _schema(done.stdout)
    old = _schema((ROOT / f"tests/house/schema_{connection.vendor}.txt").read_text())
    # What follows every migrate makes permissions of today's models: there may be more of them.
    more = {line for line in made - old if line.startswith("permission ")}
    assert old - made == set()
    assert made - old == more


def _schema(text: str) -> set[str]:
    """Its lines; a permission's label is made of the model's name on screen, and is no schema."""
    return {
        " ".join(line.split()[:2]) if line.startswith("permission ") else line
        for line in text.splitlines()
    }
