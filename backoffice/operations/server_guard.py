"""A watcher that stops an embedded server when its owner is gone, however the owner ended.

The owner holds one end of a pipe; when that is closed, the watcher at the other end acts.
"""

import atexit
import fcntl
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from backoffice.operations.embedded import EmbeddedServer
from backoffice.operations.server_account import CannotRun, temporary_folder
from backoffice.operations.server_programs import programs

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 5  # seconds; what a killed owner's watcher needs to stop the server


def claim(data: Path) -> IO[str]:
    """Take a data folder for this process and its watcher. Raises CannotRun if it is taken."""
    mark = data.with_suffix(".lock").open("w")
    until = time.monotonic() + PATIENCE
    while True:
        try:
            # The system gives it back when the last of the two has ended, however.
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > until:
                mark.close()
                raise CannotRun(
                    f"another `make run` works on the data in {data}. Stop it with Ctrl-C first."
                ) from None
            time.sleep(0.1)
        else:
            return mark


class Guard:
    """The owner's end of the pipe."""

    def __init__(self, server: EmbeddedServer, claimed: IO[str] | None = None) -> None:
        kind = "throwaway" if server.is_throwaway else "lasting"
        self.watcher = subprocess.Popen(
            [sys.executable, "-m", "backoffice.operations.server_guard", str(server.data), kind],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the owner
            # Nobody may start the server anew while the watcher is about to stop it.
            pass_fds=[claimed.fileno()] if claimed else [],
        )

    def release(self) -> None:
        """Have the server stopped, and wait until it is."""
        if self.watcher.stdin:
            self.watcher.stdin.close()
        self.watcher.wait()


def start_throwaway(database: str) -> str:
    """Start a server with an empty database for this process; its URL. Raises CannotRun."""
    data = tempfile.mkdtemp(prefix="backoffice-", dir=temporary_folder())
    server = EmbeddedServer(Path(data), is_throwaway=True)
    guard = Guard(server)
    atexit.register(guard.release)
    server.start()
    server.ensure_database(database)
    return server.url(database)


def watch(data: Path, *, is_throwaway: bool) -> None:
    """Wait for the owner's end, then stop the server, or remove it with its data."""
    server = EmbeddedServer(data, is_throwaway)
    with suppress(CannotRun):  # the owner is told; at the end the checkout may be gone
        programs()
    sys.stdin.read()
    if is_throwaway:
        server.remove()
    else:
        server.stop()


if __name__ == "__main__":
    watch(Path(sys.argv[1]), is_throwaway=sys.argv[2] == "throwaway")
