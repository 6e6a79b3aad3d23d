"""Threads of our own, which give their database connections back."""

import threading

from django.db import connections


class Thread(threading.Thread):
    """A thread that closes its connections at its end; Django does that for requests only."""

    def run(self) -> None:
        try:
            super().run()
        finally:
            # Left open, it stays borrowed from the pool until the thread is collected.
            connections.close_all()
