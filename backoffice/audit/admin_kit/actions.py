"""Row actions: what a person does with a row besides editing it, asked for in a dialog.

An action is one method of a model admin. It stands in the row's menu and on its page for whoever
may do it, and runs in one transaction under one change set. `in_bulk` offers it on lists too. A GET
of its address shows the dialog and changes nothing.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.admin_site.models.rules import CapacityRule
from backoffice.admin_site.pages.related_links import page_of
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.visibility import is_permitted
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording

SHORTEST_REASON = 10  # characters; less tells an auditor nothing
MOST_NAMED = 20


class ActionForm(forms.Form):
    """What an action asks for. `rows` are the rows it is about."""

    def __init__(self, rows: Sequence[models.Model], request: HttpRequest, *args: Any) -> None:
        self.rows, self.request = rows, request
        super().__init__(*args)


def is_too_short(reason: str) -> bool:
    """Whether a reason says too little to stand in the record."""
    return len(reason.strip()) < SHORTEST_REASON


def reason_field() -> forms.CharField:
    """Why somebody does something, in at least 10 characters."""
    return forms.CharField(
        label=_("Reason"),
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("At least 10 characters. It stays in the record of changes."),
        error_messages={"min_length": _("Say it in at least 10 characters.")},
    )


class ReasonForm(ActionForm):
    """Asks why."""

    reason = reason_field()


def _form_of(
    action: "RowAction", rows: Sequence[Any], request: HttpRequest, *, is_posted: bool
) -> ActionForm:
    made, user = action.form, request.user
    # One row that needs a reason is enough: the action has one change set.
    required = [needs(user) for row in rows if (needs := getattr(row, "needs_reason_from", None))]
    if any(required) and not issubclass(made, ReasonForm):
        made = type(made.__name__, (ReasonForm, made), {})
    return made(rows, request, request.POST if is_posted else None)


@dataclass(frozen=True)
class RowAction:
    """Makes an action of a method that gets the filled form and a row, and returns a message.

    `verb` is the right it takes, and `touches` the fields it changes (see the roles' table); `when`
    says of a row whether there is anything to do, `refusal` is the message where there is not.
    """

    label: Any
    icon: str
    text: Any = ""
    verb: str = "change"
    form: type[ActionForm] = ReasonForm
    submit: Any = ""
    when: Callable[[Any], bool] = lambda _row: True
    refusal: Any = ""
    touches: tuple[str, ...] = ()
    in_bulk: bool = False
    variant: ActionVariant = ActionVariant.DEFAULT
    name: str = ""
    do: Callable[..., str] | None = None
    do_not_call_in_templates: ClassVar[bool] = True  # Django's templates call what they can

    def __call__(self, do: Callable[..., str]) -> Callable[..., HttpResponse]:
        action = replace(self, name=do.__name__, do=do, submit=self.submit or self.label)

        @functools.wraps(do)
        def view(admin: "RowActionMixin", request: HttpRequest, object_id: str) -> HttpResponse:
            return admin.run_action(request, action, object_id)

        # What the theme asks of an action.
        attributes = {"short_description": self.label, "icon": self.icon, "variant": self.variant}
        attributes |= {"attrs": {}, "dialog": {"title": self.label}, "row_action": action}
        for name, value in attributes.items():
            setattr(view, name, value)
        view.url_path = action.name.replace("_", "-")  # type: ignore[attr-defined]
        return view

    def is_for(self, user: Any, model: type[models.Model]) -> bool:
        """Whether the person may do this with some rows of the model."""
        changed = roles.changed_fields(user, model)
        is_within = changed is None or set(self.touches) <= changed
        return is_within and roles.may(user, self.verb, model)


class RowActionMixin:
    """Gives a model admin its row actions: menus, pages, dialogs, and actions on a list."""

    row_actions: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "row_actions" in cls.__dict__:
            for menu in ("actions_detail", "actions_row"):
                others = [each for each in getattr(cls, menu, ()) if each not in cls.row_actions]
                # What stands in a submenu of the page does not stand beside it too.
                within = [
                    name for each in others if isinstance(each, dict) for name in each["items"]
                ]
                top = [name for name in cls.row_actions if name not in within]
                setattr(cls, menu, (*top, *others))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        actions = super().get_actions_detail(request, object_id)
        if not self.row_actions:
            return actions
        row = self.get_object(request, unquote(str(object_id)))
        return [each for each in actions if self._is_offered(request, each.method, row)]

    def _is_offered(self, request: HttpRequest, method: Any, row: models.Model | None) -> bool:
        action = getattr(method, "row_action", None)
        return action is None or (
            row is not None and action.when(row) and self.may_do(request, action, row)
        )

    def may_do(self, request: HttpRequest, action: RowAction, row: models.Model) -> bool:
        # A page may forbid changes of single rows (has_change_permission).
        is_locked = action.verb == "change" and not self.has_change_permission(request, row)
        return (
            not is_locked
            and action.is_for(request.user, self.model)
            and self._has(request, action.verb, row)
        )

    def get_actions_row(self, request: HttpRequest) -> list[Any]:
        return [
            each
            for each in super().get_actions_row(request)
            if not hasattr(each.method, "row_action")
            or each.method.row_action.is_for(request.user, self.model)
        ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, whose rows know which actions of their menu have nothing to do with them."""
        page = super().get_changelist_instance(request)
        offered = [each for each in self.get_actions_row(request) if _action_of(each)]
        for row in page.result_list if offered else ():
            row.closed_actions = {
                f"{self.admin_site.name}:{each.action_name}"
                for each in offered
                if not _action_of(each).when(row)
            }
        return page

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for action in (getattr(self, name).row_action for name in self.row_actions):
            if action.in_bulk and action.is_for(request.user, self.model):
                run = functools.partial(_in_bulk, action)
                actions[action.name] = (run, action.name, action.label)
        return actions

    def run_action(self, request: HttpRequest, action: RowAction, object_id: str) -> HttpResponse:
        """The dialog of an action with one row; the action itself when it is posted."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.may_do(request, action, row):
            raise PermissionDenied
        form = _form_of(action, [row], request, is_posted=request.method == "POST")
        if request.method == "POST" and form.is_valid():
            outcomes = _done(self, action, form, [row])
            if outcomes:
                messages.success(request, outcomes[0])
                return _back(request, page_of(row))
        return self._render_dialog(request, action, form)

    def _render_dialog(
        self, request: HttpRequest, action: RowAction, form: ActionForm
    ) -> HttpResponse:
        """The dialog; a page of its own where there is no script to open one."""
        is_open = any(action.when(row) for row in form.rows)
        refusal = "" if is_open else action.refusal or _("There is nothing to do here.")
        context = self.dialog_context(action, form) | {"refusal": refusal}
        if request.headers.get("HX-Request"):
            return render(request, "audit/row_action_dialog.html", context)
        shared = self.admin_site.each_context(request)
        return TemplateResponse(request, "audit/row_action_page.html", shared | context)

    def dialog_context(self, action: RowAction, form: ActionForm) -> dict[str, Any]:
        named = [str(row) for row in form.rows[:MOST_NAMED]]
        context = {"row_action": action, "form": form, "rows": form.rows, "named": named}
        return context | {"title": action.label, "opts": self.opts}


def _action_of(offered: Any) -> Any:
    """The row action behind an entry of the theme's menu; None behind others."""
    return getattr(offered.method, "row_action", None)


def _done(
    admin: RowActionMixin, action: RowAction, form: ActionForm, rows: Sequence[Any]
) -> list[str]:
    """Do it with these rows, all or none; what was refused stands in the form."""
    reason = form.cleaned_data.get("reason", "")
    try:
        with transaction.atomic(), recording(source=ChangeSet.Source.ACTION, reason=reason):
            locked = _locked(rows)
            closed = [row for row in locked if not action.when(row)]
            if closed:
                raise ValidationError(action.refusal or _("There is nothing to do here."))
            outcomes = [action.do(admin, form, row) for row in locked]
            _recheck_permissions(action, form, locked)
            return outcomes
    except ValidationError as refusal:
        for field, errors in _by_field(refusal, form).items():
            form.add_error(field, errors)
    return []


def _recheck_permissions(action: RowAction, form: ActionForm, rows: Iterable[models.Model]) -> None:
    # Like an edit, an action must not move a row out of where the person may do it.
    if not all(is_permitted(row, form.request.user, action.verb) for row in rows):
        raise PermissionDenied


def _locked(rows: Sequence[Any]) -> list[Any]:
    manager = type(rows[0])._base_manager
    keys = [row.pk for row in rows]
    # Everybody locks in the order of keys, so that two actions cannot block each other.
    locked = list(manager.select_for_update().filter(pk__in=keys).order_by("pk"))
    rule: CapacityRule | None = getattr(type(rows[0]), "capacity", None)
    # A single row's place is locked where it is counted.
    if rule and len(locked) > 1:
        rule.lock_places(locked)
    return locked


def _by_field(refusal: ValidationError, form: ActionForm) -> dict[str | None, Any]:
    if not hasattr(refusal, "error_dict"):
        return {None: refusal}
    errors_by_field: dict[str | None, Any] = {}
    for name, errors in refusal.error_dict.items():
        # Errors of fields that the dialog does not have stand above it.
        errors_by_field.setdefault(name if name in form.fields else None, []).extend(errors)
    return errors_by_field


def _back(request: HttpRequest, otherwise: str) -> HttpResponse:
    current_url = request.headers.get("HX-Current-URL", "")
    is_same_host = url_has_allowed_host_and_scheme(
        current_url, {request.get_host()}, request.is_secure()
    )
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": current_url if is_same_host else otherwise})
    return HttpResponseRedirect(otherwise)


def _in_bulk(
    action: RowAction, admin: RowActionMixin, request: HttpRequest, queryset: models.QuerySet[Any]
) -> HttpResponse | None:
    rows = [row for row in queryset if action.when(row) and admin.may_do(request, action, row)]
    left = queryset.count() - len(rows)
    if not rows:
        messages.warning(request, action.refusal or _("There is nothing to do with these rows."))
        return None
    is_posted = "_deed" in request.POST
    form = _form_of(action, rows, request, is_posted=is_posted)
    if is_posted and form.is_valid() and _done(admin, action, form, rows):
        _add_messages(request, len(rows), left)
        return None
    context = admin.admin_site.each_context(request) | admin.dialog_context(action, form)
    context |= {"left": left, "selected": [row.pk for row in rows]}
    return TemplateResponse(request, "audit/row_action_page.html", context)


def _add_messages(request: HttpRequest, done: int, left: int) -> None:
    message = ngettext("Done with %(count)d row.", "Done with %(count)d rows.", done)
    messages.success(request, message % {"count": done})
    if left:
        message = ngettext(
            "%(count)d row was left as it is.", "%(count)d rows were left as they are.", left
        )
        messages.info(request, message % {"count": left})
