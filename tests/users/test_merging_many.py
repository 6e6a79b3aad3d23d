"""Thirty pairs of records with random overlap: nothing is lost, and an undo restores it all."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from backoffice.apps.assessments.gradebook_as_of import marks
from backoffice.apps.users.enrollments.roster_as_of import entries, roster
from backoffice.apps.users.merging.plan import Deletion, plan_of
from backoffice.apps.users.models import Enrollment, FormerStudentID, SectionMembership, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from tests.users.doubled_people import DONE_BY, Doubles, contents, naming, school
from tests.users.twins import WHY, merged, undone

PAIRS = 30


@pytest.fixture
def doubles(instructor: User, admin: User) -> Doubles:
    for each in (instructor, admin):
        Client().force_login(each)  # which stands behind what they do
    with recording(source="form", actor=instructor, reason="A school of doubles"):
        return school(PAIRS, seed=19, teacher=instructor)


def grades(doubles: Doubles, moment: Any) -> dict[Any, Any]:
    """Rosters and marks of all courses as the pages have them."""
    found: dict[Any, Any] = {}
    for place in doubles.places:
        tasks = {each.pk: each.history.first() for each in place.assessments}
        people = [person.pk for two in doubles.pairs for person in two]
        found |= marks(tasks, people, moment)
        for entry in entries(roster(place.course, moment), moment):
            found[place.course.pk, entry.person.pk, "roster"] = (
                entry.person.student_id,
                str(entry.person),
                entry.values,
            )
    return found


def reconciled() -> None:
    output = io.StringIO()
    call_command("audit_reconcile", stdout=output)
    call_command("audit_seal", stdout=output)
    call_command("audit_verify", stdout=output)


def test_thirty_pairs_become_thirty_people_and_an_undo_restores_every_table(
    doubles: Doubles, registrar: User, admin: User
):
    before, moment = contents(), timezone.now()
    then = grades(doubles, moment)
    people = [person for two in doubles.pairs for person in two]
    counted, enrolled, folded = naming(*people), courses_of(doubles), 0
    sections, led, done = sections_of(doubles), former_ids(doubles), done_by(people)
    assert min(len(sections), len(led)) > PAIRS / 2
    led |= {other.student_id: own.pk for own, other in doubles.pairs}
    for own, other in doubles.pairs:
        folded += deletions(own, other)
        merged(own, other, registrar, admin)
    after = contents()

    # What is there, with what was folded, is what was there.
    gained = len(after["users_formerstudentid"]) - len(before["users_formerstudentid"])
    assert gained == PAIRS
    lost = gained + sum(len(before[table]) - len(after[table]) for table in after)
    assert lost == folded > PAIRS
    assert_nothing_is_lost(doubles, counted)
    assert courses_of(doubles) == enrolled
    assert (sections_of(doubles), former_ids(doubles)) == (sections, led)
    # What somebody did, with that account, remains what the account did.
    assert done_by(people) == done

    # The pages about then answer for both records.
    assert grades(doubles, moment) == then
    reconciled()

    for _own, other in reversed(doubles.pairs):
        undone(other, registrar, admin)
    assert contents() == before
    assert grades(doubles, moment) == then
    reconciled()


def deletions(own: User, other: User) -> int:
    """How many rows a merge says that it folds."""
    plan = plan_of(own, other)
    assert not plan.obstacles
    return sum(isinstance(step, Deletion) for step in plan.steps)


def assert_nothing_is_lost(doubles: Doubles, counted: dict[str, int]) -> None:
    """Nothing names an emptied record but messages between the two; what was written is there."""
    left = naming(*(other for _own, other in doubles.pairs))
    between = {
        left.pop(f"communications_directmessage.{name}_id") for name in ("sender", "recipient")
    }
    assert max(between) > 0
    assert set(left.values()) == {0}
    now = naming(*(person for two in doubles.pairs for person in two))
    for table in ("directmessage.sender_id", "directmessage.recipient_id", "chatmessage.author_id",
                  "forumtopic.author_id", "forumpost.author_id"):  # fmt: skip
        assert now[f"communications_{table}"] == counted[f"communications_{table}"]


def courses_of(doubles: Doubles) -> set[tuple[int, int]]:
    """The survivor and the course of each enrollment of a pair."""
    survivor = {person.pk: own.pk for own, other in doubles.pairs for person in (own, other)}
    rows = Enrollment.objects.filter(student__in=survivor).values_list("student", "course")
    return {(survivor[student], course) for student, course in rows}


def done_by(people: list[User]) -> list[dict[str, int]]:
    """How many rows say what each of them did who worked here once; of each kind there are some."""
    done = [naming(person, among=DONE_BY) for person in people]
    assert all(sum(each[name] for each in done) >= PAIRS for name in done[0])
    return done


def sections_of(doubles: Doubles) -> set[tuple[Any, ...]]:
    """The survivor, the course and the name of each section of a pair."""
    survivor = {person.pk: own.pk for own, other in doubles.pairs for person in (own, other)}
    rows = SectionMembership.objects.values_list(
        "enrollment__student", "enrollment__course", "system", "section"
    )
    return {(survivor[student], *place) for student, *place in rows if student in survivor}


def former_ids(doubles: Doubles) -> dict[str, int]:
    """To which survivor each former student ID of a pair leads."""
    survivor = {person.pk: own.pk for own, other in doubles.pairs for person in (own, other)}
    rows = FormerStudentID.objects.values_list("student_id", "user")
    return {student_id: survivor[user] for student_id, user in rows if user in survivor}


def test_a_merge_is_one_change_set_under_the_reason_of_the_request(
    doubles: Doubles, registrar: User, admin: User
):
    own, other = doubles.pairs[0]
    known = set(ChangeSet.objects.values_list("pk", flat=True))
    merged(own, other, registrar, admin)
    (change_set,) = ChangeSet.objects.exclude(pk__in=known)
    assert (change_set.reason, change_set.actor, change_set.source) == (WHY, admin, "action")
    assert User.history.filter(change_set=change_set).count() >= 1
