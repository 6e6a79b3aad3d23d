"""Cells of a stored file that somebody corrected in the browser; the file stays as it came."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.personal_data import Mentions
from backoffice.audit.record.recording import claimed
from backoffice.bulk.models.batch import Batch
from backoffice.bulk.values.faults import COLUMN_LENGTH


class Correction(models.Model):
    """One cell of a batch's file that reads otherwise from now on: who said so, and when."""

    mentions: ClassVar[Mentions] = Mentions(
        (("old", "new"), ("maker_name",)), place=("batch_id", "line")
    )

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="corrections", db_index=False)
    sheet = models.CharField(_("sheet"), max_length=200, blank=True)  # of a workbook with several
    line = models.PositiveIntegerField(_("line"))  # the physical one on which the row starts
    place = models.PositiveIntegerField(_("place in the row"))  # counted from 0
    column = models.CharField(_("column"), max_length=COLUMN_LENGTH, blank=True)
    # Null where the row ended before this cell, which is not the same as a blank cell.
    old = models.TextField(_("in the file"), null=True)  # noqa: DJ001
    new = models.TextField(_("corrected"), blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    maker_name = models.CharField(_("made by"), max_length=320)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering: ClassVar[list[str]] = ["sheet", "line", "place", "pk"]
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="bulk_correction_once", fields=["batch", "sheet", "line", "place"]
            )
        ]

    def __str__(self) -> str:
        place = f"{self.sheet}, {self.line}" if self.sheet else self.line
        return f"{place}, {self.column}: {self.old or ''} → {self.new}"

    @staticmethod
    def maker_fields(person: Any) -> dict[str, Any]:
        """Who corrects: the account, and the name that it has today."""
        return {"made_by": person, "maker_name": claimed(str(person), 320)}

    def as_dict(self) -> dict[str, Any]:
        """As the report of the import has it."""
        return {
            **({"sheet": self.sheet} if self.sheet else {}),
            "line": self.line,
            "column": self.column,
            "old": self.old,
            "new": self.new,
            "by": self.maker_name,
            "at": self.made_at.isoformat(),
        }
