"""The home page: cards that apps bring in their `dashboard.py`, each for some roles.

    @card(_("Courses near their limit"), roles=(REGISTRAR,), order=30)
    def full_courses(request): return CardLines([...], empty=_("…"), more=address)

A card gives lines, figures or a chart, links to the list behind its numbers, and says something
useful when there is nothing to show.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from backoffice.admin_site.discovery import discover
from backoffice.admin_site.permissions import roles

BAR = 22  # pixels; the theme's own bars are hairlines


@dataclass(frozen=True)
class CardLine:
    """One line of a card: what, where it leads, and what is said about it on the right."""

    text: Any
    address: str = ""
    detail: Any = ""
    label: Any = ""
    colour: str = "default"
    percent: float | None = None


@dataclass(frozen=True)
class CardLines:
    """A list of lines."""

    lines: Sequence[CardLine]
    empty: Any
    more: str = ""
    template: ClassVar[str] = "admin_site/cards/lines.html"


@dataclass(frozen=True)
class Figure:
    """A number with its name, and the list behind it."""

    number: Any
    name: Any
    address: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Figures:
    """A few numbers side by side."""

    figures: Sequence[Figure]
    empty: Any = ""
    more: str = ""
    template: ClassVar[str] = "admin_site/cards/figures.html"


@dataclass(frozen=True)
class Series:
    """One colour of a chart; `shade` is a step of the theme's primary colour."""

    name: Any
    values: Sequence[int]
    shade: int = 600


@dataclass(frozen=True)
class Chart:
    """Bars over labels, stacked."""

    labels: Sequence[Any]
    series: Sequence[Series]
    empty: Any
    more: str = ""
    template: ClassVar[str] = "admin_site/cards/chart.html"

    @property
    def total(self) -> int:
        """What all bars add up to; without any there is nothing to draw."""
        return sum(sum(each.values) for each in self.series)

    @property
    def rows(self) -> list[tuple[Any, list[int]]]:
        """The numbers as a table, for whoever reads instead of looking."""
        columns = zip(*(each.values for each in self.series), strict=True)
        return [(label, list(row)) for label, row in zip(self.labels, columns, strict=True)]

    @property
    def data(self) -> str:
        """What the chart library draws, as JSON."""
        sets = [
            {
                "label": str(each.name),
                "data": list(each.values),
                "backgroundColor": f"var(--color-primary-{each.shade})",
                "barThickness": BAR,
                "borderRadius": 3,
            }
            for each in self.series
        ]
        return json.dumps({"labels": list(map(str, self.labels)), "datasets": sets})

    @property
    def options(self) -> str:
        """How it is drawn, as JSON; with more than one colour a legend says which is which."""
        ticks = {"color": "#9ca3af", "precision": 0}
        return json.dumps(
            {
                "animation": False,
                "responsive": True,
                "maintainAspectRatio": False,
                "plugins": {
                    "legend": {
                        "display": len(self.series) > 1,
                        "align": "end",
                        "labels": {"usePointStyle": True, "boxHeight": 6, "color": "#9ca3af"},
                    }
                },
                "scales": {
                    "x": {"stacked": True, "grid": {"display": False}, "ticks": ticks},
                    "y": {"stacked": True, "beginAtZero": True, "grid": {}, "ticks": ticks},
                },
            }
        )


Content = CardLines | Figures | Chart
Build = Callable[[HttpRequest], Content]


@dataclass(frozen=True)
class Card:
    """A registered card."""

    title: Any
    roles: Collection[str]
    order: int
    build: Build = field(compare=False)


_cards: list[Card] = []


@dataclass(frozen=True)
class Bounded:
    """A count that stops at a bound: “12”, or “1,000+”."""

    number: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.is_more else f"{self.number:,}"


def bounded(rows: models.QuerySet[Any], most: int = 1_000) -> Bounded:
    """How many rows there are, counted no further than `most`."""
    count = rows.order_by().values("pk")[: most + 1].count()
    return Bounded(min(count, most), count > most)


def days_until_today(count: int) -> list[date]:
    """The last days in UTC, today's last, for the labels of a chart."""
    today = timezone.now().date()
    return [today - timedelta(days=ago) for ago in reversed(range(count))]


def ago(moment: datetime | None) -> str:
    """How long ago something was, in its largest unit: “3 days ago”."""
    if not moment:
        return ""
    if timezone.now() - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, timezone.now(), depth=1)}


def beginning(day: date) -> datetime:
    """Midnight UTC: a bound that an index of times answers, which a cast to dates would not."""
    return datetime.combine(day, time.min, UTC)


def card(title: Any, *, roles: Collection[str], order: int) -> Callable[[Build], Build]:
    """Register a card for the home page of these roles; lower orders come first."""

    def register(build: Build) -> Build:
        _cards.append(Card(title, roles, order, build))
        return build

    return register


def cards() -> list[Card]:
    discover("dashboard")
    return sorted(_cards, key=lambda each: each.order)


def cards_for(request: HttpRequest) -> list[dict[str, Any]]:
    user = request.user
    held = roles.roles_of(user) or ({roles.ADMIN} if user.is_superuser else set())
    return [
        {"title": each.title, "content": each.build(request)}
        for each in cards()
        if held & set(each.roles)
    ]
