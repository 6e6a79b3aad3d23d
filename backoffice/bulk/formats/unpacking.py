"""A batch's stored file as it is read: its table, and what was packed beside it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from backoffice.bulk.formats.side_files import NOTHING_BESIDE, SideFiles
from backoffice.bulk.readers.archive import Archive, is_archive

SIDE_FOLDER = "beside/"


class Unpacked(NamedTuple):
    """Where the table lies, and what stands beside it."""

    path: Path
    beside: SideFiles


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """The table of a stored file, and what stands beside it. Raises FileRefused."""
    if not is_archive(path):
        yield Unpacked(path, NOTHING_BESIDE)
        return
    with ExitStack() as stack:
        archive = stack.enter_context(Archive(path))
        first, *others = archive.members()
        sides = SideFiles()
        stack.callback(sides.close)
        for each in others:
            with archive.file.open(each.name) as raw:
                name = each.name.removeprefix(SIDE_FOLDER).removesuffix(".csv")
                sides.take(name, TextIOWrapper(raw, encoding="utf-8", newline=""))
        yield Unpacked(stack.enter_context(first.on_disk()), sides)
