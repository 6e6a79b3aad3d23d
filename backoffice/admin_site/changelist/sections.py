"""Sections: what belongs to a row, unfolded below it in its list; one query for a whole page."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django.contrib.admin.utils import get_model_from_relation, label_for_field
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.sections import BaseSection

from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.visibility import permitted


class RelatedSection(BaseSection):
    """Rows of another model that point to this one.

    `columns` are names of fields, or pairs of a label and a function of the row.
    """

    related_name: ClassVar[str]
    title: ClassVar[Any]
    empty: ClassVar[Any]
    columns: ClassVar[tuple[str | tuple[Any, Callable[[Any], Any]], ...]]
    select_related: ClassVar[tuple[str, ...]] = ()
    ordering: ClassVar[tuple[str, ...]] = ()
    most = 5

    @classmethod
    def prefetch_attribute(cls) -> str:
        return f"section_{cls.related_name}"

    @classmethod
    def is_for(cls, user: roles.Actor, model: type[models.Model]) -> bool:
        """Whether the person may see such rows at all, and every column of them."""
        related = cls._related(model)
        return roles.may(user, "view", related) and roles.visible_fields(user, related) is None

    @classmethod
    def _related(cls, model: type[models.Model]) -> type[models.Model]:
        return get_model_from_relation(model._meta.get_field(cls.related_name))

    @classmethod
    def prefetch(cls, user: roles.Actor, model: type[models.Model]) -> models.Prefetch:
        """What fetches the rows for a whole page; one more than is shown, to say so."""
        related = cls._related(model)
        rows = permitted(related._default_manager.all(), user, "view")
        rows = rows.select_related(*cls.select_related)
        # Django slices a prefetch for each row, not for the page (a window function).
        ordering = cls.ordering or related._meta.ordering or ()
        rows = rows.order_by(*ordering, "pk")[: cls.most + 1]
        return models.Prefetch(cls.related_name, queryset=rows, to_attr=cls.prefetch_attribute())

    def render(self) -> str:
        rows = getattr(self.instance, self.prefetch_attribute(), [])
        related = self._related(type(self.instance))
        context = {
            "title": self.title,
            "empty": self.empty,
            "heads": [self._head(column, related) for column in self.columns],
            "rows": [self._row(row) for row in rows[: self.most]],
            "has_more": len(rows) > self.most,
        }
        return render_to_string("admin_site/section.html", context, request=self.request)

    def _head(self, column: Any, related: type[models.Model]) -> str:
        return str(label_for_field(column, related) if isinstance(column, str) else column[0])

    def _row(self, row: models.Model) -> dict[str, Any]:
        cells = [self._cell(row, column) for column in self.columns]
        return {"address": page_of(row), "cells": cells}

    def _cell(self, row: models.Model, column: Any) -> Any:
        if not isinstance(column, str):
            return column[1](row)
        display = getattr(row, f"get_{column}_display", None)
        return display() if display else getattr(row, column)


class SectionsMixin:
    """Gives a model admin such sections; the list fetches their rows."""

    model: type[models.Model]
    list_sections: Sequence[type[RelatedSection]] = ()

    def get_list_sections(self, request: HttpRequest) -> list[type[RelatedSection]]:
        return [each for each in self.list_sections if each.is_for(request.user, self.model)]

    def fetch_sections(self, request: HttpRequest, rows: Iterable[models.Model]) -> None:
        sections = self.get_list_sections(request)
        prefetches = [each.prefetch(request.user, self.model) for each in sections]
        if prefetches:
            models.prefetch_related_objects(list(rows), *prefetches)
