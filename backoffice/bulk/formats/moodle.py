"""The files of Moodle: uploaded users, and the flat file of enrolments, which has no header."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.faults import Fault
from backoffice.bulk.formats.base import Cells, Native, NotTranslated, SourceTable, Way, plain, word
from backoffice.bulk.formats.course_names import joined
from backoffice.bulk.readers import Row

OPERATIONS = {"add": "active", "del": "withdrawn"}
ROLES = {"student": "student", "teacher": "teaching_assistant", "observer": "observer"}
FLAT = ("operation", "role", "user idnumber", "course idnumber", "starttime", "endtime")
LEAST = 4
UNIX_TIME = re.compile("[0-9]{0,12}")
GIVEN_BACK = 2  # a file of wrong rows has a line and an error behind its cells


class MoodleUsers(SourceTable):
    """The file of “Upload users”; its courses are for the flat file to say."""

    dialect, title, kind = "moodle", _("Moodle users"), "users"
    needs = frozenset({"username", "firstname", "lastname"})
    passed_over = frozenset({"password", "id"})
    ways: ClassVar[Mapping[str, Way]] = {
        "student_id": Way(
            ("idnumber", "username"), lambda cells: cells.first("idnumber", "username")
        ),
        "first_name": plain("firstname"),
        "last_name": plain("lastname"),
        "email": plain("email"),
        "is_active": word("suspended", {"": "", "0": "1", "1": "0"}),
    }
    written = ("username", "firstname", "lastname", "email", "idnumber", "suspended")

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        """Moodle's user names are in lower case; the ID number is the student ID as it is."""
        return {
            "username": native["student_id"].lower(),
            "firstname": native["first_name"],
            "lastname": native["last_name"],
            "email": native["email"],
            "idnumber": native["student_id"],
            "suspended": "0" if native["is_active"] == "1" else "1",
        }


def _day(cells: Cells, name: str) -> str:
    """The day of a Unix time; 0 is none."""
    text = cells[name]
    try:
        if not UNIX_TIME.fullmatch(text):
            raise ValueError(text)
        seconds = int(text or 0)
        return datetime.fromtimestamp(seconds, UTC).date().isoformat() if seconds else ""
    except (ValueError, OverflowError, OSError):
        sentence = gettext("{column} “{value}” is not a Unix time. Write seconds since 1970.")
        raise NotTranslated(Fault("invalid_date", sentence), name, text) from None


def _withdrawn_on(cells: Cells) -> str:
    """The end of an enrolment that is added is planned, and no withdrawal."""
    return _day(cells, "endtime") if cells["operation"].casefold() == "del" else ""


class MoodleFlatFile(SourceTable):
    """The flat file; whoever teaches or manages is left out."""

    dialect, title, kind = "moodle", _("Moodle enrollments"), "enrollments"
    others = ("role", frozenset({"editingteacher", "manager", "coursecreator", "guest"}))
    has_header = False
    ways: ClassVar[Mapping[str, Way]] = {
        "student_id": plain("user idnumber"),
        "course_code": Way(("course idnumber",), lambda cells: cells.course("course idnumber")[0]),
        "presentation": Way(("course idnumber",), lambda cells: cells.course("course idnumber")[1]),
        "role": word("role", ROLES),
        "status": word("operation", OPERATIONS),
        "enrolled_on": Way(("starttime",), lambda cells: _day(cells, "starttime"), is_sparse=True),
        "withdrawn_on": Way(("endtime",), _withdrawn_on, is_sparse=True),
    }
    written = FLAT

    def __init__(self, header: Sequence[str], filled: frozenset[str] | None = None) -> None:
        super().__init__(FLAT, filled)

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        """By its first row: there is no header."""
        is_wide = LEAST <= len(header) <= len(FLAT) + GIVEN_BACK
        return is_wide and header[0].strip().casefold() in OPERATIONS

    @classmethod
    def whole(cls, row: Row) -> Row:
        """Times may be missing, and what came back with an error has two cells more."""
        width, most = len(FLAT), len(FLAT) + GIVEN_BACK
        if row.flaw or not (LEAST <= len(row.cells) < width or len(row.cells) == most):
            return row
        return row._replace(cells=[*row.cells, "", ""][:width])

    @classmethod
    def write(cls, native: Native) -> dict[str, str] | None:
        """Only who is there and who went: how somebody finished, Moodle's file cannot say."""
        is_withdrawn = native["status"] == "withdrawn"
        if not is_withdrawn and (native["status"] != "active" or native["withdrawn_on"]):
            return None
        theirs = {ours: word for word, ours in ROLES.items()}
        return {
            "operation": "del" if is_withdrawn else "add",
            "role": theirs[native["role"]],
            "user idnumber": native["student_id"],
            "course idnumber": next(joined((native["course_code"], native["presentation"]))),
            "starttime": _seconds(native["enrolled_on"]),
            "endtime": _seconds(native["withdrawn_on"]),
        }


def _seconds(day: str) -> str:
    return str(int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())) if day else "0"
