"""A final grade and who comes to it, for the tests of what becomes of it."""

from typing import Any

from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.users.models import User

WHY = "Appeal 17 was granted"
FINAL = (
    "This grade is final, and nobody changes it alone. Choose “Change final grade” on the page of "
    "the work; a second person then approves or refuses it."
)
BEFORE = (71, "finalized", "Well argued.", "instructor")


def client_of(user: User) -> Client:
    """Somebody, logged in."""
    client = Client()
    client.force_login(user)
    return client


def form_of(row: Any) -> str:
    """The address of the form of a row."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def grade_of(work: AssessmentSubmission) -> tuple[Any, ...]:
    """Score, status, feedback and grader as they are stored."""
    work.refresh_from_db()
    return work.score, work.status, work.feedback, work.grader.username
