"""Points and their maximum, which stands on another row and is copied to the row with points."""

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

    # A check constraint sees one row only, so the maximum stands here too; the database keeps it
    # equal to the original (see `admin_site.models.denormalized`).
    maximum = models.DecimalField(
        _("maximum"), max_digits=7, decimal_places=2, blank=True, editable=False
    )

    class Meta(Audited.Meta):
        abstract = True

    def clean_fields(self, exclude: Any = None) -> None:
        reference, field = self.maximum_path
        # A form's inline has the related row before that one has a key.
        if getattr(self, f"{reference}_id") or reference in self._state.fields_cache:
            self.maximum = getattr(getattr(self, reference), field)
        super().clean_fields(exclude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        reference, field = self.maximum_path
        key: Any = self._meta.get_field(reference)  # a foreign key, as `maximum_path` promises
        # From the database: the related row in memory may be an old one.
        rows = key.related_model._base_manager.filter(pk=getattr(self, key.attname))
        self.maximum = rows.values_list(field, flat=True).first()
        super().save(*args, **kwargs)


class SetsMaximum(Audited):
    """A row that sets a maximum of points; `scored` names its related managers of scored rows."""

    maximum_field: ClassVar[str]
    scored: ClassVar[tuple[str, ...]] = ()

    class Meta(Audited.Meta):
        abstract = True

    def further_violations(self) -> Iterator[Violation]:
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
