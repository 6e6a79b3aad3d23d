"""Rights and visibility for admin classes: what Django asks, the roles' table answers."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import BaseModelAdmin, InlineModelAdmin
from django.contrib.admin.utils import flatten, flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest

from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.visibility import (
    is_permitted,
    offered,
    permitted,
    reach,
    within,
)

CHANGING = ("change", "grade")
ATTACHING = ("add", *CHANGING)


class RoleAccess(BaseModelAdmin):
    """What model admins and inlines have in common: rights, rows, fields and choices by role.

    `obj` is the row of a model admin; of an inline, the row the inline belongs to.
    """

    # Foreign keys whose choices follow `limit_choices_to` alone, for whoever fills them in: a form
    # may name people whose own page stays closed, such as the instructor a registrar assigns.
    open_choices: tuple[str, ...] = ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, "view", obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(self._has(request, verb, obj) for verb in CHANGING)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, "delete", obj)

    def _has(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        if not roles.may(request.user, verb, self.model):
            return False
        is_new = obj is None or obj.pk is None
        return is_new or is_within(request, verb, self.model, obj)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return permitted(super().get_queryset(request), request.user, "view")

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None:
            field.queryset = self.choosable(request, db_field)
        return field

    def choosable(self, request: HttpRequest, db_field: models.ForeignKey) -> models.QuerySet[Any]:
        """The rows the person may see, and may attach something to; what a search finds too."""
        related = db_field.remote_field.model
        limited = related._default_manager.complex_filter(db_field.get_limit_choices_to())
        rows = offered(limited)
        if db_field.name in self.open_choices and self._fills_in(request.user, db_field.name):
            return rows
        rows = permitted(rows, request.user, "view")
        return self._attachable(request, rows) if self._leads_to_course(db_field) else rows

    def _fills_in(self, user: roles.Actor, name: str) -> bool:
        """Whether the person may give the field a value, in a new row or in a stored one."""
        changed = roles.changed_fields(user, self.model)
        is_writer = any(roles.may(user, verb, self.model) for verb in ATTACHING)
        return is_writer and (changed is None or name in changed)

    def _leads_to_course(self, db_field: models.ForeignKey) -> bool:
        path: str = getattr(self.model, "course_path", None) or ""
        return path.split("__")[0] == db_field.name

    def _attachable(self, request: HttpRequest, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Those the person may attach something to; who attaches nothing only looks for them."""
        verb = next((v for v in ATTACHING if roles.may(request.user, v, self.model)), "")
        return within(rows, request.user, verb, self.model) if verb else rows

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = list(super().get_readonly_fields(request, obj))
        by_actions = getattr(self.model, "set_by_actions", ())
        fixed += [name for name in self.stated_fields() if name in by_actions and name not in fixed]
        changed = roles.changed_fields(request.user, self.model)
        if changed is None:
            return fixed
        return fixed + [n for n in self.stated_fields() if n not in changed and n not in fixed]

    def stated_fields(self) -> list[str]:
        """The fields a form has by declaration; without one, all that can be edited."""
        # Not `get_fieldsets()`: without a declaration that asks for the read-only fields in turn.
        if self.fieldsets:
            return flatten_fieldsets(self.fieldsets)
        if self.fields:
            return flatten(self.fields)
        fields = (*self.model._meta.fields, *self.model._meta.many_to_many)
        return [field.name for field in fields if field.editable and not field.auto_created]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        visible = roles.visible_fields(request.user, self.model)
        if visible is None:
            return list(fieldsets)
        return filter_fieldsets(fieldsets, visible.__contains__)


def fieldsets_with(request: HttpRequest, fieldsets: Sequence[Any], name: str) -> list[Any]:
    """With a field at the end of the first, once the form is posted: its answer may ask for it."""
    if request.method != "POST" or not fieldsets:
        return list(fieldsets)
    (title, options), *others = fieldsets
    return [(title, options | {"fields": [*options["fields"], name]}), *others]


def filter_fieldsets(fieldsets: Iterable[Any], is_included: Callable[[str], bool]) -> list[Any]:
    """Fieldsets with the fields that are included; an empty one goes."""
    filtered = [
        (title, options | {"fields": list(_included_fields(options["fields"], is_included))})
        for title, options in fieldsets
    ]
    return [(title, options) for title, options in filtered if options["fields"]]


def _included_fields(fields: Iterable[Any], is_included: Callable[[str], bool]) -> Iterator[Any]:
    for each in fields:
        if isinstance(each, str):
            if is_included(each):
                yield each
            continue
        line = tuple(name for name in each if is_included(name))
        if line:
            yield line


def is_within(
    request: HttpRequest, verb: str, subject: type[models.Model], row: models.Model
) -> bool:
    """The same as `is_permitted`, asked once in a request for all verbs of the same reach."""
    known: dict[Hashable, bool] = request.__dict__.setdefault("_permitted", {})
    place, user = type(row), request.user
    key = (place, row.pk, place is subject, reach(user, verb, subject))
    if key not in known:
        known[key] = is_permitted(row, user, verb, subject)
    return known[key]


class ModelAccess(RoleAccess, ModelAdmin):
    """The questions Django asks of a model admin."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._has(request, "add")

    def has_history_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, "history", obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # Asked of the stored row: an edit must not carry it out of one's own courses.
        refuse_foreign(request, obj, CHANGING if change else ("add",))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for obj in formset.new_objects:
            refuse_foreign(request, obj, ("add",))
        for obj, _fields in formset.changed_objects:
            refuse_foreign(request, obj, CHANGING)

    def _get_obj_does_not_exist_redirect(self, *_args: Any) -> Any:
        # One answer for a row that does not exist and for one that is none of one's business.
        raise PermissionDenied


def refuse_foreign(request: HttpRequest, obj: models.Model, verbs: tuple[str, ...]) -> None:
    """Stop, and let the transaction roll back, where a stored row is not the person's to change."""
    if not any(is_permitted(obj, request.user, verb) for verb in verbs):
        raise PermissionDenied


class InlineAccess(RoleAccess, InlineModelAdmin):
    """The questions Django asks of an inline."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, "add", obj)
