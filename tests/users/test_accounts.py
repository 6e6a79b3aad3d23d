"""The form of a person: what follows from the role need not be filled in."""

from django.urls import reverse

from backoffice.apps.users.models import User
from tests.filling import errors_of, save

ADD = "/admin/users/user/add/"


def test_a_student_is_added_without_a_username(admin_client):
    answer = save(admin_client, ADD, student_id="s1001", role="student", first_name="Zoë")
    assert answer.status_code == 302, errors_of(answer)
    one = User.objects.get(student_id="s1001")
    assert (one.username, one.is_staff, one.has_usable_password()) == ("s1001", False, False)


def test_a_member_of_staff_needs_one(admin_client):
    answer = save(admin_client, ADD, role="registrar", first_name="Ruth")
    assert errors_of(answer) == {"username": ["Enter a username, or the student ID of a student."]}
    answer = save(admin_client, ADD, role="registrar", username="ruth")
    assert answer.status_code == 302, errors_of(answer)
    assert User.objects.get(username="ruth").is_staff


def test_a_member_of_staff_becomes_a_student(instructor):
    instructor.role, instructor.student_id = "student", "s1001"
    instructor.full_clean()
    instructor.save()
    instructor.refresh_from_db()
    assert (instructor.username, instructor.is_staff) == ("s1001", False)
    assert not instructor.has_usable_password()


def test_an_address_is_stored_in_lower_case(admin_client, instructor):
    page = reverse("admin:users_user_change", args=[instructor.pk])
    save(admin_client, page, email="Ingrid@Example.ORG")
    instructor.refresh_from_db()
    assert instructor.email == "ingrid@example.org"
