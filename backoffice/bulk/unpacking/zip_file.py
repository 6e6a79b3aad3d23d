"""A zip file of tables: checked as a whole before anything of it is unpacked.

Nothing is written under a name from the archive: members are streams, counted while they flow.
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from backoffice.bulk.unpacking.refusal import Bounds, Refused

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ARCHIVES = (b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"PK\x05\x06", b"PK\x07\x08")
NESTED = (".zip", ".gz", ".7z", ".rar", ".xlsx", ".jar")
MOST_UNPACKED = 1_000_000_000
MOST_RATIO = 200
SMALL = 1_000_000  # bytes; below, any ratio is honest
MOST_MEMBERS = 100
MOST_DIRECTORY = 200_000  # bytes of the list of members
CHUNK = 1 << 16
PACKAGE_PARTS = frozenset({"[Content_Types].xml", "mimetype"})  # what every Office file has
LOCAL_HEADER = 30  # bytes before a member's name
ENCRYPTED = 0x1 | 0x40 | 0x2000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)
# Where the two forms of a zip file's last record say how long its list of parts is.
LENGTH_OF_LIST = ((b"PK\x05\x06", 12, 4), (b"PK\x06\x06", 40, 8))
LAST_RECORDS = 66_000


def length_of_list(file: IO[bytes]) -> int:
    """How many bytes the list of a zip file's parts claims, before it is read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LAST_RECORDS))
    tail = file.read()
    file.seek(0)
    starts = (
        (match.start() + place, width)
        for mark, place, width in LENGTH_OF_LIST
        for match in re.finditer(re.escape(mark), tail)
    )
    # Every record that may be the last one counts: which is, only the list itself would tell.
    claimed = (int.from_bytes(tail[at : at + width], "little") for at, width in starts)
    return max(claimed, default=0)


class ZipOfTables:
    """An opened zip file of tables. Raises Refused for one that is not honest."""

    def __init__(self, file: IO[bytes], bounds: Bounds) -> None:
        self.bounds = bounds
        if length_of_list(file) > MOST_DIRECTORY:
            raise Refused("members_claimed", most=MOST_MEMBERS)
        try:
            self.file = zipfile.ZipFile(file)
        except BROKEN as error:
            raise damaged(error) from None

    @property
    def is_package(self) -> bool:
        names = self.file.namelist()
        return any(name in PACKAGE_PARTS or name.startswith("xl/") for name in names)

    def members(self) -> list[zipfile.ZipInfo]:
        """The files in it, without those that systems leave behind. Raises Refused."""
        entries = [entry for entry in self.file.infolist() if not _is_litter(entry)]
        if len(entries) > MOST_MEMBERS:
            raise Refused("too_many_members", count=len(entries), most=MOST_MEMBERS)
        for entry in entries:
            _refuse_name(entry.orig_filename)
            _refuse_strange(entry)
            self._refuse_large(entry)
        _refuse_repeated(entries)
        _refuse_large_together(entries)
        self._refuse_overlaps()
        files = [entry for entry in entries if not entry.is_dir()]
        for entry in files:
            self._refuse_nested(entry)
        return files

    def chunks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """A member's bytes, no more and no fewer than the archive claims."""
        read = 0
        try:
            with self.file.open(entry) as stream:
                while chunk := stream.read(CHUNK):
                    read += len(chunk)
                    yield chunk
        except BROKEN as error:
            raise damaged(error) from None
        if read != entry.file_size:
            raise damaged(zipfile.BadZipFile())

    def _refuse_large(self, entry: zipfile.ZipInfo) -> None:
        size, packed = entry.file_size, max(entry.compress_size, 1)
        if size > self.bounds.max_bytes or (size > SMALL and size > MOST_RATIO * packed):
            raise Refused(
                "member_unpacks_too_large",
                name=entry.filename,
                size=size / 1e6,
                packed=packed / 1e6,
                most=self.bounds.max_bytes / 1e6,
                ratio=MOST_RATIO,
            )

    def _refuse_overlaps(self) -> None:
        """No byte of the archive is part of two members, nor of the list of members."""
        places = sorted((e.header_offset, _end_of(e)) for e in self.file.infolist())
        starts = [start for start, _end in places[1:]] + [self.file.start_dir]
        for (_start, end), following in zip(places, starts, strict=False):
            if end > following:
                raise Refused("overlapping_members")

    def _refuse_nested(self, entry: zipfile.ZipInfo) -> None:
        start = next(self.chunks(entry), b"") if entry.file_size else b""
        if entry.filename.lower().endswith(NESTED) or start.startswith((ZIP, OLE, *ARCHIVES)):
            raise Refused("member_is_archive", name=entry.filename)


def damaged(error: Exception) -> Refused:
    """The refusal of a file whose packing does not hold together."""
    return Refused("damaged", error=str(error)[:200] or type(error).__name__)


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(entry.filename)
    return (
        "__MACOSX" in name.parts
        or name.name in (".DS_Store", "Thumbs.db", "desktop.ini")
        or name.name.startswith("._")
    )


def _refuse_name(name: str) -> None:
    parts = PurePosixPath(name).parts
    is_strange = "\\" in name or ":" in name[:2] or any(ord(sign) < 32 for sign in name)
    if is_strange or name.startswith("/") or ".." in parts or not parts:
        raise Refused("unsafe_name", name=name)


def _refuse_strange(entry: zipfile.ZipInfo) -> None:
    """What is encrypted, what is no file, and ways of packing that nobody uses for tables."""
    if entry.flag_bits & ENCRYPTED:
        raise Refused("encrypted_member", name=entry.filename)
    form = stat.S_IFMT(entry.external_attr >> 16)
    if form not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused("not_a_file", name=entry.filename)
    if entry.compress_type not in METHODS:
        raise Refused("unknown_packing", name=entry.filename)


def _refuse_repeated(entries: list[zipfile.ZipInfo]) -> None:
    names: set[str] = set()
    for entry in entries:
        name = str(PurePosixPath(entry.filename)).casefold()
        if name in names:
            raise Refused("repeated_member", name=entry.filename)
        names.add(name)


def _refuse_large_together(entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED:
        raise Refused("members_unpack_too_large", size=unpacked / 1e6, most=MOST_UNPACKED / 1e6)


def _end_of(entry: zipfile.ZipInfo) -> int:
    """Where a member ends at the least; what stands between name and content has its own length."""
    name = entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace")
    return entry.header_offset + LOCAL_HEADER + len(name) + entry.compress_size
