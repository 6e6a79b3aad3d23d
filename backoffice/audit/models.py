"""The record: change sets, and the base that gives a model its history."""

from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.rules import Ruled
from backoffice.admin_site.visibility import VisibleQuerySet
from backoffice.audit.history import History
from backoffice.audit.unusual import ChangeSetQuerySet


class ChangeSet(models.Model):
    """One deed: who, when, why, through which door. History rows point to it."""

    class Source(models.TextChoices):
        FORM = "form", _("form")
        ACTION = "action", _("action")
        IMPORT = "import", _("import")
        UNDO = "undo", _("undo of an import")
        COMMAND = "command", _("command line")
        JOB = "job", _("background job")
        SQL = "sql", _("SQL")
        SYSTEM = "system", _("system")

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    # The name as text: it still says who it was when the account is renamed or forgotten.
    actor_name = models.CharField(_("name then"), max_length=500, blank=True)
    source = models.CharField(_("through"), max_length=10, choices=Source)
    reason = models.TextField(_("reason"), blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    address = models.GenericIPAddressField(_("network address"), null=True)
    batch = models.BigIntegerField(_("import batch"), null=True, db_index=True)
    # Tells the deed from every other before its change set has a number.
    deed = models.UUIDField(default=uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    objects = ChangeSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("change set")
        verbose_name_plural = _("change sets")
        ordering = ["-id"]
        default_permissions = ("view", "export")
        indexes = [models.Index(fields=["created_at"], name="change_set_created_idx")]

    def __str__(self) -> str:
        who = self.actor_name or _("nobody named")
        return f"{self.created_at:%Y-%m-%d %H:%M} {who}, {self.get_source_display()}"


class ApprovalQuerySet(VisibleQuerySet):
    """Query words for approvals."""

    def waiting(self) -> "ApprovalQuerySet":
        """Nobody has decided yet."""
        return self.filter(state=Approval.State.WAITING)


class Approval(models.Model):
    """A deed that takes two people: one asks for it and says why, another one decides.

    What is done, and with which row, stands in `deed`, `subject_*` and `payload`; see approving.py.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    deed = models.CharField(_("deed"), max_length=40)
    sentence = models.TextField(_("what is asked for"))
    subject_label = models.CharField(max_length=100)
    subject_id = models.BigIntegerField()
    payload = models.JSONField(default=dict)
    reason = models.TextField(_("reason"))
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.WAITING, db_index=True
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    requested_name = models.CharField(_("asked by"), max_length=500)
    requested_at = models.DateTimeField(_("asked"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_name = models.CharField(_("decided by"), max_length=500, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.TextField(_("note"), blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-id"]
        default_permissions = ("view", "approve")
        constraints = [
            models.CheckConstraint(
                name="approval_by_another",
                condition=~models.Q(decided_by=models.F("requested_by")),
                violation_error_message=_("Nobody approves what they asked for themselves."),
            ),
            models.UniqueConstraint(
                name="approval_asked_once",
                fields=["deed", "subject_label", "subject_id", "requested_by"],
                condition=models.Q(state="waiting"),
                violation_error_message=_("This was asked for already and waits for a decision."),
            ),
        ]

    def __str__(self) -> str:
        return self.sentence


class AuditedQuerySet(VisibleQuerySet):
    """Query words of every audited model."""

    def get_by_natural_key(self, *key: Any) -> Any:
        """The row with this natural key."""
        return self.get(**self.model.natural_key_lookup(key))


class Audited(Ruled):
    """Base of every business model: history, rules, rights and a natural key.

    `history_excludes` names the fields history never holds, `history_sought_by` those by which rows
    are sought as they stood once; each takes an index. `natural_key_fields` names what tells
    one row from another; a foreign key stands for the natural key of its row. `stamps` names the
    times that a field first takes a value: {"published_at": ("status", "published")}.
    """

    history_excludes: ClassVar[tuple[str, ...]] = ()
    history_sought_by: ClassVar[tuple[tuple[str, ...], ...]] = ()
    natural_key_fields: ClassVar[tuple[str, ...]] = ()
    stamps: ClassVar[dict[str, tuple[str, str]]] = {}

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

    def needs_reason_from(self, user: Any) -> bool:
        """Whether this person must say why to change the row as it is stored; for models to say."""
        return False

    def why_kept(self) -> Any:
        """Why the row may not be deleted, as a sentence; blank where it may. For models to say."""
        return ""

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Delete the row. Raises ProtectedError where the model says why it is kept."""
        why = self.why_kept()
        if why:
            raise models.ProtectedError(str(why), {self})
        return super().delete(*args, **kwargs)

    def natural_key(self) -> tuple[Any, ...]:
        """What tells this row from every other, without its id."""
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
        """A natural key as arguments for `filter()`."""
        return dict(zip(cls.natural_key_paths(), key, strict=True))
