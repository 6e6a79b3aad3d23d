"""What tests of the record share: a database with two roles."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.application_role import APPLICATION, separated


@pytest.fixture(scope="module")
def two_roles(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The owner has migrated, and made the application's role on the way."""
    with django_db_blocker.unblock():
        with separated():
            call_command("migrate", verbosity=0)
        yield
        with connection.cursor() as cursor:
            cursor.execute(f'DROP OWNED BY "{APPLICATION}"')
            cursor.execute(f'DROP ROLE "{APPLICATION}"')
        connection.close()
