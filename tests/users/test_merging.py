"""Two records of one person become one, once a second person agrees."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.merging.requests import request_merge
from backoffice.apps.users.models import Enrollment, Profile, User
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.resource import kinds
from tests.users.twins import WHY, agreed, merged, refusals_of


def test_nothing_is_merged_before_a_second_person_agrees(ada, twin, registrar, admin):
    approval = request_merge(ada, twin, registrar, WHY)
    assert approval.sentence == "Ada Lovelace (S2002) is merged into Ada Lovelace (S1001)"
    twin.refresh_from_db()
    assert (twin.merged_into, twin.student_id) == (None, "S2002")
    with pytest.raises(ValidationError) as refusal:
        agreed(approval, registrar)
    assert refusals_of(refusal) == ["Nobody approves what they asked for themselves."]
    agreed(approval, admin)
    twin.refresh_from_db()
    assert twin.merged_into == ada


def test_the_emptied_record_gives_up_its_id_and_the_other_one_fills_its_blanks(
    ada, twin, registrar, admin
):
    merged(ada, twin, registrar, admin)
    name = f"merged-{twin.pk}"
    assert (twin.username, twin.student_id, twin.email) == (name, name, "")
    assert (twin.is_active, str(twin)) == (False, "Ada Lovelace")
    # Its own values stand; what it did not have comes from the other record.
    assert (ada.email, ada.graduation_year) == ("ada@example.org", 2027)


def test_an_address_moves_where_the_survivor_has_none(student, twin, registrar, admin):
    own = student("S1001", is_active=False)
    merged(own, twin, registrar, admin)
    assert (own.email, own.is_active) == ("a.lovelace@example.org", True)
    assert own.first_name == "Ada"


def test_enrollments_in_one_course_are_folded_by_the_rule_and_others_move(
    ada, twin, registrar, admin, courses
):
    bio, art = courses["BIO101"], courses["ART200"]
    own = Enrollment.objects.create(
        student=ada, course=bio, status="withdrawn", enrolled_on="2026-02-03",
        withdrawn_on="2026-03-01",
    )  # fmt: skip
    other = Enrollment.objects.create(
        student=twin, course=bio, status="completed", enrolled_on="2026-02-01", final_result="Pass"
    )
    moved = Enrollment.objects.create(student=twin, course=art)
    merged(ada, twin, registrar, admin)
    own.refresh_from_db()
    moved.refresh_from_db()
    assert (own.status, own.enrolled_on, own.withdrawn_on, own.final_result) == (
        *("completed", date(2026, 2, 1), None, "Pass"),
    )
    assert not Enrollment.objects.filter(pk=other.pk).exists()
    assert moved.student == ada


STATUSES = ("active", "completed", "failed", "withdrawn")


@pytest.mark.parametrize("own", STATUSES)
@pytest.mark.parametrize("other", STATUSES)
def test_of_two_statuses_the_earlier_one_of_the_rule_stands(own, other, ada, twin, two, courses):
    ends = {"withdrawn": date(2026, 3, 1)}
    for person, status in ((ada, own), (twin, other)):
        fields = {"status": status, "withdrawn_on": ends.get(status)}
        Enrollment.objects.create(student=person, course=courses["BIO101"], **fields)
    merged(ada, twin, *two)
    row = Enrollment.objects.get(student=ada)
    assert row.status == STATUSES[min(STATUSES.index(own), STATUSES.index(other))]
    assert row.withdrawn_on == (date(2026, 3, 1) if own == other == "withdrawn" else None)


def test_a_profile_fills_the_blanks_of_the_other_and_refused_e_mail_stays_refused(
    ada, twin, registrar, admin
):
    Profile.objects.create(user=ada, city="London")
    Profile.objects.create(user=twin, city="Lund", phone="+46 1", receives_email=False)
    merged(ada, twin, registrar, admin)
    profile = Profile.objects.get()
    assert (profile.user, profile.city, profile.phone, profile.receives_email) == (
        *(ada, "London", "+46 1", False),
    )


def test_a_message_from_one_record_to_the_other_remains_between_them(ada, twin, registrar, admin):
    message = DirectMessage.objects.create(sender=twin, recipient=ada, body="Is this me?")
    answer = DirectMessage.objects.create(sender=admin, recipient=twin, body="Yes.")
    merged(ada, twin, registrar, admin)
    message.refresh_from_db()
    answer.refresh_from_db()
    assert (message.sender, message.recipient, answer.recipient) == (twin, ada, ada)


def test_a_second_merge_takes_along_what_was_merged_before(ada, twin, student, registrar, admin):
    third = student("S3003")
    merged(ada, twin, registrar, admin)
    merged(third, ada, registrar, admin)
    twin.refresh_from_db()
    assert twin.merged_into == third
    assert third.record_keys == ada.record_keys == twin.record_keys == {ada.pk, twin.pk, third.pk}


@pytest.mark.parametrize("role", ["instructor", "registrar", "auditor", "admin"])
def test_only_students_are_merged(role, ada, person, registrar):
    staff = person(role, "staff")
    for pair in ((ada, staff), (staff, ada)):
        with pytest.raises(ValidationError) as refusal:
            request_merge(*pair, registrar, WHY)
        assert refusals_of(refusal) == [
            "Staff Example is not a student. Only the records of students are merged."
        ]


def test_a_record_is_not_merged_with_itself_nor_twice(ada, twin, student, registrar, admin):
    with pytest.raises(ValidationError) as refusal:
        request_merge(ada, ada, registrar, WHY)
    assert refusals_of(refusal) == ["This is one record already. Choose the other one of the two."]
    merged(ada, twin, registrar, admin)
    with pytest.raises(ValidationError) as refusal:
        request_merge(student("S3003"), twin, registrar, WHY)
    assert refusals_of(refusal) == ["Ada Lovelace was merged into another record already."]


def test_one_of_the_two_is_in_one_waiting_request_only(ada, twin, student, registrar, registrar2):
    request_merge(ada, twin, registrar, WHY)
    for pair in ((twin, ada), (ada, student("S3003"))):
        with pytest.raises(ValidationError) as refusal:
            request_merge(*pair, registrar2, WHY)
        assert refusals_of(refusal) == [
            "A merge of one of these two was asked for already and waits for a decision."
        ]


def test_a_student_who_became_staff_meanwhile_is_not_merged(ada, twin, registrar, admin):
    approval = request_merge(ada, twin, registrar, WHY)
    User.objects.filter(pk=twin.pk).update(role="instructor", is_staff=True)
    with pytest.raises(ValidationError) as refusal:
        agreed(approval, admin)
    assert refusals_of(refusal) == [
        "Ada Lovelace is not a student. Only the records of students are merged."
    ]


def test_the_database_lets_nobody_switch_an_emptied_record_on(ada, twin, registrar, admin):
    merged(ada, twin, registrar, admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=twin.pk).update(is_active=True)
    twin.is_active = True
    with pytest.raises(ValidationError) as refusal:
        twin.full_clean(exclude=["student_id", "username"])
    assert "This record was merged into another person's" in str(refusal.value)


def test_an_emptied_record_is_in_no_export(ada, twin, registrar, admin):
    merged(ada, twin, registrar, admin)
    rows = Selection.for_user(kinds["users"], registrar).rows
    assert (ada in rows, twin in rows) == (True, False)


def test_no_file_reaches_an_emptied_record(ada, twin, two, upload, courses, settings):
    merged(ada, twin, *two)
    name = f"merged-{twin.pk}"
    batch = upload("enrollments", f"student_id,course_code,presentation\n{name},BIO101,2026J\n")
    assert [issue.code for issue in batch.issues.all()] == ["invalid_identifier"]
    # Nor where the school's IDs look like that, nor by the username.
    settings.STUDENT_ID_PATTERN = r"[a-z0-9-]+"
    for column in ("student_id", "username"):
        batch = upload("users", f"{column},first_name\n{name},Eve\n")
        issue = batch.issues.get(code="merged_record")
        assert issue.message == (
            f"Line 2: {column} “{name}”: this record was merged into another one. Use the student "
            "ID of that one."
        )
