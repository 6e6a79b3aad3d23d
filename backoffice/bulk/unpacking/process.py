"""The process that reads workbooks and zip files: it knows no database, no settings, no secret.

`readers/reader_process.py` starts it, with the file as a descriptor, and ends it. It imports the
standard library alone, and is there in 40 ms.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from typing import IO, NamedTuple
from xml.parsers.expat import errors
from zipfile import BadZipFile

from backoffice.bulk.unpacking import frames
from backoffice.bulk.unpacking.confinement import (
    OUT_OF_MEMORY,
    allow_time_for,
    confine,
    requests_of_parent,
)
from backoffice.bulk.unpacking.frames import RowWriter, send
from backoffice.bulk.unpacking.refusal import Bounds, Refused
from backoffice.bulk.unpacking.xlsx_book import Book
from backoffice.bulk.unpacking.xlsx_package import Package
from backoffice.bulk.unpacking.xlsx_sheet import Sheet
from backoffice.bulk.unpacking.zip_file import ZipOfTables

NO_MEMORY = errors.codes[errors.XML_ERROR_NO_MEMORY]
UNPACKING = 0.05  # seconds of CPU time for a megabyte; here a tenth of it


class Work(NamedTuple):
    """A file from outside, what may be in it, and how to talk to whoever wants it read."""

    file: IO[bytes]
    bounds: Bounds
    answers: IO[bytes]
    next_request: Callable[[], str]


def send_kind(work: Work) -> None:
    """Whether the file is a zip file of several files; a workbook is none."""
    try:
        is_archive = not ZipOfTables(work.file, work.bounds).is_package
    except Refused:
        is_archive = False  # whoever reads it says what is wrong
    send(work.answers, frames.KIND, json.dumps(is_archive).encode())


def send_sheets(work: Work) -> None:
    """The list of a workbook's sheets, then the rows of those that are asked for."""
    package = Package(work.file, work.bounds)
    package.check()
    book = Book(package)
    listed = [(each.name, bool(each.part), each.is_hidden, each.is_chart) for each in book.sheets]
    send(work.answers, frames.SHEETS, json.dumps(listed).encode())
    while True:
        number, most = map(int, work.next_request().split())
        try:
            send_rows(work, book, book.sheets[number].part, most)
        except BrokenPipeError:
            raise
        except Exception as error:  # of this sheet; another one may be good
            send_refusal(work, error)


def send_rows(work: Work, book: Book, part: str, most: int) -> None:
    """The rows of a sheet that are not blank, all or the first of them."""
    sheet = Sheet(book, part, is_head=bool(most))
    writer, sent = RowWriter(work.answers), 0
    try:
        expected = None
        for line, cells, length in sheet.rows():
            if expected is None:
                expected = sheet.expected
                send(work.answers, frames.EXPECTED, json.dumps(expected).encode())
            writer.add(line, cells, length)
            sent += bool(cells)
            if most and sent >= most:
                break
    finally:  # what stands before a fault is read before it
        writer.flush()
    send(work.answers, frames.END)


def send_members(work: Work) -> None:
    """The list of a zip file's members, then the bytes of those that are asked for."""
    archive = ZipOfTables(work.file, work.bounds)
    members = archive.members()
    listed = [(each.filename, each.file_size) for each in members]
    send(work.answers, frames.MEMBERS, json.dumps(listed).encode())
    while True:
        number, most = map(int, work.next_request().split())
        allow_time_for(members[number].file_size, UNPACKING)
        sent = 0
        for chunk in archive.chunks(members[number]):
            send(work.answers, frames.BYTES, chunk)
            sent += len(chunk)
            if most and sent >= most:
                break
        send(work.answers, frames.END)


TASKS = {"kind": send_kind, "sheets": send_sheets, "members": send_members}


def refusal_of(error: Exception) -> Refused:
    """What is to be said of an error. Raises MemoryError where that is what it is."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, MemoryError) or getattr(error, "code", 0) == NO_MEMORY:
        raise MemoryError from None
    # A damaged package fails in dozens of ways inside the libraries.
    reason = "" if isinstance(error, BadZipFile) else str(error)[:100]
    return Refused("unreadable", error=reason or type(error).__name__)


def send_refusal(work: Work, error: Exception) -> None:
    """Answer with why the file, or this sheet of it, is not read further."""
    refusal = refusal_of(error)
    content = json.dumps({"name": refusal.name, "params": refusal.params})
    with contextlib.suppress(BrokenPipeError):
        send(work.answers, frames.REFUSED, content.encode())


def carry_out(task: str, work: Work) -> None:
    """Do a task; a file that does not allow it is answered with why."""
    try:
        TASKS[task](work)
    except BrokenPipeError:  # nobody wants more of it
        return
    except Exception as error:
        send_refusal(work, error)


def main() -> None:
    """Read the file of the arguments: task, descriptor and bounds."""
    task, descriptor, *numbers = sys.argv[-5:]
    bounds = Bounds(*map(int, numbers))
    confine(bounds)
    try:
        requests = requests_of_parent()
        file = os.fdopen(int(descriptor), "rb")
        carry_out(task, Work(file, bounds, os.fdopen(1, "wb"), requests.get))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    os._exit(0)  # without waiting for the thread that watches the parent
