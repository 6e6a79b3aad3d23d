"""Rubrics as files, and who brings them in."""

from collections.abc import Callable
from typing import Any

import pytest

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.bulk.models import Batch


@pytest.fixture
def taught(courses: dict[str, Course], instructor: User) -> Course:
    """The only one the instructor teaches."""
    Course.objects.filter(pk=courses["BIO101"].pk).update(instructor=instructor)
    return courses["BIO101"]


@pytest.fixture
def bring(bring_in: Any, instructor: User) -> Callable[..., Batch]:
    """Brings rubrics in, as their instructor."""
    return lambda text, **options: bring_in("rubrics", text, **{"actor": instructor} | options)


@pytest.fixture
def look(upload: Any, instructor: User) -> Callable[..., Batch]:
    """Uploads and previews rubrics, as their instructor."""
    return lambda text, **options: upload("rubrics", text, **{"actor": instructor} | options)
