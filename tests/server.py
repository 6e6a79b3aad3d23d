"""One embedded PostgreSQL for the whole test run, shared by its worker processes.

Loaded as a plugin before the settings are: they read DATABASE_URL. TEST_DATABASE=sqlite, or an
address of one's own in DATABASE_URL, starts none.
"""

import os
import tempfile

from backoffice.operations.server_guard import start_throwaway

os.environ["DJANGO_ENV"] = "test"
# Programs that are no Python take TMPDIR as it is, full or not.
os.environ["TMPDIR"] = tempfile.gettempdir()

is_worker = "PYTEST_XDIST_WORKER" in os.environ
is_started = False
if os.environ.get("TEST_DATABASE") == "sqlite":
    os.environ["DATABASE_URL"] = "sqlite://:memory:"
elif not is_worker and not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = start_throwaway("backoffice")
    is_started = True
