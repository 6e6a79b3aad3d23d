"""What stands between two records is decided first, and each thing by whoever may."""

import pytest
from django.core.exceptions import ValidationError

from backoffice.apps.assessments.choosing import choose_work, double_of, open_doubles
from backoffice.apps.assessments.models import AssessmentSubmission, PeerReview
from backoffice.apps.users.merging.plan import plan_of
from backoffice.apps.users.merging.requests import request_merge
from backoffice.apps.users.models import Enrollment
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from tests.actions import do, refused
from tests.users.twins import WHY, agreed, graded, merged, refusals_of, work

FIRST = "Nothing is merged before this is decided:"
OPEN = (
    "TMA01 in BIO101 2026J Biology: both records have work. Its instructor chooses which one "
    "counts, on the page of that work."
)


def test_two_grades_for_one_work_are_its_instructors_to_choose_from(
    pair, paper, registrar, admin, instructor, instructor_client
):
    own, other = graded(paper, pair[0], 40), graded(paper, pair[1], 90)
    approval = request_merge(*pair, registrar, WHY)
    with pytest.raises(ValidationError) as refusal:
        agreed(approval, admin)
    assert refusals_of(refusal) == [FIRST, OPEN]
    assert AssessmentSubmission.objects.count() == 2
    assert list(open_doubles(instructor)) == [own]
    answer = do(
        instructor_client, other, "choose_work", reason="The second one was the later draft"
    )
    assert answer.status_code == 302
    assert list(open_doubles(instructor)) == []
    agreed(approval, admin)
    (left,) = AssessmentSubmission.objects.all()
    assert (left.pk, left.student, left.score) == (other.pk, pair[0], 90)


def test_who_chose_and_why_is_recorded_without_a_name_of_the_student(
    pair, paper, registrar, instructor
):
    own = graded(paper, pair[0], 40)
    graded(paper, pair[1], 90)
    approval = request_merge(*pair, registrar, WHY)
    with recording(source="action", actor=instructor):
        choose_work(own, instructor, "It was marked twice")
    newest = ChangeSet.objects.order_by("pk").last()
    assert newest.actor == instructor
    assert newest.reason == f"Chose submission {own.pk} of two for a merge: It was marked twice"
    approval.refresh_from_db()
    (choice,) = approval.payload["choices"].values()
    assert (choice["chosen"], choice["by"]) == (own.pk, "Instructor Example (instructor)")


@pytest.mark.parametrize("who", ["registrar", "admin", "auditor"])
def test_nobody_else_chooses(who, request, pair, paper, registrar):
    own = graded(paper, pair[0], 40)
    graded(paper, pair[1], 90)
    request_merge(*pair, registrar, WHY)
    client = request.getfixturevalue(f"{who}_client")
    assert do(client, own, "choose_work", reason=WHY).status_code == 403


def test_there_is_nothing_to_choose_where_nobody_asked(pair, paper, instructor_client):
    own = graded(paper, pair[0], 40)
    graded(paper, pair[1], 90)
    assert double_of(own) is None
    answer = do(instructor_client, own, "choose_work", reason=WHY)
    message = "Nobody has asked to merge two records that both have this work."
    assert refused(answer) == message


def test_a_grade_that_is_saved_after_the_choice_asks_for_another_choice(
    pair, paper, registrar, admin, instructor
):
    own, other = graded(paper, pair[0], 40), graded(paper, pair[1], 90)
    approval = request_merge(*pair, registrar, WHY)
    with recording(source="action", actor=instructor):
        choose_work(other, instructor, "It was marked twice")
    own.score = 95
    own.save()
    with pytest.raises(ValidationError) as refusal:
        agreed(approval, admin)
    assert refusals_of(refusal)[1] == (
        "TMA01 in BIO101 2026J Biology: a grade was changed since its instructor chose. The "
        "instructor chooses again."
    )
    assert list(open_doubles(instructor)) == [own]


def test_a_grade_of_the_one_that_is_saved_during_the_request_moves_as_it_is(
    pair, paper, registrar, admin
):
    other = work(paper, pair[1])
    approval = request_merge(*pair, registrar, WHY)
    other.score, other.status = 77, "graded"
    other.save()
    agreed(approval, admin)
    other.refresh_from_db()
    assert (other.student, other.score) == (pair[0], 77)


