"""Every model stands on the admin site, and every one of its pages opens."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from backoffice.audit.models import Audited
from tests.admin_site.samples import one_of_each

MODELS = [
    model
    for model in apps.get_models()
    if issubclass(model, Audited) and not model._meta.abstract
]


@pytest.fixture
def world(db: None) -> dict[type[models.Model], models.Model]:
    """One row of every model."""
    return one_of_each()


@pytest.fixture
def superuser_client(world: object, person: object) -> Client:
    """Whoever may do everything."""
    client = Client()
    client.force_login(person("admin", "root", is_superuser=True))
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_list_add_change_history_and_delete_open(model, world, superuser_client):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = world[model]
    assert admin.site.is_registered(model)
    for address in (
        reverse(f"{name}_changelist"),
        reverse(f"{name}_changelist") + "?q=a",
        reverse(f"{name}_add"),
        reverse(f"{name}_change", args=[row.pk]),
        reverse(f"{name}_history", args=[row.pk]),
        reverse(f"{name}_delete", args=[row.pk]),
    ):
        page = superuser_client.get(address)
        assert page.status_code == 200, address
        assert ">None<" not in page.content.decode(), address


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_the_list_asks_no_more_for_more_rows(
    model, world, superuser_client, django_assert_max_num_queries
):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    with django_assert_max_num_queries(12):
        superuser_client.get(reverse(name))


def test_every_model_of_the_apps_is_audited():
    labels = ("users", "courses", "assessments", "communications")
    for label in labels:
        for model in apps.get_app_config(label).get_models():
            is_history = hasattr(model, "history_type")
            assert is_history or model in MODELS, model
