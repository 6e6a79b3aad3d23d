"""What every account has by which somebody gets in, and the gate through which it is set."""

from collections.abc import Collection, Iterator
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.rules import RowRule
from backoffice.admin_site.permissions import roles
from backoffice.audit.models import CredentialChange
from backoffice.audit.record.recording import name_of
from backoffice.audit.record.second_person import (
    OPERATOR,
    Setter,
    current_setter,
    note_credentials,
    people_behind,
)

What = CredentialChange.What
WATCHED = ("password", "email", "role", "is_active")


MERGED_IS_OFF = RowRule(
    name="user_merged_is_off",
    condition=Q(merged_into__isnull=True) | Q(is_active=False),
    field="is_active",
    code="merged_record",
    message=_(
        "This record was merged into another person's, and is not used any more. Use the other one."
    ),
)
# Few records are merged into another one.
MERGED_INDEX = models.Index(
    fields=["merged_into"],
    condition=Q(merged_into__isnull=False),
    name="users_user_merged_into_idx",
)


class Mergeable(models.Model):
    """A record that may turn out to be another one's person: it is emptied, and leads there."""

    # An emptied record is there for its history alone.
    offered_where = Q(merged_into__isnull=True)

    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged_records",
        db_index=False,
        verbose_name=_("merged into"),
    )

    class Meta:
        abstract = True

    @classmethod
    def known_as(cls, name: str) -> Any:
        """Who has this username, or had this student ID; None where nobody did."""
        people = cls._base_manager
        formerly = people.filter(former_student_ids__student_id=name)
        return people.filter(username=name).first() or formerly.first()

    @property
    def record_keys(self) -> set[int]:
        """The keys of all records of this person: this one, and those merged into one with it."""
        people, survivor = type(self)._base_manager, self.merged_into_id or self.pk
        merged = people.filter(merged_into=survivor).values_list("pk", flat=True)
        return {self.pk, survivor, *merged}

    @classmethod
    def was_merged(cls, record: Any, other: Any) -> models.Exists:
        """SQL: one record was merged into the other, for a while at least; both are expressions."""
        versions = cls.history.model._base_manager  # type: ignore[attr-defined]  # Audited has it
        return models.Exists(versions.filter(id=record, merged_into=other))


class Account(AbstractUser):
    """An account whose credentials say who set them: every `save()` of it looks.

    What somebody else sets stands in the record (see audit/record/second_person.py), and a password
    of somebody else is temporary.
    """

    has_temporary_password = models.BooleanField(
        _("temporary password"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Somebody else set it. The person chooses another one at the next login."),
    )

    class Meta(AbstractUser.Meta):
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        setter, names = current_setter(), kwargs.get("update_fields")
        if setter is None or not self._may_set(names):
            super().save(*args, **kwargs)
            return
        before = self._stored()
        whats = list(self._set_now(names, before))
        is_own = setter.key is not OPERATOR and setter.key == self.pk
        if What.PASSWORD in whats:
            self.has_temporary_password = not is_own
            if names is not None:
                kwargs["update_fields"] = {*names, "has_temporary_password"}
        former_setters = list(self._writers_as_student(before)) if whats else []
        with transaction.atomic():
            super().save(*args, **kwargs)
            if not is_own:
                note_credentials(self, whats, setter)
            for former in former_setters:
                note_credentials(self, [What.EXISTENCE], former)

    def _may_set(self, names: Collection[str] | None) -> bool:
        """Whether saving these fields may set a credential of a member of staff."""
        # Nobody logs in as a student, so nothing of theirs is a way in.
        return self.role != roles.STUDENT and (names is None or not {*WATCHED}.isdisjoint(names))

    def _set_now(
        self, names: Collection[str] | None, before: dict[str, Any] | None
    ) -> Iterator[str]:
        """What saving sets of the credentials of a member of staff; `before` is the stored row."""
        written = {*WATCHED} if names is None else {*names}
        if before is None or ("is_active" in written and self.is_active > before["is_active"]):
            yield What.EXISTENCE
        if before is None or ("role" in written and self.role != before["role"]):
            yield What.ROLE
        if "email" in written and self.email != (before["email"] if before else ""):
            yield What.EMAIL
        # At a login Django may store the same password by a newer hash: nobody set one then.
        is_rehash = names is not None and {*names} == {"password"} and self._password is None
        is_other = before is None or self.password != before["password"]
        if "password" in written and is_other and self.has_usable_password() and not is_rehash:
            yield What.PASSWORD

    def _stored(self) -> dict[str, Any] | None:
        if self._state.adding:
            return None
        return type(self)._base_manager.filter(pk=self.pk).values(*WATCHED).first()

    def _writers_as_student(self, before: dict[str, Any] | None) -> Iterator[Setter]:
        """Whoever wrote the row of a student who becomes staff now: forms and files alike."""
        if before is None or before["role"] != roles.STUDENT:
            return
        versions = type(self).history.filter(id=self.pk).order_by().values_list("history_user")
        since = dict(versions.annotate(models.Min("history_date")))
        for person in type(self)._base_manager.filter(pk__in=since).exclude(pk=self.pk):
            behind = people_behind(person.pk, since[person.pk])
            yield Setter(person, name_of(person), behind)

    @property
    def may_approve(self) -> bool:
        """Whether it could be a second person, by its role, switched on or not."""
        return self.is_superuser or self.role in roles.approving_roles()

    @property
    def needs_confirmation(self) -> bool:
        """Whether others set something of an account that somebody could log in with."""
        return self.role != roles.STUDENT and self.unconfirmed_changes.exists()

    @property
    def unconfirmed_changes(self) -> Any:
        """What others set of it by their own hand since its owner was confirmed; newest first."""
        changes = self.credential_changes.filter(is_direct=True)
        return changes.unconfirmed().exclude(setter=self.pk)
