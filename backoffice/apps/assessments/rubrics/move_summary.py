"""How the scores of a move change, as the bars of a chart."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from django.utils.translation import gettext as _

from backoffice.apps.assessments.rubrics.contents import plain_points

STEPS = tuple(Decimal(each) for each in ("0.1", "0.5", "1", "2", "5", "10", "20", "50", "100"))
MOST_BARS = 6  # to either side of the grades that stay


@dataclass(frozen=True)
class Bar:
    """A bar of the chart: so many grades change by so much."""

    label: str
    count: int
    percent: int  # of the longest bar
    direction: str  # up, down or none


def bars_of(changes: Iterable[Decimal]) -> list[Bar]:
    """The bars for these changes in points, from the largest loss to the largest gain."""
    rows = list(changes)
    if not rows:
        return []
    step = _step(max(abs(each) for each in rows))
    counts = Counter(_place(each, step) for each in rows)
    most = max(counts.values())
    places = range(min(*counts, 0), max(*counts, 0) + 1)
    return [
        Bar(
            label=_label(place, step),
            count=counts[place],
            percent=-(-counts[place] * 100 // most),
            direction="up" if place > 0 else "down" if place < 0 else "none",
        )
        for place in places
    ]


def _step(largest: Decimal) -> Decimal:
    """The width of a bar, so that there are few."""
    for step in STEPS:
        if largest <= step * MOST_BARS:
            return step
    return (largest / MOST_BARS).to_integral_value(ROUND_CEILING)


def _place(change: Decimal, step: Decimal) -> int:
    """The number of the bar, counted from 0, where nothing changes."""
    place = int((abs(change) / step).to_integral_value(ROUND_CEILING))
    return place if change > 0 else -place


def _label(place: int, step: Decimal) -> str:
    if place == 0:
        return _("unchanged")
    sign = "+" if place > 0 else "−"
    high = sign + plain_points(abs(place) * step)
    if abs(place) == 1:
        return _("up to %(high)s") % {"high": high}
    low = sign + plain_points((abs(place) - 1) * step)
    return _("over %(low)s, up to %(high)s") % {"low": low, "high": high}
