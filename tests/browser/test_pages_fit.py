"""Every page fits a phone and a desk, light and dark, with no complaint from the browser."""

from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.urls import reverse

from backoffice.apps.users.models import User
from tests.browser.conftest import OpenPage

BROADER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def addresses() -> list[str]:
    """The list of every model, and the pages of one of its rows."""
    links = [reverse("admin:index"), reverse("admin:bulk_batch_upload")]
    links.append(reverse("admin:bulk_batch_export"))
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        links.append(reverse(f"{name}_changelist"))
        row = model._default_manager.first()
        if row is not None:
            links.append(reverse(f"{name}_change", args=[row.pk]))
    return links


@pytest.mark.parametrize(("width", "is_dark"), [(390, True), (1440, False)])
def test_no_page_is_broader_than_its_window(
    open_page: OpenPage, transactional_db: None, subtests, width: int, is_dark: bool
):
    call_command("init_db", stdout=StringIO())
    User.objects.filter(username="admin").update(is_superuser=True)
    page = open_page(User.objects.get(username="admin"), width, is_dark)
    for address in addresses():
        with subtests.test(address):
            page.goto(address)
            assert page.evaluate(BROADER) == 0


def test_a_long_name_chosen_on_a_page_does_not_widen_it(
    open_page: OpenPage, transactional_db: None
):
    auditor = User.objects.create_user("aude", role="auditor", is_staff=True)
    student = User.objects.create(
        username="s1001",
        student_id="s1001",
        first_name="Bartholomäus-Maximilian Cholmondeley von und zu",
        last_name="Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
        password="!",
    )
    page = open_page(auditor, 390, True)
    for address in (f"record/?student={student.pk}", f"timeline/?student={student.pk}"):
        page.goto(f"/admin/{address}")
        page.locator(".select2-selection__rendered", has_text=student.last_name).wait_for()
        assert page.evaluate(BROADER) == 0
