"""Several files that came together."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.personal_data import Mentions


class Delivery(models.Model):
    """Several files that came together and go in one after the other."""

    mentions: ClassVar[Mentions] = Mentions((("name",), ("uploader_name",), ("left_out",)))

    name = models.CharField(_("files"), max_length=255)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    uploader_name = models.CharField(_("uploaded by"), max_length=320)
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    # Files of which nothing is stored: each with `name`, `sentence` (why) and `is_known`.
    left_out = models.JSONField(_("left out"), default=list)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering: ClassVar[list[str]] = ["-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.pk} · {self.name}"
