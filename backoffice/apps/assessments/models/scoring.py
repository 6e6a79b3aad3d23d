"""Points and their maximum, which stands on another row and is kept here too.

A check constraint sees one row only. So every row with points carries a copy of its maximum, which
the database keeps equal to the original (see `admin_site.copies`).
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.rules import Violation
from backoffice.audit.models import Audited


class Scored(Audited):
    """A row with points; `maximum_path` names the foreign key and the field of its maximum."""

    maximum_path: ClassVar[tuple[str, str]]
    points_field: ClassVar[str] = "points"
    # A copy: the history of the row that sets it tells when it changed.
    history_excludes = ("maximum",)

    maximum = models.DecimalField(
        _("maximum"), max_digits=7, decimal_places=2, blank=True, editable=False
    )

    class Meta(Audited.Meta):
        abstract = True

    def clean_fields(self, exclude: Any = None) -> None:
        reference, field = self.maximum_path
        if getattr(self, f"{reference}_id") or self._meta.get_field(reference).is_cached(self):
            self.maximum = getattr(getattr(self, reference), field)
        super().clean_fields(exclude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the maximum that holds now: the related row in memory may be an old one."""
        reference, field = self.maximum_path
        rows = self._meta.get_field(reference).remote_field.model._base_manager
        named = rows.filter(pk=getattr(self, f"{reference}_id")).values_list(field, flat=True)
        self.maximum = named.first()
        super().save(*args, **kwargs)


class SetsMaximum(Audited):
    """A row that says how many points its rows can have; `scored` names the ways to them."""

    maximum_field: ClassVar[str]
    scored: ClassVar[tuple[str, ...]] = ()

    class Meta(Audited.Meta):
        abstract = True

    def further_violations(self) -> Iterator[Violation]:
        """A maximum below points that somebody has already."""
        yield from super().further_violations()
        if self.pk and any(self._has_more(getattr(self, name)) for name in self.scored):
            message = _("There are already more points than this. Correct those first.")
            yield self.maximum_field, ValidationError(message, code="maximum_exceeded")

    def _has_more(self, rows: Any) -> bool:
        maximum = getattr(self, self.maximum_field)
        return (
            maximum is not None
            and rows.filter(**{f"{rows.model.points_field}__gt": maximum}).exists()
        )
