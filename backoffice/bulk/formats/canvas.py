"""The files of Canvas SIS: users, courses, enrollments."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import (
    COURSE_KEY,
    Cells,
    ColumnSource,
    Native,
    NotTranslated,
    RowLeftOut,
    SourceTable,
    column_name,
    moment,
    not_stored,
    pair,
    plain,
    section,
    word,
)
from backoffice.bulk.formats.course_names import joined
from backoffice.bulk.kinds.value_words import is_typing_error
from backoffice.bulk.read.value_mapping import ROW_LEFT_OUT
from backoffice.bulk.readers import ReaderIssue
from backoffice.bulk.values.cells import plain_word
from backoffice.bulk.values.faults import Fault

USER_STATUSES = {"active": "1", "suspended": "0", "deleted": "0"}
# “active” leaves a published course published: in Canvas too.
COURSE_STATUSES = {"active": "", "published": "published", "completed": "archived"}
WRITTEN_COURSES = {"draft": "active", "published": "published", "archived": "completed"}
ROLES = {"student": "student", "ta": "teaching_assistant", "observer": "observer"}
# Canvas' own names: StudentEnrollment, TaEnrollment.
LONG_ENDING = "enrollment"
STAFF_ROLES = frozenset(
    name + ending
    for name in ("teacher", "designer", "studentview")  # the last one tries a course out
    for ending in ("", LONG_ENDING)
)
KNOWN_ROLES = [name + ending for name in (*ROLES, "teacher") for ending in ("", LONG_ENDING)]
STATUSES = {
    "active": "active",
    "completed": "completed",
    "deleted": "withdrawn",
    "inactive": "withdrawn",
    "deleted_last_completed": "withdrawn",
}
WRITTEN_STATUSES = {
    "active": "active",
    "completed": "completed",
    "failed": "completed",
    "withdrawn": "deleted",
}


def _first_name(cells: Cells) -> str:
    return cells["first_name"] or _halves(cells)[0]


def _last_name(cells: Cells) -> str:
    return cells["last_name"] or _halves(cells)[1]


def _halves(cells: Cells) -> tuple[str, str]:
    """First and family name of “Moore, Zoë” or, without a comma, of “Zoë Moore”."""
    family, comma, first = cells["sortable_name"].partition(",")
    if comma:
        return first.strip(), family.strip()
    # Where the family name of “Ana López Silva” begins is a guess: it replaces no stored name.
    if cells.table.people.has_name(cells["user_id"]):
        return "", ""
    first, _space, family = cells["full_name"].rpartition(" ")
    return first.strip(), family


def _exact_status(cells: Cells) -> str:
    """The exact status of our own export, unless somebody changed the status since."""
    exact = cells["exact_status"].casefold()
    status = cells.word("status", STATUSES, "status")
    same = WRITTEN_STATUSES.get(exact) == cells["status"].casefold()
    return exact if same else status


def _withdrawn_on(cells: Cells) -> str:
    # The end of an enrollment that goes on, or was completed, is no withdrawal.
    if cells.word("status", STATUSES, "status") == "withdrawn":
        return cells["end_date"]
    return cells["exact_withdrawn_on"]


def _title(cells: Cells) -> str:
    return cells.table.courses.own_title(cells["long_name"], _course(cells))


def _course(cells: Cells) -> tuple[str, str]:
    return cells.course("course_id", cells["term_id"])


class CanvasUsers(SourceTable):
    """users.csv; whoever is declared to be on the staff is left out."""

    dialect, title, kind = "canvas", _("Canvas SIS users"), "users"
    needs = frozenset({"user_id", "login_id", "status"})
    passed_over = frozenset({"password", "is_verified"})
    others = ("declared_user_type", frozenset({"teacher", "staff", "administrator", "faculty"}))
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": plain("user_id"),
        "first_name": ColumnSource(("first_name", "sortable_name", "full_name"), _first_name),
        "last_name": ColumnSource(("last_name", "sortable_name", "full_name"), _last_name),
        "email": plain("email"),
        "is_active": word("status", USER_STATUSES),
    }
    written = ("user_id", "login_id", "first_name", "last_name", "email", "status")

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        names = ("first_name", "last_name", "email")
        return {
            **{name: native[name] for name in names},
            "user_id": native["student_id"],
            # Students log in to Canvas by their student ID.
            "login_id": native["student_id"],
            "status": "active" if native["is_active"] == "1" else "suspended",
        }


class CanvasStudentIDs(SourceTable):
    """change_sis_id.csv; changes of anything but people are left out."""

    dialect, title, kind = "canvas", _("Canvas SIS ID changes"), "change_sis_id"
    needs = frozenset({"old_id", "new_id", "type"})
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "old_id": plain("old_id"),
        "new_id": plain("new_id"),
    }

    def _left_out(self, cells: Cells) -> ReaderIssue | None:
        is_person = plain_word(cells["type"]) == "user"
        return None if is_person else not_stored(cells.label("type"), cells["type"])


class CanvasCourses(SourceTable):
    """courses.csv; the term is the presentation."""

    dialect, title, kind = "canvas", _("Canvas SIS courses"), "courses"
    needs = frozenset({"course_id", "short_name", "long_name", "status"})
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "course_code": ColumnSource(("course_id",), lambda cells: _course(cells)[0]),
        "presentation": ColumnSource(("term_id", "course_id"), lambda cells: _course(cells)[1]),
        "title": ColumnSource(("long_name",), _title),
        "starts_on": plain("start_date", is_sparse=True),
        "ends_on": plain("end_date", is_sparse=True),
        "status": word("status", {**COURSE_STATUSES, "deleted": "archived"}, "status"),
    }
    written = (
        *("course_id", "short_name", "long_name", "term_id", "status"),
        *("start_date", "end_date"),
    )

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        course = (native["course_code"], native["presentation"])
        return {
            "course_id": next(joined(course)),
            "short_name": course[0],
            # Canvas requires a long name.
            "long_name": native["title"] or " ".join(course),
            "term_id": course[1],
            "status": WRITTEN_COURSES[native["status"]],
            "start_date": moment(native["starts_on"]),
            "end_date": moment(native["ends_on"]),
        }


def _role(cells: Cells) -> str:
    """The role; one of the school's own is left out, as staff are, unless it says what it is."""
    text = plain_word(cells["role"])
    try:
        return cells.word("role", ROLES, "role", text.removesuffix(LONG_ENDING).strip())
    except NotTranslated:
        # A header that stands in the file again names no role of anybody.
        if text in ("", "role") or is_typing_error(text, KNOWN_ROLES):
            raise
    template = gettext(
        "{column} “{value}” is a role of your school's own; the row is left out. Say under “Value "
        "mappings” if it stands for a role here."
    )
    fault = Fault(ROW_LEFT_OUT, template, is_warning=True)
    raise RowLeftOut(ReaderIssue(fault, cells.label("role"), cells["role"]), is_in_doubt=True)


