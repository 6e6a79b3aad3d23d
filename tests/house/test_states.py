"""A status is no select: what an action of its own sets, no form does.

Walks every page, inline and editable list, as a superuser, who may do everything else.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory
from django.utils import timezone

from backoffice.apps.assessments.models import GradingRubric
from backoffice.apps.communications.models import ChatRoom
from backoffice.apps.courses.models import CourseModule, Lesson, LessonProgress
from backoffice.apps.users.models import SectionMembership, User
from backoffice.audit.models import Audited, ChangeSet
from backoffice.audit.record.recording import recording
from tests.actions import do

# Flags and states that are plain values: no action sets them.
PLAIN: dict[type[models.Model], dict[str, str]] = {
    User: {
        "is_active": "switched off on the page; on again by two people, which the form asks for",
        "is_verified": "says that somebody looked at a document",
        "role": "chosen for a new person only; afterwards it is read-only",
    },
    GradingRubric: {"is_active": "put away on the page; a new version puts the old one away too"},
    CourseModule: {"is_published": "ticked where the module is written"},
    Lesson: {"is_published": "ticked where the lesson is written"},
    LessonProgress: {"status": "comes with what students do; nobody's role writes it"},
    SectionMembership: {"status": "written by files of other systems; nobody's role writes it"},
    ChatRoom: {"is_active": "ticked on the page of the room"},
}
# No states: they say what a row is like, and not what has become of it.
TRAITS = {
    *("is_featured", "is_late", "is_banked", "receives_email", "has_ranges"),
    *("allow_late_submission", "auto_generate_feedback", "plagiarism_check"),
}
# What an action sets and a form may, too: values, and not what has become of the row.
VALUES = {
    "users.enrollment": {"final_result"},
    "courses.course": {"instructor"},
    "assessments.assessmentsubmission": {"score", "feedback"},
    "assessments.gradingrubric": {"is_active"},
}
# Of two records that were merged: see `tests/users/test_undoing_merges.py` and its neighbours.
OF_MERGED = {"request_unmerge", "choose_work"}
TRIED = 5  # rows for an action
WHY = "The house looks at every action"


def _models() -> list[type[Audited]]:
    return [model for model in apps.get_models() if issubclass(model, Audited)]


def _request() -> Any:
    request = RequestFactory().get("/admin/")
    request.user = User(username="all", role="admin", is_superuser=True, is_staff=True)
    return request


def _editable() -> Iterator[tuple[str, type[models.Model], str]]:
    """Where, which model and which field: everything that any form of the site lets be edited."""
    request = _request()
    for model, page in admin.site._registry.items():
        for row in (None, model._base_manager.first()):
            form = page.get_form(request, row, change=row is not None)
            yield from ((f"{page}", model, name) for name in form.base_fields)
        yield from ((f"{page} list", model, name) for name in page.list_editable)
        yield from _in_inlines(request, page, model)


def _in_inlines(
    request: Any, page: Any, model: type[models.Model]
) -> Iterator[tuple[str, type[models.Model], str]]:
    for cls in page.inlines:
        inline = cls(model, admin.site)
        for row in (None, model._base_manager.first()):
            form = inline.get_formset(request, row).form
            yield from ((f"{cls}", inline.model, name) for name in form.base_fields)
        yield from _in_inlines(request, inline, inline.model) if hasattr(cls, "inlines") else ()


def _is_state(model: type[models.Model], name: str) -> bool:
    if name not in {field.name for field in model._meta.concrete_fields}:
        return False
    field = model._meta.get_field(name)
    is_flag = isinstance(field, models.BooleanField) and name not in TRAITS
    return name in ("status", "state") or is_flag


def test_no_form_sets_what_an_action_sets(demo: None):
    wrong = [
        f"{where}: {name}"
        for where, model, name in _editable()
        if name in getattr(model, "set_by_actions", ())
    ]
    assert wrong == []


def test_a_state_that_a_form_sets_is_named_with_its_reason(demo: None):
    for model in _models():
        for name in getattr(model, "set_by_actions", ()):
            assert model._meta.get_field(name).concrete, (model, name)
    unnamed = {
        f"{where}: {name}"
        for where, model, name in _editable()
        if issubclass(model, Audited)
        and _is_state(model, name)
        and name not in PLAIN.get(model, {})
    }
    assert unnamed == set()


def test_whatever_an_action_changes_is_read_only_in_forms(demo: None, subtests: Any):
    """Each action is done with a row of the demo school, and the row before and after compared."""
    clients = [Client(), Client()]
    for name, client in zip(("all", "other"), clients, strict=True):
        client.force_login(User.objects.create_superuser(name, password="x", role="admin"))
    # What the other one confirms: somebody set the address of an account with its own password.
    bea = User.objects.create_user("bea", password="x", role="admin", is_staff=True)
    setter = User.objects.get(username="all")
    with recording(actor=setter, source=ChangeSet.Source.FORM):
        bea.email = "bea@example.org"
        bea.save()
    editable = {(model, name) for _where, model, name in _editable()}
    left = [
        (model, getattr(page, name).row_action)
        for model, page in admin.site._registry.items()
        for name in getattr(page, "row_actions", ())
        if issubclass(model, Audited) and name not in OF_MERGED
    ]
    while left:
        done = [pair for pair in left if _try(clients, *pair, editable, subtests)]
        assert done, [action.name for _model, action in left]
        left = [pair for pair in left if pair not in done]


def _try(
    clients: list[Client],
    model: type[models.Model],
    action: Any,
    editable: set[Any],
    subtests: Any,
) -> bool:
    rows = [each for each in model._base_manager.order_by("pk")[:200] if action.when(each)]
    # One may lack what the action needs, or the right to be the second person.
    for row, client in product(rows[:TRIED], clients):
        answer = do(client, row, action.name, **_filled(action, row))
        if answer.status_code == 302:
            break
    else:
        return False  # there may be one once other actions were done
    now = model._base_manager.get(pk=row.pk)
    changed = {
        field.name
        for field in model._meta.concrete_fields
        if getattr(now, field.attname) != getattr(row, field.attname)
    }
    values = VALUES.get(model._meta.label_lower, set())
    with subtests.test(f"{model.__name__}.{action.name}"):
        assert {name for name in changed - values if (model, name) in editable} == set()
    return True


def _filled(action: Any, row: Any) -> dict[str, Any]:
    """Something sensible in each field of the dialog."""
    request = _request()
    fields = action.form([row], request).fields
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if isinstance(field, forms.SplitDateTimeField):
            when = timezone.now() + timedelta(days=1 if name == "publish_at" else -1)
            values |= {f"{name}_0": f"{when:%Y-%m-%d}", f"{name}_1": f"{when:%H:%M:%S}"}
        elif isinstance(field, forms.DateField):
            values[name] = "2026-12-31"
        elif isinstance(field, forms.DecimalField):
            values[name] = "1"
        elif isinstance(field, forms.ModelChoiceField):
            values[name] = field.queryset.last().pk
        elif name.startswith("password"):
            values[name] = "the house looks at 30 actions"
        elif isinstance(field, forms.ChoiceField):
            values[name] = next(key for key, _label in field.choices if key not in ("", row.role))
    return values | {"reason": WHY}


def test_a_model_with_states_has_actions_that_set_them():
    for model in _models():
        if getattr(model, "set_by_actions", ()):
            assert admin.site._registry[model].row_actions, model
