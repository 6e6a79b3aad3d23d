"""A zip file of tables: checked as a whole before anything of it is unpacked.

Nothing is written under a name from the archive: members are streams, counted while they flow.
"""

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from backoffice.bulk.readers.base import Limits
from backoffice.bulk.readers.xlsx_guard import (
    ARCHIVES,
    MOST_RATIO,
    MOST_UNPACKED,
    NESTED,
    OLE,
    SMALL,
    ZIP,
    length_of_list,
)
from backoffice.bulk.values.faults import FileRefused, display_text

MOST_MEMBERS = 100
MOST_DIRECTORY = 200_000  # bytes of the list of members
CHUNK = 1 << 16
PACKAGE_PARTS = frozenset({"[Content_Types].xml", "mimetype"})  # what every Office file has
LOCAL_HEADER = 30  # bytes before a member's name
ENCRYPTED = 0x1 | 0x40 | 0x2000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)
DAMAGED = "damaged_archive"


@dataclass(frozen=True)
class Member:
    """A file by itself, or one in a zip file."""

    name: str
    size: int
    chunks: Callable[[], Iterator[bytes]]
    path: Path | None = None  # where it lies, if by itself

    @contextmanager
    def on_disk(self, most: int = 0) -> Iterator[Path]:
        """Where it can be read; `most` is how many bytes of it are wanted."""
        if self.path is not None:
            yield self.path
            return
        with tempfile.NamedTemporaryFile() as copy:
            written = 0
            for chunk in self.chunks():
                written += copy.write(chunk)
                if most and written >= most:
                    break
            copy.flush()
            yield Path(copy.name)


class Archive:
    """An opened zip file of tables. Raises FileRefused for one that is not honest."""

    def __init__(self, path: Path) -> None:
        self.limits = Limits.from_settings()
        _refuse_crowd(path)
        try:
            self.file = zipfile.ZipFile(path)
        except BROKEN as error:
            raise _damaged(error) from None

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.file.close()

    @property
    def is_package(self) -> bool:
        names = self.file.namelist()
        return any(name in PACKAGE_PARTS or name.startswith("xl/") for name in names)

    def members(self) -> list[Member]:
        """The files in it, without those that systems leave behind. Raises FileRefused."""
        entries = [entry for entry in self.file.infolist() if not _is_litter(entry)]
        _refuse_many(entries)
        for entry in entries:
            _refuse_name(entry.orig_filename)
            _refuse_strange(entry)
            self._refuse_large(entry)
        _refuse_repeated(entries)
        self._refuse_large_together(entries)
        self._refuse_overlaps()
        files = [entry for entry in entries if not entry.is_dir()]
        for entry in files:
            self._refuse_nested(entry)
        return [Member(e.filename, e.file_size, partial(self.chunks, e)) for e in files]

    def chunks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """A member's bytes, no more and no fewer than the archive claims."""
        read = 0
        try:
            with self.file.open(entry) as stream:
                while chunk := stream.read(CHUNK):
                    read += len(chunk)
                    yield chunk
        except BROKEN as error:
            raise _damaged(error) from None
        if read != entry.file_size:
            raise _damaged(zipfile.BadZipFile())

    def _refuse_large(self, entry: zipfile.ZipInfo) -> None:
        size, packed = entry.file_size, max(entry.compress_size, 1)
        if size > self.limits.max_bytes or (size > SMALL and size > MOST_RATIO * packed):
            raise FileRefused(
                "unpacks_too_large",
                _(
                    "The member “%(name)s” of the zip file would unpack to %(size).0f MB, from "
                    "%(packed).2f MB; at most %(most).0f MB can be read at once, and %(ratio)d "
                    "times what is packed. Split it, or upload it by itself."
                )
                % {
                    "name": display_text(entry.filename),
                    "size": size / 1e6,
                    "packed": packed / 1e6,
                    "most": self.limits.max_bytes / 1e6,
                    "ratio": MOST_RATIO,
                },
            )

    def _refuse_large_together(self, entries: list[zipfile.ZipInfo]) -> None:
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > MOST_UNPACKED:
            raise FileRefused(
                "unpacks_too_large",
                _("The zip file would unpack to %(size).0f MB; at most %(most).0f MB can be read.")
                % {"size": unpacked / 1e6, "most": MOST_UNPACKED / 1e6},
            )

    def _refuse_overlaps(self) -> None:
        """No byte of the archive is part of two members, nor of the list of members."""
        places = sorted((e.header_offset, _end_of(e)) for e in self.file.infolist())
        starts = [start for start, _end in places[1:]] + [self.file.start_dir]
        for (_start, end), following in zip(places, starts, strict=False):
            if end > following:
                raise FileRefused(
                    "overlapping_members",
                    _("Members of the zip file lie on top of each other. Pack the files anew."),
                )

    def _refuse_nested(self, entry: zipfile.ZipInfo) -> None:
        start = next(self.chunks(entry), b"") if entry.file_size else b""
        if entry.filename.lower().endswith(NESTED) or start.startswith((ZIP, OLE, *ARCHIVES)):
            raise FileRefused(
                "nested_archive",
                _(
                    "The member “%(name)s” of the zip file is itself an archive or a workbook. "
                    "Upload it by itself, or pack it as CSV."
                )
                % {"name": display_text(entry.filename)},
            )


