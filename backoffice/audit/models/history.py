"""History of every audited model: django-simple-history's tables, made for millions of rows.

The database itself writes the rows (see record/postgres_triggers.py); the library's models, screens
and `as_of` work on them. A history row copies the row, with references as plain numbers, and says
which change set it belongs to and, after an import, which line of the file.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords

DELETED = "-"


def first_steps(model: type[models.Model]) -> list[str]:
    """The fields by which a row belongs to a person or a course."""
    paths = (*model.paths_to_people(), getattr(model, "course_path", ""))
    own = {field.name for field in model._meta.concrete_fields}
    return sorted(own & {path.split("__")[0] for path in paths})


def _index_of_the_deleted(model: type[models.Model], field: str) -> models.Index:
    return models.Index(
        fields=[field],
        condition=models.Q(history_type=DELETED),
        name=f"gone_{model._meta.model_name[:15]}_{field[:9]}",
    )


class HistoryRow(models.Model):
    """What every history row says besides the values."""

    change_set = models.ForeignKey(
        "audit.ChangeSet",
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,  # an index of two columns begins with it
        verbose_name=_("change set"),
    )
    line = models.PositiveIntegerField(_("line of the file"), null=True)

    class Meta:
        abstract = True


class AppendOnlyHistoryManager(HistoryManager):
    """The library makes a manager class anew each time `history` is read; this one is cached."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: type[models.QuerySet], class_name: str = "") -> Any:
        return super().from_queryset(queryset_class, class_name or None)


class History(HistoricalRecords):
    """HistoricalRecords with 64-bit ids and lean tables, which the database fills."""

    def __init__(self, **options: Any) -> None:
        options = {
            "inherit": True,
            "bases": (HistoryRow,),
            "history_manager": AppendOnlyHistoryManager,
        } | options
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
            # Only the few indexes that a reader needs: an import writes 100,000 rows at once.
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
        sought = [models.Index(fields=names) for names in model.history_sought_by]
        return super().get_meta_options(model) | {
            "default_permissions": (),
            # An import writes 100,000 rows at once, so every index counts. It never meets those
            # over deleted rows, by which the record of a person finds what is gone.
            "indexes": (
                models.Index(fields=[key, "history_id"]),
                models.Index(fields=["change_set", "history_id"]),
                *sought,
                *model.history_indexes,
                *(
                    _index_of_the_deleted(model, name)
                    for name in ("change_set", *first_steps(model))
                ),
            ),
        }

    def post_save(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the database has written the row already."""

    def post_delete(self, *args: Any, **kwargs: Any) -> None:
        """Nothing, for the same reason."""
