"""Lookup files: what files uploaded together with a table say about the names in its cells."""

import re
import sqlite3
import weakref
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backoffice.bulk.formats.course_names import Course, CourseNames
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.readers import Row

LookupRows = list[dict[str, str]]
# What is read of each file, which is known by having all of these columns.
READ = {
    "sections": ("section_id", "course_id", "name"),
    "canvas courses": ("course_id", "short_name", "long_name", "term_id"),
    "courses": ("sourcedid", "title", "coursecode"),
    "terms": ("sourcedid", "title", "type", "startdate", "enddate"),
    "classes": ("sourcedid", "classtype", "coursesourcedid", "termsourcedids"),
    "roles": ("usersourcedid", "roletype", "role", "status"),
    "people": ("sourcedid", "username", "identifier"),
    "manifest": ("propertyname", "value"),
    "line items": ("sourcedid", "classsourcedid", "resultvaluemax"),
}


class DiskMap(Mapping[str, str]):
    """A mapping on disk, for files with a row for each person; the last of a key counts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._store = sqlite3.connect("")  # a temporary file that goes with the connection
        # From Python 3.13 on, a connection that is only forgotten is a warning.
        weakref.finalize(self, self._store.close)
        self._store.execute("CREATE TABLE entry (name text PRIMARY KEY, value text) WITHOUT ROWID")
        self._store.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", pairs)

    def __getitem__(self, name: str) -> str:
        query = "SELECT value FROM entry WHERE name = ?"
        row = self._store.execute(query, (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        return row[0]

    def __iter__(self) -> Iterator[str]:
        for (name,) in self._store.execute("SELECT name FROM entry"):
            yield name

    def __len__(self) -> int:
        return self._store.execute("SELECT count(*) FROM entry").fetchone()[0]


@dataclass(frozen=True)
class Term:
    """An academic session: our presentation, and its days."""

    name: str
    starts_on: str
    ends_on: str


@dataclass(frozen=True)
class SideFiles:
    """By the names the files use: `sections` the courses of sections, `courses` our courses and
    `titles` their titles, `terms` sessions, `people` student IDs that are others than the name, and
    `others` the roles of people who are no students; `items` the classes of line items. `manifest`
    is that of OneRoster.
    """

    sections: Mapping[str, str] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, str] = field(default_factory=dict)

    def days(self, terms: str) -> tuple[str, str]:
        """The first and the last day of the sessions that a cell lists."""
        known = [self.terms[name] for name in listed(terms) if name in self.terms]
        starts = [term.starts_on for term in known if term.starts_on]
        ends = [term.ends_on for term in known if term.ends_on]
        return min(starts, default=""), max(ends, default="")


def listed(cell: str) -> list[str]:
    return list(filter(None, re.split(r"\s*,\s*", cell.strip())))


def side_file_of(header: Sequence[str]) -> str:
    """Which lookup file has this header, blank for none."""
    names = set(map(column_name, header))
    return next((what for what, columns in READ.items() if names.issuperset(columns)), "")


def side_files(tables: Iterable[tuple[Sequence[str], Iterable[Row]]]) -> SideFiles:
    rows_by_file: dict[str, LookupRows] = defaultdict(list)
    large: dict[str, Mapping[str, str]] = {}
    for header, rows in tables:
        what = side_file_of(header)
        if what in LARGE:
            large[what] = DiskMap(LARGE[what](lookup_rows(what, header, rows)))
        elif what:
            rows_by_file[what] += lookup_rows(what, header, rows)
    terms = dict(_terms(rows_by_file["terms"]))
    classes = dict(_classes(rows_by_file["classes"], rows_by_file["courses"], terms))
    return SideFiles(
        sections={row["section_id"]: row["course_id"] for row in rows_by_file["sections"]},
        courses={**dict(_canvas_courses(rows_by_file["canvas courses"])), **classes},
        titles=dict(_titles(rows_by_file["classes"], rows_by_file["courses"])),
        terms=terms,
        people=large.get("people", {}),
        items=large.get("line items", {}),
        others=dict(_others(rows_by_file["roles"])),
        manifest={row["propertyname"]: row["value"] for row in rows_by_file["manifest"]},
    )


def lookup_rows(what: str, header: Sequence[str], rows: Iterable[Row]) -> Iterator[dict[str, str]]:
    names = list(map(column_name, header))
    places = [(name, names.index(name)) for name in READ[what]]
    for row in rows:
        if not row.syntax_error and len(row.cells) == len(names):
            yield {name: row.cells[at].strip() for name, at in places}


def _canvas_courses(rows: LookupRows) -> Iterator[tuple[str, Course]]:
    names = CourseNames()
    for row in rows:
        if row["term_id"]:
            yield row["course_id"], names.course_of(row["course_id"], row["term_id"])


def _terms(rows: LookupRows) -> Iterator[tuple[str, Term]]:
    titles = Counter(row["title"] for row in rows)
    for row in rows:
        # A title that several sessions have identifies none of them.
        name = row["title"] if row["title"] and titles[row["title"]] == 1 else row["sourcedid"]
        yield row["sourcedid"], Term(name, row["startdate"], row["enddate"])


def _classes(
    rows: LookupRows, courses: LookupRows, terms: Mapping[str, Term]
) -> Iterator[tuple[str, Course]]:
    codes = {row["sourcedid"]: row["coursecode"] or row["sourcedid"] for row in courses}
    for row in rows:
        # A class is a course in a term; it counts only where both files came along.
        code = codes.get(row["coursesourcedid"])
        term = next((terms[name] for name in listed(row["termsourcedids"]) if name in terms), None)
        if code and term:
            yield row["sourcedid"], (code, term.name)


def _titles(rows: LookupRows, courses: LookupRows) -> Iterator[tuple[str, str]]:
    titles = {row["sourcedid"]: row["title"] for row in courses}
    for row in rows:
        # Several classes of one course in one term are one course here, with one title.
        title = titles.get(row["coursesourcedid"])
        if title:
            yield row["sourcedid"], title


def _people(rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Student IDs that differ from the `sourcedId`."""
    for row in rows:
        if row["identifier"] not in ("", row["sourcedid"]):
            yield row["sourcedid"], row["identifier"]


def _others(rows: LookupRows) -> Iterator[tuple[str, str]]:
    """The first role of each person who is no student."""
    roles: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["status"].casefold() != "tobedeleted":
            roles[row["usersourcedid"]].append(row["role"])
    for person, person_roles in roles.items():
        if "student" not in map(str.casefold, person_roles):
            yield person, person_roles[0]


def _items(rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """The class of each line item."""
    for row in rows:
        yield row["sourcedid"], row["classsourcedid"]


# Files that may have a row for each person or more, and what is kept of them on disk.
LARGE = {"people": _people, "line items": _items}
