"""The form of a person asks before it makes a near double of somebody who is known."""

from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.admin_site.models.folded_identity import folded_identity, near_doubles
from backoffice.apps.users.models import User
from tests.filling import errors_of, save

ADD = reverse("admin:users_user_add")
NEW = {"first_name": "Grace", "last_name": "Hopper", "role": "student", "email": ""}


def asked(value: str, other: str = "S0012 (Ada Lovelace)") -> list[str]:
    return [
        f"“{value}” is similar to {other}: only letter case, zeros in front, width, blanks or "
        "hyphens differ. Correct it, or tick “It is somebody else”."
    ]


@pytest.fixture
def ada(student: Any) -> User:
    return student("S0012", first_name="Ada", last_name="Lovelace")


def add(client: Any, **fields: Any) -> Any:
    return save(client, ADD, **NEW | fields)


def test_a_student_whose_id_differs_in_its_form_alone_is_asked_about(ada, admin_client):
    answer = add(admin_client, student_id="s0012")
    assert errors_of(answer) == {"student_id": asked("s0012")}
    assert "It is somebody else" in answer.content.decode()
    assert not User.objects.filter(student_id="s0012").exists()


def test_the_tick_creates_them_after_all(ada, admin_client):
    assert add(admin_client, student_id="s0012", allows_similar="on").status_code == 302
    assert User.objects.get(student_id="s0012").first_name == "Grace"


def test_nobody_is_asked_without_need(ada, admin_client):
    page = admin_client.get(ADD).content.decode()
    assert "It is somebody else" not in page
    assert add(admin_client, student_id="S0013").status_code == 302


def test_a_former_id_resembles_too(ada, admin_client):
    ada.student_id = "S0099"
    ada.save()
    answer = add(admin_client, student_id="s0012")
    assert errors_of(answer) == {"student_id": asked("s0012", "S0099 (Ada Lovelace)")}


def test_the_very_same_id_is_refused_whatever_is_ticked(ada, admin_client):
    answer = add(admin_client, student_id="S0012", allows_similar="on")
    assert errors_of(answer)["student_id"] == ["Another student has this student ID already."]


def test_a_change_of_an_id_is_asked_about_and_other_changes_are_not(ada, student, registrar_client):
    grace = student("S0500", first_name="Grace")
    page = reverse("admin:users_user_change", args=[grace.pk])
    answer = save(registrar_client, page, student_id="s0012")
    assert errors_of(answer) == {"student_id": asked("s0012")}
    assert save(registrar_client, page, student_id="s0012", allows_similar="on").status_code == 302
    # It is a near double by now, and nobody asks again.
    assert save(registrar_client, page, first_name="Gracie").status_code == 302
    # Back in another form of one's own.
    assert save(registrar_client, page, student_id="S0500").status_code == 302


def test_usernames_of_staff_are_compared_among_staff(ada, person, admin_client):
    person("instructor", "grace.hopper")
    answer = add(admin_client, role="instructor", username="Grace.Hopper")
    (message,) = errors_of(answer)["username"]
    assert message.startswith("“Grace.Hopper” is similar to grace.hopper (")
    assert add(admin_client, role="instructor", username="s0012").status_code == 302


def test_a_registrar_reads_no_name_of_the_staff(person, student, registrar_client):
    person("instructor", "ina", student_id="S0012")
    page = reverse("admin:users_user_change", args=[student("S0500").pk])
    answer = save(registrar_client, page, student_id="s0012")
    assert errors_of(answer) == {"student_id": asked("s0012", "another one")}


@pytest.mark.django_db
@given(st.text(alphabet="0Aa1b\u2010- \uff11", min_size=1, max_size=6))
def test_the_database_finds_whom_python_calls_alike(value):
    stored, (identity, _username) = "A1-b", User.identities
    person, _new = User.objects.get_or_create(
        student_id=stored, username=stored, role="student", password="!"
    )
    found = set(near_doubles(User(student_id=value), identity))
    is_alike = folded_identity(value) == folded_identity(stored) and value != stored
    assert found == ({person} if is_alike else set())
