"""What every test may use: the cast of people."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.users.models import User


@pytest.fixture(autouse=True)
def private_files(settings: Any, tmp_path: Path) -> Path:
    """Every test keeps its uploads in a folder of its own."""
    settings.PRIVATE_ROOT = tmp_path / "private"
    return settings.PRIVATE_ROOT


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Makes a member of staff with a role."""

    def make(role: str, username: str = "", **fields: Any) -> User:
        username = username or role
        names = {"first_name": username.title(), "last_name": "Example"}
        return User.objects.create_user(
            username, role=role, is_staff=role != "student", **names | fields
        )

    return make


@pytest.fixture
def student(db: None) -> Callable[..., User]:
    """Makes a student, who has an ID and never logs in."""

    def make(student_id: str, **fields: Any) -> User:
        given = {"username": student_id, "student_id": student_id, "password": "!"} | fields
        return User.objects.create(role=User.Role.STUDENT, is_staff=False, **given)

    return make


def _of_role(role: str, username: str = "") -> Any:
    @pytest.fixture
    def one(person: Callable[..., User]) -> User:
        return person(role, username)

    return one


def _client_of(name: str) -> Any:
    @pytest.fixture
    def one(request: pytest.FixtureRequest) -> Client:
        client = Client()
        client.force_login(request.getfixturevalue(name))
        return client

    return one


admin = _of_role("admin")
registrar = _of_role("registrar")
registrar2 = _of_role("registrar", "registrar2")
instructor = _of_role("instructor")
auditor = _of_role("auditor")
admin_client = _client_of("admin")
registrar_client = _client_of("registrar")
registrar2_client = _client_of("registrar2")
instructor_client = _client_of("instructor")
auditor_client = _client_of("auditor")
