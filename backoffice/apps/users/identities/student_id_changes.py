"""Files that give students other student IDs: the former ones stay with them."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.apps.users.models import FormerStudentID, User
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.file_layout import FileLayout
from backoffice.bulk.kinds.resource import (
    ImportKind,
    Trail,
    UndoRules,
    Written,
    as_declared,
    importable,
)
from backoffice.bulk.kinds.sql_names import cell, stored, written_version

IS_STUDENT = f"{stored('role')} = '{User.Role.STUDENT}'"
FREE = "'~' || id"  # no student ID of any school; as many as there are people
PEOPLE = User._meta.db_table
VERSIONS, FORMER_VERSIONS = (each.history.model._meta.db_table for each in (User, FormerStudentID))


def is_changed_since() -> str:
    """SQL, in an undo: the person who left a student ID behind was changed after the import."""
    return (
        f"EXISTS (SELECT 1 FROM {FORMER_VERSIONS} f "
        f"JOIN {VERSIONS} own ON own.id = f.user_id AND own.change_set_id = f.change_set_id "
        f"JOIN {VERSIONS} a ON a.id = own.id AND a.history_id > own.history_id "
        f"AND a.change_set_id <> own.change_set_id "
        f"WHERE f.history_id = {written_version()} AND f.history_type <> '-')"
    )


@as_declared
class FormerStudentIDResource(ImportKind):
    """What a change of student IDs leaves behind."""

    kind = "former_student_ids"
    label = _("former student IDs")
    # Whoever was changed since keeps the new one, so the former one leads to them on.
    undo = UndoRules(
        stays=is_changed_since,
        why=_("The former student ID %(name)s stays: its person was changed since."),
    )

    student_id = Column("student_id", key=True, identifier=True)

    class Meta:
        model = FormerStudentID


@importable
class StudentIDChange(ImportKind):
    """Other student IDs for known students; whoever knows the former one still finds them."""

    kind = "change_sis_id"
    label = _("changes of student IDs")
    advice = _(
        "Each row gives a student another student ID. The former one leads to the same student on: "
        "it is searched, files may name it, and nobody else gets it. Two students may exchange "
        "theirs in one file."
    )
    # Other files of a delivery may name people by the new ones.
    order = 0
    creates = False
    is_exported = False
    trail = Trail(FormerStudentIDResource, "user", "student_id", cell("old_id"))
    # A student's username is the student ID.
    between: ClassVar[Mapping[str, Mapping[str, str]]] = dict.fromkeys(
        ("student_id", "username"), {"student_id": FREE, "username": FREE}
    )

    old_id = Column("student_id", key=True, identifier=True, example="ab1234567")
    new_id = Column("student_id", identifier=True, required=True, example="cd7654321")

    class Meta:
        model = User

    @classmethod
    def written(cls, layout: FileLayout) -> Mapping[str, Written]:
        """The username, which goes with a student's ID."""
        name = f"CASE WHEN {IS_STUDENT} THEN {cell('new_id')} ELSE {stored('username')} END"
        return {"username": Written(new=cell("new_id"), changed=name)}

    @classmethod
    def checks(cls, layout: FileLayout) -> Iterator[Check]:
        """A member of staff may have the name as username."""
        message = gettext("{column} “{value}” is the username of a member of staff. Correct it.")
        held = (
            f"SELECT count(*) FROM {PEOPLE} x WHERE x.username = {cell('new_id')} "
            f"AND x.role <> '{User.Role.STUDENT}'"
        )
        is_taken = f"({IS_STUDENT} AND ({held}) > 0)"
        yield Check("username_taken", "new_id", message, (is_taken, ()), ("new_id",))
