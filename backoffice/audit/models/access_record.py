"""Who looked at what, and was refused what."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.access_anomalies import AccessRecordQuerySet
from backoffice.audit.models.personal_data import Personal


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
        COMMAND = "command", _("ran a command")

    is_append_only: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    set_by_database: ClassVar[tuple[str, ...]] = ("created_at",)
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
            # Whether somebody had logged in before they did something.
            models.Index(
                fields=["actor", "created_at"],
                name="access_login_idx",
                condition=models.Q(kind="login"),
            ),
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
