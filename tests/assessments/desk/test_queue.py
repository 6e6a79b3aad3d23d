"""The queue: what is counted, in which order work comes, and which comes next."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.apps.assessments.desk import drafts, presence
from backoffice.apps.assessments.desk.queue import Queue, QueueChoice
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    GradingPresence,
    Question,
    QuestionResponse,
    SubmissionFlag,
)
from tests.assessments.desk.conftest import DUE
from tests.assessments.desk.desk import Desk

Status = AssessmentSubmission.Status


def give(work: AssessmentSubmission, score: int, by, status: str = Status.GRADED) -> None:
    work.score, work.status, work.grader = score, status, by
    work.save()


def queue_of(essay, user, **choice) -> Queue:
    return Queue(essay.pk, user, QueueChoice.of(choice))


def order_of(essay, user, **choice) -> list[str]:
    rows = queue_of(essay, user, **choice).rows
    return list(rows.values_list("student__first_name", flat=True))


def test_every_filter_is_counted(essay, works, instructor, assistant):
    first, second, third = works
    give(first, 50, instructor)
    SubmissionFlag.objects.create(submission=second, flagged_by=assistant, text="Look at it.")
    drafts.store(third, instructor, {"feedback": "Hm."})
    drafts.store(second, assistant, {"feedback": "Not the instructor's."})
    AssessmentSubmission.objects.create(
        assessment=essay,
        student=first.student,
        attempt=2,
        submitted_at=DUE + timedelta(hours=1),
        is_late=True,
    )
    assert queue_of(essay, instructor).counts() == {
        "whole": 4, "ungraded": 3, "late": 1, "mine": 1,
        "flagged": 1, "draft": 1, "changed": 1, "not_posted": 1,
    }  # fmt: skip


def test_work_that_is_not_handed_in_is_not_in_the_queue(essay, works, instructor):
    works[0].status, works[0].submitted_at = Status.IN_PROGRESS, None
    works[0].save()
    assert queue_of(essay, instructor).counts()["whole"] == 2


def test_by_time_the_first_handed_in_comes_first(essay, works, instructor):
    assert order_of(essay, instructor, order="time") == ["Ada", "Bo", "Cy"]


def test_by_name_the_last_name_counts(essay, works, instructor):
    assert order_of(essay, instructor, order="name") == ["Bo", "Cy", "Ada"]


def test_the_usual_order_is_fixed_and_no_other_one(essay, works, instructor, assistant, student):
    for number in range(20):
        AssessmentSubmission.objects.create(
            assessment=essay, student=works[0].student, attempt=number + 2, submitted_at=DUE
        )
    keys = [place.key for place in queue_of(essay, instructor).places]
    assert keys == [place.key for place in queue_of(essay, assistant).places]
    assert len(keys) == 23
    assert keys != sorted(keys)
    assert keys != sorted(keys, reverse=True)


@pytest.mark.parametrize("name", ["order", "only", "question"])
def test_a_forged_choice_is_the_usual_one(name):
    assert QueueChoice.of({name: "'; --"}) == QueueChoice()
    assert QueueChoice.of({name: "9" * 40}) == QueueChoice()


def test_next_is_the_next_ungraded_one_and_begins_again_at_the_end(essay, works, instructor):
    queue = queue_of(essay, instructor, order="time")
    assert queue.next_after(works[0].pk) == works[1].pk
    assert queue.next_after(works[2].pk) == works[0].pk
    give(works[1], 50, instructor)
    assert queue_of(essay, instructor, order="time").next_after(works[0].pk) == works[2].pk


def test_next_skips_what_somebody_else_is_at(essay, works, instructor, assistant):
    presence.sign(works[1], assistant)
    presence.sign(works[2], instructor)
    queue = queue_of(essay, instructor, order="time")
    assert queue.next_after(works[0].pk) == works[2].pk


def test_somebody_who_has_been_silent_for_five_minutes_is_skipped_no_more(
    essay, works, instructor, assistant
):
    presence.sign(works[1], assistant)
    GradingPresence.objects.update(seen_at=timezone.now() - timedelta(minutes=5, seconds=1))
    assert queue_of(essay, instructor, order="time").next_after(works[0].pk) == works[1].pk


def test_nothing_comes_next_where_everything_is_graded(essay, works, instructor):
    for work in works:
        give(work, 50, instructor)
    assert queue_of(essay, instructor).next_after(works[0].pk) is None


def test_with_a_filter_the_next_of_its_work_comes(essay, works, instructor):
    give(works[2], 50, instructor)
    SubmissionFlag.objects.create(submission=works[2], flagged_by=instructor, text="Why 50?")
    queue = queue_of(essay, instructor, order="time", only="flagged")
    assert queue.next_after(works[0].pk) == works[2].pk


def test_previous_is_the_one_before_whatever_became_of_it(essay, works, instructor):
    give(works[0], 50, instructor)
    queue = queue_of(essay, instructor, order="time")
    assert queue.previous_of(works[1].pk) == works[0].pk
    assert queue.previous_of(works[0].pk) is None


def test_by_question_what_waits_is_an_answer_without_points(essay, works, instructor):
    question = Question(assessment=essay, position=3, text="Why?", points=10)
    Question.objects.bulk_create([question])
    question = Question.objects.get()
    for work, score in zip(works, (None, 5, None), strict=True):
        QuestionResponse.objects.create(submission=work, question=question, score=score)
    queue = queue_of(essay, instructor, order="time", question=question.pk)
    assert queue.next_after(works[0].pk) == works[2].pk


def test_the_page_lists_the_work_with_its_counts(desk: Desk, works):
    page = desk.queue(order="name")
    assert page.status_code == 200
    assert [line.name for line in page.context["lines"]] == ["Bo Alpha", "Cy Mu", "Ada Zeta"]
    assert "0 of 3 handed in are graded." in page.content.decode()
    assert page.context["start"] == desk.address(works[1]) + "?order=name"


def test_the_page_says_so_where_no_work_is_of_this_kind(desk: Desk):
    text = "No work is of this kind. Choose another above."
    assert text in desk.queue(only="flagged").content.decode()


def test_the_page_says_so_where_nobody_has_handed_in_anything(essay, instructor_client):
    text = (
        "Nobody has handed in work for this assessment yet. It appears here as soon as somebody "
        "does."
    )
    assert text in Desk(instructor_client, essay).queue().content.decode()


def test_home_leads_to_the_desk(desk: Desk):
    assert desk.address() in desk.client.get("/admin/").content.decode()


def test_the_assessment_leads_to_its_desk(desk: Desk):
    page = f"/admin/assessments/assessment/{desk.assessment.pk}/change/"
    assert desk.address() in desk.client.get(page).content.decode()


def test_a_submission_and_the_list_of_submissions_lead_to_the_desk(desk: Desk, works):
    start = "/admin/assessments/assessmentsubmission/"
    narrowed = desk.client.get(start, {"assessment__id__exact": desk.assessment.pk})
    assert desk.address() in narrowed.content.decode()
    page = desk.client.get(f"{start}{works[0].pk}/change/")
    assert desk.address(works[0]) in page.content.decode()