def _course_enrolled_in(cells: Cells) -> tuple[str, str]:
    """The course that is named, or that of the section."""
    section = cells["section_id"]
    if cells["course_id"] or not section:
        return cells.course("course_id")
    if section in cells.side.sections:
        return cells.course_called(cells.side.sections[section], "section_id")
    template = gettext(
        "{column} “{value}” does not say which course it is a section of. Add the column "
        "course_id, or upload sections.csv together with it."
    )
    fault = Fault("section_without_course", template)
    raise NotTranslated(fault, cells.label("section_id"), section)


class CanvasEnrollments(SourceTable):
    """enrollments.csv; teachers and designers are left out."""

    dialect, title, kind = "canvas", _("Canvas SIS enrollments"), "enrollments"
    needs = frozenset({"user_id", "role", "status"})
    lookups = ("sections", "canvas courses")
    others = ("role", STAFF_ROLES)
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": plain("user_id"),
        **pair(COURSE_KEY, ("course_id", "section_id"), _course_enrolled_in),
        # Without the column a row is about the whole enrollment, as in our own export.
        **section("canvas", "section_id"),
        "role": ColumnSource(("role",), _role),
        "status": ColumnSource(("status",), _exact_status),
        "enrolled_on": plain("start_date", is_sparse=True),
        "withdrawn_on": ColumnSource(("end_date",), _withdrawn_on, is_sparse=True),
    }
    written = (
        *("course_id", "user_id", "role", "status", "start_date", "end_date"),
        # Canvas ignores these two, which it does not know.
        *("exact_status", "exact_withdrawn_on"),
    )

    @classmethod
    def recognises(cls, header: Sequence[str]) -> bool:
        return super().recognises(header) and not {"course_id", "section_id"}.isdisjoint(
            map(column_name, header)
        )

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        roles = {role: word for word, role in ROLES.items()}
        return {
            "course_id": next(joined((native["course_code"], native["presentation"]))),
            "user_id": native["student_id"],
            "role": roles[native["role"]],
            "status": WRITTEN_STATUSES[native["status"]],
            "start_date": moment(native["enrolled_on"]),
            "end_date": moment(native["withdrawn_on"]),
            "exact_status": native["status"],
            "exact_withdrawn_on": native["withdrawn_on"],
        }
