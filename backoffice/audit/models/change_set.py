"""A change set: one action, with who did it, why and how."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.anomalies import ChangeSetQuerySet
from backoffice.audit.models.personal_data import Personal


class ChangeSet(models.Model):
    """One action: who, when, why, through what. History rows point to it.

    An action of several transactions has one for each; they have its `request_id`.
    """

    # Rows are added and never altered: the database sees to it (see install.py and
    # grants.py in record/).
    is_append_only: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    is_written_by_database: ClassVar[bool] = True
    set_by_database: ClassVar[tuple[str, ...]] = ("created_at", "transaction_id")
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
        DEMO = "demo", _("demo data")

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
    # Tells the action from every other before its change set has a number.
    key = models.UUIDField(
        _("key of the action"), default=uuid4, unique=True, editable=False, db_column="deed"
    )
    created_at = models.DateTimeField(_("when"), auto_now_add=True)
    # Of PostgreSQL, whose triggers fill it: who made the row may write under it. 0 on SQLite; None
    # in rows from before it was noted.
    transaction_id = models.BigIntegerField(_("transaction"), null=True, default=0, editable=False)

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
