"""The page of a file asks what a school's own values mean, and reads it again."""

import re
from typing import Any

import pytest

from backoffice.bulk.kinds.value_words import LEFT_OUT
from backoffice.bulk.models import Batch, ValueMapping
from tests.bulk.read.test_own_headers import page_messages, page_of
from tests.bulk.read.test_own_values import CUSTOM, OWN, roster

__all__ = ["roster"]  # a fixture


@pytest.fixture
def refused(upload: Any) -> Batch:
    """A file refused for words that nobody has given a meaning yet."""
    return upload("enrollments", OWN)


def form_of(page: str) -> str:
    return page[page.index('id="own-values"') :].partition("</section>")[0]


def test_a_refused_file_asks_what_each_unknown_value_means(refused, registrar_client):
    form = form_of(registrar_client.get(page_of(refused)).content.decode())
    labels = re.findall(r'<label[^>]*for="id_(value_\d)"[^>]*>\s*([^<]+?)\s*<', form)
    assert [label for _name, label in labels] == [
        "status “Enrolled”",
        "status “Dropped”",
        "status “Waitlisted”",
        "status “W”",
    ]
    options = re.findall(r'<option value="([^"]*)"', form.partition('name="value_0"')[2])
    assert options[:6] == ["", "-", "active", "completed", "failed", "withdrawn"]


CHOSEN = {"value_0": "active", "value_1": "withdrawn", "value_2": LEFT_OUT, "value_3": "withdrawn"}


def test_meanings_chosen_for_a_refused_file_are_stored_and_it_is_read_again(
    refused, registrar_client, registrar
):
    answer = registrar_client.post(page_of(refused, "own_values"), CHOSEN, follow=True)
    refused.refresh_from_db()
    assert (refused.state, refused.created) == ("previewed", 3)
    stored = ValueMapping.objects.values_list("kind", "column", "word", "meaning", "made_by")
    assert set(stored) == {
        ("enrollments", "status", "Enrolled", "active", registrar.pk),
        ("enrollments", "status", "Dropped", "withdrawn", registrar.pk),
        ("enrollments", "status", "Waitlisted", LEFT_OUT, registrar.pk),
        ("enrollments", "status", "W", "withdrawn", registrar.pk),
    }
    assert set(ValueMapping.history.values_list("history_user", flat=True)) == {registrar.pk}
    page = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
    assert "Read with your school's own values:" in page.replace("&#x27;", "'")
    assert "Enrolled → active" in page
    assert "Waitlisted → left out" in page


def test_a_preview_with_roles_of_the_schools_own_asks_as_well(upload, registrar_client):
    batch = upload("enrollments", CUSTOM)
    assert batch.state == "previewed"
    form_of(registrar_client.get(page_of(batch)).content.decode())
    registrar_client.post(page_of(batch, "own_values"), {"value_0": "observer"})
    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("previewed", 2)


REFUSED_CHOICES = {
    (("value_0", "observer"),): (
        "status “Enrolled” Select a valid choice. observer is not one of the available choices."
    ),
    (): "Choose a meaning for at least one value.",
}


@pytest.mark.parametrize(("chosen", "message"), REFUSED_CHOICES.items())
def test_what_may_not_be_said_is_not_stored(refused, registrar_client, chosen, message):
    answer = registrar_client.post(page_of(refused, "own_values"), dict(chosen), follow=True)
    assert page_messages(answer) == [message]
    assert not ValueMapping.objects.exists()
    refused.refresh_from_db()
    assert refused.state == "refused"


def test_only_the_uploader_says_it_of_a_file_and_only_while_it_waits(
    refused, import_file, registrar_client, registrar2_client, admin_client, auditor_client
):
    address = page_of(refused, "own_values")
    answers = [client.post(address, CHOSEN) for client in (admin_client, auditor_client)]
    assert [each.status_code for each in answers] == [403, 403]
    assert registrar2_client.post(address, CHOSEN).status_code == 404
    assert registrar_client.get(address).status_code == 405
    assert b'id="own-values"' not in admin_client.get(page_of(refused)).content
    done = import_file("enrollments", CUSTOM)
    assert b'id="own-values"' not in registrar_client.get(page_of(done)).content
    answer = registrar_client.post(page_of(done, "own_values"), CHOSEN, follow=True)
    assert page_messages(answer) == ["This file does not wait for a meaning of its values."]
    assert not ValueMapping.objects.exists()


ADD = "/admin/bulk/valuemapping/add/"


def test_a_registrar_makes_one_on_its_own_page_and_an_auditor_looks(
    registrar_client, auditor_client, instructor_client, registrar
):
    data = {"kind": "enrollments", "column": "status", "word": "Dropped", "meaning": "observer"}
    answer = registrar_client.post(ADD, data)
    assert answer.context["adminform"].form.errors == {
        "meaning": [
            "The column status has no value “observer”. Choose one of: active, completed, failed, "
            "withdrawn."
        ]
    }
    answer = registrar_client.post(ADD, data | {"meaning": "withdrawn"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    mapping = ValueMapping.objects.get()
    assert (mapping.name, mapping.made_by) == ("dropped", registrar)
    page = auditor_client.get("/admin/bulk/valuemapping/").content.decode()
    assert "Dropped" in page
    assert auditor_client.post(ADD, data).status_code == 403
    assert instructor_client.get("/admin/bulk/valuemapping/").status_code == 403
    form = registrar_client.get(f"/admin/bulk/valuemapping/{mapping.pk}/change/")
    meanings = [value for value, _l in form.context["adminform"].form.fields["meaning"].choices]
    assert meanings == ["", "active", "completed", "failed", "withdrawn", LEFT_OUT]


def test_a_blank_value_is_one_error(registrar_client):
    answer = registrar_client.post(ADD, {"kind": "enrollments", "column": "status"})
    assert answer.context["adminform"].form.errors["word"] == ["This field is required."]
