"""Which database: DATABASE_URL, or the DATABASE_* variables, or SQLite in development."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ImproperlyConfigured

from backoffice.settings.reading import BASE_DIR, choice, number, secret, text, url

POSTGRES, SQLITE = "backoffice.operations.engine", "backoffice.operations.sqlite"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
STATEMENT_OPTIONS = "-c timezone=UTC"


def databases() -> dict[str, Any]:
    """Django's DATABASES. Raises ImproperlyConfigured with variable and value."""
    # Read in any case: what the chosen database does not use is not silently wrong either.
    variables, pool = _from_variables(), _pool()
    mode = choice("DATABASE_SSL_MODE", "prefer", SSL_MODES)
    if text("DATABASE_URL"):
        return {"default": _owned(_from_url(url("DATABASE_URL"), mode, pool))}
    if variables["NAME"]:
        return {"default": _owned(_postgres(variables, mode, pool))}
    named = [name for name in ("DATABASE_HOST", "DATABASE_USER") if text(name)]
    if named and text(named[0]) != "localhost":
        raise ImproperlyConfigured(
            f"{named[0]} is {text(named[0])!r}, but DATABASE_NAME is ''; name the database."
        )
    return {"default": _sqlite(str(BASE_DIR / "db.sqlite3"))}


def _owned(config: dict[str, Any]) -> dict[str, Any]:
    owner = text("DATABASE_OWNER_USER")
    if not owner or config["ENGINE"] != POSTGRES:
        return config
    if config["USER"] in ("", owner):
        raise ImproperlyConfigured(
            f"DATABASE_OWNER_USER is {owner!r}, and the application's role {config['USER']!r}; "
            f"name another one in DATABASE_USER or DATABASE_URL."
        )
    return config | {"OWNER": {"USER": owner, "PASSWORD": secret("DATABASE_OWNER_PASSWORD")}}


def _from_url(config: dict[str, Any], mode: str, pool: dict[str, Any]) -> dict[str, Any]:
    engine = config.get("ENGINE", "")
    if "sqlite" in engine:
        return _sqlite(config["NAME"])
    if "postgresql" not in engine:
        raise ImproperlyConfigured(
            f"DATABASE_URL leads to {engine!r}; it must begin with postgres:// or sqlite://."
        )
    parts = {name: config.get(name, "") for name in ("NAME", "USER", "PASSWORD", "PORT")}
    options = dict(config.get("OPTIONS", {}))
    host = options.pop("host", "") or unquote(config.get("HOST", ""))
    mode = _known_mode(options.pop("sslmode", mode))
    if options:
        raise ImproperlyConfigured(
            f"DATABASE_URL has the part {min(options)!r}; only sslmode and host may stand there."
        )
    return _postgres(parts | {"HOST": host}, mode, pool)


def _known_mode(mode: str) -> str:
    if mode not in SSL_MODES:
        raise ImproperlyConfigured(
            f"DATABASE_URL has sslmode={mode}; it must be one of: {', '.join(SSL_MODES)}."
        )
    return mode


def _from_variables() -> dict[str, Any]:
    return {
        "NAME": text("DATABASE_NAME"),
        "USER": text("DATABASE_USER"),
        "PASSWORD": secret("DATABASE_PASSWORD"),
        "HOST": text("DATABASE_HOST", "localhost"),
        "PORT": str(number("DATABASE_PORT", 5432, 1, 65535)),
    }


def _postgres(address: dict[str, Any], mode: str, pool: dict[str, Any]) -> dict[str, Any]:
    host = address["HOST"]
    # A host that begins with a slash is the folder of a Unix socket.
    if host.startswith("/") and not Path(host).is_dir():
        raise ImproperlyConfigured(
            f"DATABASE_HOST is {host!r}; there is no such folder of a Unix socket."
        )
    options = {"options": STATEMENT_OPTIONS, "application_name": "backoffice"}
    if not host.startswith("/"):
        options["sslmode"] = mode
    return {
        "ENGINE": POSTGRES,
        **address,
        "OPTIONS": options,
        "POOL_OPTIONS": pool,
        # The pool keeps connections; Django gives each back at the end of its request.
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


def _pool() -> dict[str, Any]:
    least = number("DATABASE_MIN_CONNS", 10, 1, 1000)
    most = number("DATABASE_MAX_CONNS", 25, 1, 1000)
    if most < least:
        raise ImproperlyConfigured(
            f"DATABASE_MAX_CONNS is '{most}'; it must be at least DATABASE_MIN_CONNS, '{least}'."
        )
    return {
        "POOL_SIZE": least,
        "MAX_OVERFLOW": most - least,
        "TIMEOUT": number("DATABASE_POOL_TIMEOUT", 30, 1, 600),
        "RECYCLE": number("DATABASE_POOL_RECYCLE", 7200, 1, 604_800),
    }


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": SQLITE,
        "NAME": name,
        "TEST": {"NAME": ":memory:"},
        "OPTIONS": {
            "timeout": 20,
            # A transaction that will write takes its place in the queue when it begins.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
