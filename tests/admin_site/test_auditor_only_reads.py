"""An auditor asks every address with every method and plausible data, and changes nothing.

Checksums of all tables, taken before and after, are equal, but for what is recorded on purpose.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from backoffice.bulk.models import BatchRun
from tests.addresses import MODELS, Address, every_address, filled
from tests.school import (
    School,
    applied,
    least_here,
    leave_unrendered,
    rolled_back,
    sample,
    text_of,
)

pytestmark = pytest.mark.django_db

# Tables a reader may change, and why.
RECORDED = {
    "django_session": "a login is a session, and its end is too",
    "audit_accessrecord": "looks, refusals and logins are recorded",
    "axes_accesslog": "logins are recorded",
    "axes_accessattempt": "wrong passwords are counted",
    "axes_accessfailurelog": "wrong passwords are counted",
}
BODIES = ("put", "patch", "delete", "options")
# What a person would send to change, delete, approve, apply, or take over.
PLAUSIBLE = {
    "action": "delete_selected",
    "_selected_action": "1",
    "_deed": "1",
    "post": "yes",
    "_save": "1",
    "select_across": "1",
    "reason": "Because I would like it so.",
    "role": "admin",
    "note": "Yes",
    "username": "changed",
    "title": "Changed",
    "name": "Changed",
    "body": "Changed",
    "text": "Changed",
    "status": "archived",
    "score": "1",
    "points": "1",
    "withdrawn_on": "2026-03-01",
    "mode": "upsert",
    "on_error": "abort",
    "form-TOTAL_FORMS": "1",
    "form-INITIAL_FORMS": "1",
    "form-0-id": "1",
    "form-0-title": "Changed",
    "_change_history": "1",
}
# Pages for the account one has oneself: an auditor changes the own password.
OWN_ACCOUNT = {"password_change", "logout", "login"}


def checksums() -> dict[str, str]:
    """A checksum of the rows of every table there is, whoever made it."""
    sums = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names()) - set(RECORDED):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            text = "\n".join(sorted(map(repr, cursor.fetchall())))
            sums[table] = hashlib.sha256(text.encode()).hexdigest()
    return sums


def targets(school: School) -> Iterator[tuple[Address, str]]:
    """Every address, with the number of a row where it takes one."""
    for address in every_address():
        if address.name in OWN_ACCOUNT or "<path:content_type_id>" in address.route:
            continue
        if not address.is_of_a_row:
            yield address, filled(address, None)
            continue
        for row in rows_of(school, address.label):
            yield address, filled(address, row)


def rows_of(school: School, label: str) -> list[Any]:
    """An own row and, of files, those that wait and those that are over."""
    rows = [school.own[label]]
    if label == "bulk.batch":
        rows += [school.turned[label], school.own["applied"]]
    return rows


@pytest.fixture
def client(school: School) -> Client:
    """The auditor."""
    return school.client("auditor")


def test_a_checksum_tells_of_a_single_changed_value(school: School):
    before = checksums()
    assert {model._meta.db_table for model in MODELS.values()} - set(RECORDED) <= set(before)
    with rolled_back():
        MODELS["courses.lesson"].objects.filter(pk=school.own["courses.lesson"].pk).update(
            title="X"
        )
        tables = sorted(changed(before, checksums()))
        assert tables == ["courses_historicallesson", "courses_lesson"]
    assert changed(before, checksums()) == []


def test_an_auditor_changes_nothing_by_any_method_at_any_address(
    school: School, client: Client, monkeypatch: pytest.MonkeyPatch
):
    school.own["applied"] = applied(school)
    before, count = checksums(), 0
    for _address, target in targets(school):
        answer = client.get(target)
        assert text_of(answer) is not None
        assert answer.status_code < 500, target
    # What other methods are answered with need not be rendered.
    leave_unrendered(monkeypatch)
    for address, target in sample(targets(school), 0):
        for method, answer in answers(client, target):
            count += 1
            text_of(answer)
            assert answer.status_code < 500, (method, target)
            if method == "post" and address.label and address.page in ("add", "change", "delete"):
                assert answer.status_code == 403, (method, target)
    assert changed(before, checksums()) == []
    assert count >= least_here(1_900)


def answers(client: Client, target: str) -> Iterator[tuple[str, Any]]:
    """What comes back for each method but GET."""
    yield "head", client.head(target)
    yield "post", client.post(target)
    yield "post", client.post(target, PLAUSIBLE)
    for method in BODIES:
        body, kind = json.dumps(PLAUSIBLE), "application/json"
        yield method, getattr(client, method)(target, body, content_type=kind)


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that differ."""
    return [table for table in before if before[table] != after[table]]


def test_a_look_at_a_list_of_files_removes_none(school: School, client: Client, settings: Any):
    """Yesterday's previews go when somebody who imports looks, not when an auditor does."""
    before = checksums()
    label = MODELS["bulk.batch"]
    label.objects.update(uploaded_at="2020-01-01T00:00Z")
    BatchRun.objects.update(touched_at="2020-01-01T00:00Z")
    old = checksums()
    for row in label.objects.all():
        client.get(f"/admin/bulk/batch/{row.pk}/change/")
        client.get(f"/admin/bulk/batch/{row.pk}/progress/")
    client.get("/admin/bulk/batch/")
    client.get("/admin/")
    assert set(changed(before, old)) == {"bulk_batch", "bulk_batchrun"}
    assert changed(old, checksums()) == []


def test_what_is_recorded_on_purpose_is_a_table(school: School):
    assert set(RECORDED) <= set(connection.introspection.table_names())
