"""The stored file of a batch: its table, and the lookup files packed with it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from backoffice.bulk.formats.lookup_files import SideFiles, side_files
from backoffice.bulk.readers import TableReader, open_table
from backoffice.bulk.readers.zip_guard import Archive, Member, is_archive

SIDE_FOLDER = "beside/"


class Unpacked(NamedTuple):
    """The path of the table, and its lookup files."""

    path: Path
    side: SideFiles


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Raises FileRefused for a damaged archive."""
    if not is_archive(path):
        yield Unpacked(path, SideFiles())
        return
    with Archive(path) as archive:
        # `upload_storage` writes the table first.
        first, *others = archive.members()
        with ExitStack() as stack:
            tables = [_opened(stack, each) for each in others]
            side = side_files((table.header, table.rows()) for table in tables)
        with first.on_disk() as table:
            yield Unpacked(table, side)


def _opened(stack: ExitStack, member: Member) -> TableReader:
    return stack.enter_context(open_table(stack.enter_context(member.on_disk())))
