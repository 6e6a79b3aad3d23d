"""The record: change sets, and the base that gives a model its history."""

from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.rules import Ruled
from backoffice.admin_site.permissions.visibility import VisibleQuerySet
from backoffice.audit.bursts import AccessRecordQuerySet
from backoffice.audit.history import History
from backoffice.audit.personal import Personal
from backoffice.audit.unusual import ChangeSetQuerySet


class ChangeSet(models.Model):
    """One deed: who, when, why, through which door. History rows point to it."""

    # Rows are added and never altered: the database sees to it (see installing.py, granting.py).
    is_kept: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    personal: ClassVar[Personal] = Personal(fields=("actor_name", "address"), of="actor")

    class Source(models.TextChoices):
        FORM = "form", _("form")
        ACTION = "action", _("action")
        IMPORT = "import", _("import")
        UNDO = "undo", _("undo of an import")
        COMMAND = "command", _("command line")
        JOB = "job", _("background job")
        SQL = "sql", _("SQL")
        SYSTEM = "system", _("system")

    # No index of its own: one of two columns begins with it.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("who"),
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
        indexes = [
            models.Index(fields=["created_at"], name="change_set_created_idx"),
            models.Index(fields=["actor", "id"], name="change_set_actor_idx"),
            models.Index(fields=["source", "id"], name="change_set_source_idx"),
            models.Index(
                fields=["id"], condition=models.Q(reason=""), name="change_set_unexplained_idx"
            ),
        ]

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


