"""The health page names the merges that wait, and for whom."""

from datetime import timedelta
from typing import Any

from backoffice.apps.users.merging.requests import request_merge
from backoffice.apps.users.merging.waiting import merges_that_wait
from backoffice.audit.models import Approval
from tests.users.twins import WHY, agreed


def found() -> tuple[str, str]:
    result = merges_that_wait()
    return result.status, str(result.detail)


def test_nothing_waits(db: Any):
    assert found() == ("good", "No merge of two records waits.")


def test_a_merge_is_named_until_it_is_decided(ada, twin, registrar, admin):
    approval = request_merge(ada, twin, registrar, WHY)
    assert found() == (
        "good",
        "“Ada Lovelace (S2002) is merged into Ada Lovelace (S1001)” waits for a second person, or "
        "for what has to be decided first: its page under Approvals says which.",
    )
    agreed(approval, admin)
    assert found() == ("good", "No merge of two records waits.")


def test_it_asks_the_database_once(student, registrar, django_assert_num_queries):
    for number in range(3):
        request_merge(student(f"A100{number}"), student(f"B100{number}"), registrar, WHY)
    with django_assert_num_queries(1):
        found()


def test_after_a_week_somebody_should_look(ada, twin, registrar):
    approval = request_merge(ada, twin, registrar, WHY)
    asked_at = approval.requested_at - timedelta(days=8)
    Approval.objects.filter(pk=approval.pk).update(requested_at=asked_at)
    status, detail = found()
    assert status == "warning"
    assert detail.endswith(f" The first one was asked for on {asked_at:%Y-%m-%d}.")


def test_of_many_the_first_are_named(student, registrar):
    for number in range(5):
        people = student(f"A100{number}"), student(f"B100{number}")
        request_merge(*people, registrar, WHY)
    assert found()[1].count("is merged into") == 3
    assert found()[1].endswith(" And 2 more.")
