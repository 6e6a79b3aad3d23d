"""A zip file of tables, unpacked by a process of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backoffice.bulk.readers.base import Limits
from backoffice.bulk.readers.first_bytes import is_zip
from backoffice.bulk.readers.reader_process import ReaderProcess
from backoffice.bulk.readers.refusals import refusal
from backoffice.bulk.unpacking.frames import BYTES, END, KIND, MEMBERS
from backoffice.bulk.values.faults import FileRefused


@dataclass(frozen=True)
class Member:
    """A file by itself, or one in a zip file."""

    name: str
    size: int
    path: Path | None = None  # where it lies, if by itself
    archive: "Archive | None" = None
    number: int = 0  # in the archive

    @contextmanager
    def on_disk(self, most: int = 0) -> Iterator[Path]:
        """Where it can be read; `most` is how many bytes of it are wanted."""
        if self.archive is None:
            assert self.path is not None  # it lies by itself
            yield self.path
            return
        with tempfile.NamedTemporaryFile() as copy:
            for chunk in self.archive.chunks(self, most):
                copy.write(chunk)
            copy.flush()
            yield Path(copy.name)


class Archive:
    """An opened zip file of tables: a context manager."""

    def __init__(self, path: Path) -> None:
        self._process = ReaderProcess(path, "members", Limits.from_settings())

    def __enter__(self) -> "Archive":
        self._process.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.__exit__(*exception)

    def members(self) -> list[Member]:
        """The files in it. Raises FileRefused for an archive that is not honest. Call it once."""
        listed = self._process.json(MEMBERS)
        return [
            Member(str(name), int(size), archive=self, number=number)
            for number, (name, size) in enumerate(listed)
        ]

    def chunks(self, member: Member, most: int = 0) -> Iterator[bytes]:
        """A member's bytes; of the first `most`, if not 0. To be taken to the end."""
        self._process.request(member.number, most)
        received = 0
        while (frame := self._process.frame(BYTES, END))[0] == BYTES:
            received += len(frame[1])
            if received > member.size:  # checked there as well; that process is not believed
                raise refusal("damaged", error="BadZipFile")
            yield frame[1]


def is_archive(path: Path) -> bool:
    """Whether a file is a zip file of several files; a workbook is none."""
    if not is_zip(path):
        return False
    try:
        with ReaderProcess(path, "kind", Limits.from_settings()) as process:
            return bool(process.json(KIND))
    except FileRefused:
        return False  # the reader of workbooks says what is wrong


def is_workbook(path: Path) -> bool:
    """Whether a file is read as a workbook, if it is there."""
    return path.is_file() and is_zip(path) and not is_archive(path)
