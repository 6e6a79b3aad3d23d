"""History of every audited model, by django-simple-history in tables made for millions of rows.

A history row copies the row, with references as plain numbers: no foreign key constraint, no index
but the three a reader needs. It says which change set it belongs to and, after an import, which
line of the file. An import writes 100,000 of them at once, so every index counts.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from backoffice.audit.recording import current_record


class HistoryRow(models.Model):
    """What every history row says besides the values."""

    change_set = models.ForeignKey(
        "audit.ChangeSet",
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("change set"),
    )
    line = models.PositiveIntegerField(_("line of the file"), null=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Join the change set of the deed under way, when the row is new."""
        record = current_record()
        if record and self._state.adding and not self.change_set_id:
            self.change_set_id = record.change_set_id
        super().save(*args, **kwargs)


class History(HistoricalRecords):
    """HistoricalRecords with 64-bit ids, lean tables and the actor of the deed under way."""

    def __init__(self, **options: Any) -> None:
        options = {"inherit": True, "bases": (HistoryRow,)} | options
        super().__init__(history_id_field=models.BigAutoField(), **options)

    def fields_included(self, model: type[models.Model]) -> list[models.Field]:
        return [f for f in model._meta.fields if f.name not in model.history_excludes]

    def create_history_model(self, model: type[models.Model], inherited: bool) -> Any:
        history_model = super().create_history_model(model, inherited)
        # The library knows one list for all heirs; each model has its own.
        history_model._history_excluded_fields = list(model.history_excludes)
        return history_model

    def copy_fields(self, model: type[models.Model]) -> dict[str, models.Field]:
        fields = super().copy_fields(model)
        for field in fields.values():
            field.db_index = False
        return fields

    def _get_history_user_fields(self) -> dict[str, models.Field]:
        return {
            "history_user": models.ForeignKey(
                settings.AUTH_USER_MODEL,
                models.DO_NOTHING,
                null=True,
                related_name="+",
                db_constraint=False,
                db_index=False,
                verbose_name=_("who"),
            )
        }

    def _get_history_change_reason_field(self) -> models.Field:
        return models.TextField(_("reason"), null=True, blank=True)

    @property
    def _date_indexing(self) -> bool:
        return False

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        key = model._meta.pk.attname
        return super().get_meta_options(model) | {
            "default_permissions": (),
            "indexes": (models.Index(fields=[key, "history_id"]),),
        }

    def get_history_user(self, instance: models.Model) -> Any:
        record = current_record()
        actor = record.known_actor if record else None
        return actor or super().get_history_user(instance)

    def get_change_reason_for_object(
        self, instance: models.Model, history_type: str, using: str | None
    ) -> str:
        record = current_record()
        given = super().get_change_reason_for_object(instance, history_type, using)
        return given or (record.reason if record else "")

    def create_historical_record(
        self, instance: models.Model, history_type: str, using: str | None = None
    ) -> None:
        """Write a history row, unless the last one says the same already."""
        if history_type != "~" or self._is_news(instance):
            super().create_historical_record(instance, history_type, using)

    def _is_news(self, instance: models.Model) -> bool:
        """Whether the row differs from its newest history row, which the index finds at once."""
        names = [field.attname for field in self.fields_included(instance)]
        rows = getattr(type(instance), self.manager_name).model.objects
        newest = rows.filter(**{instance._meta.pk.attname: instance.pk}).order_by("-history_id")
        recorded = newest.values_list("history_type", *names).first()
        return recorded is None or recorded[0] == "-" or recorded[1:] != _values(instance, names)


def _values(instance: models.Model, names: list[str]) -> tuple[Any, ...]:
    """The row's values as the database gives them back."""
    fields = instance._meta
    return tuple(_as_stored(fields.get_field(name), getattr(instance, name)) for name in names)


def _as_stored(field: models.Field, value: Any) -> Any:
    if isinstance(field, models.FileField):
        return value.name or ""
    return field.to_python(value)
