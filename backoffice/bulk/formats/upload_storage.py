"""What is stored of an upload: the table of the kind, without passwords, and its lookup files."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from backoffice.admin_site.spreadsheets import csv_line
from backoffice.bulk.formats.detect import (
    AnyHeader,
    DetectedFile,
    chosen,
    companions_of,
    detect_files,
)
from backoffice.bulk.formats.lookup_files import READ, lookup_rows
from backoffice.bulk.formats.open_file import SIDE_FOLDER, WORKBOOK_MARK
from backoffice.bulk.formats.password_columns import as_read, without_passwords
from backoffice.bulk.formats.workbooks.storage import stored_workbook
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import Limits, open_table
from backoffice.bulk.readers.first_bytes import is_zip
from backoffice.bulk.readers.zip_archive import Archive, is_archive
from backoffice.bulk.unpacking.zip_file import ZIP


class StoredUpload(NamedTuple):
    """The bytes that are stored, the name for people, and the ending of the file."""

    stream: IO[bytes]
    name: str
    ending: str


@dataclass(frozen=True)
class UploadPart:
    """One table of several files, with the files in which its rows are looked up."""

    detected: DetectedFile
    sides: Mapping[str, DetectedFile]
    name: str


@contextmanager
def on_disk(stream: Any) -> Iterator[Path]:
    if hasattr(stream, "temporary_file_path"):
        yield Path(stream.temporary_file_path())
        return
    # A small upload is held in memory; the readers need a path.
    with tempfile.NamedTemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.flush()
        yield Path(copy.name)


@contextmanager
def stored_uploads(stream: IO[bytes], name: str, batch: Batch) -> Iterator[StoredUpload]:
    """What is stored of an upload for a batch of its kind.

    Raises FileRefused for a zip file without a file of the kind, or with one that is no table.
    """
    with on_disk(stream) as path:
        if not is_archive(path):
            with _cleaned(path, batch) as cleaned:
                yield StoredUpload(cleaned, name, PurePosixPath(name).suffix)
            return
        Limits.from_settings().check_size(path.stat().st_size)
        with Archive(path) as archive:
            files = detect_files(archive.members(), batch.dialect, batch.encoding)
            one = chosen(files, batch.kind, batch.dialect)
            # Of these nobody knows whether they are the other half of a roster.
            batch.left_out = [each.name for each in files if each.is_unknown]
            part = UploadPart(one, companions_of(one, files), f"{name}/{one.member.name}")
            with stored_part(part, batch) as stored:
                yield stored


@contextmanager
def stored_part(part: UploadPart, batch: Batch) -> Iterator[StoredUpload]:
    name, batch.sheets = part.detected.member.name, dict(part.detected.sheets)
    with part.detected.member.on_disk() as path, _cleaned(path, batch) as cleaned:
        if not part.sides:
            yield StoredUpload(cleaned, part.name, PurePosixPath(name).suffix)
            return
        with tempfile.TemporaryFile() as packed:
            _pack(packed, cleaned, part.sides, batch)
            packed.seek(0)
            yield StoredUpload(packed, part.name, ".zip")


def _cleaned(path: Path, batch: Batch) -> AbstractContextManager[IO[bytes]]:
    stored = stored_workbook if is_zip(path) else without_passwords
    return stored(path, batch)


def _pack(to: IO[bytes], table: IO[bytes], sides: Mapping[str, DetectedFile], batch: Batch) -> None:
    # Names of our own: one from outside may be that of a file that is skipped when read. The
    # same upload gives the same bytes: a batch is bound to the digest of its file.
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo(f"{batch.kind}.csv"), "w", force_zip64=True) as member:
            start = table.read(len(ZIP))
            member.write(WORKBOOK_MARK if start == ZIP else b"")
            member.write(start)
            shutil.copyfileobj(table, member, 1 << 20)
        for side, detected in sorted(sides.items()):
            entry = zipfile.ZipInfo(f"{SIDE_FOLDER}{side.replace(' ', '_')}.csv")
            with archive.open(entry, "w", force_zip64=True) as member:
                for cells in _side_rows(detected, batch):
                    member.write(as_read(csv_line(cells)))


def _side_rows(detected: DetectedFile, batch: Batch) -> Iterator[Iterable[str]]:
    yield READ[detected.side]
    test = AnyHeader(batch.dialect)  # its header may stand below a title
    with (
        detected.member.on_disk() as path,
        open_table(path, batch.encoding, header_test=test) as reader,
    ):
        for cells in lookup_rows(detected.side, reader.header, reader.rows()):
            yield cells.values()
