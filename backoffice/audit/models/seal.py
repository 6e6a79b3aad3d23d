"""The chain of hashes that seals the record, and what was forgotten or removed."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.change_set import ChangeSet


class Block(models.Model):
    """One link of the chain that seals the record: what was there, and the hash of the link before.

    See seal/seal.py. `hash` is the SHA-256 of the canonical JSON of number, previous hash, time and
    parts.
    """

    is_append_only: ClassVar[bool] = True
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
        return cls.objects.order_by("-number").first()


class BlockPart(models.Model):
    """The rows of one table that a block seals: those with `after_id` < id <= `up_to_id`.

    `rows` holds 40 bytes for each row, by id: the id (big-endian, 8 bytes) and the row's digest;
    `digest` is the SHA-256 of that. `columns` says what a row's digest covers.
    """

    is_append_only: ClassVar[bool] = True
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

    is_append_only: ClassVar[bool] = True
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

    is_append_only: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    is_written_by_owner: ClassVar[bool] = True
    set_by_database: ClassVar[tuple[str, ...]] = ("transaction_id",)

    change_set = models.ForeignKey(ChangeSet, models.PROTECT, related_name="+")
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    transaction_id = models.BigIntegerField(null=True, default=0, editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(name="erasure_once", fields=["table_name", "row_id"])
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


class Removal(models.Model):
    """Sealed rows that were deleted when their time was over: their ids, 8 bytes each."""

    is_append_only: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    is_written_by_owner: ClassVar[bool] = True
    set_by_database: ClassVar[tuple[str, ...]] = ("transaction_id",)

    change_set = models.ForeignKey(ChangeSet, models.PROTECT, related_name="+")
    table_name = models.CharField(max_length=63, db_index=True)
    before = models.DateTimeField()
    row_count = models.PositiveIntegerField()
    ids = models.BinaryField()
    transaction_id = models.BigIntegerField(null=True, default=0, editable=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_count}"
