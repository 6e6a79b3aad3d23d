"""Which database: DATABASE_URL, or the DATABASE_* variables, or SQLite in development."""

from typing import Any
from urllib.parse import unquote

from backoffice.settings.base import BASE_DIR, env


def databases() -> dict[str, Any]:
    """Django's DATABASES."""
    if env.str("DATABASE_URL", ""):
        config = env.db_url("DATABASE_URL")
        config["HOST"] = unquote(config.get("HOST", ""))
    else:
        config = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(BASE_DIR / "db.sqlite3")}
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["ENGINE"] = "backoffice.operations.sqlite"
        config["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    return {"default": config}
