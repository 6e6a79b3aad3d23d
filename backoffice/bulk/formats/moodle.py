"""The files of Moodle: uploaded users, and the flat file of enrolments, which has no header.

A file of users may name courses in numbered columns; then it is read as enrollments as well.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import (
    COURSE_KEY,
    Cells,
    ColumnSource,
    Native,
    NotTranslated,
    SourceTable,
    column_name,
    not_stored,
    pair,
    plain,
    word,
)
from backoffice.bulk.formats.course_names import joined
from backoffice.bulk.readers import ReaderIssue, Row
from backoffice.bulk.values.faults import Fault

OPERATIONS = {"add": "active", "del": "withdrawn"}
ROLES = {"student": "student", "teacher": "teaching_assistant", "observer": "observer"}
FLAT = ("operation", "role", "user idnumber", "course idnumber", "starttime", "endtime")
TEACHING = frozenset({"editingteacher", "manager", "coursecreator", "guest"})
COURSE = re.compile("course([0-9]+)", re.ASCII)
NUMBERED = frozenset({"course", "role", "type", "enrolstatus"})
# The word of before there were roles; 2 is who teaches.
TYPES = {"": "", "1": "student", "3": "teaching_assistant"}
LEAST = 4
UNIX_TIME = re.compile("[0-9]{0,12}")
REJECTED_COLUMNS = 2  # a file of wrong rows has a line and an error behind its cells


def _student_id(cells: Cells) -> str:
    return cells.first("idnumber", "username")


class MoodleUsers(SourceTable):
    """The file of “Upload users”, read as people."""

    dialect, title, kind = "moodle", _("Moodle users"), "users"
    needs = frozenset({"username", "firstname", "lastname"})
    passed_over = frozenset({"password", "id"})
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": ColumnSource(("idnumber", "username"), _student_id),
        "first_name": plain("firstname"),
        "last_name": plain("lastname"),
        "email": plain("email"),
        "is_active": word("suspended", {"": "", "0": "1", "1": "0"}),
    }
    written = ("username", "firstname", "lastname", "email", "idnumber", "suspended")

    @property
    def reader_issues(self) -> tuple[ReaderIssue, ...]:
        courses = [self.label(name) for name in self.names if COURSE.fullmatch(name)]
        if not courses:
            return ()
        template = gettext(
            "{column} says who takes which course. Of a file of people no enrollments are read: "
            "bring the same file in once more with the kind “enrollments” (import_csv enrollments "
            "FILE --dialect moodle)."
        )
        return (
            ReaderIssue(Fault("enrollments_not_read", template, is_warning=True), courses[0], ""),
        )

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        return {
            # Moodle's user names are in lower case; the ID number keeps the student ID as it is.
            "username": native["student_id"].lower(),
            "firstname": native["first_name"],
            "lastname": native["last_name"],
            "email": native["email"],
            "idnumber": native["student_id"],
            "suspended": "0" if native["is_active"] == "1" else "1",
        }


class CellsOfCourse(Cells):
    """Cells of a person and one course; the columns of a course end with its number."""

    def __init__(self, table: SourceTable, cells: Sequence[str], number: str) -> None:
        super().__init__(table, cells)
        self.number = number

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(self._numbered(name))

    def label(self, name: str) -> str:
        return super().label(self._numbered(name))

    def _numbered(self, name: str) -> str:
        return name + self.number if name in NUMBERED else name


def _role(cells: Cells) -> str:
    # Without role and type, what is stored stays.
    return cells.word("role", ROLES, "role") if cells["role"] else cells.word("type", TYPES)


class MoodleCourses(SourceTable):
    """The file of “Upload users”, read as one enrollment for each course that a line names."""

    dialect, title, kind = "moodle", _("Moodle users with their courses"), "enrollments"
    needs = frozenset({"username"})
    passed_over = MoodleUsers.passed_over
    others = ("role", TEACHING)
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": ColumnSource(("idnumber", "username"), _student_id),
        **pair(COURSE_KEY, ("course",), lambda cells: cells.course("course")),
        "role": ColumnSource(("role", "type"), _role),
        "status": word("enrolstatus", {"": "", "0": "active", "1": "withdrawn"}, "status"),
        "first_name": plain("firstname"),
        "last_name": plain("lastname"),
        "email": plain("email"),
    }

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        return super().recognises(header) and any(map(COURSE.fullmatch, map(column_name, header)))

    @property
    def numbers(self) -> list[str]:
        """The number of each course column."""
        matches = filter(None, map(COURSE.fullmatch, dict.fromkeys(self.names)))
        return [match.group(1) for match in matches]

    def has(self, name: str) -> bool:
        if name not in NUMBERED:
            return super().has(name)
        return any(name + number in self.places for number in self.numbers)

    def is_numbered(self, column_source: ColumnSource) -> bool:
        return not NUMBERED.isdisjoint(column_source.sources)

    def translated(self, row: Row) -> Iterator[Row]:
        if row.syntax_error or len(row.cells) != self.width:
            yield from super().translated(row)
            return
        each = [CellsOfCourse(self, row.cells, number) for number in self.numbers]
        named = [cells for cells in each if cells["course"]]
        if not named:
            template = gettext("the row names no course; it is left out.")
            issue = ReaderIssue(Fault("left_out", template, is_warning=True), "", "")
            yield Row(row.line, [], reader_issues=(issue,), is_left_out=True)
        for cells in named:
            yield self._read(row.line, cells)

    def _left_out(self, cells: Cells) -> ReaderIssue | None:
        if not cells["role"] and cells["type"] == "2":
            return not_stored(cells.label("type"), cells["type"])
        return super()._left_out(cells)


def _day(cells: Cells, name: str) -> str:
    """The date, in UTC, of a Unix time in seconds; 0 is none."""
    text = cells[name]
    try:
        if not UNIX_TIME.fullmatch(text):
            raise ValueError(text)
        seconds = int(text or 0)
        return datetime.fromtimestamp(seconds, UTC).date().isoformat() if seconds else ""
    except (ValueError, OverflowError, OSError):
        template = gettext("{column} “{value}” is not a Unix time. Write seconds since 1970.")
        raise NotTranslated(Fault("invalid_date", template), name, text) from None


def _withdrawn_on(cells: Cells) -> str:
    # The end of an enrolment that is added is planned, and no withdrawal.
    return _day(cells, "endtime") if cells["operation"].casefold() == "del" else ""


class MoodleFlatFile(SourceTable):
    """The flat file; whoever teaches or manages is left out."""

    dialect, title, kind = "moodle", _("Moodle enrollments"), "enrollments"
    others = ("role", TEACHING)
    has_header = False
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": plain("user idnumber"),
        **pair(COURSE_KEY, ("course idnumber",), lambda cells: cells.course("course idnumber")),
        "role": word("role", ROLES, "role"),
        "status": word("operation", OPERATIONS),
        "enrolled_on": ColumnSource(
            ("starttime",), lambda cells: _day(cells, "starttime"), is_sparse=True
        ),
        "withdrawn_on": ColumnSource(("endtime",), _withdrawn_on, is_sparse=True),
    }
    written = FLAT

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(FLAT)

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        # There is no header: the first row decides.
        is_wide = LEAST <= len(header) <= len(FLAT) + REJECTED_COLUMNS
        return is_wide and header[0].strip().casefold() in OPERATIONS

    @classmethod
    def whole(cls, row: Row) -> Row:
        # Times may be missing, and a returned wrong row has two cells more.
        width, most = len(FLAT), len(FLAT) + REJECTED_COLUMNS
        if row.syntax_error or not (LEAST <= len(row.cells) < width or len(row.cells) == most):
            return row
        return row._replace(cells=[*row.cells, "", ""][:width])

    @classmethod
    def write(cls, native: Native) -> dict[str, str] | None:
        # The file says who is enrolled and who left, and cannot say how somebody finished.
        is_withdrawn = native["status"] == "withdrawn"
        if not is_withdrawn and (native["status"] != "active" or native["withdrawn_on"]):
            return None
        roles = {role: word for word, role in ROLES.items()}
        return {
            "operation": "del" if is_withdrawn else "add",
            "role": roles[native["role"]],
            "user idnumber": native["student_id"],
            "course idnumber": next(joined((native["course_code"], native["presentation"]))),
            "starttime": _seconds(native["enrolled_on"]),
            "endtime": _seconds(native["withdrawn_on"]),
        }


def _seconds(day: str) -> str:
    return str(int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())) if day else "0"
