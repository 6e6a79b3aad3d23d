"""Going back to an earlier version of a row: a new change, for a reason, checked as an edit is.

The version's values go through the row's own form: what a person may not change there, or a rule
refuses, is not brought back. What history does not hold stays as it is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.admin_access import refuse_foreign
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.audit.admin_kit.actions import reason_field
from backoffice.audit.admin_kit.collisions import run_again_on_collision
from backoffice.audit.admin_kit.optimistic_lock import (
    OPENED,
    OPENED_DIGESTS_FIELD,
    digest,
    digests,
    display_value,
    name_of,
    plain,
    watched,
)
from backoffice.audit.admin_kit.reasons import FIELD
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording

VERB = "revert"
CHANGED_MEANWHILE = gettext_lazy(
    "Nothing was changed: somebody else changed this while you were looking. What is different now "
    "stands below; look at it, and revert again."
)


@dataclass(frozen=True)
class RevertDifference:
    """A field of which a version holds another value than the row."""

    field: models.Field
    label: str
    now: str
    then: str


class Revert:
    """Bringing one version of one row back; `row` is None where it was deleted."""

    def __init__(
        self, admin: Any, request: HttpRequest, row: models.Model | None, version: Any
    ) -> None:
        self.admin, self.request, self.row, self.version = admin, request, row, version
        base_form = type(admin.form.__name__, (admin.form,), {FIELD: reason_field()})
        self.form_class = admin.get_form(request, row, change=row is not None, form=base_form)
        self.named = _name_of(row or version.instance)
        differences = list(self._differences())
        self.coming = [each for each in differences if self._is_restored(each.field)]
        self.left_alone = [each for each in differences if each not in self.coming]

    @property
    def when(self) -> str:
        """The time of the version, to the second."""
        return f"{self.version.history_date:%Y-%m-%d %H:%M:%S}"

    @property
    def later(self) -> int:
        """How many changes came after the version."""
        key = self.admin.opts.pk.attname
        rows = type(self.version).objects.filter(**{key: getattr(self.version, key)})
        return rows.filter(pk__gt=self.version.pk).count()

    def _differences(self) -> Iterator[RevertDifference]:
        held = {field.name for field in self.version._meta.fields}
        visible = roles.visible_fields(self.request.user, self.admin.model)
        for field in watched(self.admin.model):
            if field.name not in held or (visible is not None and field.name not in visible):
                continue
            if self.row and digest(plain(field, self.version)) == digest(plain(field, self.row)):
                continue
            then = display_value(field, getattr(self.version, field.attname))
            now = display_value(field, getattr(self.row, field.attname) if self.row else None)
            yield RevertDifference(field, str(capfirst(field.verbose_name)), now, then)

    def _is_restored(self, field: models.Field) -> bool:
        is_file = isinstance(field, models.FileField)  # the file itself is in no history
        return self.row is None or (field.name in self.form_class.base_fields and not is_file)

    @cached_property
    def form(self) -> Any:
        """The row's form: as it is opened, or filled in with the version and posted."""
        if self.request.method != "POST":
            return self.form_class(instance=self.row)
        data = QueryDict(mutable=True)
        for name in (FIELD, OPENED_DIGESTS_FIELD):
            data[name] = self.request.POST.get(name, "")
        # A deleted row comes back under its number.
        form = self.form_class(data, instance=self.row or self.version.instance)
        coming = {each.field.name for each in self.coming}
        for field in self.admin.opts.concrete_fields:
            if field.name in form.fields and not isinstance(field, models.FileField):
                source = self.version if field.name in coming else form.instance
                form.put(field.name, getattr(source, field.attname))
        return form

    @property
    def opened_digests(self) -> str:
        """What the page was opened with, as JSON for the form to compare when it is posted."""
        if self.row is None:
            return "{}"
        if self.form.is_bound:
            return json.dumps(self.form.opened_digests)
        current = {name_of(self.row): digests(self.row, self.form.fields)}
        return json.dumps({OPENED: timezone.now().isoformat()} | current)

    def is_done(self) -> bool:
        """Do it, if form, rules and rights agree; why not stands in `refusals`."""
        if not self.coming or not self.form.is_valid():
            return False
        form, reason = self.form, self.form.cleaned_data[FIELD]
        message = _("Reverted to the version of %(when)s: %(reason)s")
        form.cleaned_data[FIELD] = message % {"when": self.when, "reason": reason}
        with recording(source=ChangeSet.Source.ACTION):
            stored = self.admin.save_form(self.request, form, change=self.row is not None)
            self.admin.save_model(self.request, stored, form, change=self.row is not None)
        refuse_foreign(self.request, stored, (VERB,))
        return True

    @property
    def refusals(self) -> list[str]:
        refusals: list[str] = []
        for name, errors in self.form.errors.as_data().items():
            # Errors of the reason stand at its own field.
            if name != FIELD:
                refusals += [self._refusal_message(name, each) for each in errors]
        return refusals

    def _refusal_message(self, name: str, error: Any) -> str:
        if name == NON_FIELD_ERRORS:
            return str(CHANGED_MEANWHILE) if error.code == "stale" else " ".join(error.messages)
        known = next((each for each in self.coming if each.field.name == name), None)
        label = known.label if known else str(self.form[name].label)
        if known and error.code == "invalid_choice":
            message = _("“%(value)s” cannot be chosen: it is gone, or not yours to choose.")
            return f"{label}: {message % {'value': known.then}}"
        return f"{label}: {' '.join(error.messages)}"


