"""Limits a process sets itself before it opens a file from outside: memory, time, no files.

They fit the largest file allowed. A file that needs more is a trick: it ends this process alone.
"""

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread, stack_size

from backoffice.bulk.unpacking.refusal import Bounds

MEMORY = 224_000_000  # bytes; the largest table of shared texts takes 150
ROWS_IN_MEMORY = 32  # the longest row, as XML, as text and as a frame
PROGRAM = 64_000_000  # bytes of addresses that are no data: Python and its libraries
OPENING = 5  # seconds of CPU time before the size of a part is known
SECONDS_PER_MEGABYTE = 0.4  # of XML; here an honest sheet takes a tenth
STACK = 1 << 18  # bytes
OUT_OF_MEMORY = 3  # exit status


def confine(bounds: Bounds) -> None:
    """Set the limits of this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: whoever reads us ends us
    memory = MEMORY + ROWS_IN_MEMORY * bounds.max_row_bytes
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_AS, memory + PROGRAM)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, OPENING)
    with contextlib.suppress(OSError):  # Linux: when memory runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000")


def allow_time_for(size: int, seconds_per_megabyte: float = SECONDS_PER_MEGABYTE) -> None:
    """Raise the limit of CPU time by what a part of so many bytes may take."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_CPU)
    _limit(resource.RLIMIT_CPU, soft + int(size / 1e6 * seconds_per_megabyte) + 1)


def _limit(what: int, most: int) -> None:
    _soft, hard = resource.getrlimit(what)
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):  # a system without this limit
        resource.setrlimit(what, (lowest, hard))


def requests_of_parent() -> SimpleQueue[str]:
    """The lines on standard input. When it ends, the parent is gone, and so is this process."""
    requests: SimpleQueue[str] = SimpleQueue()

    def watch() -> None:
        for line in sys.stdin:
            requests.put(line)
        os._exit(0)

    stack_size(STACK)
    Thread(target=watch, daemon=True).start()
    return requests
