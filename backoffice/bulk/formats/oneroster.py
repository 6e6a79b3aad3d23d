"""The files of OneRoster 1.1 and 1.2: users, classes, enrollments, line items, results."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.assessment_names import Known, named_in_full
from backoffice.bulk.formats.base import (
    COURSE_KEY,
    Cells,
    ColumnSource,
    Native,
    NotTranslated,
    SourceTable,
    not_stored,
    pair,
    plain,
    section,
    today,
    word,
)
from backoffice.bulk.formats.course_names import Course, joined, own_title
from backoffice.bulk.formats.oneroster_manifest import (
    BULK,
    DELTA,
    Manifest,
    refuse_undeclared_delta,
)
from backoffice.bulk.kinds.check import names_nothing
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import ReaderIssue
from backoffice.bulk.values.faults import Fault

ORGANISATION = "school"
ACTIVE = {"": "1", "active": "1", "true": "1", "tobedeleted": "0", "false": "0"}
ROLES = {"student": "student", "aide": "teaching_assistant", "ext:observer": "observer"}
STATUSES = {"": "active", "active": "active", "tobedeleted": "withdrawn"}
TEACHING = frozenset({"teacher", "administrator", "proctor"})


def _is_active(cells: Cells) -> str:
    states = (cells.word("enableduser", ACTIVE), cells.word("status", ACTIVE))
    return "0" if "0" in states else "1"


def _exact_status(cells: Cells) -> str:
    """The exact status of our own export, unless somebody changed the status since.

    Raises FileRefused where the row is of a list of changes, and is read as a roster.
    """
    if cells.table.is_roster:
        _refuse_changes(cells)
    exact = cells["metadata.exactstatus"].casefold()
    status = cells.word("status", STATUSES, "status")
    if cells.table.is_roster and not cells["status"]:
        # In bulk mode no row has a status: whoever completed the course stays so.
        return exact if exact in ("completed", "failed") else ""
    return exact if exact in ("completed", "failed") and status == "active" else status


def _refuse_changes(cells: Cells) -> None:
    # In bulk mode both are empty, in delta mode both are filled (OneRoster 1.1, section 4). Our
    # own export has them too, and is whole.
    is_change = bool(cells["status"] and cells["datelastmodified"])
    is_declared = bool(Manifest.of(cells.side, "enrollments").mode)
    if is_change and not is_declared and not cells.table.has("metadata.exactstatus"):
        refuse_undeclared_delta()


def _withdrawn_on(cells: Cells) -> str:
    if cells.word("status", STATUSES, "status") == "withdrawn":
        return cells["enddate"]
    return cells["metadata.exactwithdrawnon"]


class OneRosterTable(SourceTable):
    """A file of OneRoster, checked against the manifest where there is one."""

    dialect = "oneroster"
    file_name: ClassVar[str]
    written_mode: ClassVar[str] = BULK

    def check(self, batch: Batch) -> None:
        # The manifest says of each file whether it is absent, whole, or changes only.
        manifest = Manifest.of(self.side, self.file_name)
        manifest.check(self.file_name, batch)
        if manifest.describe():
            batch.read_as = f"{self.title} ({manifest.describe()})"[:60]


class OneRosterUsers(OneRosterTable):
    """users.csv; in 1.2 the roles are in a file of their own: without it all are students."""

    title, kind, file_name = _("OneRoster users"), "users", "users"
    lookups = ("manifest", "roles")
    needs = frozenset({"sourcedid", "enableduser", "givenname", "familyname", "username"})
    passed_over = frozenset({"password", "role"})
    others = ("role", TEACHING | {"aide", "guardian", "parent", "relative"})
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": ColumnSource(
            ("identifier", "sourcedid", "username"),
            lambda cells: cells.first("identifier", "sourcedid", "username"),
        ),
        "first_name": plain("givenname"),
        "last_name": plain("familyname"),
        "email": plain("email"),
        "is_active": ColumnSource(("enableduser",), _is_active),
    }
    written = (
        *("sourcedId", "status", "dateLastModified", "enabledUser", "orgSourcedIds", "role"),
        *("username", "userIds", "givenName", "familyName", "middleName", "identifier", "email"),
    )

    def _left_out(self, cells: Cells) -> ReaderIssue | None:
        # In 1.2 the roles are in roles.csv.
        role = self.side.others.get(cells["sourcedid"])
        return super()._left_out(cells) or (not_stored("role", role) if role else None)

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        known = native["student_id"]
        return {
            **dict.fromkeys(("sourcedId", "username", "identifier"), known),
            "enabledUser": "true" if native["is_active"] == "1" else "false",
            "orgSourcedIds": ORGANISATION,
            "role": "student",
            "givenName": native["first_name"],
            "familyName": native["last_name"],
            "email": native["email"],
        }


def _course(cells: Cells) -> tuple[str, str]:
    # A class is a course in a term: our course in its presentation.
    return cells.course("sourcedid")


def _title(cells: Cells) -> str:
    title = cells.side.titles.get(cells["sourcedid"]) or cells["title"]
    return cells.table.courses.own_title(title, _course(cells))


def _days(cells: Cells) -> tuple[str, str]:
    return cells.side.days(cells["termsourcedids"])


def _student(name: str) -> ColumnSource:
    # The `sourcedId` is any text of the other system; users.csv has the student ID.
    return ColumnSource((name,), lambda cells: cells.side.people.get(cells[name], cells[name]))


class OneRosterClasses(OneRosterTable):
    """classes.csv; what is to be deleted is archived. The days are those of the terms."""

    title, kind, file_name = _("OneRoster classes"), "courses", "classes"
    lookups = ("manifest", "classes", "courses", "terms")
    written_mode = DELTA
    needs = frozenset({"sourcedid", "title", "coursesourcedid", "classtype"})
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        **pair(COURSE_KEY, ("sourcedid",), _course),
        "title": ColumnSource(("title",), _title),
        **pair(("starts_on", "ends_on"), ("termsourcedids",), _days, is_sparse=True),
        "status": word("status", {"": "", "active": "", "tobedeleted": "archived"}),
    }
    written = (
        *("sourcedId", "status", "dateLastModified", "title", "grades", "courseSourcedId"),
        *("classCode", "classType", "location", "schoolSourcedId", "termSourcedIds"),
    )

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
        return any(self.side.days(cells[self.places[name]]))

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        course = (native["course_code"], native["presentation"])
        return {
            "sourcedId": next(joined(course)),
            # In delta mode a status can be said; in bulk mode it is blank.
            "status": "tobedeleted" if native["status"] == "archived" else "active",
            "dateLastModified": today(),
            "title": native["title"] or " ".join(course),
            "courseSourcedId": course[0],
            "classCode": course[0],
            "classType": "scheduled",
            "schoolSourcedId": ORGANISATION,
            "termSourcedIds": course[1],
        }


def _class(cells: Cells) -> Course:
    return cells.course("classsourcedid")


class OneRosterEnrollments(OneRosterTable):
    """enrollments.csv; whoever teaches is left out."""

    title, kind, file_name = _("OneRoster enrollments"), "enrollments", "enrollments"
    lookups = ("manifest", "people", "classes", "courses", "terms")
    written_mode = DELTA
    needs = frozenset({"sourcedid", "classsourcedid", "usersourcedid", "role"})
    others = ("role", TEACHING)
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": _student("usersourcedid"),
        **pair(COURSE_KEY, ("classsourcedid",), _class),
        **section("oneroster", "classsourcedid"),
        "role": word("role", ROLES, "role"),
        "status": ColumnSource(("status",), _exact_status),
        "enrolled_on": plain("begindate", is_sparse=True),
        "withdrawn_on": ColumnSource(("enddate",), _withdrawn_on, is_sparse=True),
    }
    written = (
        *("sourcedId", "status", "dateLastModified", "classSourcedId", "schoolSourcedId"),
        *("userSourcedId", "role", "primary", "beginDate", "endDate"),
        *("metadata.exactStatus", "metadata.exactWithdrawnOn"),
    )

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        if self.has("metadata.exactstatus"):
            # In our own export a class is the course, and a row the whole enrollment.
            self.leave(("system", "section"))

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        course = next(joined((native["course_code"], native["presentation"])))
        roles = {role: word for word, role in ROLES.items()}
        is_withdrawn = native["status"] == "withdrawn"
        return {
            "sourcedId": f"{course}-{native['student_id']}",
            # In delta mode, because bulk mode cannot express a withdrawal.
            "status": "tobedeleted" if is_withdrawn else "active",
            "dateLastModified": today(),
            "classSourcedId": course,
            "schoolSourcedId": ORGANISATION,
            "userSourcedId": native["student_id"],
            "role": roles[native["role"]],
            "beginDate": native["enrolled_on"],
            "endDate": native["withdrawn_on"],
            # Columns of our own, for what the status of OneRoster cannot express.
            "metadata.exactStatus": native["status"],
            "metadata.exactWithdrawnOn": native["withdrawn_on"],
        }


def _code(cells: Cells) -> str:
    name = cells["sourcedid"]
    stored = cells.table.assessments.of_course(name, _class(cells))
    return cells["metadata.assessmentcode"] or (stored.code if stored else name)


def _assessment_title(cells: Cells) -> str:
    code = _code(cells)
    stored = cells.table.assessments.of_course(code, _class(cells))
    return own_title(cells["title"], (code, cells["sourcedid"]), stored.title if stored else "")


class OneRosterLineItems(OneRosterTable):
    """lineItems.csv; a line item is an assessment."""

    title, kind, file_name = _("OneRoster line items"), "assessments", "lineItems"
    lookups = ("manifest", "classes", "courses", "terms")
    needs = frozenset({"sourcedid", "title", "classsourcedid", "resultvaluemax"})
    others = ("status", frozenset({"tobedeleted"}))
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "assessment_id": ColumnSource(("sourcedid",), _code),
        **pair(COURSE_KEY, ("classsourcedid",), _class),
        "title": ColumnSource(("title",), _assessment_title),
        "due_on": plain("duedate", is_sparse=True),
        "max_score": plain("resultvaluemax"),
    }
    written = (
        *("sourcedId", "status", "dateLastModified", "title", "description", "assignDate"),
        *("dueDate", "classSourcedId", "categorySourcedId", "gradingPeriodSourcedId"),
        *("resultValueMin", "resultValueMax", "metadata.assessmentCode"),
    )

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        due, course = native["due_on"], (native["course_code"], native["presentation"])
        return {
            "sourcedId": named_in_full(course, native["assessment_id"]),
            "title": native["title"] or native["assessment_id"],
            "assignDate": due,
            "dueDate": due,
            "classSourcedId": next(joined(course)),
            "categorySourcedId": native["assessment_type"],
            # The term is the grading period.
            "gradingPeriodSourcedId": native["presentation"],
            "resultValueMin": "0",
            "resultValueMax": native["max_score"],
            "metadata.assessmentCode": native["assessment_id"],
        }


def _assessed(cells: Cells) -> Known:
    """The stored assessment of a result. Raises NotTranslated for none, and for several."""
    name = cells["lineitemsourcedid"]
    matches = cells.table.assessments.known.get(name, [])
    if name in cells.side.items:
        course = cells.course_called(cells.side.items[name], "lineitemsourcedid")
        matches = [each for each in matches if each.course == course]
    if len(matches) == 1:
        return matches[0]
    several = gettext(
        "{column} “{value}” is the name of several assessments. Upload lineItems.csv together with "
        "it, in one zip file: there the class stands of each."
    )
    none = names_nothing(kinds["assessments"].model())
    fault = Fault("ambiguous_assessment", several) if matches else Fault("unknown_assessment", none)
    raise NotTranslated(fault, cells.label("lineitemsourcedid"), name)


def _course_assessed(cells: Cells) -> Course:
    return _assessed(cells).course


def _code_assessed(cells: Cells) -> str:
    name, table = cells["lineitemsourcedid"], cells.table
    return _assessed(cells).code if table.is_significant("lineitemsourcedid", cells.cells) else name


class OneRosterResults(OneRosterTable):
    """results.csv; what was not handed in, or does not count, has no grade here."""

    title, kind, file_name = _("OneRoster results"), "grades", "results"
    lookups = ("manifest", "people", "line items", "classes", "courses", "terms")
    needs = frozenset({"sourcedid", "lineitemsourcedid", "studentsourcedid", "score"})
    others = ("scorestatus", frozenset({"exempt", "not submitted"}))
    column_sources: ClassVar[Mapping[str, ColumnSource]] = {
        "student_id": _student("studentsourcedid"),
        "assessment_id": ColumnSource(("lineitemsourcedid",), _code_assessed),
        **pair(COURSE_KEY, ("lineitemsourcedid",), _course_assessed, is_sparse=True),
        "score": plain("score"),
        "submitted_on": plain("scoredate", is_sparse=True),
    }
    written = (
        *("sourcedId", "status", "dateLastModified", "lineItemSourcedId", "studentSourcedId"),
        *("scoreStatus", "score", "scoreDate", "comment"),
    )

    def is_significant(self, name: str, cells: Sequence[str]) -> bool:
        if name == "lineitemsourcedid":
            # A code that only one assessment has needs no course. Any other name does, and one
            # whose class a lookup file says: then the code is looked for in that class.
            item = cells[self.places[name]].strip()
            return item in self.side.items or not self.assessments.is_plain(item)
        return super().is_significant(name, cells)

    @classmethod
    def write(cls, native: Native) -> dict[str, str]:
        course = (native["course_code"], native["presentation"])
        item = named_in_full(course, native["assessment_id"])
        return {
            "sourcedId": f"{item}-{native['student_id']}",
            "lineItemSourcedId": item,
            "studentSourcedId": native["student_id"],
            "scoreStatus": "fully graded" if native["score"] else "submitted",
            "score": native["score"],
            "scoreDate": native["submitted_on"],
        }
