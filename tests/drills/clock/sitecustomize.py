"""Python's clock as the file named by DRILL_CLOCK has it: minutes away from the machine's, “-60m”.

Python looks for a module of this name at its start, in the folders of PYTHONPATH.
"""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

CLOCK = Path(os.environ["DRILL_CLOCK"])
machine_now, machine_time = timezone.now, time.time


def offset() -> timedelta:
    """How far this clock is ahead of the machine's."""
    return timedelta(minutes=int(CLOCK.read_text().removesuffix("m")))


def now() -> datetime:
    """The moment, in UTC."""
    return machine_now() + offset()


def seconds() -> float:
    """Seconds since the epoch."""
    return machine_time() + offset().total_seconds()


timezone.now, time.time = now, seconds
