"""Demo data: each app brings its part in `demo`, and `init_db` puts the parts in.

Every part can run again: what is there by its natural key stays as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeVar

from django.db import models

from backoffice.admin_site.discovery import discover

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Scale:
    """How much there is besides the small school, which every size has.

    The first `tended` courses have lessons, work and talk; the others have only a roster.
    """

    students: int = 0
    courses: int = 0
    enrollments: int = 0
    tended: int = 0
    submissions: int = 0
    log: Callable[[str], object] = lambda _message: None


SIZES = {
    "small": Scale(),
    "medium": Scale(2_000, 40, 10_000, tended=40, submissions=5_000),
    "large": Scale(50_000, 1_000, 1_000_000, tended=200, submissions=60_000),
}
Build = Callable[[Scale], None]


@dataclass(frozen=True)
class DemoPart:
    """The demo data of one app."""

    name: str
    order: int
    build: Build


_parts: dict[str, DemoPart] = {}


def demo_part(name: str, order: int) -> Callable[[Build], Build]:
    """Register a function that builds demo data; `--skip-<name>` of `init_db` leaves it out."""

    def register(build: Build) -> Build:
        _parts[name] = DemoPart(name, order, build)
        return build

    return register


def parts() -> list[DemoPart]:
    """All parts in the order in which they need each other; none where Faker is not installed."""
    if find_spec("faker"):  # of requirements-dev.txt; production's `init_db` says so in a sentence
        discover("demo")
    return sorted(_parts.values(), key=lambda part: part.order)


def ensure(model: type[Row], key: dict[str, Any], **values: Any) -> Row:
    """The row with this key; made, and checked like a form's, where there is none."""
    row = model._default_manager.filter(**key).first()
    if row is None:
        row = model(**key, **values)
        row.full_clean()
        row.save()
    return row
