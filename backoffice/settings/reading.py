"""Reading variables of the environment: a wrong value stops the start with one sentence."""

import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


def text(name: str, default: str = "") -> str:
    """A text; blank counts as not set."""
    return env.str(name, "").strip() or default


def number(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number within a range.

    Raises ImproperlyConfigured, naming the variable and its value.
    """
    value = text(name, str(default))
    if not re.fullmatch("[0-9]{1,15}", value) or not lowest <= int(value) <= highest:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must be a whole number from {lowest} to {highest}."
        )
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words.

    Raises ImproperlyConfigured, naming the variable and its value.
    """
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
    return value


def flag(name: str, default: bool) -> bool:
    """Yes or no.

    Raises ImproperlyConfigured, naming the variable and its value.
    """
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    value = text(name, str(default)).lower()
    if value not in words:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be 1 or 0.")
    return words[value]


def words(name: str, default: list[str]) -> list[str]:
    """A list, separated by commas."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or default


def pattern(name: str, default: str) -> str:
    """A regular expression.

    Raises ImproperlyConfigured, naming the variable and its value.
    """
    value = text(name, default)
    try:
        re.compile(value)
    except re.error as error:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must be a regular expression ({error})."
        ) from error
    return value


def url(name: str) -> dict[str, Any]:
    """A database address.

    Raises ImproperlyConfigured, naming the variable but not its value, which holds a password.
    """
    try:
        return dict(env.db_url(name))
    except Exception as error:
        raise ImproperlyConfigured(
            f"{name} cannot be read ({type(error).__name__}); write it as"
            " postgres://user:password@host:5432/name or sqlite:////path/to/file."
        ) from error
