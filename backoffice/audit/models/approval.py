"""What takes two people: asked for by one, decided by another."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.permissions.visibility import VisibleQuerySet


class ApprovalQuerySet(VisibleQuerySet):
    """Query words for approvals."""

    def waiting(self) -> "ApprovalQuerySet":
        return self.filter(state=Approval.State.WAITING)


class Approval(models.Model):
    """What takes two people: one asks for it and says why, another one decides.

    What is done, and with which row, stands in `action`, `subject_*` and `payload`; see
    admin_kit/approvals.py.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    action = models.CharField(_("action"), max_length=40, db_column="deed")
    sentence = models.TextField(_("what is asked for"))
    subject_label = models.CharField(max_length=100)
    subject_id = models.BigIntegerField()
    payload = models.JSONField(default=dict)
    # Of a password, its hash: no page, export or history has it, and it goes with the decision.
    secret = models.TextField(blank=True, default="", editable=False)
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
            models.CheckConstraint(
                name="approval_secret_waits",
                condition=models.Q(state="waiting") | models.Q(secret=""),
                violation_error_message=_("What was decided keeps no secret."),
            ),
            models.UniqueConstraint(
                name="approval_asked_once",
                fields=["action", "subject_label", "subject_id", "requested_by"],
                condition=models.Q(state="waiting"),
                violation_error_message=_("This was asked for already and waits for a decision."),
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
