"""Settings: every variable is documented, and a wrong value stops the start with one sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": "Tq7-zU_2pVx9wRk4" * 4,
    "ALLOWED_HOSTS": "office.example.org",
    "DATABASE_NAME": "lms",
    "DATABASE_USER": "lms",
    "DATABASE_PASSWORD": "secret",
    "DATABASE_HOST": "db.example.org",
}
PASSED_ON = ("PATH", "HOME", "LANG")


def started(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code with nothing but these variables."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def setting(expression: str, **variables: str) -> str:
    """What an expression over the settings gives."""
    done = started(f"import backoffice.settings as s; print({expression})", **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_env_example_names_every_variable_that_is_read_and_no_other():
    pattern = r'\b(?:text|number|choice|flag|words|pattern|url|secret)\(\s*"([A-Z][A-Z_]+)"'
    read = {
        name
        for path in (ROOT / "backoffice" / "settings").glob("*.py")
        for name in re.findall(pattern, path.read_text())
    }
    documented = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == read


def test_a_copy_of_env_example_starts():
    values = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if re.match("[A-Z_]+=", line)
    )
    assert setting("s.DEBUG, s.IMPORT_MAX_ROWS", **values) == "True 2000000"


WRONG = [
    ("DJANGO_ENV", "staging", "it must be one of: development, test, production."),
    ("DATABASE_PORT", "five", "it must be a whole number from 1 to 65535."),
    ("DATABASE_PORT", "70000", "it must be a whole number from 1 to 65535."),
    ("DATABASE_MIN_CONNS", "0", "it must be a whole number from 1 to 1000."),
    ("DATABASE_MAX_CONNS", "-1", "it must be a whole number from 1 to 1000."),
    ("DATABASE_MAX_CONNS", "5", "it must be at least DATABASE_MIN_CONNS, '10'."),
    ("DATABASE_POOL_TIMEOUT", "1e3", "it must be a whole number from 1 to 600."),
    ("DATABASE_POOL_RECYCLE", "never", "it must be a whole number from 1 to 604800."),
    (
        "DATABASE_SSL_MODE",
        "on",
        "it must be one of: disable, allow, prefer, require, verify-ca, verify-full.",
    ),
    ("DATABASE_HOST", "/no/such/folder", "there is no such folder of a Unix socket."),
    ("STUDENT_ID_PATTERN", "[", "it must be a regular expression"),
    ("IMPORT_MAX_ROWS", "many", "it must be a whole number from 1 to 1000000000."),
    ("SECURE_SSL_REDIRECT", "maybe", "it must be 1 or 0."),
    ("ALLOWED_HOSTS", "https://x", "it must be a host name without http://."),
    ("METRICS_ALLOWED_ADDRESSES", "banana", "it must be an IP address."),
    (
        "CSRF_TRUSTED_ORIGINS",
        "office.example.org",
        "it must be an address like https://office.example.org.",
    ),
]


@pytest.mark.parametrize(("name", "value", "reason"), WRONG)
def test_a_wrong_value_stops_the_start_with_a_sentence(name, value, reason):
    done = started("import backoffice.settings", **GOOD | {name: value})
    assert done.returncode != 0
    assert f"{name} is '{value}'; {reason}" in done.stderr.splitlines()[-1]


def test_an_unreadable_address_is_told_without_its_password():
    done = started("import backoffice.settings", DATABASE_URL="mysql://u:hunter2@h/n")
    message = done.stderr.splitlines()[-1]
    assert "DATABASE_URL" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_PORT", "five"), ("DATABASE_SSL_MODE", "on"), ("DATABASE_MAX_CONNS", "none")],
)
def test_a_wrong_value_is_told_though_the_database_does_not_use_it(name, value):
    done = started("import backoffice.settings", **{name: value})
    assert f"{name} is '{value}'; it must be" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgres://", "DATABASE_URL names no database; write it as postgres://"),
        ("postgres://u:p@h/", "DATABASE_URL names no database; write it as postgres://"),
        ("nonsense", "DATABASE_URL"),
        ("postgres://u:p@h/n?sslmode=on", "DATABASE_URL has sslmode=on; it must be one of"),
        ("postgres://u:p@h/n?timeout=3", "DATABASE_URL has the part 'timeout'; only sslmode"),
    ],
)
def test_an_address_that_cannot_be_stops_the_start(address, message):
    done = started("import backoffice.settings", DATABASE_URL=address)
    assert done.returncode != 0
    assert message in done.stderr.splitlines()[-1]


def test_an_address_may_say_how_to_encrypt():
    one = "s.DATABASES['default']['OPTIONS']['sslmode']"
    address = {"DATABASE_URL": "postgres://u:p@h/n?sslmode=verify-full"}
    assert setting(one, **address) == "verify-full"
    assert setting(one, **address | {"DATABASE_SSL_MODE": "disable"}) == "verify-full"
    plain = {"DATABASE_URL": "postgres://u:p@h/n", "DATABASE_SSL_MODE": "require"}
    assert setting(one, **plain) == "require"


def test_a_server_without_a_database_is_not_taken_for_sqlite():
    done = started("import backoffice.settings", DATABASE_HOST="db.example.org")
    assert done.stderr.splitlines()[-1].endswith(
        "DATABASE_HOST is 'db.example.org', but DATABASE_NAME is ''; name the database."
    )


@pytest.mark.parametrize("password", ["$HOME", "$ecret", " with blanks ", "a$b#c'd"])
def test_a_password_is_taken_verbatim(password):
    stored = setting(
        "repr(s.DATABASES['default']['PASSWORD'])", **GOOD | {"DATABASE_PASSWORD": password}
    )
    assert stored == repr(password)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"DEBUG": "true"}, "DEBUG is 'true'; production shows nobody its insides. Set it to 0."),
        ({"DEBUG": "1"}, "DEBUG is '1'; production shows nobody its insides. Set it to 0."),
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing, a default or too short"),
        ({"SECRET_KEY": "changeme" * 9}, "SECRET_KEY is missing, a default or too short"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is ''; name the hosts people reach"),
        (
            {"DATABASE_NAME": "", "DATABASE_HOST": "", "DATABASE_USER": ""},
            "The database is SQLite; production needs PostgreSQL.",
        ),
        ({"DATABASE_URL": "sqlite:////tmp/x"}, "The database is SQLite; production needs"),
    ],
)
def test_production_refuses_what_must_not_be(changed, message):
    done = started("import backoffice.settings", **GOOD | changed)
    assert done.returncode != 0
    assert message in done.stderr.splitlines()[-1]


def test_production_passes_the_check_for_deployment_without_a_warning():
    code = (
        "import sys; from django.core.management import execute_from_command_line as run;"
        "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    )
    done = started(code, DJANGO_SETTINGS_MODULE="backoffice.settings", **GOOD)
    assert done.returncode == 0, done.stderr
    assert "System check identified no issues (0 silenced)." in done.stdout


def test_postgresql_always_runs_through_the_pooled_engine_with_the_stated_defaults():
    one = "s.DATABASES['default']"
    assert setting(f"{one}['ENGINE']", **GOOD) == "backoffice.operations.engine"
    assert setting(f"{one}['POOL_OPTIONS']", **GOOD) == str(
        {"POOL_SIZE": 10, "MAX_OVERFLOW": 15, "TIMEOUT": 30, "RECYCLE": 7200}
    )
    pool = {"DATABASE_MIN_CONNS": "5", "DATABASE_MAX_CONNS": "20"}
    assert setting(f"{one}['POOL_OPTIONS']['MAX_OVERFLOW']", **GOOD | pool) == "15"
    url = {"DATABASE_URL": "postgres://u:p@h:5433/n"}
    assert setting(f"{one}['ENGINE']", **url) == "backoffice.operations.engine"


def test_the_owner_of_the_tables_is_another_role_or_none():
    one = "s.DATABASES['default']"
    owner = {"DATABASE_OWNER_USER": "owner", "DATABASE_OWNER_PASSWORD": "$ecret"}
    expected = str({"USER": "owner", "PASSWORD": "$ecret"})
    assert setting(f"{one}.get('OWNER')", **GOOD) == "None"
    assert setting(f"({one}['OWNER'], {one}['USER'])", **GOOD | owner) == f"({expected}, 'lms')"
    address = {"DATABASE_URL": "postgres://app:p@h/n"}
    assert setting(f"{one}['OWNER']", **address | owner) == expected
    assert setting(f"{one}.get('OWNER')", **owner) == "None"  # SQLite
    for same in (GOOD | {"DATABASE_OWNER_USER": "lms"}, {"DATABASE_URL": "postgres://h/n"} | owner):
        done = started("import backoffice.settings", **same)
        assert done.returncode != 0
        assert done.stderr.splitlines()[-1].endswith("in DATABASE_USER or DATABASE_URL.")


def test_a_socket_folder_is_a_host(tmp_path):
    host = GOOD | {"DATABASE_HOST": str(tmp_path)}
    assert setting("s.DATABASES['default']['HOST']", **host) == str(tmp_path)
    address = "postgres://u@" + str(tmp_path).replace("/", "%2F") + "/n"
    assert setting("s.DATABASES['default']['HOST']", DATABASE_URL=address) == str(tmp_path)


def test_nothing_configured_is_sqlite_in_development():
    assert setting("s.DATABASES['default']['ENGINE']") == "backoffice.operations.sqlite"
