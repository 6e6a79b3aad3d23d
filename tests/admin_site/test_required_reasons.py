"""Every (r) of the page on rights: who does it says why in ten characters, or it is not done.

An action asks in its dialog, a change in its form. To revert is not here: it has a page of its own.
"""

from typing import Any

import pytest

from tests.school import School, rolled_back

pytestmark = pytest.mark.django_db

MISSING, SHORT = "This field is required.", "Say it in at least 10 characters."
# Model, role, which row, and the last part of the address.
ACTIONS = [
    ("users.user", "admin", "own", "change-role"),
    ("users.enrollment", "admin", "own", "withdraw"),
    ("users.enrollment", "registrar", "own", "withdraw"),
    ("assessments.assessmentsubmission", "admin", "turned", "reopen"),
    ("assessments.assessmentsubmission", "instructor", "turned", "reopen"),
    ("communications.forumpost", "admin", "own", "hide"),
    ("communications.forumpost", "instructor", "own", "hide"),
    ("communications.forumpost", "assistant", "own", "hide"),
    ("communications.directmessage", "admin", "own", "read"),
]
# Model, role, which row: the form of a change asks.
FORMS = [
    ("assessments.assessment", "admin", "turned"),
    ("assessments.assessment", "admin", "own"),
    ("assessments.assessment", "instructor", "own"),
    ("assessments.question", "instructor", "own"),
    ("assessments.assessmentsubmission", "instructor", "turned"),
    ("assessments.peerreview", "instructor", "own"),
]
REASONS = [("", MISSING), ("too short", SHORT)]


def address(school: School, label: str, which: str, page: str) -> str:
    row = getattr(school, which)[label]
    return f"/admin/{label.replace('.', '/')}/{row.pk}/{page}/"


@pytest.mark.parametrize(("reason", "refusal"), REASONS)
@pytest.mark.parametrize("action", ACTIONS, ids="-".join)
def test_an_action_asks_why(
    action: tuple[str, str, str, str], reason: str, refusal: str, school: School
):
    label, role, which, name = action
    target = address(school, label, which, name)
    errors = refused(school, role, target, {"reason": reason})["form"].errors
    assert errors["reason"] == [refusal]


@pytest.mark.parametrize(("reason", "refusal"), REASONS)
@pytest.mark.parametrize(("label", "role", "which"), FORMS)
def test_a_form_asks_why(
    label: str, role: str, which: str, reason: str, refusal: str, school: School
):
    target = address(school, label, which, "change")
    errors = refused(school, role, target, {"change_reason": reason})["adminform"].form.errors
    assert errors["change_reason"] == [refusal]


def refused(school: School, role: str, target: str, data: dict[str, str]) -> Any:
    """What the page says of a posted form that was not taken."""
    with rolled_back():
        answer = school.client(role).post(target, data)
    assert answer.status_code == 200, (answer.status_code, target)
    return answer.context_data
