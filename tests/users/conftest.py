"""Three admins and a superuser."""

from typing import Any

import pytest

from backoffice.apps.users.models import User


@pytest.fixture
def cast(person: Any) -> dict[str, User]:
    """Three admins and a superuser."""
    names = {name: person("admin", name) for name in ("amina", "bea", "clara")}
    return names | {"sol": person("admin", "sol", is_superuser=True)}