def _refuse_crowd(path: Path) -> None:
    if length_of_list(path) > MOST_DIRECTORY:
        raise FileRefused(
            "too_many_members",
            _("The zip file claims more members than can be read; at most %(most)d can.")
            % {"most": MOST_MEMBERS},
        )


def is_archive(path: Path) -> bool:
    """Whether a file is a zip file of several files; a workbook is none."""
    with path.open("rb") as stream:
        if not stream.read(len(ZIP)).startswith(ZIP):
            return False
    try:
        with Archive(path) as archive:
            return not archive.is_package
    except FileRefused:
        return False  # the reader of workbooks says what is wrong


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(entry.filename)
    return (
        "__MACOSX" in name.parts
        or name.name in (".DS_Store", "Thumbs.db", "desktop.ini")
        or name.name.startswith("._")
    )


def _refuse_many(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_MEMBERS:
        raise FileRefused(
            "too_many_members",
            _("The zip file has %(count)d members; at most %(most)d can be read.")
            % {"count": len(entries), "most": MOST_MEMBERS},
        )


def _refuse_name(name: str) -> None:
    parts = PurePosixPath(name).parts
    is_strange = "\\" in name or ":" in name[:2] or any(ord(sign) < 32 for sign in name)
    if is_strange or name.startswith("/") or ".." in parts or not parts:
        raise FileRefused(
            "unsafe_name",
            _("The name “%(name)s” is none for a file in a zip file. Pack the files anew.")
            % {"name": display_text(name)},
        )


def _refuse_strange(entry: zipfile.ZipInfo) -> None:
    """What is encrypted, what is no file, and ways of packing that nobody uses for tables."""
    params = {"name": display_text(entry.filename)}
    if entry.flag_bits & ENCRYPTED:
        raise FileRefused(
            "encrypted_member",
            _(
                "The member “%(name)s” of the zip file is encrypted. Pack the files without a "
                "password."
            )
            % params,
        )
    form = stat.S_IFMT(entry.external_attr >> 16)
    if form not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise FileRefused(
            "not_a_file",
            _(
                "The member “%(name)s” of the zip file is a link and not a file. Pack the file "
                "itself."
            )
            % params,
        )
    if entry.compress_type not in METHODS:
        raise FileRefused(
            "unknown_packing",
            _(
                "The member “%(name)s” is packed in a way that is not read here. Pack it as a "
                "usual zip file."
            )
            % params,
        )


def _refuse_repeated(entries: list[zipfile.ZipInfo]) -> None:
    names: set[str] = set()
    for entry in entries:
        name = str(PurePosixPath(entry.filename)).casefold()
        if name in names:
            raise FileRefused(
                "repeated_member",
                _("The zip file has “%(name)s” more than once. Keep one of them.")
                % {"name": display_text(entry.filename)},
            )
        names.add(name)


def _end_of(entry: zipfile.ZipInfo) -> int:
    """Where a member ends at the least; what stands between name and content has its own length."""
    name = entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace")
    return entry.header_offset + LOCAL_HEADER + len(name) + entry.compress_size


def _damaged(error: Any) -> FileRefused:
    return FileRefused(
        DAMAGED,
        _("The zip file or workbook is damaged (%(error)s). Pack or save it anew.")
        % {"error": display_text(str(error)) or type(error).__name__},
    )
