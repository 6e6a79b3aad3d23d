"""The school's own headers and the columns they stand for."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField
from backoffice.admin_site.models.rules import UniqueRule
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.bulk.kinds.header_names import (
    IGNORED,
    IGNORED_LABEL,
    column_choices,
    kind_choices,
    objections,
    plain_name,
)
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.values.faults import FileRefused


class HeaderMapping(Audited):
    """The column that one of the school's own headers stands for, in files of one kind."""

    natural_key_fields = ("kind", "name")

    kind = models.CharField(_("kind"), max_length=40, choices=kind_choices)
    header = LineField(
        _("header in your files"),
        max_length=100,
        help_text=_("As your system writes it. Upper and lower case do not matter."),
    )
    name = models.CharField(_("as it is compared"), max_length=200, editable=False)
    column = models.CharField(_("is read as"), max_length=100, choices=column_choices)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects = AuditedQuerySet.as_manager()

    class Meta(Audited.Meta):
        verbose_name = _("header mapping")
        verbose_name_plural = _("header mappings")
        ordering: ClassVar[list[str]] = ["kind", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            UniqueRule(
                name="header_mapping_once",
                fields=["kind", "name"],
                field="header",
                code="header_taken",
                message=_("This header stands for a column of this kind already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.header} → {self.meaning}"

    @property
    def meaning(self) -> str:
        return str(IGNORED_LABEL) if self.column == IGNORED else self.column

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._set_name()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        try:
            self._set_name()
        except FileRefused as refusal:
            raise ValidationError({"header": refusal.message}, refusal.code) from refusal

    def _set_name(self) -> None:
        self.name = plain_name(self.header)

    def further_violations(self) -> Iterator[tuple[str, ValidationError]]:
        # A wrong choice is reported by its own field already.
        if self.kind in kinds and self.column in dict(column_choices()):
            for field, code, message in objections(self.kind, self.name, self.column):
                yield field, ValidationError(message, code=code)
