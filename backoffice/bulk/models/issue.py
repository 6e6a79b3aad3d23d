"""The errors and warnings of a file."""

from typing import ClassVar

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.personal_data import Mentions
from backoffice.bulk.models.batch import Batch
from backoffice.bulk.values.faults import COLUMN_LENGTH, display_text


class BatchIssue(models.Model):
    """One error or warning at a line and column of a batch's file."""

    mentions: ClassVar[Mentions] = Mentions((("value", "message"),), place=("batch_id", "line"))

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="issues", db_index=False)
    is_warning = models.BooleanField(default=False)
    # Of a workbook with several; blank otherwise.
    sheet = models.CharField(_("sheet"), max_length=200, blank=True, default="")
    line = models.PositiveIntegerField(_("line"))
    row = models.PositiveIntegerField(_("row"))
    column = models.CharField(_("column"), max_length=COLUMN_LENGTH, blank=True)
    value = models.TextField(_("value"), blank=True)
    code = models.CharField(_("code"), max_length=60)
    message = models.TextField(_("message"))

    class Meta:
        verbose_name = _("issue")
        ordering: ClassVar[list[str]] = ["row", "pk"]
        default_permissions = ()
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch", "is_warning", "row"], name="bulk_issue_batch_row_idx")
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def sentence(self) -> str:
        """The message without its line, for tables with a column for the line."""
        return self.message if self.sheet else self.bare_sentence

    @property
    def bare_sentence(self) -> str:
        """The message without its line and sheet, for where both stand beside it."""
        # The name of a sheet may hold a colon itself.
        head, _separator, rest = self.message.partition(f" {self.line}: ")
        is_placed = self.line and head.count(": ") == display_text(self.sheet).count(": ")
        if not is_placed or not rest:
            return self.message
        # Others begin with the name of their column.
        return rest if self.column else capfirst(rest)
