"""The sheets on which the rows stand that an import of several sheets wrote."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.models.batch import Batch


class SheetOfRow(models.Model):
    """The sheet of a row that a batch wrote; its history has the line, which several sheets have.

    Files of one table have none.
    """

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="row_sheets", db_index=False)
    kind = models.CharField(_("kind"), max_length=40)
    row_key = models.BigIntegerField(_("key of the row"))
    place = models.PositiveSmallIntegerField(_("place of the sheet"))  # among those read, from 0

    class Meta:
        verbose_name = _("sheet of a row")
        verbose_name_plural = _("sheets of rows")
        ordering: ClassVar[list[str]] = ["pk"]
        default_permissions = ()
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch", "kind", "row_key"], name="bulk_sheet_of_row_idx")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row_key}: {self.place}"
