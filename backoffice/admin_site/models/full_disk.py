"""A full disk: how it shows in an error, and what people read of it."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

# A quota, and a limit of the length of files, are full disks too.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
POSTGRESQL_FULL = "53100"


def is_full_disk(error: BaseException | None) -> bool:
    """Whether an error came of a full disk, ours or the database's."""
    return any(
        getattr(each, "errno", None) in FULL
        or getattr(each, "pgcode", None) == POSTGRESQL_FULL
        or getattr(each, "sqlstate", None) == POSTGRESQL_FULL
        or getattr(each, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        for each in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    # Libraries put errors of their own before that of the system.
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def full_disk_sentence() -> str:
    """The sentence for whoever sent something, or wanted a file."""
    return _(
        "The disk of the server is full, and nothing was written. Tell the operator, then try "
        "again."
    )


def free_bytes(folder: Path) -> int:
    """What is free where a folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
