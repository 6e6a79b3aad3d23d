"""Two people flag or note in the same instant: nobody meets an error, and the last one stands."""

from typing import Any

import pytest
from django.db import connection

from backoffice.apps.assessments.models import GradingNote, SubmissionFlag
from tests.assessments.desk.desk import Desk
from tests.connections import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time"),
]
ROUNDS = 5


@pytest.fixture
def desks(desk: Desk, assistant_desk: Desk) -> list[Desk]:
    """Four windows of two people."""
    windows = []
    for each in (desk, assistant_desk) * 2:
        client = type(each.client)(raise_request_exception=False)
        client.cookies = each.client.cookies.copy()
        windows.append(Desk(client, each.assessment))
    return windows


def sent(desks: list[Desk], work: Any, part: str, texts: list[str]) -> list[int]:
    def job(desk: Desk, text: str) -> Any:
        return lambda: desk.send(work, part, text=text).status_code

    return at_once([job(desk, text) for desk, text in zip(desks, texts, strict=True)])


def test_flags(desks, works):
    texts = [f"Look {number}." for number in range(len(desks))]
    for _ in range(ROUNDS):
        assert sent(desks, works[0], "flag", texts) == [200] * len(desks)
        assert SubmissionFlag.objects.get().text in texts
        # One goes while others come.
        statuses = sent(desks, works[0], "flag", ["", "", *texts[2:]])
        assert statuses == [200] * len(desks)
        SubmissionFlag.objects.all().delete()


def test_notes(desks, works):
    texts = [f"Note {number}." for number in range(len(desks))]
    for _ in range(ROUNDS):
        assert sent(desks, works[0], "note", texts) == [200] * len(desks)
        assert GradingNote.objects.count() == 2
        GradingNote.objects.all().delete()


def test_drafts_and_signs_of_presence(desks, works):
    for part in ("draft", "presence", "discard", "leave", "keys"):
        texts = [str(number) for number in range(len(desks))]
        assert sent(desks, works[0], part, texts) == [200] * len(desks), part
