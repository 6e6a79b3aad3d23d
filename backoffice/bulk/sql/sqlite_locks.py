"""Lock files beside the uploads, for SQLite, which has no advisory locks."""

import fcntl
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings


class SqliteLocks:
    """A file lock per batch, held by the process that applies it until its transaction ends."""

    held: ClassVar[dict[int, Any]] = {}

    @classmethod
    def hold(cls, number: int) -> bool:
        """Take the lock; False where another process holds it."""
        folder = Path(settings.PRIVATE_ROOT)
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / f"batch-{number}.lock").open("w")
        try:
            # The system releases it when the process dies.
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            return False
        cls.held[number] = stream
        return True

    @staticmethod
    def mark(number: int) -> Path:
        """A file that ends the work on a batch as long as it exists."""
        return Path(settings.PRIVATE_ROOT) / f"batch-{number}.ended"

    @classmethod
    def release(cls, number: int) -> None:
        """Give the lock back and remove its file."""
        stream = cls.held.pop(number, None)
        if stream:
            Path(stream.name).unlink(missing_ok=True)
            stream.close()
