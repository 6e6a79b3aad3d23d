"""Every kind goes out in one zip file; what is written meanwhile is in none of its files."""

import io
import threading
import zipfile
from typing import Any

import pytest
from django.db import connection

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.formats import whole_exports
from backoffice.bulk.formats.exporting import writer_for
from backoffice.bulk.formats.whole_exports import write_whole


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_all_files_of_one_zip_are_of_one_moment(monkeypatch, student):
    course = Course.objects.create(code="BIO101", presentation="2026J", slug="bio")
    Enrollment.objects.create(student=student("s1001"), course=course)

    def enroll_another() -> None:
        newcomer = User.objects.create(username="s1002", student_id="s1002", role="student")
        Enrollment.objects.create(student=newcomer, course=course)
        connection.close()

    def writer(ending: str, dialect: str, kind: str) -> Any:
        if kind == "enrollments":
            other = threading.Thread(target=enroll_another)
            other.start()
            other.join()
        return writer_for(ending, dialect, kind)

    monkeypatch.setattr(whole_exports, "writer_for", writer)
    written = write_whole("native", stream := io.BytesIO())

    assert (written["users"], written["enrollments"]) == (1, 1)
    assert Enrollment.objects.count() == 2
    with zipfile.ZipFile(stream) as archive:
        assert b"s1002" not in archive.read("enrollments.csv")
