"""Files about people and about who takes which course."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.permissions.visibility import offered
from backoffice.apps.users.identities.student_id_changes import StudentIDChange
from backoffice.apps.users.models import Enrollment, SectionMembership, User
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column, OnChange, Traits
from backoffice.bulk.kinds.file_layout import FileLayout
from backoffice.bulk.kinds.resource import (
    FORBIDDEN,
    Companion,
    Derive,
    ImportKind,
    Matching,
    MissingRowsPolicy,
    SourceRows,
    UndoRules,
    as_declared,
    importable,
)
from backoffice.bulk.kinds.sql_names import NOW, cell, stored, version, written_row

__all__ = ["EnrollmentResource", "StudentIDChange", "UserResource"]

CAME, LEFT = stored("enrolled_on"), stored("withdrawn_on")
IS_STUDENT = f"{stored('role')} = '{User.Role.STUDENT}'"
# Of staff it is changed on their page; files about something else leave it.
NAME = Traits(on_change=OnChange.PRESERVE, replaced_where=IS_STUDENT)


def username_of(cells: Mapping[str, str | None]) -> str:
    """A student's user name is the student identifier."""
    return cells.get("student_id") or ""


def is_staff_getting_in() -> str:
    """SQL, in an undo: a member of staff would be switched on, or get another e-mail address."""
    return (
        f"EXISTS (SELECT 1 FROM {User._meta.db_table} x WHERE x.id = {written_row()} "
        f"AND x.role <> '{User.Role.STUDENT}' AND (x.email <> {version('email')} "
        f"OR {version('is_active')} AND NOT x.is_active))"
    )


@importable
class UserResource(ImportKind):
    """Students; staff may be named by `username` to be changed, and are never created."""

    kind = "users"
    label = _("people")
    order = 1
    forbidden = FORBIDDEN | {"role"}
    matching = Matching(alternative_key="username")
    # Like `checks`: an undo is a file that brings the former values.
    undo = UndoRules(
        stays=is_staff_getting_in,
        why=_(
            "%(name)s stays as it is: a member of staff is switched on by “Change role” on their "
            "page, and gets another e-mail address there."
        ),
    )
    derived: ClassVar[Mapping[str, Derive]] = {"username": username_of}
    fixed: ClassVar[Mapping[str, Any]] = {"password": "!", "role": User.Role.STUDENT}

    student_id = Column("student_id", key=True, identifier=True, example="ab1234567")
    username = Column("username", identifier=True)
    first_name = Column("first_name", **NAME, example="Zoë")
    last_name = Column("last_name", **NAME, example="O'Moore")
    email = Column(
        "email",
        on_change=OnChange.REFUSE,
        replaced_where=IS_STUDENT,
        example="zoe.omoore@example.org",
    )
    graduation_year = Column("graduation_year", example="2027")
    specialization = Column("specialization", example="Marine biology")
    language = Column("language", example="en")
    timezone = Column("timezone", example="Europe/Dublin")
    is_active = Column("is_active", example="1")

    class Meta:
        model = User

    @classmethod
    def checks(cls, layout: FileLayout) -> Iterator[Check]:
        """What staff get in by is set on their page, by two people; no file sets it."""
        columns = {column.column_name: column for column in layout.columns}
        message = gettext(
            "{column} “{value}”: this record was merged into another one. Use the student ID of "
            "that one."
        )
        name = "student_id" if "student_id" in columns else "username"
        is_merged = f"{stored('merged_into_id')} IS NOT NULL"
        yield Check("merged_record", name, message, (is_merged, ()), (name,))
        is_staff = f"{stored()} IS NOT NULL AND {stored('role')} <> 'student'"
        rows, params = layout.importable(User)
        if rows:
            # Of a row the role may not bring in, no more is said than that.
            is_staff += f" AND {stored()} IN ({rows})"
        if "email" in columns:
            message = gettext(
                "{column} “{value}”: the e-mail address of a member of staff is changed on their "
                "page."
            )
            other = f"({is_staff} AND {cell('email')} <> {stored('email')})"
            yield Check("staff_email", "email", message, (other, params), ("email",))
        if "is_active" in columns:
            message = gettext(
                "{column} “{value}”: the account of a member of staff is switched on by “Change "
                "role” on their page."
            )
            active = layout.incoming(columns["is_active"])
            is_on = f"({is_staff} AND {active} AND NOT {stored('is_active')})"
            yield Check("staff_account", "is_active", message, (is_on, params), ("is_active",))

    @classmethod
    def exportable(cls) -> models.QuerySet[Any]:
        """Students only: an export names people by their student identifier."""
        return offered(User.objects.filter(student_id__isnull=False))


@as_declared
class SectionResource(ImportKind):
    """The sections of an enrollment, which files of other systems name."""

    kind = "sections"
    label = _("sections")

    system = Column("system", key=True)
    section = Column("section", key=True)
    status = Column("status")
    enrolled_on = Column("enrolled_on")
    withdrawn_on = Column("withdrawn_on")

    class Meta:
        model = SectionMembership


def are_one(rows: int, enrollments: int) -> str:
    """The sentence that so many rows of sections are so many enrollments."""
    what = ngettext("%(count)d enrollment", "%(count)d enrollments", enrollments)
    one = gettext(
        "%(rows)d rows of the file are %(what)s: a course has no sections here. What is kept of "
        "each section stands on the page of the enrollment."
    )
    return one % {"rows": rows, "what": what % {"count": enrollments}}


@importable
class EnrollmentResource(ImportKind):
    """Who takes which course, and how it ended."""

    kind = "enrollments"
    label = _("enrollments")
    advice = _(
        "A course with an enrollment limit takes so many active students: once the whole file is "
        "in, rows beyond it are refused, the last lines first. Who assists or observes takes no "
        "place."
    )
    order = 3
    companion = Companion(
        "student", UserResource, "create_students", ("first_name", "last_name", "email")
    )
    scope = "course"
    missing_rows = MissingRowsPolicy(
        scope="course",
        member="student",
        sort="role",
        always=Enrollment.Role.STUDENT,
        by="status",
        # Who completed or failed stays: a roster is of those who take the course now.
        leaves=f"{stored('status')} = 'active'",
        changes={
            "status": "'withdrawn'",
            # Nobody leaves before they came.
            "withdrawn_on": f"CASE WHEN {LEFT} IS NOT NULL THEN {LEFT} "
            f"WHEN {CAME} > {NOW} THEN {CAME} ELSE {NOW} END",
        },
        has_left=f"{stored('status')} = 'withdrawn'",
        returns={"status": "'active'", "withdrawn_on": "NULL"},
    )

    source_rows = SourceRows(
        "enrollment",
        SectionResource,
        named_by=("system", "section"),
        alike="role",
        state="status",
        begin="enrolled_on",
        end="withdrawn_on",
        order=tuple(Enrollment.Status),
        one=are_one,
    )

    student_id = Column("student__student_id", key=True, identifier=True, example="ab1234567")
    course_code = Column("course__code", key=True, code=True, example="BIO101")
    presentation = Column("course__presentation", key=True, code=True, example="2026J")
    role = Column("role", example="student")
    status = Column("status", example="active")
    enrolled_on = Column("enrolled_on", example="2026-09-01")
    withdrawn_on = Column("withdrawn_on")
    final_result = Column("final_result")

    class Meta:
        model = Enrollment

    @classmethod
    def exportable(cls) -> models.QuerySet[Any]:
        """Those of people with a student ID, by which files know them; staff may have none."""
        return Enrollment.objects.filter(student__student_id__isnull=False)
