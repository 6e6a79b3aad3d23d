"""A save after the right has gone stores nothing, and what was typed before is still there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.apps.assessments.models import AssessmentSubmission, CriterionScore, GradeDraft
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from tests.assessments.desk.desk import SWAP, Desk

Change = Callable[[User, Any], None]


def log_out(person: User, desk: Desk) -> None:
    Client.logout(desk.client)


def demote(person: User, desk: Desk) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def make_auditor(person: User, desk: Desk) -> None:
    User.objects.filter(pk=person.pk).update(role="auditor")


def make_registrar(person: User, desk: Desk) -> None:
    User.objects.filter(pk=person.pk).update(role="registrar")


def deactivate(person: User, desk: Desk) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def end_assignment(person: User, desk: Desk) -> None:
    rows = Enrollment.objects.filter(student=person, role="teaching_assistant")
    rows.update(status="withdrawn", withdrawn_on=timezone.localdate())


def remove_assignment(person: User, desk: Desk) -> None:
    Enrollment.objects.filter(student=person, role="teaching_assistant").delete()


CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (
        log_out, demote, make_auditor, make_registrar, deactivate, end_assignment,
        remove_assignment,
    )
}  # fmt: skip


@pytest.mark.parametrize("headers", [{}, SWAP], ids=["form", "swap"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_save_after_the_right_has_gone(
    assistant_desk: Desk, assistant: User, works, name: str, headers: dict[str, str]
):
    desk, work = assistant_desk, works[0]
    values = desk.marks("Thin", "Thin") | {"version": desk.version(work), "feedback": "Typed."}
    assert desk.send(work, "draft", **values).status_code == 200
    CHANGES[name](assistant, desk)
    changes = ChangeSet.objects.count()

    answer = desk.client.post(desk.address(work), values, headers=headers)

    if answer.status_code == 302:
        assert "/login/" in answer.url
    else:
        assert answer.status_code == 403
    work.refresh_from_db()
    assert (work.score, work.status, work.version) == (None, "submitted", 1)
    assert not CriterionScore.objects.exists()
    assert ChangeSet.objects.count() == changes
    draft = GradeDraft.objects.get()
    assert (draft.grader, draft.payload["feedback"]) == (assistant, "Typed.")
    # Whoever may grade again finds it.
    User.objects.filter(pk=assistant.pk).update(role="instructor", is_staff=True, is_active=True)
    Enrollment.objects.update_or_create(
        course=desk.assessment.course,
        student=assistant,
        defaults={"role": "teaching_assistant", "status": "active", "withdrawn_on": None},
    )
    desk.client.force_login(User.objects.get(pk=assistant.pk))
    shown = desk.open(work).context["work"]
    chosen = [[each.title for each in row.levels if each.is_chosen] for row in shown.criteria]
    assert (shown.has_draft, shown.feedback, chosen) == (True, "Typed.", [["Thin"], ["Thin"]])
    assert desk.save(work, **values).status_code == 302


def test_the_course_gets_another_instructor(desk: Desk, works, course, instructor, person):
    values = {"score": "70", "version": desk.version(works[0]), "feedback": "Typed."}
    desk.send(works[0], "draft", **values)
    type(course).objects.filter(pk=course.pk).update(instructor=person("instructor", "carla"))
    assert desk.save(works[0], **values).status_code == 403
    works[0].refresh_from_db()
    assert (works[0].score, works[0].version) == (None, 1)
    assert GradeDraft.objects.get(grader=instructor).payload["feedback"] == "Typed."


def test_the_work_became_final_meanwhile(assistant_desk: Desk, assistant, works):
    work = works[0]
    values = {"score": "70", "version": assistant_desk.version(work), "feedback": "Typed."}
    assistant_desk.send(work, "draft", **values)
    AssessmentSubmission.objects.filter(pk=work.pk).update(
        status="finalized", score=50, posted_at="2026-04-01T12:00Z"
    )
    answer = assistant_desk.save(work, **values)
    assert answer.status_code == 403
    text = "This grade is final. It takes two people to change it: ask on its page."
    assert text in answer.content.decode()
    work.refresh_from_db()
    assert work.score == 50
    assert GradeDraft.objects.get(grader=assistant).payload["feedback"] == "Typed."
