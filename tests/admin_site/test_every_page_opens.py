"""Every model stands on the admin site, and every one of its pages opens."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from backoffice.admin_site.permissions.roles import may
from backoffice.apps.users.models import SectionMembership, User
from backoffice.audit.models import Audited

MODELS = [
    model for model in apps.get_models() if issubclass(model, Audited) and not model._meta.abstract
]


@pytest.fixture
def world(demo: None) -> dict[type[models.Model], models.Model]:
    """A row of every model."""
    return {model: model._default_manager.order_by("pk").first() for model in MODELS}


@pytest.fixture
def superuser_client(world: object, person: object) -> Client:
    """Whoever may do everything."""
    client = Client()
    client.force_login(person("admin", "superuser", is_superuser=True))
    return client


# Files write its rows, and nobody else does.
NEVER_BY_HAND = (SectionMembership,)


def test_list_add_change_history_and_delete_open(world, superuser_client, subtests):
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = world[model]
        assert admin.site.is_registered(model)
        for address in (
            reverse(f"{name}_changelist"),
            reverse(f"{name}_changelist") + "?q=a",
            reverse(f"{name}_change", args=[row.pk]),
            reverse(f"{name}_history", args=[row.pk]),
        ):
            with subtests.test(address):
                page = superuser_client.get(address)
                assert page.status_code == 200
                assert ">None<" not in page.content.decode()
        for address in (reverse(f"{name}_add"), reverse(f"{name}_delete", args=[row.pk])):
            with subtests.test(address):
                page = superuser_client.get(address)
                assert page.status_code == (403 if model in NEVER_BY_HAND else 200)
                assert ">None<" not in page.content.decode()


STAFF = ("admin", "registrar", "instructor", "instructor2", "auditor")


@pytest.mark.parametrize("username", STAFF)
def test_every_role_opens_what_its_lists_offer(demo, username: str, subtests):
    client = Client()
    client.force_login(User.objects.get(username=username))
    opened = 0
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        page = client.get(reverse(f"{name}_changelist"))
        assert page.status_code in (200, 403), name
        row = page.context["cl"].queryset.first() if page.status_code == 200 else None
        if row is None:
            continue
        with subtests.test(name):
            opened += 1
            assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
            history = client.get(reverse(f"{name}_history", args=[row.pk]))
            assert history.status_code in (200, 403)
            version = reverse(f"{name}_simple_history", args=[row.pk, row.history.first().pk])
            assert client.get(version).status_code == history.status_code
    assert opened > 3


@pytest.mark.parametrize("username", STAFF)
def test_who_may_add_a_row_gets_a_form_to_fill_in(demo, username: str, subtests):
    client, user = Client(), User.objects.get(username=username)
    client.force_login(user)
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_add"
        page = client.get(reverse(name))
        with subtests.test(name):
            assert (page.status_code == 200) == may(user, "add", model)
            if page.status_code == 200:
                fields = page.context["adminform"].form.fields
                needed = {field.name for field in model._meta.fields if is_needed(field)}
                assert needed & set(fields), name


def is_needed(field: models.Field) -> bool:
    return field.editable and not (field.blank or field.has_default() or field.primary_key)


def test_a_list_asks_a_bounded_number_of_questions(
    world, superuser_client, subtests, django_assert_max_num_queries
):
    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        with subtests.test(name), django_assert_max_num_queries(12):
            superuser_client.get(reverse(name))


def test_every_model_of_the_apps_is_audited():
    labels = ("users", "courses", "assessments", "communications")
    for label in labels:
        for model in apps.get_app_config(label).get_models():
            is_history = hasattr(model, "history_type")
            assert is_history or model in MODELS, model
