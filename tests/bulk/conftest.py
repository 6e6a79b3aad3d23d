"""Courses, and files brought in from text."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.bulk.importing import apply, preview, receive
from backoffice.bulk.models import Batch


@pytest.fixture
def courses(db: None) -> dict[str, Course]:
    """Two courses: one that ended, one without an end."""
    bio = {"code": "BIO101", "presentation": "2026J", "slug": "bio101-2026j", "title": "Biology"}
    art = {"code": "ART200", "presentation": "2026B", "slug": "art200-2026b", "title": "Art"}
    dates = {"starts_on": "2026-02-01", "ends_on": "2026-06-30"}
    return {
        "BIO101": Course.objects.create(**bio, **dates),
        "ART200": Course.objects.create(**art),
    }


Uploaded = Callable[..., Batch]


@pytest.fixture
def upload(registrar: User) -> Uploaded:
    """Uploads text as a file of a kind and previews it."""

    def make(kind: str, text: str | bytes, **options: Any) -> Batch:
        content = text if isinstance(text, bytes) else text.encode()
        actor = options.pop("actor", registrar)
        name = options.pop("name", f"{kind}.csv")
        return preview(receive(io.BytesIO(content), name, actor, kind=kind, **options))

    return make


@pytest.fixture
def bring_in(upload: Uploaded, registrar: User) -> Uploaded:
    """Uploads, previews and applies."""

    def make(kind: str, text: str | bytes, **options: Any) -> Batch:
        batch = upload(kind, text, **options)
        assert batch.state == Batch.State.PREVIEWED, [str(issue) for issue in batch.issues.all()]
        return apply(batch, batch.digest, options.get("actor", registrar))

    return make
