"""Two people with the dialog of an action open: nothing is overwritten unseen, and one chooses."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import Approval
from tests.actions import choose, do, messages_of, opened, page_of, refused, versions_on
from tests.filling import FormReader

UNSEEN = "This dialog does not say what it was opened with. Open it again."
WHY = "The dean asked for it"


@pytest.fixture
def work(courses: dict[str, Course], student: Any, instructor: User) -> AssessmentSubmission:
    """Handed-in work in the instructor's course, with an assistant who grades too."""
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    for name in ("s1001", "s1002"):
        Enrollment.objects.create(student=student(name), course=courses["BIO101"])
    paper = Assessment.objects.create(
        course=courses["BIO101"], code="TMA01", title="Essay", status="published"
    )
    return AssessmentSubmission.objects.create(
        assessment=paper, student=User.objects.get(student_id="s1001"), status="submitted",
        submitted_at="2026-03-01T12:00Z",
    )  # fmt: skip


@pytest.fixture
def helper_client(work: AssessmentSubmission, person: Any) -> Client:
    """The assistant of the course."""
    helper = person("instructor", "helper")
    course = work.assessment.course
    Enrollment.objects.create(student=helper, course=course, role="teaching_assistant")
    client = Client()
    client.force_login(helper)
    return client


def fields_in(answer: Any) -> dict[str, list[str]]:
    """What the dialog as it came back would send."""
    reader = FormReader()
    reader.feed(answer.content.decode())
    return next(form for form in reader.forms if "_versions" in form)


def submit(client: Client, row: Any, sent: dict[str, Any], action: str = "grade", **more: Any):
    return client.post(page_of(row, action), sent, **more)


def test_the_second_of_two_graders_overwrites_nothing(work, instructor_client, helper_client):
    seen = opened(instructor_client, work, "grade")
    versions = work.history.count()
    assert do(helper_client, work, "grade", score="71", feedback="Good").status_code == 302

    answer = submit(instructor_client, work, seen | {"score": "12", "feedback": "Poor"})

    (message,) = refused(answer, 409)["__all__"]
    newest = work.history.first()
    assert message == (
        "Nothing was stored: Helper Example (helper) changed this on "
        f"{newest.history_date:%Y-%m-%d %H:%M:%S} UTC, after this dialog was opened. Look at what "
        "is stored now, choose, and submit again."
    )
    work.refresh_from_db()
    assert (work.score, work.feedback) == (Decimal("71"), "Good")
    assert work.history.count() == versions + 1
    score, feedback = answer.context["form"].conflicts
    assert (score.label, score.opened, score.stored, score.entered, score.who) == (
        *("Score", "blank", "71", "12", "Helper Example (helper)"),
    )
    assert (feedback.opened, feedback.stored, feedback.entered) == ("blank", "Good", "Poor")
    assert score.when == newest.history_date
    page = answer.content.decode()
    for text in ("71", "Helper Example (helper)", "Take theirs", "Keep mine"):
        assert text in page
    assert fields_in(answer)["score"] == ["12"], "what was typed stays"
    assert fields_in(answer)["feedback"] == ["Poor"]


@pytest.mark.parametrize(
    ("chosen", "score", "feedback"),
    [
        ({"_take-score": "theirs"}, "71", "Poor"),
        ({"_take-score": "mine", "_take-feedback": "theirs"}, "12", "Good"),
        ({"_take-score": "mine", "score": "40"}, "40", "Poor"),
        ({}, "12", "Poor"),
    ],
)
def test_submitting_again_stores_what_one_chose(
    chosen, score, feedback, work, instructor_client, helper_client
):
    seen = opened(instructor_client, work, "grade")
    do(helper_client, work, "grade", score="71", feedback="Good")
    answer = submit(instructor_client, work, seen | {"score": "12", "feedback": "Poor"})
    again = submit(instructor_client, work, fields_in(answer) | chosen)
    assert again.status_code == 302, refused(again)
    work.refresh_from_db()
    assert (work.score, work.feedback) == (Decimal(score), feedback)
    assert work.history.first().change_set.actor.username == "instructor"


