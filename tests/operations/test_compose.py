"""compose.yaml: known variables only, no port of the database, migrations before the web server."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "compose.yaml").read_text()
KNOWN = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

OWNER = {"DATABASE_OWNER_USER", "DATABASE_OWNER_PASSWORD"}
NEEDED = OWNER | {"DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(TEXT)["services"]


def test_every_variable_it_passes_is_one_that_is_known(services):
    for name in ("migrate", "web", "seal", "worker"):
        assert services[name]["env_file"] == ".env"
        assert set(services[name]["environment"]) <= KNOWN
    # A doubled dollar sign is the container's own shell's.
    variables = set(re.findall(r"(?<!\$)\$\{?([A-Z_]+)", TEXT))
    assert variables == NEEDED <= KNOWN


def test_no_secret_stands_in_it_and_a_missing_one_stops_the_start():
    assert not re.search(r"(?im)^ *\w*(password|secret_key): *(?!\"\"$)[^$\s]", TEXT)
    for name in NEEDED:
        assert f"${{{name}:?Set {name} in .env}}" in TEXT


def test_the_database_is_not_published_and_the_web_server_to_this_machine_only(services):
    assert "ports" not in services["database"]
    assert "ports" not in services["migrate"]
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_migrations_run_once_between_the_database_and_the_web_server(services):
    assert services["migrate"]["command"] == ["python", "manage.py", "migrate", "--noinput"]
    assert services["migrate"]["restart"] == "no"
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["web"]["depends_on"] == {
        "database": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }
    assert "pg_isready" in services["database"]["healthcheck"]["test"][1]


def test_large_imports_have_a_worker_that_finds_their_files(services):
    assert services["worker"]["command"] == ["python", "manage.py", "db_worker"]
    assert services["worker"]["volumes"] == services["web"]["volumes"]
    assert services["worker"]["restart"] == "unless-stopped"
    # Nor does it get the owner's password.
    assert services["worker"]["environment"]["DATABASE_OWNER_PASSWORD"] == ""


def test_the_record_is_sealed_all_the_time(services):
    command = ["python", "manage.py", "audit_seal", "--every", "30"]
    assert services["seal"]["command"] == command
    assert services["seal"]["restart"] == "unless-stopped"


def test_migrations_run_as_the_owner_of_the_tables_and_the_web_server_does_not_know_it(services):
    made = services["database"]["environment"]["POSTGRES_USER"]
    assert made == "${DATABASE_OWNER_USER:?Set DATABASE_OWNER_USER in .env}"
    assert not OWNER & set(services["migrate"]["environment"])
    assert {services[each]["environment"][name] for each in ("web", "seal") for name in OWNER} == {
        ""
    }


def test_what_must_last_is_in_a_volume(services):
    volumes = YAML(typ="safe", pure=True).load(TEXT)["volumes"]
    assert set(volumes) == {"database", "private"}
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql"]
    (private,) = services["web"]["volumes"]
    folder = private.partition(":")[2]
    assert services["web"]["environment"]["PRIVATE_ROOT"] == folder
    assert f"VOLUME {folder}\n" in (ROOT / "Dockerfile").read_text()


def test_the_product_runs_in_production_over_this_database(services):
    for name in ("migrate", "web"):
        environment = services[name]["environment"]
        assert (environment["DJANGO_ENV"], environment["DATABASE_URL"]) == ("production", "")
        assert environment["DATABASE_HOST"] in services
        assert services[name]["build"] == "."