class AccessRecord(models.Model):
    """A look at somebody's data, an export, a refusal, a login. Written once, kept as it is.

    `person` is whose data it was; `label` the model, blank for a login.
    """

    class Kind(models.TextChoices):
        VIEW = "view", _("looked at")
        LIST = "list", _("looked at a list")
        SEARCH = "search", _("searched")
        EXPORT = "export", _("exported")
        REFUSED = "refused", _("refused")
        LOGIN = "login", _("logged in")
        LOGOUT = "logout", _("logged out")
        FAILED = "failed", _("failed to log in")

    is_kept: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    is_over_after: ClassVar[str] = "created_at"
    # Who looked stays until the row's time is over; whose data it was is forgotten with them.
    personal: ClassVar[Personal] = Personal(fields=("object_text", "asked"), of="person")
    person_path = "person"

    kind = models.CharField(_("what was done"), max_length=10, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("who"),
    )
    actor_name = models.CharField(_("name then"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    label = models.CharField(_("kind of rows"), max_length=60, blank=True)
    object_id = models.CharField(_("row"), max_length=20, blank=True)
    object_text = models.CharField(_("name of the row then"), max_length=200, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="looks",
        db_index=False,
        verbose_name=_("whose data"),
    )
    rows = models.PositiveBigIntegerField(_("number of rows"), null=True)
    method = models.CharField(_("method"), max_length=10, blank=True)
    path = models.CharField(_("page"), max_length=200, blank=True)
    asked = models.CharField(_("asked for"), max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    sentence = models.CharField(_("why refused"), max_length=300, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    address = models.GenericIPAddressField(_("network address"), null=True)

    objects = AccessRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("recorded access")
        verbose_name_plural = _("access record")
        ordering = ["-created_at", "-id"]
        default_permissions = ("view", "export")
        # Each ends as the list is sorted: a filter and a page are one walk along an index.
        indexes = [
            models.Index(fields=["created_at", "id"], name="access_when_idx"),
            models.Index(fields=["actor", "created_at", "id"], name="access_who_idx"),
            models.Index(fields=["person", "created_at", "id"], name="access_whose_idx"),
            models.Index(fields=["label", "created_at", "id"], name="access_model_idx"),
            # Looks are most rows and found soon; what is seldom is not looked for among them.
            models.Index(
                fields=["kind", "created_at", "id"],
                name="access_rare_kind_idx",
                condition=~models.Q(kind__in=("view", "list")),
            ),
        ]

    def __str__(self) -> str:
        who = self.actor_name or _("nobody logged in")
        return f"{self.created_at:%Y-%m-%d %H:%M} {who}: {self.get_kind_display()}"


class AuditedQuerySet(VisibleQuerySet):
    """Query words of every audited model."""

    def get_by_natural_key(self, *key: Any) -> Any:
        """The row with this natural key."""
        return self.get(**self.model.natural_key_lookup(key))


class Audited(Ruled):
    """Base of every business model: history, rules, rights and a natural key.

    `history_excludes` names the fields history never holds, `history_sought_by` those by which rows
    are sought as they stood once; each takes an index; `history_indexes` are further ones.
    `natural_key_fields` names what tells one row from another; a foreign key stands for the natural
    key of its row. `stamps` names the times that a field first takes a value:
    {"published_at": ("status", "published")}.
    `person_path` leads to the person whose data the row is; "" is the row itself. `record_paths`
    lead to all people of whose record it is a part, where that is not the one person.
    `personal` says what is taken away when a person is forgotten.
    """

    history_excludes: ClassVar[tuple[str, ...]] = ()
    person_path: ClassVar[str | None] = None
    record_paths: ClassVar[tuple[str, ...]] = ()
    history_sought_by: ClassVar[tuple[tuple[str, ...], ...]] = ()
    history_indexes: ClassVar[tuple[models.Index, ...]] = ()
    natural_key_fields: ClassVar[tuple[str, ...]] = ()
    stamps: ClassVar[dict[str, tuple[str, str]]] = {}
    personal: ClassVar[Personal | None] = None

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

    @classmethod
    def paths_to_people(cls) -> tuple[str, ...]:
        """The lookups that lead to the people of whose record a row is a part."""
        return cls.record_paths or (() if cls.person_path is None else (cls.person_path,))

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


class Block(models.Model):
    """One link of the chain that seals the record: what was there, and the hash of the link before.

    See sealing.py. `hash` is the SHA-256 of the canonical JSON of number, previous hash, time and
    parts.
    """

    is_kept: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = False

    number = models.BigIntegerField(_("block"), primary_key=True)
    previous = models.CharField(_("hash of the block before"), max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64, unique=True)
    sealed_at = models.DateTimeField(_("sealed"))
    row_count = models.PositiveIntegerField(_("rows"))

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering = ["-number"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"

    @classmethod
    def head(cls) -> "Block | None":
        """The last block; None while nothing is sealed."""
        return cls.objects.order_by("-number").first()


class BlockPart(models.Model):
    """The rows of one table that a block seals: those with `after_id` < id <= `up_to_id`.

    `rows` holds 40 bytes for each row, by id: the id (big-endian, 8 bytes) and the row's digest;
    `digest` is the SHA-256 of that. `columns` says what a row's digest covers.
    """

    is_kept: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = False

    block = models.ForeignKey(Block, models.PROTECT, related_name="parts")
    table_name = models.CharField(max_length=63)
    columns = models.JSONField()
    after_id = models.BigIntegerField()
    up_to_id = models.BigIntegerField()
    row_count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    rows = models.BinaryField()

    class Meta:
        ordering = ["block", "table_name"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(name="block_part_once", fields=["block", "table_name"])
        ]
        indexes = [models.Index(fields=["table_name", "up_to_id"], name="block_part_table_idx")]

    def __str__(self) -> str:
        return f"{self.table_name} {self.after_id}–{self.up_to_id}"


class Salt(models.Model):
    """What is mixed into the digest of somebody's personal columns; gone when they are forgotten.

    Without it nobody can try out names until one fits the digest that stays in the chain.
    """

    is_kept: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = False

    table_name = models.CharField(max_length=63)
    key = models.BigIntegerField()
    salt = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="salt_once", fields=["table_name", "key"])]

    def __str__(self) -> str:
        return f"{self.table_name} {self.key}"


class Erasure(models.Model):
    """A sealed row whose personal columns were blanked, and the digest they had; see forgetting."""

    is_kept: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True

    change_set = models.ForeignKey(ChangeSet, models.PROTECT, related_name="+")
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(name="erasure_once", fields=["table_name", "row_id"])
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


class Removal(models.Model):
    """Sealed rows that were deleted when their time was over: their ids, 8 bytes each."""

    is_kept: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True

    change_set = models.ForeignKey(ChangeSet, models.PROTECT, related_name="+")
    table_name = models.CharField(max_length=63, db_index=True)
    before = models.DateTimeField()
    row_count = models.PositiveIntegerField()
    ids = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_count}"
