"""A merge is undone as one: everything is as it was, or nothing is undone and the reason named."""

import pytest
from django.core.exceptions import ValidationError

from backoffice.apps.assessments.choosing import choose_work
from backoffice.apps.assessments.models import AssessmentSubmission, PeerReview
from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.merging.requests import request_merge, request_undo
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import Approval, ChangeSet
from backoffice.audit.record.recording import recording
from tests.users.doubled_people import contents
from tests.users.twins import BACK, WHY, agreed, graded, merged, refusals_of, undone, work

CHANGED = "Nothing is undone, because this was changed since the two were merged:"
UNFIT = "Nothing is undone, because this came since and would not fit any more:"


def test_an_undo_gives_both_records_back_as_they_were(ada, twin, registrar, admin, courses):
    Enrollment.objects.create(student=ada, course=courses["BIO101"], status="completed")
    Enrollment.objects.create(student=twin, course=courses["BIO101"], final_result="Pass")
    before = contents()
    merged(ada, twin, registrar, admin)
    assert contents() != before
    undone(twin, registrar, admin)
    assert contents() == before
    newest = ChangeSet.objects.order_by("pk").last()
    assert (newest.reason, newest.actor) == (BACK, admin)


def test_an_undo_takes_a_second_person_too(ada, twin, registrar, registrar2, admin):
    merged(ada, twin, registrar, admin)
    approval = request_undo(twin, registrar2, BACK)
    assert approval.sentence == ("Undone: Ada Lovelace (S2002) is merged into Ada Lovelace (S1001)")
    with pytest.raises(ValidationError):
        agreed(approval, registrar2)
    twin.refresh_from_db()
    assert twin.merged_into == ada
    agreed(approval, registrar)
    twin.refresh_from_db()
    assert (twin.merged_into, twin.student_id, twin.is_active) == (None, "S2002", True)


def test_what_was_changed_since_stops_the_undo_and_is_named(
    ada, twin, registrar, admin, courses, instructor
):
    Enrollment.objects.create(student=twin, course=courses["ART200"])
    merged(ada, twin, registrar, admin)
    with recording(source="form", actor=instructor):
        Enrollment.objects.filter(student=ada).update(status="completed")
    before = contents()
    with pytest.raises(ValidationError) as refusal:
        request_undo(twin, registrar, BACK)
    first, named = refusals_of(refusal)
    assert first == CHANGED
    assert named.startswith(
        "enrollment Ada Lovelace – ART200 2026B Art, by Instructor Example (instructor) on "
    )
    assert contents() == before


def test_what_is_changed_while_the_undo_waits_stops_it_as_well(
    ada, twin, registrar, admin, courses
):
    Enrollment.objects.create(student=twin, course=courses["ART200"])
    merged(ada, twin, registrar, admin)
    approval = request_undo(twin, registrar, BACK)
    Enrollment.objects.filter(student=ada).update(status="completed")
    with pytest.raises(ValidationError) as refusal:
        agreed(approval, admin)
    assert refusals_of(refusal)[0] == CHANGED
    approval.refresh_from_db()
    assert approval.state == Approval.State.WAITING


def test_a_change_that_was_taken_back_stops_nothing(ada, twin, registrar, admin, courses):
    Enrollment.objects.create(student=twin, course=courses["ART200"])
    before = contents()
    merged(ada, twin, registrar, admin)
    for status in ("completed", "active"):
        Enrollment.objects.filter(student=ada).update(status=status)
    undone(twin, registrar, admin)
    assert contents() == before


def test_what_came_to_the_survivor_since_stays_there(ada, twin, registrar, admin):
    merged(ada, twin, registrar, admin)
    message = DirectMessage.objects.create(sender=admin, recipient=ada, body="Welcome")
    undone(twin, registrar, admin)
    message.refresh_from_db()
    assert message.recipient == ada


def test_work_that_came_since_for_a_course_that_goes_back_is_named(pair, paper, registrar, admin):
    own, other = pair
    Enrollment.objects.filter(student=own).delete()
    merged(own, other, registrar, admin)
    work(paper, own)
    with pytest.raises(ValidationError) as refusal:
        request_undo(other, registrar, BACK)
    assert refusals_of(refusal) == [
        UNFIT,
        "TMA01 – S1001: This person is not enrolled in the course of the assessment.",
    ]


