"""Sealing in the background: again and again, through whatever happens to the database."""

import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType

from django.conf import settings
from django.db import connections

from backoffice.audit.seal.anchors import head, write
from backoffice.audit.seal.seal import seal

log = logging.getLogger("backoffice.audit.seal")


def seal_in_background(every: float) -> None:
    """Seal, write an anchor and wait `every` seconds, until SIGTERM or SIGINT."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    anchored = 0
    while not stopped.is_set():
        anchored = seal_once(stopped.is_set, anchored)
        stopped.wait(every)


def seal_once(is_stopped: Callable[[], bool], anchored: int) -> int:
    """Seal what is new and anchor the head; returns the number of the last block anchored.

    An error is logged, not raised: a head that could not be anchored is anchored the next time.
    """
    try:
        try:
            seal(None, is_stopped)
            if (anchor := head()) and anchor.number != anchored:
                path = settings.AUDIT_ANCHOR_FILE  # type: ignore[misc]  # of DJANGO_ENV
                write(anchor, path)
                return anchor.number
        finally:
            connections.close_all()
    except Exception as error:
        # Whatever it was, a lost connection above all: the next turn tries again.
        log.error("The record could not be sealed: %s", str(error).strip() or repr(error))
    return anchored
