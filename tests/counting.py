"""How much the crawls ask and compare: summed over a run, and said at its end."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.test import Client

COMPARISONS, REQUESTS = "comparisons", "requests"
COUNTED: Counter[str] = Counter()  # of this process, since it began


class CountingClient(Client):
    """A client of a crawl; whoever sends looks at each of its answers."""

    def request(self, **request: Any) -> Any:
        """Send a request."""
        COUNTED[REQUESTS] += 1
        return super().request(**request)


def sum_of(reports: Iterable[Any]) -> Counter[str]:
    """What the tests of these reports counted, each once, and how many tests did."""
    total: Counter[str] = Counter()
    for report in reports:
        counted = {
            name: number
            for name, number in report.user_properties
            if name in (COMPARISONS, REQUESTS)
        }
        if report.when == "teardown" and counted:
            total.update(counted, tests=1)
    return total
