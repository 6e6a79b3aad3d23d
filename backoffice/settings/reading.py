"""Reading variables of the environment: a wrong value stops the start with one sentence."""

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
# Of django-environ only the file and addresses: its typed look-ups take a value that begins with a
# dollar sign, as a password may, for the name of another variable.
environ.Env.read_env(BASE_DIR / ".env")
HOST = re.compile(r"\*|\.?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?(:[0-9]+)?|\[[0-9A-Fa-f:.]+\]")


def text(name: str, default: str = "") -> str:
    """A text; blank counts as not set."""
    return os.environ.get(name, "").strip() or default


def secret(name: str) -> str:
    """A password or key, to the letter."""
    return os.environ.get(name, "")


def number(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number within a range. Raises ImproperlyConfigured with variable and value."""
    value = text(name, str(default))
    if not re.fullmatch("[0-9]{1,15}", value) or not lowest <= int(value) <= highest:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must be a whole number from {lowest} to {highest}."
        )
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words. Raises ImproperlyConfigured with variable and value."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
    return value


def flag(name: str, default: bool) -> bool:
    """Yes or no. Raises ImproperlyConfigured with variable and value."""
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    value = text(name, str(default)).lower()
    if value not in words:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be 1 or 0.")
    return words[value]


def words(name: str, default: list[str], is_one: Callable[[str], bool], one: str) -> list[str]:
    """A list, separated by commas. Raises ImproperlyConfigured for one that `is_one` refuses."""
    values = [word.strip() for word in text(name).split(",") if word.strip()]
    wrong = next((word for word in values if not is_one(word)), None)
    if wrong is not None:
        raise ImproperlyConfigured(f"{name} is {wrong!r}; it must be {one}.")
    return values or default


def is_host(word: str) -> bool:
    """A host name as Django takes it: without a scheme, with a dot before it for all below it."""
    return HOST.fullmatch(word) is not None


def is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def is_origin(word: str) -> bool:
    parts = urlsplit(word)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.path


def pattern(name: str, default: str) -> str:
    """A regular expression. Raises ImproperlyConfigured with variable and value."""
    value = text(name, default)
    try:
        re.compile(value)
    except re.error as error:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must be a regular expression ({error})."
        ) from error
    return value


def url(name: str) -> dict[str, Any]:
    """A database address as Django has it. Raises ImproperlyConfigured without its password."""
    try:
        config = dict(environ.Env.db_url_config(text(name)))
    except Exception as error:
        raise ImproperlyConfigured(
            # The value holds a password and is not shown.
            f"{name} cannot be read ({type(error).__name__}); write it as"
            " postgres://user:password@host:5432/name or sqlite:////path/to/file."
        ) from error
    if not config.get("NAME"):
        raise ImproperlyConfigured(
            f"{name} names no database; write it as postgres://user:password@host:5432/name."
        )
    return config
