"""Messages from one person to another."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField, ParagraphField
from backoffice.admin_site.models.rules import RowRule
from backoffice.apps.communications.models.referring import Referable
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.audit.models.personal_data import Personal


class DirectMessage(Referable):
    """A message nobody but its two parties reads. History keeps who and when, not what."""

    party_paths = ("sender", "recipient")
    person_path = "sender"
    record_paths = ("sender", "recipient")
    history_excludes = ("subject", "body")
    personal = Personal(of="sender", fields=("subject", "body"))

    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="sent_messages",
        verbose_name=_("from"),
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="received_messages",
        verbose_name=_("to"),
    )
    reply_to = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("answer to"),
    )
    subject = LineField(_("subject"), max_length=200, blank=True)
    body = ParagraphField(_("text"))
    sent_at = models.DateTimeField(_("sent"), auto_now_add=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-sent_at", "-id"]
        constraints = [
            RowRule(
                name="message_to_another",
                condition=~Q(sender=F("recipient")),
                field="recipient",
                code="message_to_oneself",
                message=_("A message goes to another person."),
            ),
            RowRule(
                name="message_times_in_order",
                condition=Q(read_at__gte=F("sent_at")),
                field="read_at",
                code="read_before_sent",
                message=_("It was read before it was sent. Correct the time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sender} → {self.recipient}"
