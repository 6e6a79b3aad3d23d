"""Threads of our own, which give their database connections back."""

import threading

from django.db import connections


class Thread(threading.Thread):
    """A thread that closes its connections at its end; Django does that for requests only.

    A connection left open in a dead thread stays borrowed from the pool until it is collected.
    """

    def run(self) -> None:
        """Do the work, then close."""
        try:
            super().run()
        finally:
            connections.close_all()
