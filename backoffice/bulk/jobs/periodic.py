"""What the worker does again and again: functions that apps name in their `periodic_jobs.py`."""

import logging
from collections.abc import Callable

from backoffice.admin_site.discovery import discover

Job = Callable[[], None]
log = logging.getLogger("backoffice.bulk.periodic")
_jobs: list[Job] = []


def periodic(job: Job) -> Job:
    """Have the worker call this every few seconds; several workers may call it at once."""
    _jobs.append(job)
    return job


def run_periodic() -> None:
    """Call every job once; one that fails is logged, and keeps no other from its turn."""
    discover("periodic_jobs")
    for job in _jobs:
        try:
            job()
        except Exception as error:
            # Whatever it was: the next turn tries again.
            log.error("%s failed: %s", job.__name__, str(error).strip() or repr(error))