def test_work_that_another_merge_brought_for_a_course_that_goes_back_is_named(
    pair, paper, student, two
):
    own, other = pair
    third = student("S3003")
    Enrollment.objects.filter(student=own).update(student=third)
    work(paper, third)
    merged(own, other, *two)
    # The two enrollments are alike: of the one that remains no version says so.
    merged(own, third, *two)
    with pytest.raises(ValidationError) as refusal:
        request_undo(other, two[0], BACK)
    assert refusals_of(refusal) == [
        UNFIT,
        "TMA01 – S1001: This person is not enrolled in the course of the assessment.",
    ]
    undone(third, *two)
    undone(other, *two)
    assert AssessmentSubmission.objects.get().student == third


def test_a_review_that_came_since_for_a_course_that_goes_back_is_named(pair, paper, student, two):
    own, other = pair
    mate = student("S3003")
    Enrollment.objects.filter(student=own).update(student=mate)
    merged(own, other, *two)
    PeerReview.objects.create(submission=work(paper, mate), reviewer=own, feedback="Well.")
    with pytest.raises(ValidationError) as refusal:
        request_undo(other, two[0], BACK)
    assert refusals_of(refusal) == [
        UNFIT,
        "TMA01 – S3003 – S1001: The reviewer is no student of this course, or has withdrawn from "
        "it. Choose somebody who takes it.",
    ]


def test_work_that_fitted_no_better_before_stops_no_undo(pair, paper, two):
    own, other = pair
    Enrollment.objects.filter(student=own).delete()
    work(paper, own)
    before = contents()
    merged(own, other, *two)
    undone(other, *two)
    assert contents() == before


def test_an_address_that_somebody_else_has_by_now_is_named(student, twin, registrar, admin):
    own = student("S1001", email="own@example.org")
    merged(own, twin, registrar, admin)
    student("S3003", email="a.lovelace@example.org")
    with pytest.raises(ValidationError) as refusal:
        request_undo(twin, registrar, BACK)
    assert refusals_of(refusal) == [
        f"Nothing is undone: a value that person {twin.pk} had is another row's now."
    ]


def test_the_work_that_was_not_chosen_comes_back(pair, paper, registrar, admin, instructor):
    graded(paper, pair[0], 40)
    chosen = graded(paper, pair[1], 90)
    before = contents()
    approval = request_and_choose(pair, chosen, registrar, instructor)
    agreed(approval, admin)
    assert AssessmentSubmission.objects.get() == chosen
    pair[1].refresh_from_db()
    undone(pair[1], registrar, admin)
    assert contents() == before


def request_and_choose(
    pair: tuple[User, User], chosen: AssessmentSubmission, registrar: User, instructor: User
) -> Approval:
    approval = request_merge(*pair, registrar, WHY)
    with recording(source="action", actor=instructor):
        choose_work(chosen, instructor, "It was marked twice")
    return approval


def test_a_merge_is_undone_once(ada, twin, registrar, admin):
    merged(ada, twin, registrar, admin)
    undone(twin, registrar, admin)
    twin.refresh_from_db()
    with pytest.raises(ValidationError) as refusal:
        request_undo(twin, registrar, BACK)
    assert refusals_of(refusal) == ["Ada Lovelace is not merged into another record."]
    merged(ada, twin, registrar, admin)
    undone(twin, registrar, admin)


def test_a_later_merge_is_undone_first(ada, twin, student, registrar, admin):
    third = student("S3003", first_name="Third")
    before = contents()
    merged(ada, twin, registrar, admin)
    merged(third, ada, registrar, admin)
    twin.refresh_from_db()
    with pytest.raises(ValidationError) as refusal:
        request_undo(twin, registrar, BACK)
    assert refusals_of(refusal)[0] == CHANGED
    undone(ada, registrar, admin)
    twin.refresh_from_db()
    undone(twin, registrar, admin)
    assert contents() == before