def test_work_that_comes_to_the_other_record_during_the_request_stops_it(
    pair, paper, registrar, admin
):
    work(paper, pair[1])
    approval = request_merge(*pair, registrar, WHY)
    work(paper, pair[0])
    with pytest.raises(ValidationError) as refusal:
        agreed(approval, admin)
    assert refusals_of(refusal) == [FIRST, OPEN]


def test_an_empty_submission_is_no_work(pair, paper, registrar, admin):
    work(paper, pair[0], text="")
    other = graded(paper, pair[1], 90)
    merged(*pair, registrar, admin)
    (left,) = AssessmentSubmission.objects.all()
    assert (left.pk, left.student) == (other.pk, pair[0])


def test_another_result_or_role_of_an_enrollment_is_corrected_first(pair, registrar, admin):
    for person, result in zip(pair, ("Pass", "Distinction"), strict=True):
        Enrollment.objects.filter(student=person).update(final_result=result)
    (obstacle,) = plan_of(*pair).obstacles
    assert obstacle.message == (
        "BIO101 2026J Biology: the two enrollments have different final results. Correct one of "
        "them first, as its instructor says."
    )
    Enrollment.objects.filter(student=pair[0]).update(role="observer", final_result="")
    (obstacle,) = plan_of(*pair).obstacles
    assert obstacle.message == (
        "BIO101 2026J Biology: the two records are enrolled there in different roles. Correct one "
        "of the two enrollments first."
    )
    Enrollment.objects.filter(student=pair[0]).update(role="student")
    merged(*pair, registrar, admin)
    assert Enrollment.objects.get().final_result == "Distinction"


def test_an_enrollment_that_changes_during_the_request_is_named(pair, registrar, admin):
    approval = request_merge(*pair, registrar, WHY)
    Enrollment.objects.filter(student=pair[1]).update(status="completed")
    with pytest.raises(ValidationError) as refusal:
        agreed(approval, admin)
    assert refusals_of(refusal) == [
        "This changed since it was asked for: S1001 – BIO101 2026J Biology. Refuse the request, "
        "look at the two records again, and ask for it anew."
    ]


def test_progress_during_the_request_stops_nothing(pair, registrar, admin):
    approval = request_merge(*pair, registrar, WHY)
    Enrollment.objects.filter(student=pair[1]).update(progress_percent=80)
    agreed(approval, admin)
    assert Enrollment.objects.get().progress_percent == 80


@pytest.mark.parametrize("reviewer", [0, 1])
def test_who_reviewed_the_other_record_gives_the_review_to_somebody_else_first(
    reviewer, pair, paper, student, bio, two
):
    review = PeerReview.objects.create(
        submission=work(paper, pair[1 - reviewer]), reviewer=pair[reviewer]
    )
    (obstacle,) = plan_of(*pair).obstacles
    assert obstacle.message == (
        f"Peer review {review.pk}: one of the two records wrote the work, the other one reviewed "
        "or graded it. Let somebody else be named there first."
    )
    mate = student("S3003")
    Enrollment.objects.create(student=mate, course=bio)
    PeerReview.objects.filter(pk=review.pk).update(reviewer=mate)
    merged(*pair, *two)
    review.refresh_from_db()
    assert (review.author, review.reviewer) == (pair[0], mate)


def test_two_reviews_of_one_work_are_not_one_reviewers(pair, paper, student, bio):
    mate = student("S3003")
    Enrollment.objects.create(student=mate, course=bio)
    submission = work(paper, mate)
    for person in pair:
        PeerReview.objects.create(submission=submission, reviewer=person, feedback="Well.")
    (obstacle,) = plan_of(*pair).obstacles
    assert obstacle.message == (
        "TMA01 – S3003: both records have reviewed it. Its instructor chooses another reviewer for "
        "one of the two reviews."
    )
    PeerReview.objects.filter(reviewer=pair[1]).update(feedback="")
    assert not plan_of(*pair).obstacles


def test_the_works_of_another_attempt_are_chosen_by_themselves(pair, paper, registrar):
    first = [graded(paper, each, 40) for each in pair]
    second = [work(paper, each, score=50, status="graded", attempt=2) for each in pair]
    request_merge(*pair, registrar, WHY)
    for works in (first, second):
        _approval, double = double_of(works[1])
        assert [double.own, double.other] == works
