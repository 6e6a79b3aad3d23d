"""The base that gives a model its history, rules, rights and natural key."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin_site.models.rules import Ruled, Violation
from backoffice.admin_site.permissions.visibility import VisibleQuerySet
from backoffice.audit.models.history import History
from backoffice.audit.models.personal_data import Personal


class AuditedQuerySet(VisibleQuerySet):
    """Query words of every audited model."""

    def get_by_natural_key(self, *key: Any) -> Any:
        return self.get(**self.model.natural_key_lookup(key))


class Audited(Ruled):
    """Base of every business model: history, rules, rights and a natural key.

    `history_excludes` names the fields history never holds, `history_sought_by` those by which rows
    are sought as they stood once; each takes an index; `history_indexes` are further ones.
    `natural_key_fields` names what tells one row from another; a foreign key stands for the natural
    key of its row. `stamps` names the times that a field first takes a value:
    {"published_at": ("status", "published")}.
    `set_by_actions` names the fields that say what has become of a row: row actions set them, and
    the columns of files; every form shows them only.
    `needed_in` names the fields that a row in a state has, and does not lose:
    {"published": ("title",)}.
    `person_path` leads to the person whose data the row is; "" is the row itself. `record_paths`
    lead to all people of whose record it is a part, where that is not the one person.
    `personal` says what is taken away when a person is forgotten. `offered_where` is true of the
    rows that lists, choices and files offer; the others have their history.
    """

    history_excludes: ClassVar[tuple[str, ...]] = ()
    person_path: ClassVar[str | None] = None
    record_paths: ClassVar[tuple[str, ...]] = ()
    history_sought_by: ClassVar[tuple[tuple[str, ...], ...]] = ()
    history_indexes: ClassVar[tuple[models.Index, ...]] = ()
    natural_key_fields: ClassVar[tuple[str, ...]] = ()
    stamps: ClassVar[dict[str, tuple[str, str]]] = {}
    set_by_actions: ClassVar[tuple[str, ...]] = ()
    needed_in: ClassVar[dict[str, tuple[str, ...]]] = {}
    personal: ClassVar[Personal | None] = None
    offered_where: ClassVar[models.Q] = models.Q()

    history = History()

    class Meta:
        abstract = True
        default_permissions = (
            *("add", "change", "delete", "view"),
            *("import", "export", "history", "revert"),
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        for name, (field, value) in self.stamps.items():
            if getattr(self, name) is None and getattr(self, field) == value:
                setattr(self, name, timezone.now())
                if kwargs.get("update_fields") is not None:
                    kwargs["update_fields"] = {*kwargs["update_fields"], name}
        super().save(*args, **kwargs)

    def further_violations(self) -> Iterator[Violation]:
        yield from super().further_violations()
        yield from self._lost_values()

    def missing_in(self, state: str) -> list[str]:
        """The fields that a row in this state has, and this one has not."""
        return [name for name in self.needed_in.get(state, ()) if getattr(self, name) in (None, "")]

    def _lost_values(self) -> Iterator[Violation]:
        """What the row's state needs and its stored row has, and this one has no more."""
        missing = self.missing_in(getattr(self, "status", ""))
        if not missing or self._state.adding:
            return  # what comes without is a file's: it is pointed out
        stored = type(self)._base_manager.filter(pk=self.pk).values(*missing).first() or {}
        for name in missing:
            if stored.get(name) not in (None, ""):
                message = _("This does not go blank in the state “%(state)s”.")
                state = self.get_status_display()  # type: ignore[attr-defined]  # of the choices
                yield name, ValidationError(message % {"state": state}, code="needed")

    def needs_reason_from(self, user: Any) -> bool:
        """Whether this person must say why to change the row as it is stored; to override."""
        return False

    def deletion_refusal(self) -> Any:
        """Why the row may not be deleted, as a message; blank where it may; to override."""
        return ""

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Delete the row. Raises ProtectedError where the model refuses."""
        why = self.deletion_refusal()
        if why:
            raise models.ProtectedError(str(why), {self})
        return super().delete(*args, **kwargs)

    @classmethod
    def paths_to_people(cls) -> tuple[str, ...]:
        """The lookups that lead to the people of whose record a row is a part."""
        return cls.record_paths or (() if cls.person_path is None else (cls.person_path,))

    def natural_key(self) -> tuple[Any, ...]:
        parts: list[Any] = []
        for name in self.natural_key_fields:
            value = getattr(self, name)
            if isinstance(value, models.Model):
                parts += value.natural_key()
            else:
                parts += [value] * len(self._paths_of(name))
        return tuple(parts)

    @classmethod
    def natural_key_paths(cls) -> list[str]:
        """The lookups that a natural key's parts stand for, in their order."""
        return [path for name in cls.natural_key_fields for path in cls._paths_of(name)]

    @classmethod
    def _paths_of(cls, name: str) -> list[str]:
        related = cls._meta.get_field(name).related_model
        return [f"{name}__{tail}" for tail in related.natural_key_paths()] if related else [name]

    @classmethod
    def natural_key_lookup(cls, key: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(cls.natural_key_paths(), key, strict=True))