def test_who_takes_all_of_theirs_signs_nothing(work, instructor_client, helper_client):
    seen = opened(instructor_client, work, "grade")
    do(helper_client, work, "grade", score="71", feedback="Good")
    answer = submit(instructor_client, work, seen | {"score": "12", "feedback": "Poor"})
    versions = work.history.count()
    theirs = {"_take-score": "theirs", "_take-feedback": "theirs"}
    again = submit(instructor_client, work, fields_in(answer) | theirs)
    assert messages_of(again) == [f"{work} stays as it is: 71 points."]
    assert work.history.count() == versions
    work.refresh_from_db()
    assert work.grader.username == "helper"


def test_what_one_had_not_touched_takes_the_stored_value(work, instructor_client, helper_client):
    do(instructor_client, work, "grade", score="60", feedback="Fair")
    page = instructor_client.get(page_of(work, "grade"))
    do(helper_client, work, "grade", score="60", feedback="Better than it looks")
    answer = submit(instructor_client, work, fields_in(page) | {"score": "65"})
    assert answer.status_code == 409
    (conflict,) = answer.context["form"].conflicts
    assert (conflict.field, conflict.opened, conflict.is_touched) == ("feedback", "Fair", False)
    sent = fields_in(answer)
    assert (sent["score"], sent["feedback"]) == (["65"], ["Better than it looks"])
    assert submit(instructor_client, work, sent).status_code == 302
    work.refresh_from_db()
    assert (work.score, work.feedback) == (Decimal("65"), "Better than it looks")


def test_a_third_change_is_seen_too(work, instructor_client, helper_client):
    seen = opened(instructor_client, work, "grade")
    do(helper_client, work, "grade", score="71")
    answer = submit(instructor_client, work, seen | {"score": "12", "feedback": ""})
    do(helper_client, work, "grade", score="72")
    again = submit(instructor_client, work, fields_in(answer) | {"_take-score": "mine"})
    assert again.status_code == 409
    assert [each.stored for each in again.context["form"].conflicts] == ["72"]
    work.refresh_from_db()
    assert work.score == Decimal("72")


def test_a_change_of_something_else_in_the_row_is_met_too(work, instructor_client):
    seen = opened(instructor_client, work, "grade")
    AssessmentSubmission.objects.filter(pk=work.pk).update(text="Another text")
    answer = submit(instructor_client, work, seen | {"score": "12", "feedback": ""})
    assert "Nothing was stored" in refused(answer, 409)["__all__"][0]
    assert answer.context["form"].conflicts == []
    assert submit(instructor_client, work, fields_in(answer)).status_code == 302


def test_a_double_click_is_one_save(work, instructor_client):
    sent = opened(instructor_client, work, "grade") | {"score": "71", "feedback": "Good"}
    versions = work.history.count()
    assert submit(instructor_client, work, sent).status_code == 302
    answer = submit(instructor_client, work, sent)
    when = work.history.first().history_date
    assert refused(answer, 409)["__all__"] == [
        f"Nothing was stored: you changed this yourself on {when:%Y-%m-%d %H:%M:%S} UTC, after "
        "this dialog was opened. It now shows what is stored; submit it again if that is not what "
        "you want."
    ]
    assert work.history.count() == versions + 1


@pytest.mark.parametrize(
    "sent",
    [None, "", "{", "[]", "[" * 100_000, "null", '{"1": 5}', '{"0": "abc"}', "\x00", '"x"'],
    ids=range(10),
)
def test_a_dialog_that_does_not_say_what_it_was_opened_with_stores_nothing(
    sent, work, instructor_client
):
    values = {"score": "12", "feedback": ""} | ({} if sent is None else {"_versions": sent})
    for _time in range(2):
        answer = submit(instructor_client, work, values)
        assert refused(answer, 409)["__all__"] == [UNSEEN]
        values = fields_in(answer)
    work.refresh_from_db()
    assert work.score is None


