"""By whom an account's credentials were set, and who confirmed that its owner holds it now."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.personal_data import Personal


class CredentialChangeQuerySet(models.QuerySet["CredentialChange"]):
    """Query words for who stands behind an account."""

    def unconfirmed(self, at: Any = None) -> "CredentialChangeQuerySet":
        """Those that no confirmation covers; `at`: none that was made by then.

        `at` may be an expression of an outer query.
        """
        confirmed = AccountConfirmation.objects.filter(
            account=OuterRef("account"), covers__gte=OuterRef("pk")
        )
        if at is not None:
            confirmed = confirmed.filter(created_at__lte=at)
        return self.filter(~Exists(confirmed))


class CredentialChange(models.Model):
    """That somebody set something of another's account by which one gets in, or gets rights.

    There is a row for whoever did it, and one for each person who stood behind them at the time:
    who holds another's account may have had it do this. An account without rows counts as proven.
    """

    class What(models.TextChoices):
        EXISTENCE = "existence", _("account")
        PASSWORD = "password", _("password")
        EMAIL = "email", _("e-mail")
        ROLE = "role", _("role")

    # Rows are added and never altered: see record/install.py.
    is_append_only: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    personal: ClassVar[Personal] = Personal(fields=("setter_name",), of="setter")

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="credential_changes",
        verbose_name=_("account"),
    )
    what = models.CharField(_("what"), max_length=10, choices=What)
    # Blank: the operator at the server.
    setter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("set by"),
    )
    setter_name = models.CharField(_("name then"), max_length=500, blank=True)
    is_direct = models.BooleanField(
        _("by their own hand"), default=True, help_text=_("Not by an account they may hold.")
    )
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    objects = CredentialChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of credentials")
        verbose_name_plural = _("changes of credentials")
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_what_display()} · {self.setter_name}"


class AccountConfirmation(models.Model):
    """That a third person met the owner of an account, who holds it now.

    It covers the changes of credentials up to a number, and none that come after it.
    """

    is_append_only: ClassVar[bool] = True
    is_sealed: ClassVar[bool] = True
    personal: ClassVar[Personal] = Personal(fields=("confirmer_name",), of="confirmer")

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="confirmations",
        verbose_name=_("account"),
    )
    # Blank: the operator at the server.
    confirmer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmer_name = models.CharField(_("name then"), max_length=500, blank=True)
    covers = models.BigIntegerField(_("the newest change it covers"))
    reason = models.TextField(_("reason"))
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("confirmation of an account")
        verbose_name_plural = _("confirmations of accounts")
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.account} · {self.confirmer_name}"
