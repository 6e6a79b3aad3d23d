"""A person's record: everything that ever happened to it, kind by kind, with what is deleted."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import Enrollment, Profile, User
from backoffice.audit.record.recording import recording

ADDRESS = reverse("admin:record")


@pytest.fixture
def ada(student: Any, courses: Any, registrar: User) -> User:
    """A student who was enrolled twice; one enrollment is gone again."""
    with recording(source="form", actor=registrar):
        ada = student("s301001", first_name="Ada", last_name="Lovelace")
        Profile.objects.create(user=ada, city="Lund")
    with recording(source="form", actor=registrar):
        for course in courses.values():
            Enrollment.objects.create(student=ada, course=course)
    with recording(source="sql"):
        Enrollment.objects.filter(student=ada, course=courses["ART200"]).delete()
    return ada


def test_it_has_all_kinds_of_rows_and_the_deleted_ones(ada: User, auditor_client: Client):
    page = auditor_client.get(f"{ADDRESS}?student={ada.pk}")
    kinds = {str(kind["text"]) for kind in page.context["kinds"]}
    assert {"Everything", "People: 1", "Profiles: 1", "Enrollments: 3"} <= kinds
    newest = page.context["entries"][0]
    assert newest.change_set.source == "sql"
    assert [(row.kind, str(row.what)) for row in newest.rows] == [("Enrollment", "deleted")]


def test_it_is_narrowed_to_one_kind(ada: User, auditor_client: Client):
    page = auditor_client.get(f"{ADDRESS}?student={ada.pk}&model=users.profile")
    assert [row.kind for entry in page.context["entries"] for row in entry.rows] == ["Profile"]


def test_it_has_no_row_of_somebody_else(ada: User, student: Any, courses: Any, auditor_client):
    with recording(source="command"):
        for number in range(3):
            other = student(f"s30200{number}")
            Enrollment.objects.create(student=other, course=courses["BIO101"])
        ada.enrollments.update(status="completed")
    page = auditor_client.get(f"{ADDRESS}?student={ada.pk}")
    names = {row.name for entry in page.context["entries"] for row in entry.rows}
    assert not [name for name in names if "s3020" in name]


def test_a_person_page_leads_to_it(ada: User, auditor_client: Client, instructor_client: Client):
    link = f"{ADDRESS}?student={ada.pk}"
    page = reverse("admin:users_user_change", args=[ada.pk])
    assert link in auditor_client.get(page).content.decode()
    assert instructor_client.get(link).status_code == 403


def test_without_a_person_it_says_what_to_do(db: None, auditor_client: Client):
    text = auditor_client.get(ADDRESS).content.decode()
    assert "Choose a person. Everything that ever happened to their record stands here" in text
