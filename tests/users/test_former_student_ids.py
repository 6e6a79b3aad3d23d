"""A student ID that was replaced leads to its person, and is never given to another."""

import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import Enrollment, FormerStudentID, User
from tests.filling import errors_of, save

PEOPLE = reverse("admin:users_user_changelist")
TAKEN = "Another student had this student ID formerly. It leads to them, and is not given again."


@pytest.fixture
def ada(student: Any, registrar_client: Client) -> User:
    """Ada, who was AB1001 before and is CD2002 now."""
    row = student("AB1001", first_name="Ada", last_name="Lovelace", email="ada@example.org")
    page = reverse("admin:users_user_change", args=[row.pk])
    answer = save(registrar_client, page, student_id="CD2002", username="")
    assert answer.status_code == 302, errors_of(answer)
    row.refresh_from_db()
    return row


def names_in_list(client: Client, address: str, term: str) -> list[str]:
    rows = client.get(address, {"q": term}).context["cl"].result_list
    return [str(row) for row in rows]


def test_a_replaced_student_id_stays_with_its_person(ada: User, registrar: User):
    former = ada.former_student_ids.get()
    assert (ada.student_id, ada.username, former.student_id) == ("CD2002", "CD2002", "AB1001")
    created = FormerStudentID.history.get()
    assert (created.history_type, created.history_user, created.student_id) == (
        *("+", registrar, "AB1001"),
    )


def test_saving_without_another_student_id_notes_nothing(student: Any, person: Any):
    row = student("AB1001")
    row.first_name = "Ada"
    row.save()
    row.save(update_fields=["first_name"])
    person("auditor").save()
    assert not FormerStudentID.objects.exists()


def test_back_and_forth_each_stands_once(ada: User):
    for student_id in ("AB1001", "CD2002", "EF3003"):
        ada.student_id = student_id
        ada.full_clean()
        ada.save()
    assert set(ada.former_student_ids.values_list("student_id", flat=True)) == {"AB1001", "CD2002"}


def test_a_former_student_id_is_not_given_to_another(ada: User, student: Any):
    other = User(username="AB1001", student_id="AB1001", role="student", password="!")
    with pytest.raises(ValidationError) as refused:
        other.full_clean()
    assert refused.value.message_dict == {"student_id": [TAKEN]}
    stored = student("EF3003")
    stored.student_id = "AB1001"
    with pytest.raises(ValidationError, match="had this student ID formerly"):
        stored.full_clean()


def test_the_form_says_so_at_the_field(ada: User, admin_client: Client):
    page = reverse("admin:users_user_add")
    answer = save(admin_client, page, student_id="AB1001", role="student", first_name="Eve")
    assert errors_of(answer) == {"student_id": [TAKEN]}


def test_their_page_names_it_to_whoever_sees_the_person(
    ada: User, courses: Any, instructor: User, registrar_client: Client, instructor_client: Client
):
    courses["BIO101"].instructor = instructor
    courses["BIO101"].save()
    Enrollment.objects.create(student=ada, course=courses["BIO101"])
    page = reverse("admin:users_user_change", args=[ada.pk])
    for client in (registrar_client, instructor_client):
        answer = client.get(page).content.decode()
        assert "Former student IDs" in answer
        assert "AB1001 until " in answer


def test_a_person_without_one_has_no_such_line(student: Any, registrar_client: Client):
    page = reverse("admin:users_user_change", args=[student("AB1001").pk])
    assert "Former student IDs" not in registrar_client.get(page).content.decode()


def test_the_search_for_one_finds_the_person(
    ada: User, student: Any, courses: Any, registrar_client: Client
):
    student("EF3003", first_name="Eve")
    Enrollment.objects.create(student=ada, course=courses["BIO101"])
    # Two former ones that match are one person.
    ada.student_id = "CD2003"
    ada.save()
    assert names_in_list(registrar_client, PEOPLE, "ab1001") == ["Ada Lovelace"]
    assert names_in_list(registrar_client, PEOPLE, "1001 lovelace") == ["Ada Lovelace"]
    assert names_in_list(registrar_client, PEOPLE, "CD200") == ["Ada Lovelace"]
    roster = reverse("admin:users_enrollment_changelist")
    assert names_in_list(registrar_client, roster, "AB1001") == [
        "Ada Lovelace – " + str(courses["BIO101"])
    ]
    place = {"app_label": "users", "model_name": "enrollment", "field_name": "student"}
    answer = registrar_client.get(reverse("admin:autocomplete"), place | {"term": "ab100"})
    assert [each["text"] for each in answer.json()["results"]] == ["Ada Lovelace · CD2003"]


def test_forgetting_a_person_takes_them_too(ada: User):
    ada.student_id = "EF3003"
    ada.is_active = False
    ada.save()
    reason = "A request under data protection law"
    call_command("forget_person", "EF3003", reason=reason, stdout=io.StringIO())
    assert set(ada.former_student_ids.values_list("student_id", flat=True)) == {None}
    assert ada.former_student_ids.count() == 2
    assert not FormerStudentID.history.exclude(student_id=None).exists()
    assert str(ada.former_student_ids.first()) == "(forgotten)"
