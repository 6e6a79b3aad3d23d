"""Held rubrics are approved by who may see them, and shown to nobody else."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from backoffice.apps.users.models import User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.approval import agree, held_for
from tests.rubric_files import GROUP, HEADER


@pytest.fixture
def held(import_rubrics: Any, preview_rubrics: Any, taught: Any) -> Batch:
    """Changes twenty criteria of twenty."""
    names = [f"Essay,Criterion {number},,," for number in range(20)]
    head = f"{HEADER}{GROUP}\n"
    import_rubrics(head + "".join(f"{name}Good,,5\n" for name in names))
    return preview_rubrics(head + "".join(f"{name}Good,,6\n" for name in names))


def test_a_registrar_sees_no_rubrics_by_way_of_approving_them(
    held: Batch, registrar: User, registrar_client: Client
):
    page = registrar_client.get(f"/admin/bulk/batch/{held.pk}/change/")
    issues = registrar_client.get(f"/admin/bulk/batch/{held.pk}/issues.csv")
    with pytest.raises(PermissionDenied):
        agree(held, held.digest, registrar)

    assert (held.state, page.status_code, issues.status_code) == (Batch.State.HELD, 404, 404)
    assert not held_for(registrar)


def test_an_admin_approves_them(held: Batch, admin: User, admin_client: Client):
    page = admin_client.get(f"/admin/bulk/batch/{held.pk}/change/").content.decode()

    assert "Criterion 1" in page
    assert [*held_for(admin)] == [held]
    assert agree(held, held.digest, admin)
