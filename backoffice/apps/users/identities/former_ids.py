"""The student IDs that people had before: they lead to their person, and to nobody else."""

from collections.abc import Collection
from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField
from backoffice.admin_site.models.folded_identity import FoldedIdentity, Identity
from backoffice.admin_site.models.rules import PresenceRule, UniqueRule
from backoffice.admin_site.models.search_text import SearchText, TrigramIndex
from backoffice.admin_site.permissions.roles import STUDENT
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal


class FormerStudentID(Audited):
    """A student ID that a person had until it was replaced; files may still name it."""

    course_path = "user__enrollments__course"
    person_path = "user"
    natural_key_fields = ("student_id",)
    history_excludes = ("search_text",)
    # A person may have had several: a name like “forgotten-7” could not stand twice.
    personal = Personal(of="user", fields=("student_id",))

    user = models.ForeignKey(
        "users.User", models.PROTECT, related_name="former_student_ids", verbose_name=_("person")
    )
    student_id = LineField(
        _("former student ID"),
        max_length=64,
        null=True,
        help_text=_("Blank where the person is forgotten."),
    )
    replaced_at = models.DateTimeField(_("replaced"), auto_now_add=True)

    search_text = SearchText("student_id")

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("former student ID")
        verbose_name_plural = _("former student IDs")
        ordering = ["-replaced_at", "-id"]
        indexes = [
            TrigramIndex(fields=["search_text"], name="former_student_id_search_idx"),
            models.Index(FoldedIdentity("student_id"), name="former_student_id_folded_idx"),
        ]
        constraints = [
            UniqueRule(
                name="former_student_id_unique",
                fields=["student_id"],
                field="student_id",
                code="student_id_taken",
                message=_("Another student had this student ID already."),
            ),
        ]

    def __str__(self) -> str:
        return self.student_id or gettext("(forgotten)")


NEVER_OF_ANOTHER = PresenceRule(
    field="student_id",
    model=FormerStudentID._meta.label,
    match=(("student_id", "student_id"),),
    message=_(
        "Another student had this student ID formerly. It leads to them, and is not given again."
    ),
    code="former_student_id",
    is_wanted=False,
    is_lasting=False,
    owner="user",
)

NAMES = ("first_name", "last_name")
IS_STAFF = ~models.Q(role=STUDENT)
IDENTITIES = (
    Identity("student_id", former="former_student_ids", named_by=NAMES),
    # A student's username is the student ID.
    Identity("username", among=IS_STAFF, named_by=NAMES),
)
FOLDED_INDEXES = (
    models.Index(FoldedIdentity("student_id"), name="users_user_folded_id_idx"),
    models.Index(FoldedIdentity("username"), condition=IS_STAFF, name="users_user_folded_name_idx"),
)


def replaced_student_id(person: Any, names: Collection[str] | None) -> str | None:
    """The stored student ID of a person, where saving these fields puts another in its place."""
    if person._state.adding or (names is not None and "student_id" not in names):
        return None
    stored = type(person)._base_manager.filter(pk=person.pk, student_id__isnull=False)
    others = stored.exclude(student_id=person.student_id).values_list("student_id", flat=True)
    return others.first()
