"""What is kept of an upload: of a zip file, the table of the batch's kind and what it looks up in.

Where there is something to look up, both are packed together, so that the stored file needs nothing
besides; else the table is kept as if it had been uploaded by itself. Packed anew they give the same
bytes each time: a batch is held to the digest of its file.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from backoffice.admin_site.spreadsheets import csv_line
from backoffice.bulk.formats.detect import DetectedFile, chosen, companions_of, detect_files
from backoffice.bulk.formats.lookup_files import READ, lookup_rows
from backoffice.bulk.formats.password_columns import without_passwords
from backoffice.bulk.formats.stored_file import SIDE_FOLDER
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import Limits, open_table
from backoffice.bulk.readers.zip_guard import Archive, is_archive


class StoredUpload(NamedTuple):
    """What is stored: its bytes, its name for people, and the ending of its file."""

    stream: IO[bytes]
    name: str
    ending: str


@dataclass(frozen=True)
class UploadPart:
    """A table out of several files, with those in which its rows are looked up."""

    detected: DetectedFile
    sides: Mapping[str, DetectedFile]
    name: str


@contextmanager
def on_disk(stream: Any) -> Iterator[Path]:
    """Where an upload lies; one that is held in memory is written down for the while."""
    if hasattr(stream, "temporary_file_path"):
        yield Path(stream.temporary_file_path())
        return
    with tempfile.NamedTemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.flush()
        yield Path(copy.name)


@contextmanager
def stored_uploads(stream: IO[bytes], name: str, batch: Batch) -> Iterator[StoredUpload]:
    """What may be kept of an upload for a batch of its kind, without passwords.

    Raises FileRefused for a zip file without a file of the kind, or with one that is none.
    """
    with on_disk(stream) as path:
        if not is_archive(path):
            with without_passwords(path, batch) as cleaned:
                yield StoredUpload(cleaned, name, PurePosixPath(name).suffix)
            return
        Limits.from_settings().check_size(path.stat().st_size)
        with Archive(path) as archive:
            files = detect_files(archive.members(), batch.dialect, batch.encoding)
            one = chosen(files, batch.kind, batch.dialect)
            part = UploadPart(one, companions_of(one, files), f"{name}/{one.member.name}")
            with stored_part(part, batch) as stored:
                yield stored


@contextmanager
def stored_part(part: UploadPart, batch: Batch) -> Iterator[StoredUpload]:
    """What may be kept of one of several files, with what belongs to it."""
    name = part.detected.member.name
    with part.detected.member.on_disk() as path, without_passwords(path, batch) as cleaned:
        if not part.sides:
            yield StoredUpload(cleaned, part.name, PurePosixPath(name).suffix)
            return
        with tempfile.TemporaryFile() as packed:
            _pack(packed, cleaned, part.sides, batch)
            packed.seek(0)
            yield StoredUpload(packed, part.name, ".zip")


def _pack(to: IO[bytes], table: IO[bytes], sides: Mapping[str, DetectedFile], batch: Batch) -> None:
    """The table first, then what is kept of each file beside it.

    Under names of our own: one from outside may be that of a file that is passed over when read.
    """
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo(f"{batch.kind}.csv"), "w", force_zip64=True) as member:
            shutil.copyfileobj(table, member, 1 << 20)
        for side, detected in sorted(sides.items()):
            entry = zipfile.ZipInfo(f"{SIDE_FOLDER}{side.replace(' ', '_')}.csv")
            with archive.open(entry, "w", force_zip64=True) as member:
                for cells in _side_rows(detected, batch.encoding):
                    member.write(csv_line(cells).encode("utf-8", "replace"))


def _side_rows(detected: DetectedFile, encoding: str) -> Iterator[Iterable[str]]:
    yield READ[detected.side]
    with detected.member.on_disk() as path, open_table(path, encoding) as reader:
        for cells in lookup_rows(detected.side, reader.header, reader.rows()):
            yield cells.values()
