"""One embedded PostgreSQL for the whole test run, shared by its worker processes.

Loaded as a plugin before the settings are: they read DATABASE_URL. TEST_DATABASE=sqlite, or an
address of one's own in DATABASE_URL, starts none.
"""

import atexit
import os
import tempfile
from pathlib import Path

from backoffice.operations.embedded import EmbeddedServer
from backoffice.operations.guarding import Guard

os.environ["DJANGO_ENV"] = "test"


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="backoffice-test-", dir="/var/tmp"))
    server = EmbeddedServer(folder, is_throwaway=True)
    guard = Guard(server)
    atexit.register(guard.release)
    server.start()
    server.ensure_database("backoffice")
    os.environ["DATABASE_URL"] = server.url("backoffice")


is_worker = "PYTEST_XDIST_WORKER" in os.environ
if os.environ.get("TEST_DATABASE") == "sqlite":
    os.environ["DATABASE_URL"] = "sqlite://:memory:"
elif not is_worker and not os.environ.get("DATABASE_URL"):
    _start()
