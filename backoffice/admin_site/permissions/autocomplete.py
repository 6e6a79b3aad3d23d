"""What a search in a choice finds: just what the form with the choice would take."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest


class ChoicesView(AutocompleteJsonView):
    """Answers a choice's search; Django's own finds whatever the other model's list shows."""

    admin_site: AdminSite
    model_admin: Any  # a PlainAdmin, which stands above this module; so does the next
    source_admin: Any

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = self.source_admin.choosable(self.request, self.source_field)
        rows = rows.select_related(*self._references())
        rows = rows.order_by(*self.model_admin.get_ordering(self.request), "pk")
        matches: models.QuerySet[Any]
        matches, has_twins = self.model_admin.get_search_results(self.request, rows, self.term)
        return matches.distinct() if has_twins else matches

    def _references(self) -> list[str]:
        opts = self.model_admin.opts
        return [name for name in self.model_admin.named_by if opts.get_field(name).is_relation]

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        """A row as the choice names it: with what tells it from others of the same name."""
        parts = [obj, *(getattr(obj, name) for name in self.model_admin.named_by)]
        text = " · ".join(dict.fromkeys(str(part) for part in parts if part))
        return super().serialize_result(obj, to_field_name) | {"text": text}

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the rows that have the field; a filter offers choices too.

        Raises PermissionDenied for what is no foreign key of a registered model.
        """
        if not self.source_field.concrete or self.source_field.many_to_many:
            raise PermissionDenied
        try:
            self.source_admin = self.admin_site.get_model_admin(self.source_field.model)
        except NotRegistered as error:
            raise PermissionDenied from error
        return super().has_perm(request, obj) and self.source_admin.has_view_permission(request)
