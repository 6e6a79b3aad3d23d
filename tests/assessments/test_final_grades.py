"""A final grade changes, or is opened again, when a second person agrees, and in no other way."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from backoffice.admin_site.permissions import roles
from backoffice.apps.assessments.anomalies import final_without_reason, raised_when_final
from backoffice.apps.assessments.final_grades import ask_to_change, ask_to_reopen
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
)
from backoffice.apps.courses.models import Course
from backoffice.audit.admin_kit.approvals import approve
from backoffice.audit.models import Approval, ChangeSet
from backoffice.audit.record.recording import recording
from tests.actions import do, do_with_many, messages_of, page_of, refused
from tests.assessments.final_work import BEFORE, FINAL, WHY, client_of, form_of, grade_of
from tests.filling import errors_of, fields_of

STALE = (
    "The grade changed since this was asked for. Refuse the request; whoever still wants it looks "
    "at the grade and asks again."
)


def change(client: Client, work: AssessmentSubmission, score: str = "80", **values: Any) -> Any:
    values = {"score": score, "feedback": "Well argued.", "reason": WHY} | values
    return do(client, work, "change_final", **values)


# The two holes.


def test_nobody_changes_a_final_grade_alone_in_its_form(work, instructor_client):
    page = form_of(work)
    sent = {**fields_of(instructor_client, page), "change_reason": WHY}
    answer = instructor_client.post(page, sent | {"score": "80", "feedback": "Well argued."})
    assert grade_of(work) == BEFORE
    assert errors_of(answer)["score"] == [FINAL]
    assert "score" not in sent


def test_nobody_reopens_a_final_grade_alone_and_changes_it_then(work, instructor_client):
    answer = do(instructor_client, work, "reopen", reason=WHY)
    assert grade_of(work) == BEFORE
    waiting = f"Asked for: {Approval.objects.get()}. It waits for a second person."
    assert messages_of(answer) == [waiting]
    refusal = refused(do(instructor_client, work, "grade", score="80"))
    assert "Only work that was handed in and is not final gets a grade." in str(refusal)
    assert grade_of(work) == BEFORE


# Asking and agreeing.


def test_a_change_counts_once_an_admin_agrees(work, instructor, instructor_client, admin):
    answer = change(instructor_client, work, feedback="Well argued after all.")
    asked = Approval.objects.get()
    assert messages_of(answer) == [f"Asked for: {asked}. It waits for a second person."]
    assert str(asked) == (
        f"The final grade of submission {work.pk} for {work.assessment}, {work.assessment.course} "
        "changes from 71 to 80"
    )
    assert grade_of(work) == BEFORE
    version, given = work.version, work.graded_at

    assert do(client_of(admin), asked, "agree").status_code == 302
    assert grade_of(work) == (80, "finalized", "Well argued after all.", "instructor")
    assert work.version == version + 1
    assert work.graded_at != given
    newest = work.history.first()
    assert (newest.history_change_reason, newest.history_user) == (WHY, admin)
    asked.refresh_from_db()
    assert (asked.requested_by, asked.decided_by) == (instructor, admin)


def test_what_an_admin_asks_to_reopen_the_instructor_decides(
    work, admin, admin_client, instructor_client
):
    assert do(admin_client, work, "reopen", reason=WHY).status_code == 302
    assert do(instructor_client, Approval.objects.get(), "agree").status_code == 302
    assert grade_of(work) == (71, "graded", "Well argued.", "instructor")
    values = {"score": "80", "override_reason": WHY, "reason": WHY}
    assert do(instructor_client, work, "grade", **values).status_code == 302
    assert grade_of(work)[:2] == (80, "graded")


def test_another_admin_decides_what_an_admin_asks(work, admin_client, bea):
    do(admin_client, work, "reopen", reason=WHY)
    assert do(client_of(bea), Approval.objects.get(), "agree").status_code == 302
    assert grade_of(work)[1] == "graded"


def test_another_instructor_of_the_course_agrees(work, person, course):
    chief, colleague = person("admin", "chief", is_superuser=True), person("instructor", "carla")
    ask_to_change(work, Decimal(80), "", chief, WHY)
    Course.objects.filter(pk=course.pk).update(instructor=colleague)
    assert do(client_of(colleague), Approval.objects.get(), "agree").status_code == 302
    assert grade_of(work) == (80, "finalized", "", "chief")


def test_who_refuses_leaves_the_grade(work, instructor_client, admin_client):
    change(instructor_client, work)
    assert do(admin_client, Approval.objects.get(), "disagree").status_code == 302
    assert grade_of(work) == BEFORE
    assert Approval.objects.get().state == "refused"


@pytest.mark.parametrize("action", ["agree", "disagree"])
@pytest.mark.parametrize("who", ["registrar", "auditor", "foreign", "assistant"])
def test_nobody_else_decides(who, action, work, instructor, person, request):
    asked = ask_to_change(work, Decimal(80), "", instructor, WHY)
    one = person("instructor", "foreign") if who == "foreign" else request.getfixturevalue(who)
    client = client_of(one)
    assert do(client, asked, action).status_code == 403
    assert client.get(form_of(asked)).status_code == (200 if who == "auditor" else 403)
    assert grade_of(work) == BEFORE


def test_nobody_agrees_with_oneself(work, instructor_client, admin_client):
    change(instructor_client, work)
    asked = Approval.objects.get()
    message = "Nobody approves what they asked for themselves."
    assert refused(do(instructor_client, asked, "agree")) == {"__all__": [message]}
    assert grade_of(work) == BEFORE


def test_an_account_whose_password_the_asker_set_is_no_second_person(work, instructor, admin):
    with recording(source="form", actor=admin):
        instructor.set_password("set by the admin, who knows it")
        instructor.save()
    asked = ask_to_reopen(work, admin, WHY)
    with pytest.raises(ValidationError, match="This takes another person"):
        approve(asked, instructor)


@pytest.mark.parametrize("who", ["assistant", "registrar", "auditor", "admin"])
def test_only_an_instructor_of_the_course_asks_for_another_grade(who, work, request):
    client = client_of(request.getfixturevalue(who))
    assert change(client, work).status_code == 403
    assert not Approval.objects.exists()


def test_nobody_asks_about_their_own_grade_or_decides_about_it(work, instructor, person):
    AssessmentSubmission.objects.filter(pk=work.pk).update(student=person("admin", "former"))
    work.refresh_from_db()
    with pytest.raises(ValidationError, match="Nobody grades their own submission"):
        ask_to_reopen(work, work.student, WHY)
    asked = ask_to_reopen(work, instructor, WHY)
    with pytest.raises(ValidationError, match="Nobody decides about their own grade"):
        approve(asked, work.student)


def test_instructors_do_not_count_as_accounts_that_take_two_people():
    assert roles.approving_roles() == {"admin", "registrar"}


# What was agreed to is what was asked for.


def test_what_was_asked_of_an_earlier_grade_is_refused(work, instructor, admin, bea):
    first = ask_to_change(work, Decimal(80), "", instructor, WHY)
    other = ask_to_reopen(work, bea, WHY)
    approve(first, admin)
    with pytest.raises(ValidationError, match=STALE):
        approve(other, admin)
    assert grade_of(work)[:2] == (80, "finalized")


def test_what_is_open_again_is_not_changed_by_a_request(work, instructor, admin, bea):
    wish = ask_to_change(work, Decimal(80), "", instructor, WHY)
    approve(ask_to_reopen(work, bea, WHY), admin)
    with pytest.raises(ValidationError, match="This grade is not final"):
        approve(wish, admin)
    assert grade_of(work)[:2] == (71, "graded")


def test_an_asker_who_may_no_longer_grade_there_gets_nothing(
    work, instructor, admin, person, course
):
    wish = ask_to_change(work, Decimal(80), "", instructor, WHY)
    Course.objects.filter(pk=course.pk).update(instructor=person("instructor", "carla"))
    with pytest.raises(ValidationError, match="Instructor Example may not do this with the grade"):
        approve(wish, admin)
    assert grade_of(work) == BEFORE


def test_the_rules_hold_when_it_is_asked_and_when_it_is_approved(
    work, instructor, instructor_client, admin
):
    above = "The score is above the maximum score of the assessment."
    assert refused(change(instructor_client, work, "100.5")) == {"score": [above]}
    unchanged = "The grade is this already. Enter another score, or other feedback."
    assert refused(change(instructor_client, work, "71")) == {"__all__": [unchanged]}
    assert refused(change(instructor_client, work, reason="Short")) == {
        "reason": ["Say it in at least 10 characters."]
    }
    assert not Approval.objects.exists()

    change(instructor_client, work, "95")
    Assessment.objects.update(max_score=90)
    answer = do(client_of(admin), Approval.objects.get(), "agree")
    assert refused(answer) == {"__all__": [above]}
    assert grade_of(work) == BEFORE


def test_the_same_is_asked_for_once(work, instructor_client):
    change(instructor_client, work)
    again = "This was asked for already and waits for a decision."
    assert refused(change(instructor_client, work, "85")) == {"__all__": [again]}


# What waits is shown.


def test_what_waits_stands_on_the_page_of_the_work(work, instructor_client, registrar_client):
    change(instructor_client, work, feedback="Better than I thought.")
    asked = Approval.objects.get()
    history = reverse("admin:assessments_assessmentsubmission_grade_record", args=[work.pk])
    for page in (form_of(work), history):
        text = instructor_client.get(page).content.decode()
        assert "A change of this final grade waits for a second person:" in text
        assert "71 → 80" in text
        assert "Asked by Instructor Example (instructor) at " in text
        assert "Better than I thought." in text
        assert form_of(asked) in text
    shown = registrar_client.get(form_of(work))
    assert shown.status_code == 200
    assert "71 → 80" not in shown.content.decode()


def test_what_waits_stands_in_the_list_of_who_decides(work, admin, admin_client, person):
    do(admin_client, work, "reopen", reason=WHY)
    asked = Approval.objects.get()
    page = reverse("admin:audit_approval_changelist")
    owner, foreign = client_of(work.grader), client_of(person("instructor", "foreign"))
    assert str(asked) in owner.get(page).content.decode()
    assert str(asked) not in foreign.get(page).content.decode()
    text = owner.get(form_of(asked)).content.decode()
    assert form_of(work) in text
    assert (
        "That this final grade is opened again waits" in owner.get(form_of(work)).content.decode()
    )


def test_what_was_decided_is_shown_no_more(work, instructor_client, admin_client):
    change(instructor_client, work)
    do(admin_client, Approval.objects.get(), "agree")
    assert "data-waiting" not in instructor_client.get(form_of(work)).content.decode()


def test_a_list_asks_for_no_final_grades_at_once(work, instructor_client):
    do_with_many(instructor_client, [work], "reopen", reason=WHY)
    assert not Approval.objects.exists()
    assert page_of(work, "change_final").endswith("/change-final/")


def test_an_agreed_change_is_no_change_without_a_reason(work, instructor_client, admin_client):
    change(instructor_client, work)
    do(admin_client, Approval.objects.get(), "agree")
    newest = ChangeSet.objects.order_by("-pk").first()
    since = newest.created_at.replace(year=newest.created_at.year - 1)
    assert newest in raised_when_final(since)
    assert newest not in final_without_reason(since)
