"""No form takes a reference to a foreign row, in its own fields or in an inline's, or moves one.

For every form of every role that fills one in, and every foreign key on it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client

from tests.addresses import MODELS
from tests.filling import FormReader
from tests.rights import NEVER, rights_in, rows_of
from tests.school import School, leave_unrendered, rolled_back, text_of

pytestmark = pytest.mark.django_db

WRITERS = ["instructor", "assistant", "registrar"]
INLINE = re.compile(r"^(.+)-(\d+)-(\w+)$")
# Whom a registrar names without seeing their page.
OPEN = {("users.enrollment", "student"), ("courses.course", "instructor")}
Form = tuple[str, type[models.Model], dict[str, Any], dict[str, type[models.Model]]]


def forms_of(client: Client, school: School, role: str) -> Iterator[Form]:
    """Address, model, fields and the models of the inlines of each form a role may send."""
    for label, model in MODELS.items():
        held, row = rights_in(role, label, "own"), rows_of(school, role, label)["own"]
        start = f"/admin/{label.replace('.', '/')}/"
        pages = {"change": f"{start}{row.pk}/change/", "add": f"{start}add/"}
        for page, address in pages.items():
            is_open = "A" in held if page == "add" else held & set("CG")
            if not is_open or (label, page) in NEVER:
                continue
            answer = client.get(address)
            reader = FormReader()
            reader.feed(text_of(answer))
            formsets = [each.formset for each in answer.context_data["inline_admin_formsets"]]
            inlines = {each.prefix: each.model for each in formsets}
            yield address, model, dict(max(reader.forms, key=len)), inlines


def references(
    model: type[models.Model], sent: dict[str, Any], inlines: dict[str, type[models.Model]]
) -> Iterator[tuple[str, models.ForeignKey]]:
    """The foreign keys among the fields of a form, those of its inlines included."""
    names = {field.name: (field.name, model) for field in model._meta.fields}
    for name in sent:
        match = INLINE.match(name)
        if match and match[1] in inlines and match[2] == "0":
            names[name] = (match[3], inlines[match[1]])
    for name, (field_name, owner) in names.items():
        field = {each.name: each for each in owner._meta.fields}.get(field_name)
        if field is not None and field.many_to_one or getattr(field, "one_to_one", False):
            yield name, field


@pytest.mark.parametrize("role", WRITERS)
def test_no_form_takes_a_foreign_reference(
    role: str, school: School, monkeypatch: pytest.MonkeyPatch
):
    client, tried = school.client(role), 0
    forms = list(forms_of(client, school, role))
    leave_unrendered(monkeypatch)
    for address, model, sent, inlines in forms:
        for name, field in references(model, sent, inlines):
            target = field.related_model._meta.label_lower
            owner = field.model._meta.label_lower
            is_open = (owner, field.name) in OPEN and role == "registrar"
            if target not in MODELS or is_open or "V" in rights_in(role, target, "foreign"):
                continue
            foreign = rows_of(school, role, target)["foreign"]
            before = pointing_at(foreign, field)
            with rolled_back():
                answer = client.post(address, {**sent, name: foreign.pk})
                tried += 1
                assert answer.status_code < 500, (address, name)
                assert pointing_at(foreign, field) == before, (address, name)
    assert tried >= {"instructor": 25, "assistant": 5, "registrar": 2}[role]


def pointing_at(row: models.Model, field: models.ForeignKey) -> int:
    """How many rows name this one."""
    return field.model._base_manager.filter(**{field.name: row}).count()


@pytest.mark.parametrize("role", [*WRITERS, "admin"])
def test_no_inline_takes_a_row_of_another_parent(
    role: str, school: School, monkeypatch: pytest.MonkeyPatch
):
    client, tried = school.client(role), 0
    forms = [each for each in forms_of(client, school, role) if each[3]]
    leave_unrendered(monkeypatch)
    for address, _model, sent, inlines in forms:
        for prefix, inline in inlines.items():
            foreign = school.foreign[inline._meta.label_lower]
            rows = inline._base_manager.filter(pk=foreign.pk)
            before = list(rows.values())
            one = {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "1"}
            for more in ({f"{prefix}-0-DELETE": "on"}, {f"{prefix}-0-title": "Changed"}):
                with rolled_back():
                    data = {**sent, **one, f"{prefix}-0-id": foreign.pk, **more}
                    answer = client.post(address, data)
                    tried += 1
                    assert answer.status_code < 500, (address, prefix)
                    assert list(rows.values()) == before, (address, prefix, more)
    assert tried >= {"instructor": 10, "assistant": 2, "registrar": 0, "admin": 4}[role]


def test_the_history_of_a_deleted_row_is_for_those_who_read_all_histories(school: School):
    module = MODELS["courses.coursemodule"].objects.create(
        course=school.own["courses.course"], position=9, title="Gone"
    )
    key, version = module.pk, module.history.first().pk
    module.delete()
    start = f"/admin/courses/coursemodule/{key}/history/"
    for role, status in (("instructor", 403), ("assistant", 403), ("admin", 200)):
        client = school.client(role)
        assert client.get(start).status_code == status
        assert client.get(f"{start}{version}/").status_code == status


def test_saving_as_new_makes_no_row(school: School):
    row = school.own["courses.coursemodule"]
    client, address = school.client("instructor"), f"/admin/courses/coursemodule/{row.pk}/change/"
    reader = FormReader()
    reader.feed(text_of(client.get(address)))
    before = type(row).objects.count()
    with rolled_back():
        sent = {**max(reader.forms, key=len), "_saveasnew": "1", "position": "7"}
        assert client.post(address, sent).status_code == 400
        assert type(row).objects.count() == before


@pytest.mark.parametrize("role", ["instructor", "registrar", "auditor"])
def test_the_way_to_a_public_page_does_not_tell_which_rows_there_are(role: str, school: School):
    """No model has a page outside of the back office, whoever asks for which row."""
    client = school.client(role)
    kind = ContentType.objects.get_for_model(MODELS["users.user"]).pk
    foreign = school.foreign["users.user"]
    answers = [client.get(f"/admin/r/{kind}/{key}/") for key in (foreign.pk, 999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert foreign.email not in text_of(answers[0])


def test_a_new_own_password_takes_the_old_one(school: School):
    client = school.client("auditor")
    with rolled_back():
        passwords = {
            "new_password1": "a long enough sentence",
            "new_password2": "a long enough sentence",
        }
        page = client.post("/admin/password_change/", {"old_password": "guess", **passwords})
        assert page.status_code == 200
        assert page.context["form"].errors["old_password"]
