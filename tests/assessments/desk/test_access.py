"""Who sits at whose desk."""

from typing import Any

import pytest
from django.test import Client

from backoffice.apps.assessments.admin.desk_parts import PARTS
from backoffice.apps.assessments.models import (
    Annotation,
    Assessment,
    AssessmentSubmission,
    GradeDraft,
    GradingNote,
    GradingPresence,
    SavedComment,
    SubmissionFlag,
)
from backoffice.apps.users.models import Enrollment
from backoffice.audit.models import AccessRecord
from tests.assessments.desk.desk import Desk

Status = AssessmentSubmission.Status
KEPT = (Annotation, GradeDraft, GradingNote, GradingPresence, SavedComment, SubmissionFlag)


def is_empty() -> bool:
    return not any(model.objects.exists() for model in KEPT)


def test_instructor_and_assistant_open_it(desk: Desk, assistant_desk: Desk, works):
    for each in (desk, assistant_desk):
        assert each.queue().status_code == 200
        assert each.open(works[0]).status_code == 200


def test_an_instructor_of_another_course_is_refused(stranger_desk: Desk, works):
    assert stranger_desk.queue().status_code == 403
    assert stranger_desk.open(works[0]).status_code == 403
    assert stranger_desk.save(works[0], score="50").status_code == 403
    for part in PARTS:
        assert stranger_desk.send(works[0], part, text="x").status_code == 403, part
    assert is_empty()


def test_a_registrar_is_refused(essay, works, registrar_client: Client):
    desk = Desk(registrar_client, essay)
    assert desk.queue().status_code == 403
    assert desk.open(works[0]).status_code == 403
    for part in (*PARTS, "bank"):
        assert desk.send(works[0], part, text="x").status_code == 403, part
    assert is_empty()


@pytest.mark.parametrize("name", ["auditor_client", "admin_client"])
def test_auditor_and_admin_read_and_write_nothing(name: str, essay, works, request: Any):
    desk = Desk(request.getfixturevalue(name), essay)
    page = desk.open(works[0])
    assert page.status_code == 200
    assert "You may read this work, and not grade it." in page.content.decode()
    assert desk.save(works[0], score="50", version="1").status_code == 403
    for part in PARTS:
        assert desk.send(works[0], part, text="x").status_code == 403, part
    assert is_empty()


def test_work_of_another_assessment_is_not_there(desk: Desk, works):
    other = Assessment.objects.create(
        course=desk.assessment.course, code="TMA02", title="Other", due_date=None
    )
    assert Desk(desk.client, other).open(works[0]).status_code == 404


@pytest.mark.parametrize("number", ["0", "999999", "9" * 18, "9" * 30, "-1", "1a", "%00"])
def test_a_forged_number_meets_nothing(desk: Desk, works, number: str):
    address = f"{desk.address()}{number}/"
    assert desk.client.get(address, follow=True).status_code in (400, 403, 404)
    assert desk.client.post(address, {"score": "5"}, follow=True).status_code in (400, 403, 404)
    start = f"/admin/assessments/assessment/{number}/desk/"
    assert desk.client.get(start).status_code in (400, 403, 404)
    assert desk.client.get(f"{start}{works[0].pk}/").status_code in (400, 403, 404)


def test_an_unknown_part_is_not_there(desk: Desk, works):
    assert desk.send(works[0], "nothing").status_code == 404


def test_an_assistant_grades_nothing_that_is_final(assistant_desk: Desk, desk: Desk, works):
    final = {"status": Status.FINALIZED, "score": 50, "posted_at": "2026-04-01T12:00Z"}
    grader = desk.assessment.course.instructor
    AssessmentSubmission.objects.filter(pk=works[0].pk).update(**final, grader=grader)
    assert assistant_desk.open(works[0]).status_code == 200
    answer = assistant_desk.save(works[0], score="60", version="1")
    assert answer.status_code == 403
    assert assistant_desk.send(works[0], "draft", score="60").status_code == 403
    # Nor does the instructor, before it is reopened.
    text = "This grade is final. It takes two people to change it: ask on its page."
    assert text in desk.open(works[0]).content.decode()
    assert desk.save(works[0], score="60", version="1").status_code == 403
    assert not GradeDraft.objects.exists()


def test_nobody_grades_their_own_work(course, essay, works, instructor, instructor_client):
    AssessmentSubmission.objects.filter(pk=works[0].pk).update(student=instructor)
    desk = Desk(instructor_client, essay)
    assert "You may read this work, and not grade it." in desk.open(works[0]).content.decode()
    assert desk.save(works[0], score="60", version="1").status_code == 403


def test_somebody_who_assists_no_more_is_refused_and_keeps_what_was_typed(
    assistant_desk: Desk, works, assistant, course
):
    assert assistant_desk.send(works[0], "draft", feedback="Good.").status_code == 200
    Enrollment.objects.filter(course=course, student=assistant).update(status="withdrawn")
    assert assistant_desk.save(works[0], feedback="Good work.").status_code in (302, 403)
    assert GradeDraft.objects.get().payload == {"feedback": "Good."}


def test_a_look_is_on_record(desk: Desk, works, instructor):
    desk.open(works[0])
    desk.swap(works[1])
    looks = AccessRecord.objects.filter(actor=instructor, kind=AccessRecord.Kind.VIEW)
    about = looks.filter(label="assessments.assessmentsubmission").order_by("pk")
    assert list(about.values_list("person", flat=True)) == [w.student_id for w in works[:2]]
