"""A text that is not in UTF-8 and reads well as Windows-1252: somebody is asked."""

import contextlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from django.utils.translation import gettext as _

from backoffice.bulk.readers import Row, open_table
from backoffice.bulk.readers.encodings import WINDOWS, is_windows_text
from backoffice.bulk.readers.first_bytes import is_zip
from backoffice.bulk.readers.zip_archive import Archive, is_archive
from backoffice.bulk.values.faults import FileRefused, display_text

ENCODING_QUESTION = "encoding_question"
MOST_SHOWN = 3
LONGEST = 40  # characters of a value


def refuse_doubtful_encoding(path: Path, named: str) -> None:
    """Raise FileRefused, with three of its values, for a text that is likely Windows-1252."""
    if question := question_about(path, named):
        raise FileRefused(ENCODING_QUESTION, question)


def question_about(path: Path, named: str) -> str:
    """What is asked about a file; blank for one that is clear, or whose encoding is named."""
    if named or is_zip(path) or not is_windows_text(path):
        return ""
    message = _(
        "The file is not in UTF-8. Read as Windows-1252 (cp1252), in which Excel saves CSV files, "
        "it says: %(values)s. If that is right, read it with this encoding: --encoding cp1252. If "
        "not, name the right one, or save the file as CSV UTF-8."
    )
    return message % {"values": ", ".join(f"“{value}”" for value in samples_of_text(path))}


def values_of(path: Path) -> list[str]:
    """Values of a stored file in doubt, or of the first such file packed in it."""
    if not is_archive(path):
        return samples_of_text(path)
    with Archive(path) as archive:
        for member in archive.members():
            with member.on_disk() as unpacked:
                if is_windows_text(unpacked):
                    return samples_of_text(unpacked)
    return []


def samples_of_text(path: Path) -> list[str]:
    """Values beyond ASCII as they read in Windows-1252, each once."""
    values: list[str] = []
    # What else is wrong with the file is said once its encoding is known.
    with contextlib.suppress(FileRefused), open_table(path, WINDOWS) as reader:
        header = Row(reader.header_line, reader.header)
        for value in _values_beyond_ascii(chain(reader.rows(), [header])):
            values.append(value)
            if len(values) == MOST_SHOWN:
                break
    return values


def _values_beyond_ascii(rows: Iterable[Row]) -> Iterator[str]:
    quoted: set[str] = set()
    for cell in chain.from_iterable(row.cells for row in rows):
        if not cell.isascii() and cell not in quoted:
            quoted.add(cell)
            yield _shortened(display_text(cell))


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
