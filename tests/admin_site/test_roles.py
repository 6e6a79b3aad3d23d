"""Roles: who gets in, what the groups say, and what an auditor cannot do."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from backoffice.admin_site.permissions import roles
from backoffice.admin_site.permissions.groups import PERMISSION_VERBS
from backoffice.admin_site.site import BackOfficeSite
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch

HOME = "/admin/"


def test_our_site_is_the_site():
    # A library that puts its own in this place takes our rules of entry away.
    assert isinstance(admin.site, BackOfficeSite)


def test_the_groups_hold_what_the_table_grants(db: None):
    for role, name in roles.GROUP_NAMES.items():
        granted = {
            f"{label.split('.')[0]}.{PERMISSION_VERBS.get(grant.verb, grant.verb)}_"
            f"{label.split('.')[1]}"
            for label in roles.TABLE
            for grant in roles.grants_of(label)
            if grant.role == role and not label.startswith("page.")
        }
        held = Group.objects.get(name=name).permissions.select_related("content_type")
        codes = {f"{each.content_type.app_label}.{each.codename}" for each in held}
        # What a permission stands for need not be a right of Django's: an import is bulk's own.
        assert codes <= granted
        assert {code for code in granted if code.split(".")[1].startswith(("view", "add"))} <= codes


def test_a_new_role_takes_the_old_group_away(person: Any):
    one = person("registrar", "rita")
    assert groups_of(one) == {"registrar"}
    one.role = "auditor"
    one.save()
    assert groups_of(one) == {"auditor"}
    one.is_active = False
    one.save()
    assert groups_of(one) == set()


def groups_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_a_stranger_sees_the_login_page_and_nothing_else(db: None, client: Client):
    for address in every_address():
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer.url.startswith("/admin/login/"), address


def test_a_student_does_not_get_in_even_when_the_account_is_forged(student: Any, client: Client):
    one = student("s1001")
    client.force_login(one)
    assert client.get(HOME).status_code == 302
    one.is_staff = True  # no rule lets this be stored; a page must not trust it all the same
    assert not admin.site.has_permission(type("Request", (), {"user": one})())


def test_a_role_ends_with_the_next_request(registrar: User, registrar_client: Client):
    assert registrar_client.get(HOME).status_code == 200
    User.objects.filter(pk=registrar.pk).update(is_active=False)
    assert registrar_client.get(HOME).status_code == 302


@pytest.mark.parametrize(
    ("role", "status"), [("registrar", 200), ("admin", 200), ("instructor", 403), ("auditor", 403)]
)
def test_only_registrar_and_admin_import_enrollments(role: str, status: int, request: Any):
    client: Client = request.getfixturevalue(f"{role}_client")
    upload = reverse("admin:bulk_batch_upload")
    assert client.get(upload, {"kind": "enrollments"}).status_code == status
    answer = client.post(reverse("admin:bulk_batch_upload") + "?kind=enrollments", {})
    assert answer.status_code == status
    assert not Batch.objects.exists()


def every_address() -> Iterator[str]:
    """Every page of the admin that stands without a row."""
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_add")
    yield from (HOME, reverse("admin:bulk_batch_upload"), reverse("admin:bulk_batch_export"))


def test_a_registrar_edits_students_and_no_staff(
    registrar_client: Client, instructor: User, student: Any
):
    for person, status in ((student("s1001"), 200), (instructor, 403)):
        page = reverse("admin:users_user_change", args=[person.pk])
        assert registrar_client.get(page).status_code == status


def test_an_instructor_sees_the_own_courses_people_only(
    instructor: User, instructor_client: Client, courses: dict[str, Course], student: Any
):
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    own = Enrollment.objects.create(student=student("s1001"), course=courses["BIO101"])
    foreign = Enrollment.objects.create(student=student("s1002"), course=courses["ART200"])
    page = instructor_client.get(reverse("admin:users_enrollment_changelist"))
    assert list(page.context["cl"].queryset) == [own]
    for row, status in ((own, 200), (foreign, 403)):
        address = reverse("admin:users_enrollment_change", args=[row.pk])
        assert instructor_client.get(address).status_code == status
