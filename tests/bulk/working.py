"""A worker for tests: in this process until the queue is empty, or in one of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django_tasks_db.management.commands import db_worker

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds


def work() -> None:
    """Do what waits in the queue, here and now, on the test's own connection."""
    worker = db_worker.Worker(
        queue_names=["default"],
        excluded_queue_names=[],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="a test's worker",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db_worker, "close_old_connections", lambda: None)
        worker.run()


def start_worker(*options: str) -> subprocess.Popen[bytes]:
    """A worker as operators start it, on the test's own database."""
    known = connection.settings_dict
    address = f"postgres://postgres@{known['HOST'].replace('/', '%2F')}/{known['NAME']}"
    variables = {"DATABASE_URL": address, "PRIVATE_ROOT": str(settings.PRIVATE_ROOT)}
    command = ["manage.py", "db_worker", "--interval", "0.1", "--no-startup-delay", *options]
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | variables | {"DJANGO_SETTINGS_MODULE": "backoffice.settings"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(is_so: Callable[[], object], what: str, pause: float = 0.05) -> None:
    """Until something holds; fails the test when it does not."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            pytest.fail(f"In vain waited for: {what}")
        time.sleep(pause)
