"""Grades are posted, taken back and final; a posted one changes with a reason only."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.apps.assessments.grading.marked_work import marked_work, work_to_mark
from backoffice.apps.assessments.grading.posting_plan import (
    PostingPlan,
    may_post,
    post_assessment,
    set_time,
)
from backoffice.apps.assessments.grading.states import finalize
from backoffice.apps.assessments.grading.writing import GradeInput, write_grade
from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, SubmissionFlag
from backoffice.apps.users.models import Enrollment
from backoffice.audit.models import ChangeSet
from backoffice.bulk.jobs.periodic import run_periodic
from tests.actions import do, do_with_many, messages_of, refused
from tests.filling import errors_of, save

pytestmark = pytest.mark.django_db

WHY = "Appeal 17 was granted"
SAY_WHY = "This grade is posted. Say in at least 10 characters why it is changed or taken back."
Submission = AssessmentSubmission


@pytest.fixture
def june(course: Any) -> Assessment:
    """An assessment without a rubric."""
    return Assessment.objects.create(course=course, code="TEST", title="Test of June")


@pytest.fixture
def works(june: Assessment, student: Any, instructor: Any) -> list[Submission]:
    """Three graded, the last of them flagged, and one that waits."""
    rows = []
    for number, score in enumerate((50, 60, 70, None)):
        author = student(f"s300{number}")
        Enrollment.objects.create(course=june.course, student=author)
        usual = {"assessment": june, "student": author, "score": score}
        graded = {"status": "graded", "grader": instructor, "graded_at": timezone.now()}
        rows.append(Submission.objects.create(**usual, **(graded if score else {})))
    SubmissionFlag.objects.create(submission=rows[2], text="Look", flagged_by=instructor)
    return rows


def page_of(assessment: Assessment) -> str:
    return reverse("admin:assessments_assessment_posting", args=[assessment.pk])


def form_of(row: Submission) -> str:
    return reverse("admin:assessments_assessmentsubmission_change", args=[row.pk])


def posted() -> list[Decimal]:
    """The scores of what is posted."""
    return sorted(Submission.objects.posted().values_list("score", flat=True))


def seen(assessment: Assessment) -> str:
    return PostingPlan.of(assessment).seen


def test_one_grade_is_posted_and_taken_back_with_a_reason(works, instructor_client):
    assert do(instructor_client, works[0], "post").status_code == 302
    works[0].refresh_from_db()
    assert (works[0].status, works[0].posted_at is not None) == ("graded", True)
    answer = do(instructor_client, works[0], "take_back", reason="No.")
    assert refused(answer) == {"reason": ["Say it in at least 10 characters."]}
    assert do(instructor_client, works[0], "take_back", reason=WHY).status_code == 302
    works[0].refresh_from_db()
    assert works[0].posted_at is None
    newest = Submission.history.filter(id=works[0].pk).first()
    assert (newest.history_change_reason, newest.posted_at) == (WHY, None)


def test_only_a_grade_is_posted_and_only_once(works, instructor_client):
    refusal = "Only a grade that was given, and is not posted, is posted."
    assert refused(do(instructor_client, works[3], "post")) == refusal
    do(instructor_client, works[0], "post")
    assert refused(do(instructor_client, works[0], "post")) == refusal


def test_final_work_is_posted_and_is_not_taken_back(works, instructor_client):
    assert do(instructor_client, works[0], "finalize").status_code == 302
    works[0].refresh_from_db()
    assert (works[0].status, works[0].posted_at is not None) == ("finalized", True)
    answer = do(instructor_client, works[0], "take_back", reason=WHY)
    assert refused(answer) == "Only a grade that is posted, and not final, is taken back."


def test_what_is_made_final_keeps_the_moment_of_its_posting(works, instructor_client):
    do(instructor_client, works[0], "post")
    works[0].refresh_from_db()
    moment = works[0].posted_at
    finalize(works[0])
    works[0].refresh_from_db()
    assert works[0].posted_at == moment


def test_many_are_posted_made_final_and_taken_back_by_one_statement_each(
    works, instructor_client, django_assert_max_num_queries
):
    graded = works[:3]
    with django_assert_max_num_queries(40):
        answer = do_with_many(instructor_client, works, "post", go="1")
    assert messages_of(answer) == ["Done with 3 rows.", "1 row was left as it is."]
    assert posted() == [50, 60, 70]
    versions = dict(Submission.objects.values_list("pk", "version"))
    do_with_many(instructor_client, graded[:1], "take_back", reason=WHY)
    do_with_many(instructor_client, graded[1:], "finalize", go="1")
    assert posted() == [60, 70]
    for row in graded[1:]:
        row.refresh_from_db()
        assert (row.status, row.version) == ("finalized", versions[row.pk] + 1)


def test_who_posts_many_meets_what_changed_meanwhile(works, instructor_client):
    page = reverse("admin:assessments_assessmentsubmission_changelist")
    chosen = {"action": "post", "_selected_action": [row.pk for row in works[:2]]}
    opened = instructor_client.post(page, chosen)
    Submission.objects.filter(pk=works[0].pk).update(score=51)
    sent = {"_deed": "1", "_versions": opened.context["form"].sent_versions}
    assert instructor_client.post(page, chosen | sent).status_code == 409
    assert posted() == []


def test_the_database_keeps_the_two_rules(works):
    for rule, values in (
        ("submission_final_is_posted", {"status": "finalized"}),
        ("submission_posted_has_score", {"score": None, "status": "submitted"}),
    ):
        Submission.objects.filter(pk=works[1].pk).update(posted_at=timezone.now())
        row = Submission.objects.filter(pk=works[0 if "final" in rule else 1].pk)
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            row.update(**values)


def test_a_posted_grade_changes_with_a_reason_on_its_page(works, instructor_client):
    do(instructor_client, works[0], "post")
    answer = save(instructor_client, form_of(works[0]), score="55")
    assert errors_of(answer) == {"change_reason": ["This field is required."]}
    answer = save(instructor_client, form_of(works[0]), score="55", change_reason=WHY)
    assert answer.status_code == 302
    newest = Submission.history.filter(id=works[0].pk).first()
    assert (newest.score, newest.history_change_reason) == (55, WHY)
    answer = save(instructor_client, form_of(works[0]), score="", change_reason=WHY)
    sentence = "Posted work has a score. Enter it, or take the grade back first."
    assert errors_of(answer) == {"score": [sentence]}


def test_a_posted_grade_changes_with_a_reason_in_the_dialog(works, instructor_client):
    do(instructor_client, works[0], "post")
    answer = do(instructor_client, works[0], "grade", score="55")
    assert refused(answer) == {"reason": ["This field is required."]}
    assert do(instructor_client, works[0], "grade", score="55", reason=WHY).status_code == 302
    # To make it final changes no grade.
    works[0].refresh_from_db()
    assert do(instructor_client, works[0], "finalize").status_code == 302


def test_a_posted_grade_changes_with_a_reason_at_the_desk(works, instructor):
    Submission.objects.filter(pk=works[0].pk).update(posted_at=timezone.now())

    def given(**values: Any) -> GradeInput:
        version = marked_work(work_to_mark().get(pk=works[0].pk)).version
        return GradeInput(version, Decimal(55), **values)

    with pytest.raises(ValidationError) as refusal:
        write_grade(works[0].pk, given(reason="Appeal"), instructor)
    assert refusal.value.message_dict == {"reason": [SAY_WHY]}
    write_grade(works[0].pk, given(reason=WHY), instructor)
    newest = Submission.history.filter(id=works[0].pk).first()
    assert (newest.score, newest.history_change_reason) == (55, WHY)
    write_grade(works[0].pk, given(), instructor)  # nothing is changed


def test_a_file_changes_a_posted_grade_with_a_reason(works, upload):
    Submission.objects.filter(pk=works[0].pk).update(posted_at=timezone.now())
    text = "student_id,assessment_id,score\ns3000,TEST,55\n"
    refusal = upload("grades", text).issues.get()
    assert (refusal.is_warning, refusal.message) == (
        False,
        "Line 2: score “55”: the grade 50 is posted. Give a reason for the import, or take the "
        "grade back first.",
    )
    warning = upload("grades", text, reason=WHY).issues.get()
    assert (warning.is_warning, warning.message) == (
        True,
        "Line 2: score “55” replaces the grade 50, which is posted.",
    )


def test_an_assessment_is_posted_at_once_all_or_what_is_ready(works, june, instructor_client):
    page = instructor_client.get(page_of(june))
    counts = page.context["counts"]
    assert (counts.graded, counts.ready, counts.flagged, counts.ungraded) == (3, 2, 1, 1)
    assert "1 ungraded work is not posted." in page.content.decode()
    sent = {"what": "ready", "seen": page.context["plan"].seen}
    answer = instructor_client.post(page_of(june), sent, follow=True)
    assert [str(each) for each in answer.context["messages"]] == ["2 grades are posted."]
    assert posted() == [50, 60]
    sent = {"what": "all", "seen": seen(june)}
    assert instructor_client.post(page_of(june), sent).status_code == 302
    assert posted() == [50, 60, 70]
    sets = Submission.history.filter(posted_at__isnull=False).values("change_set").distinct()
    assert sets.count() == 2


def test_a_page_that_is_out_of_date_posts_nothing_and_shows_what_changed(
    works, june, instructor_client
):
    old = seen(june)
    SubmissionFlag.objects.create(
        submission=works[0], text="Look again", flagged_by=works[0].grader
    )
    answer = instructor_client.post(page_of(june), {"what": "ready", "seen": old})
    assert answer.status_code == 409
    changed = {str(title): (now, was) for title, now, was in answer.context["lines"] if was}
    assert changed["Flagged"] == (2, 1)
    assert "2, and 1 when the page was opened" in answer.content.decode()
    forged = {"what": "all", "seen": "forged"}
    assert instructor_client.post(page_of(june), forged).status_code == 409
    assert posted() == []


def test_nothing_to_post_is_said(course, instructor_client):
    empty = Assessment.objects.create(course=course, code="EMPTY")
    answer = instructor_client.post(page_of(empty), {"what": "all", "seen": seen(empty)})
    assert (answer.status_code, answer.context["refusals"]) == (422, ["There is no grade to post."])


@pytest.mark.parametrize("who", ["assistant", "admin", "auditor"])
def test_who_does_not_make_grades_final_posts_nothing(who, works, june, request):
    person = request.getfixturevalue(who)
    client = Client()
    client.force_login(person)
    assert client.get(page_of(june)).status_code == 200
    sent = {"what": "all", "seen": seen(june)}
    assert client.post(page_of(june), sent).status_code == 403
    assert not may_post(person, june)
    with pytest.raises(PermissionDenied):
        post_assessment(june, "all", seen(june), person)
    with pytest.raises(PermissionDenied):
        set_time(june, timezone.now() + timedelta(days=1), person)
    assert posted() == []


def test_a_foreign_instructor_and_a_registrar_do_not_read_the_page(june, person, registrar_client):
    client = Client()
    client.force_login(person("instructor", "carla"))
    for each in (client, registrar_client):
        assert each.get(page_of(june)).status_code == 403


def test_what_is_ready_is_posted_at_its_time_once(works, june, instructor_client):
    page, later = page_of(june), timezone.now() + timedelta(days=1)
    sent = {"at": "1", "post_at_0": f"{later:%Y-%m-%d}", "post_at_1": f"{later:%H:%M:%S}"}
    assert instructor_client.post(page, sent).status_code == 302
    run_periodic()
    assert posted() == []
    Assessment.objects.update(post_at=timezone.now() - timedelta(seconds=1))
    run_periodic()
    assert posted() == [50, 60]
    newest = Submission.history.filter(id=works[0].pk).first().change_set
    reason = "The time that was set for posting has come."
    assert (newest.source, newest.reason) == (ChangeSet.Source.JOB, reason)
    # Once: what is taken back stays so, until the time is moved.
    Submission.objects.filter(pk=works[0].pk).update(posted_at=None)
    run_periodic()
    assert posted() == [60]
    Assessment.objects.update(
        post_at=timezone.now() - timedelta(milliseconds=1),
        posting_done_at=timezone.now() - timedelta(seconds=1),
    )
    run_periodic()
    assert posted() == [50, 60]
    assert "The time came" in instructor_client.get(page).content.decode()


def test_a_time_that_is_over_is_refused_and_a_blank_one_ends_it(june, instructor_client):
    page = page_of(june)
    sent = {"at": "1", "post_at_0": "2020-01-01", "post_at_1": "12:00"}
    answer = instructor_client.post(page, sent)
    sentence = "This time is over. Choose a later one, or post the grades now."
    assert (answer.status_code, answer.context["form"].errors) == (422, {"post_at": [sentence]})
    Assessment.objects.update(post_at=timezone.now() + timedelta(days=1))
    instructor_client.post(page, {"at": "1", "post_at_0": "", "post_at_1": ""})
    assert Assessment.objects.get(pk=june.pk).post_at is None


def test_the_record_of_a_grade_says_that_it_was_posted(works, instructor_client):
    do(instructor_client, works[0], "post")
    do(instructor_client, works[0], "take_back", reason=WHY)
    page = reverse("admin:assessments_assessmentsubmission_grade_record", args=[works[0].pk])
    steps = [step.posting for step in instructor_client.get(page).context["steps"]]
    assert steps == ["taken back", "posted", ""]


def test_the_list_is_narrowed_to_what_is_posted(works, instructor_client):
    do(instructor_client, works[0], "post")
    page = reverse("admin:assessments_assessmentsubmission_changelist")
    for value, count in (("yes", 1), ("no", 2)):
        answer = instructor_client.get(page, {"posted_at": value})
        assert answer.context["cl"].result_count == count
