"""The files beside a table, in which its rows are looked up: sections, terms, roles.

Of each only the columns are kept that somebody asks for. Whoever reads the table holds them in a
database on disk, so that memory does not grow with them.
"""

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.bulk.header import column_name

Cells = Mapping[str, str]


@dataclass(frozen=True)
class SideFile:
    """A file that is known by its header, and what is kept of it by the ID of a row.

    `first` is a column and its value: of several rows with one ID, one with it counts before the
    others. Rows with `gone` do not count. What nothing is kept of is known, and not read.
    """

    name: str
    title: Any
    needs: frozenset[str]
    keeps: tuple[str, ...] = ()
    first: tuple[str, str] = ("", "")
    gone: tuple[str, str] = ("", "")


def _side(name: str, title: Any, needs: str, keeps: str = "", **more: Any) -> SideFile:
    return SideFile(name, title, frozenset(needs.split()), tuple(keeps.split()), **more)


# The first that fits counts.
SIDE_FILES = (
    _side(
        *("sections", _("Canvas SIS sections"), "section_id course_id name status"),
        keeps="section_id course_id name status",
    ),
    _side("manifest", _("OneRoster manifest"), "propertyname value", "propertyname value"),
    _side("users", _("OneRoster users"), "sourcedid username", "sourcedid username identifier"),
    _side(
        *("roles", _("OneRoster roles"), "sourcedid usersourcedid roletype role"),
        keeps="usersourcedid sourcedid roletype role status",
        first=("role", "student"),
        gone=("status", "tobedeleted"),
    ),
    _side(
        *("classes", _("OneRoster classes"), "sourcedid title coursesourcedid classtype"),
        keeps="sourcedid title coursesourcedid classtype classcode termsourcedids",
    ),
    _side(
        *("courses", _("OneRoster courses"), "sourcedid title coursecode orgsourcedid"),
        keeps="sourcedid title coursecode orgsourcedid",
    ),
    _side(
        *("academicSessions", _("OneRoster academic sessions"), "sourcedid title type startdate"),
        keeps="sourcedid title type startdate enddate",
    ),
    _side("orgs", _("OneRoster organisations"), "sourcedid name type"),
    _side("", _("OneRoster"), "sourcedid datelastmodified"),
    _side("terms", _("Canvas SIS terms"), "term_id name status"),
    _side("accounts", _("Canvas SIS accounts"), "account_id name status"),
)


def side_file_of(header: Sequence[str]) -> SideFile | None:
    """The file beside a table that has this header."""
    names = {column_name(name) for name in header}
    return next((each for each in SIDE_FILES if each.needs <= names), None)


def kept_of(side: SideFile, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Any]:
    """The header and the rows of a side file, without what nobody asks for. Broken rows go."""
    names = [column_name(name) for name in header]
    places = [(name, names.index(name)) for name in side.keeps if name in names]
    yield [name for name, _at in places]
    for cells in rows:
        if len(cells) == len(names):
            yield [cells[at].strip() for _name, at in places]


class SideFiles:
    """What the files beside a table say."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        # The row with this ID, empty where there is none.
        self.row = lru_cache(10_000)(self._row)

    @cached_property
    def _store(self) -> sqlite3.Connection:
        """Without a name it lies in a file that nobody else sees, and that goes with it."""
        store = sqlite3.connect("")
        store.execute(
            "CREATE TABLE kept (file text, id text, cells text, PRIMARY KEY (file, id)) "
            "WITHOUT ROWID"
        )
        return store

    def close(self) -> None:
        """Give the disk back."""
        if self.names:
            self._store.close()

    def take(self, name: str, lines: Iterable[str]) -> None:
        """Take what `kept_of` gave, as lines of CSV; the ID is the first cell."""
        side = next(each for each in SIDE_FILES if each.name == name)
        self.names.add(name)
        for cells in csv.DictReader(lines):
            if not _has(cells, side.gone):
                verb = "REPLACE" if _has(cells, side.first) else "IGNORE"
                said = (name, cells[side.keeps[0]], json.dumps(cells))
                self._store.execute(f"INSERT OR {verb} INTO kept VALUES (?, ?, ?)", said)

    def _row(self, name: str, key: str) -> Cells:
        if name not in self.names:
            return {}
        asked = "SELECT cells FROM kept WHERE file = ? AND id = ?"
        found = self._store.execute(asked, (name, key)).fetchone()
        return json.loads(found[0]) if found else {}

    def value(self, name: str, key: str, column: str) -> str:
        """A cell of the row with this ID, blank where there is none."""
        return self.row(name, key).get(column, "")


def _has(cells: Cells, wanted: tuple[str, str]) -> bool:
    column, value = wanted
    return bool(column) and cells.get(column, "").casefold() == value


NOTHING_BESIDE = SideFiles()