def test_a_version_of_another_row_or_of_ones_own_making_is_none(work, instructor_client):
    other = AssessmentSubmission.objects.create(
        assessment=work.assessment, student=User.objects.get(student_id="s1002"),
        status="submitted",
        submitted_at="2026-03-01T12:00Z",
    )  # fmt: skip
    foreign = json.loads(opened(instructor_client, other, "grade")["_versions"])[str(other.pk)]
    for forged in (foreign, "0" * 20, ""):
        versions = json.dumps({str(work.pk): forged})
        answer = submit(instructor_client, work, {"_versions": versions, "score": "12"})
        assert answer.status_code == 409
    work.refresh_from_db()
    assert work.score is None


def test_the_dialog_of_a_browser_with_scripts_comes_back_alone(
    work, instructor_client, helper_client
):
    seen = opened(instructor_client, work, "grade")
    do(helper_client, work, "grade", score="71")
    sent = seen | {"score": "12", "feedback": ""}
    answer = submit(instructor_client, work, sent, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert page.lstrip().startswith('<div id="dialog">')
    assert 'name="_take-score"' in page
    assert "audit/dialog.js" in instructor_client.get("/admin/").content.decode()


def test_what_is_closed_by_now_says_both(work, instructor_client):
    do(instructor_client, work, "grade", score="71")
    sent = opened(instructor_client, work, "finalize")
    assert submit(instructor_client, work, sent, "finalize").status_code == 302
    answer = submit(instructor_client, work, sent, "finalize")
    refusal = "Only a grade that was given, and is not final, is made final."
    assert refused(answer, 409) == refusal
    page = answer.content.decode()
    assert refusal in page
    assert "you changed this yourself" in page


def test_a_mistake_and_the_change_are_told_together(work, instructor_client, helper_client):
    seen = opened(instructor_client, work, "grade")
    do(helper_client, work, "grade", score="71")
    answer = submit(instructor_client, work, seen | {"score": "many", "feedback": ""})
    errors = refused(answer, 409)
    assert errors["score"] == [
        "“many” is not a plain number. Use digits and at most two decimals, like 71.5."
    ]
    assert "Helper Example (helper) changed this on" in errors["__all__"][0]
    (conflict,) = answer.context["form"].conflicts
    assert (conflict.stored, conflict.entered) == ("71", "many")
    assert fields_in(answer)["score"] == ["many"]


def test_a_mistake_alone_leaves_the_dialog_as_old_as_it_is(work, instructor_client, helper_client):
    seen = opened(instructor_client, work, "grade")
    answer = submit(instructor_client, work, seen | {"score": "", "feedback": ""})
    assert refused(answer) == {"score": ["This field is required."]}
    assert versions_on(answer) == seen
    do(helper_client, work, "grade", score="71")
    assert submit(instructor_client, work, fields_in(answer) | {"score": "12"}).status_code == 409


def test_a_request_decided_meanwhile_is_not_decided_again(instructor, admin_client, person):
    others = []
    for name in ("admin2", "admin3"):
        client = Client()
        client.force_login(person("admin", name))
        others.append(client)
    do(admin_client, instructor, "change_role", role="registrar", reason=WHY)
    approval = Approval.objects.get()
    sent = opened(others[0], approval, "agree")
    assert do(others[1], approval, "disagree", note="No").status_code == 302
    answer = submit(others[0], approval, sent, "agree")
    assert refused(answer, 409) == "This was decided already."
    instructor.refresh_from_db()
    assert instructor.role == "instructor"


def test_a_login_makes_no_dialog_about_a_person_old(instructor, admin_client):
    sent = opened(admin_client, instructor, "change_role") | {"role": "registrar", "reason": WHY}
    User.objects.filter(pk=instructor.pk).update(last_login="2026-03-01T12:00Z")
    assert submit(admin_client, instructor, sent, "change_role").status_code == 302


@pytest.fixture
def roster(courses: dict[str, Course], student: Any) -> list[Enrollment]:
    """Three active enrollments."""
    return [
        Enrollment.objects.create(
            student=student(f"s{number}"), course=courses["BIO101"], enrolled_on="2026-02-03"
        )
        for number in range(1001, 1004)
    ]


VALUES = {"_deed": "1", "reason": WHY, "withdrawn_on": "2026-03-02"}


def statuses(rows: list[Enrollment]) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.status for row in rows]


