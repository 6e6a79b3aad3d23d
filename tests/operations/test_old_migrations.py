"""A database of the old migrations: refused in a sentence, and set aside by `make run`."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from backoffice.operations import dev_server
from backoffice.operations.old_migrations import FIRST, has_old_migrations, is_old_sqlite
from tests.house.source import ROOT

TABLE = "CREATE TABLE django_migrations (id integer, app text, name text)"


def database(path: Path, *applied: tuple[str, str]) -> Path:
    """An SQLite file in which these migrations were applied."""
    with closing(sqlite3.connect(path)) as connected, connected:
        connected.execute(TABLE)
        for app, name in applied:
            connected.execute("INSERT INTO django_migrations VALUES (1, ?, ?)", [app, name])
    return path


def contents(path: Path) -> list[str]:
    """Everything in an SQLite file as SQL."""
    with closing(sqlite3.connect(path)) as connected:
        return list(connected.iterdump())


@pytest.mark.parametrize("first", sorted(FIRST))
def test_any_first_migration_of_the_old_chain_tells(tmp_path: Path, first: tuple[str, str]):
    assert is_old_sqlite(database(tmp_path / "one", ("auth", "0001_initial"), first))


def test_the_names_of_the_new_chain_do_not(tmp_path: Path):
    new = [(app, "0001_initial") for app, _name in FIRST]
    assert not is_old_sqlite(database(tmp_path / "new", *new, ("audit", "0006_deeds")))
    assert not is_old_sqlite(database(tmp_path / "no_migrations"))
    assert not is_old_sqlite(tmp_path / "empty")


def test_migrate_ends_before_it_writes(tmp_path: Path):
    path = database(tmp_path / "old", ("users", "0001_people"), ("auth", "0001_initial"))
    before = contents(path)
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_ENV": "test", "DATABASE_URL": f"sqlite:///{path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.strip().splitlines() == [
        "SystemCheckError: System check identified some issues:",
        "",
        "ERRORS:",
        f"?: (operations.E001) The database “{path}” was made by an earlier version, before the "
        "migrations were squashed, and cannot be brought up to date: export its data with that "
        "version, and run migrate on a new, empty database.",
    ]
    assert contents(path) == before


@pytest.mark.django_db
def test_the_check_asks_the_database_that_is_used():
    with connection.cursor() as cursor:
        assert not has_old_migrations(cursor)
        call_command("check", databases=["default"])
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('users', '0001_people', '2026-11-01')"
        )
    with pytest.raises(SystemCheckError, match="was made by an earlier version"):
        call_command("check", databases=["default"])


def test_what_is_set_aside_is_kept_under_a_name_of_its_own(tmp_path: Path, capsys):
    for number in range(3):
        (tmp_path / "demo.sqlite3").write_text(str(number))
        dev_server._set_aside(tmp_path / "demo.sqlite3")
    (tmp_path / "postgres").mkdir()
    dev_server._set_aside(tmp_path / "postgres")
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "demo.old.sqlite3", "demo.old1.sqlite3", "demo.old2.sqlite3", "postgres.old"
    ]  # fmt: skip
    assert (tmp_path / "demo.old.sqlite3").read_text() == "0"
    assert capsys.readouterr().out.splitlines()[-1] == (
        "The demo database was made by an earlier version and cannot be brought up to date. It is "
        f"kept in {tmp_path / 'postgres.old'}, and a new one is made."
    )


def test_make_run_makes_a_new_demo_database(tmp_path: Path, monkeypatch, capsys):
    """As a user who has run the old version in this checkout."""
    monkeypatch.setattr(dev_server, "ROOT", tmp_path)
    (tmp_path / "var").mkdir()
    old = database(tmp_path / "var" / "demo.sqlite3", ("users", "0001_people"))
    (tmp_path / "var" / "demo.prepared").write_text("as it is")
    before = old.read_bytes()
    with dev_server._database("sqlite") as (environment, stamp):
        assert not old.exists()
        assert not stamp.exists()
        assert environment["DATABASE_URL"].endswith("/var/demo.sqlite3")
    assert (tmp_path / "var" / "demo.old.sqlite3").read_bytes() == before
    database(tmp_path / "var" / "demo.sqlite3", ("users", "0001_initial"))
    with dev_server._database("sqlite"):
        assert (tmp_path / "var" / "demo.sqlite3").exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="starts a server")
def test_make_run_sets_a_folder_of_postgresql_aside(tmp_path: Path, monkeypatch, capsys):
    data = Path("/var/tmp") / f"backoffice-test-old-{os.getpid()}"
    monkeypatch.setattr(dev_server, "data_folder", lambda _checkout: data)
    monkeypatch.setattr(dev_server, "ROOT", tmp_path)
    aside = data.with_name(f"{data.name}.old")
    try:
        with dev_server._database("postgres") as (environment, _stamp):
            assert not aside.exists()
            write(environment["DATABASE_URL"], "users", "0001_people")
        with dev_server._database("postgres") as (environment, _stamp):
            write(environment["DATABASE_URL"], "users", "0001_initial")
        assert (aside / "PG_VERSION").exists()
        with dev_server._database("postgres"):
            assert (data / "PG_VERSION").exists()
        assert not data.with_name(f"{data.name}.old1").exists()
    finally:
        for folder in (data, aside):
            dev_server.EmbeddedServer(folder).remove()
        data.with_suffix(".lock").unlink(missing_ok=True)
    assert capsys.readouterr().out.count("The demo database was made by an earlier version") == 1


def write(address: str, app: str, name: str) -> None:
    """Note a migration as applied in a database that has nothing else."""
    owner = address.replace(dev_server.APPLICATION, dev_server.SUPERUSER)
    with closing(psycopg2.connect(owner)) as connected, connected, connected.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("INSERT INTO django_migrations VALUES (1, %s, %s)", [app, name])
