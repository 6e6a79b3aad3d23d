"""The files the README tells people to try do what it says."""

from pathlib import Path
from typing import Any

from django.conf import settings

from backoffice.bulk.models import Batch

FOLDER = Path(settings.BASE_DIR) / "fixtures"
OPTIONS = {"create_students": True}


def text_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def test_the_good_files_go_in_and_change_nothing_the_second_time(import_file: Any, demo: None):
    for kind, created in (("courses", 3), ("enrollments", 6)):
        batch = import_file(kind, text_of(f"{kind}.csv"), **(OPTIONS if kind != "courses" else {}))
        assert (batch.created, batch.rejected) == (created, 0)
        again = import_file(kind, text_of(f"{kind}.csv"), **(OPTIONS if kind != "courses" else {}))
        assert (again.created, again.updated, again.unchanged) == (0, 0, batch.rows)


def test_the_wrong_file_names_every_error(upload: Any, demo: None):
    batch = upload("enrollments", text_of("enrollments_with_errors.csv"), **OPTIONS)
    assert (batch.state, batch.rejected) == (Batch.State.REFUSED, 5)
    errors = batch.issues.filter(is_warning=False).order_by("line", "column")
    assert [(issue.line, issue.column, issue.code) for issue in errors] == [
        (2, "status", "invalid_choice"),
        (4, "course_code", "unknown_course"),
        (5, "withdrawn_on", "withdrawn_before_enrolled"),
        (6, "student_id", "identifier_scientific"),
        (7, "email", "invalid_email"),
        (7, "enrolled_on", "invalid_date"),
    ]