def test_many_are_done_with_only_as_they_were_shown(roster, registrar_client):
    page, chosen, answer = choose(registrar_client, roster, "withdraw")
    Enrollment.objects.filter(pk=roster[1].pk).update(final_result="Pass")
    sent = chosen | versions_on(answer) | VALUES
    again = registrar_client.post(page, sent)
    assert refused(again, 409)["__all__"] == [
        f"Nothing was stored: this row was changed after the dialog was opened: {roster[1]}. Look "
        "at the rows, and submit again."
    ]
    assert statuses(roster) == ["active"] * 3
    assert registrar_client.post(page, sent | versions_on(again)).status_code == 302
    assert statuses(roster) == ["withdrawn"] * 3


def test_a_row_closed_or_opened_meanwhile_is_named(roster, registrar_client):
    Enrollment.objects.filter(pk=roster[2].pk).update(status="completed")
    page, chosen, answer = choose(registrar_client, roster, "withdraw")
    Enrollment.objects.filter(pk=roster[1].pk).update(status="completed")
    Enrollment.objects.filter(pk=roster[2].pk).update(status="active")
    again = registrar_client.post(page, chosen | versions_on(answer) | VALUES)
    (message,) = refused(again, 409)["__all__"]
    assert message.startswith("Nothing was stored: 2 rows were changed after the dialog was opened")
    assert str(roster[1]) in message
    assert str(roster[2]) in message
    assert statuses(roster) == ["active", "completed", "active"]


def test_a_row_that_is_gone_from_the_list_is_counted(roster, registrar_client):
    page, chosen, answer = choose(registrar_client, roster, "withdraw")
    Enrollment.objects.filter(pk=roster[1].pk).delete()
    again = registrar_client.post(page, chosen | versions_on(answer) | VALUES)
    assert refused(again, 409)["__all__"] == [
        "Nothing was stored: 1 row is no longer on the list. Look at the rows, and submit again."
    ]
    assert statuses([roster[0], roster[2]]) == ["active"] * 2


def test_many_without_their_versions_are_left(roster, registrar_client):
    page, chosen, _answer = choose(registrar_client, roster, "withdraw")
    for forged in ({}, {"_versions": "{}"}, {"_versions": "no"}):
        again = registrar_client.post(page, chosen | VALUES | forged)
        assert refused(again, 409)["__all__"] == [UNSEEN]
    assert statuses(roster) == ["active"] * 3


def test_the_dialog_does_not_let_a_value_be_guessed(work):
    """Equal values of two rows have nothing in common, and no digest without the key."""
    twin = AssessmentSubmission(pk=work.pk + 1)
    for field in work._meta.concrete_fields:
        if not field.primary_key:
            setattr(twin, field.attname, getattr(work, field.attname))
    work.refresh_from_db()
    assert work.lock_version() != twin.lock_version()
    before = work.lock_version()
    with override_settings(SECRET_KEY="another"):
        assert work.lock_version() != before


def test_the_versions_of_a_list_cost_no_query(roster, registrar_client):
    choose(registrar_client, roster[:1], "withdraw")
    counts = []
    for rows in (roster[:1], roster):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            choose(registrar_client, rows, "withdraw")
        counts.append(len(queries))
    assert counts[0] == counts[1]
