"""The list of imports: what a line tells, and how one finds an import among many."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.bulk.models import Batch, BatchRun

LIST = "/admin/bulk/batch/"
HASH = "ada" + "0123456789abcdef" * 4
REASON = "Roster of the autumn term, as agreed with the faculty office on the first of September."


@pytest.fixture
def batches(registrar: Any, admin: Any) -> dict[str, Batch]:
    """One applied with an approval, one that is held, one of the operator."""
    State = Batch.State
    approved = {"approved_by": admin, "approver_name": "Amina Okafor", "reason": REASON}
    counts = {"rows": 1200, "created": 1150, "rejected": 7}
    batch_fields = {
        "approved": {"state": State.APPLIED, "file_hash": HASH[:64]} | approved | counts,
        "held": {"state": State.HELD, "file_hash": "f" * 64},
        "operators": {"state": State.DISCARDED, "uploaded_by": None, "uploader_name": "Operator"},
    }
    now = timezone.now()
    made = {
        name: Batch.objects.create(
            **{"kind": "users", "file_name": f"{name}.csv", "uploader_name": "Ruth Lindqvist"}
            | {"uploaded_by": registrar, "approved_at": now if name == "approved" else None}
            | fields
        )
        for name, fields in batch_fields.items()
    }
    BatchRun.objects.filter(batch=made["approved"]).update(seconds=3.14159)
    return made


def names_on(client: Client, query: str) -> set[str]:
    """Which imports a list shows."""
    return {batch.file_name[:-4] for batch in client.get(LIST + query).context["cl"].result_list}


def test_a_line_tells_who_why_how_long_and_which_file(batches, admin_client):
    page = admin_client.get(LIST).content.decode()
    row = next(line for line in page.split("<tr")[1:] if "approved.csv" in line)
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split())
    for expected in (
        "approved.csv Ruth Lindqvist ·",
        "People Roster of the autumn term, as agreed wi…",
        "1,200 1,150 written, 7 wrong",
        "Amina Okafor",
        "3.1 s",
        HASH[:10],
    ):
        assert expected in text, (expected, text)
    assert f'title="{HASH[:64]}"' in row
    held = next(line for line in page.split("<tr")[1:] if "held.csv" in line)
    assert "needed" in held
    others = next(line for line in page.split("<tr")[1:] if "operators.csv" in line)
    assert "Discarded" in others


def test_an_undo_says_what_went_back_and_a_long_name_is_cut_in_its_middle(
    batches, registrar_client
):
    undo = {"undoes": batches["approved"], "state": "applied", "removed": 4, "rejected": 1}
    Batch.objects.filter(pk=batches["held"].pk).update(
        **undo, file_name=f"school.zip/{'x' * 90}.csv"
    )
    page = registrar_client.get(LIST).content.decode()
    assert "4 taken back, 1 left as they are" in page
    assert "school.zip/xxxxxxx…xxxxxxxxxxxxx.csv" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    {
        "?q=autumn+faculty": {"approved"},
        "?q=okafor": {"approved"},
        "?q=operator": {"operators"},
        f"?q={HASH[:12].upper()}": {"approved"},
        f"?q={HASH[3:12]}": set(),  # a hash is known by its beginning
        "?approval=given": {"approved"},
        "?approval=needed": {"held"},
        "?approval=none": {"operators"},
        "?approval=nonsense": {"approved", "held", "operators"},
        "?who=me": set(),
        "?who=others": {"approved", "held"},
        "?who=operator": {"operators"},
    }.items(),
)
def test_an_import_is_found_by_who_why_hash_and_approval(batches, admin_client, query, expected):
    assert names_on(admin_client, query) == expected


def test_a_registrar_finds_ones_own(batches, registrar_client):
    assert names_on(registrar_client, "?who=me") == {"approved", "held"}
