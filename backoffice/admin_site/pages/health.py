"""Health checks: small functions that apps bring in their `health_checks.py`, each of one thing.

    @health_check("free space", order=50)
    def free_space(): return CheckResult.good(_("80 GB are free."))

A check that fails with an exception has failed, and the others go on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from backoffice.admin_site.discovery import discover

GOOD, WARNING, FAILED = "good", "warning", "failed"
COLOURS = {GOOD: "success", WARNING: "warning", FAILED: "danger"}
CACHE_SECONDS = 60  # seconds; the sidebar stands on every page


@dataclass(frozen=True)
class CheckResult:
    """What a check found, and a sentence about it."""

    status: str
    detail: Any

    @classmethod
    def good(cls, detail: Any) -> "CheckResult":
        return cls(GOOD, detail)

    @classmethod
    def warning(cls, detail: Any) -> "CheckResult":
        return cls(WARNING, detail)

    @classmethod
    def failed(cls, detail: Any) -> "CheckResult":
        return cls(FAILED, detail)


Check = Callable[[], CheckResult]


@dataclass(frozen=True)
class Checked:
    """A check that was made: its title, what it found, and how long it took in milliseconds."""

    title: Any
    result: CheckResult
    milliseconds: float

    @property
    def colour(self) -> str:
        return COLOURS[self.result.status]

    @property
    def word(self) -> str:
        return {GOOD: _("good"), WARNING: _("look at it"), FAILED: _("failed")}[self.result.status]


_checks: list[tuple[int, Any, Check]] = []


def health_check(title: Any, order: int = 50) -> Callable[[Check], Check]:
    """Register a check; lower orders come first."""

    def register(check: Check) -> Check:
        _checks.append((order, title, check))
        return check

    return register


def run_checks() -> list[Checked]:
    """Make all checks, in their order."""
    discover("health_checks")
    checked = [_made(title, check) for _order, title, check in sorted(_checks, key=lambda c: c[0])]
    cache.set("failed_checks", _count_failed(checked), CACHE_SECONDS)
    return checked


def failed_checks() -> int:
    """How many failed, at most a minute ago: for the sidebar."""
    known = cache.get("failed_checks")
    return _count_failed(run_checks()) if known is None else known


def _count_failed(checked: list[Checked]) -> int:
    return sum(each.result.status == FAILED for each in checked)


def _made(title: Any, check: Check) -> Checked:
    start = time.perf_counter()
    try:
        result = check()
    except Exception as error:  # whatever it is, it is what the page is for
        result = CheckResult.failed(str(error).strip().partition("\n")[0] or type(error).__name__)
    return Checked(title, result, round((time.perf_counter() - start) * 1000, 1))
