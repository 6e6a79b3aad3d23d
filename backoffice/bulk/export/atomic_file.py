"""Output files of commands: written whole, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _


def refuse_unwritable(path: Path | None) -> None:
    """Raises ValueError before anything is done, not when the work is over."""
    if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise ValueError(_("%(path)s cannot be written.") % {"path": path})


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose file replaces the old one once all was written."""
    place = path.resolve()
    # Asked of the path itself: what a pipe's name leads to has no name of its own.
    is_plain = path.is_file() or not path.exists()
    # A device, or a file in a folder that takes no other, can only be written itself.
    if not (is_plain and os.access(place.parent, os.W_OK)):
        with path.open("wb") as stream:
            yield stream
        return
    part_path = place.with_name(f".{os.getpid()}.part")
    try:
        with part_path.open("xb") as stream:
            yield stream
        if place.exists():
            shutil.copymode(place, part_path)
        part_path.replace(place)
    finally:
        part_path.unlink(missing_ok=True)
