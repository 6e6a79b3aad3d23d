"""The school's own words for roles and states, and the values they stand for."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.fields import LineField
from backoffice.admin_site.models.rules import UniqueRule
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.kinds.value_words import (
    LEFT_OUT,
    LEFT_OUT_LABEL,
    meaning_choices,
    word_column_choices,
    word_kinds,
    word_objections,
)
from backoffice.bulk.values.cells import plain_word

WORD_LENGTH, NAME_LENGTH = 100, 400


class ValueMapping(Audited):
    """The value that one of the school's own words stands for, in a column of one kind."""

    natural_key_fields = ("kind", "column", "name")

    kind = models.CharField(_("kind"), max_length=40, choices=word_kinds)
    column = models.CharField(_("column"), max_length=100, choices=word_column_choices)
    word = LineField(
        _("value in your files"),
        max_length=WORD_LENGTH,
        help_text=_("As your system writes it. Upper and lower case do not matter."),
    )
    # Some letters become several where case and width do not matter.
    name = models.CharField(_("as it is compared"), max_length=NAME_LENGTH, editable=False)
    meaning = models.CharField(_("is read as"), max_length=100, choices=meaning_choices)
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
        verbose_name = _("value mapping")
        verbose_name_plural = _("value mappings")
        ordering: ClassVar[list[str]] = ["kind", "column", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            UniqueRule(
                name="value_mapping_once",
                fields=["kind", "column", "name"],
                field="word",
                code="value_taken",
                message=_("This value of the column has a meaning already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.word} → {self.meaning_label}"

    @property
    def meaning_label(self) -> str:
        return str(LEFT_OUT_LABEL) if self.meaning == LEFT_OUT else self.meaning

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name = plain_word(self.word)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.name = plain_word(self.word)
        # A blank one is reported by its field already.
        if self.word and not 0 < len(self.name) <= NAME_LENGTH:
            raise ValidationError({"word": _("No value of a file is compared by this.")}, "odd")

    def further_violations(self) -> Iterator[tuple[str, ValidationError]]:
        # A wrong choice is reported by its own field already.
        is_known = self.kind in kinds and self.meaning in dict(meaning_choices())
        if is_known and self.column in dict(word_column_choices()):
            for field, code, message in word_objections(
                self.kind, self.column, self.word, self.meaning
            ):
                yield field, ValidationError(message, code=code)