def _name_of(row: models.Model) -> str:
    try:
        return str(row)
    except ObjectDoesNotExist:
        # A row it is named after is gone.
        return str(row.pk)


def is_revertable(model: type[models.Model]) -> bool:
    return any(grant.verb == VERB for grant in roles.grants_of(model._meta.label_lower))


class RevertMixin:
    """Gives the versions of a model admin's rows a page on which they are reverted to."""

    def get_urls(self) -> list[URLPattern]:
        urls = super().get_urls()
        if not is_revertable(self.model):
            return urls
        address = "<path:object_id>/history/<path:version_id>/revert/"
        view = self.admin_site.admin_view(self.revert_view)
        return [path(address, view, name=self._name_of("revert")), *urls]

    def _name_of(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"revert_url": self._revert_url(request, unquote(object_id), version_id)}
        context |= extra_context or {}
        return super().history_form_view(request, object_id, version_id, context)

    def _revert_url(self, request: HttpRequest, key: str, version_id: str) -> str:
        if not is_revertable(self.model):
            return ""
        self._admit(request, key)
        row = self.model._base_manager.filter(pk=key).first()
        if not self.may_revert(request, row):
            return ""
        version = self._version(version_id)
        return reverse(f"admin:{self._name_of('revert')}", args=[version.id, version.pk])

    def may_revert(self, request: HttpRequest, row: models.Model | None) -> bool:
        if row is not None:
            return self._has(request, VERB, row) and self.has_change_permission(request, row)
        # A deleted row lies in no course: only who may revert all rows, and add some, restores it.
        rows = self.model._base_manager.none()
        is_for_all = permitted(rows, request.user, VERB) is rows
        is_granted = is_for_all and roles.may(request.user, VERB, self.model)
        return is_granted and self.has_add_permission(request)

    def revert_view(self, request: HttpRequest, object_id: str, version_id: str) -> HttpResponse:
        """The page. Raises PermissionDenied for other methods than GET, HEAD and POST."""
        if request.method not in ("GET", "HEAD", "POST"):
            raise PermissionDenied
        view = partial(self._reverted, request, unquote(object_id), version_id)
        return run_again_on_collision(request, [self.model], view)

    def _reverted(self, request: HttpRequest, key: str, version_id: str) -> HttpResponse:
        self._admit(request, key)
        version = self._version(version_id)
        with transaction.atomic():
            row = self.model._base_manager.filter(pk=key).first()
            if not self.may_revert(request, row):
                raise PermissionDenied
            if str(getattr(version, self.opts.pk.attname)) != key:
                raise Http404
            revert = Revert(self, request, row, version)
            if request.method == "POST" and revert.is_done():
                return self._redirect_with_message(request, revert, key)
        return self._confirmation_page(request, revert, key)

    def _redirect_with_message(
        self, request: HttpRequest, revert: Revert, key: str
    ) -> HttpResponse:
        message = _("%(row)s stands again as in the version of %(when)s.")
        row = self.model._base_manager.get(pk=key)
        messages.success(request, message % {"row": row, "when": revert.when})
        return HttpResponseRedirect(page_of(row))

    def _confirmation_page(self, request: HttpRequest, revert: Revert, key: str) -> HttpResponse:
        version = reverse(f"admin:{self._name_of('simple_history')}", args=[key, revert.version.pk])
        context = {
            "revert": revert,
            "reason": revert.form[FIELD],
            "has_rows": bool(self.inlines),
            "version_url": version,
            "title": _("Revert to the version of %(when)s") % {"when": revert.when},
            "opts": self.opts,
        }
        shared = self.admin_site.each_context(request)
        return TemplateResponse(request, "audit/revert.html", shared | context)
