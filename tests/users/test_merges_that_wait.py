"""The health page names the merges that wait, and for whom."""

from datetime import timedelta
from typing import Any

from backoffice.apps.users.merging.requests import request_merge
from backoffice.apps.users.merging.waiting import merges_that_wait
from backoffice.audit.models import Approval
from tests.users.twins import WHY, agreed, graded


def found() -> tuple[str, str]:
    result = merges_that_wait()
    return result.status, str(result.detail)


def test_nothing_waits(db: Any):
    assert found() == ("good", "No merge of two records waits.")


def test_a_merge_waits_for_a_second_person_until_it_is_decided(ada, twin, registrar, admin):
    approval = request_merge(ada, twin, registrar, WHY)
    assert found() == (
        "good",
        "“Ada Lovelace (S2002) is merged into Ada Lovelace (S1001)” waits for a second person.",
    )
    agreed(approval, admin)
    assert found() == ("good", "No merge of two records waits.")


def test_a_merge_waits_for_the_choice_of_an_instructor(pair, paper, registrar):
    for person in pair:
        graded(paper, person, 50)
    request_merge(*pair, registrar, WHY)
    assert found() == (
        "good",
        "“S2002 (S2002) is merged into S1001 (S1001)” waits for a decision, such as an "
        "instructor's choice between two works.",
    )


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
    assert found()[1].endswith("into A1002 (A1002)” waits for a second person. And 2 more.")
