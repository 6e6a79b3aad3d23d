"""Demo data: each app brings its part in `demo.py`, and `init_db` puts the parts in.

Every part can run again: what is there by its natural key stays as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models
from django.utils.module_loading import autodiscover_modules

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Part:
    """The demo data of one app."""

    name: str
    order: int
    build: Callable[[], None]


_parts: dict[str, Part] = {}


def demo_part(name: str, order: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that builds demo data; `--skip-<name>` of `init_db` leaves it out."""

    def register(build: Callable[[], None]) -> Callable[[], None]:
        _parts[name] = Part(name, order, build)
        return build

    return register


def parts() -> list[Part]:
    """All parts in the order in which they need each other."""
    autodiscover_modules("demo")
    return sorted(_parts.values(), key=lambda part: part.order)


def ensure(model: type[Row], key: dict[str, Any], **values: Any) -> Row:
    """The row with this key; made, and checked like a form's, where there is none."""
    found = model._default_manager.filter(**key).first()
    if found is None:
        found = model(**key, **values)
        found.full_clean()
        found.save()
    return found
