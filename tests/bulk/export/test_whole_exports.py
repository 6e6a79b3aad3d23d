"""Every kind goes out in one zip file; what is written meanwhile is in none of its files."""

import io
import json
import threading
import zipfile
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.export import school_archive
from backoffice.bulk.export.other_systems import writer_for
from backoffice.bulk.export.school_archive import write_whole


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_all_files_of_one_zip_are_of_one_moment(monkeypatch, student):
    course = Course.objects.create(code="BIO101", presentation="2026J", slug="bio")
    Enrollment.objects.create(student=student("s1001"), course=course)

    def enroll_another() -> None:
        person = User.objects.create(username="s1002", student_id="s1002", role="student")
        Enrollment.objects.create(student=person, course=course)
        connection.close()

    def writer(ending: str, dialect: str, kind: str) -> Any:
        if kind == "enrollments":
            other = threading.Thread(target=enroll_another)
            other.start()
            other.join()
        return writer_for(ending, dialect, kind)

    monkeypatch.setattr(school_archive, "writer_for", writer)
    written = write_whole("native", stream := io.BytesIO())

    assert (written["users"], written["enrollments"]) == (1, 1)
    assert Enrollment.objects.count() == 2
    with zipfile.ZipFile(stream) as archive:
        assert b"s1002" not in archive.read("enrollments.csv")


@pytest.mark.parametrize(
    ("dialect", "carried"),
    [
        ("native", ["users", "courses", "enrollments", "assessments", "grades", "rubrics"]),
        ("canvas", ["users", "courses", "enrollments", "rubrics"]),
        ("moodle", ["users", "enrollments"]),
        ("oneroster", ["users", "courses", "enrollments", "assessments", "grades"]),
    ],
)
def test_the_whole_school_comes_back_unchanged_in_every_format(demo, tmp_path, dialect, carried):
    same_code_in_two_courses()
    path, report = tmp_path / "school.zip", tmp_path / "report.json"
    call_command("export_csv", dialect=dialect, output=path)
    call_command("import_csv", "auto", str(path), "--report", str(report))
    files = json.loads(report.read_text())["files"]
    assert [each["kind"] for each in files] == carried
    assert {each["state"] for each in files} == {"applied"}
    assert [each["unchanged"] for each in files] == [each["rows"] for each in files]
    assert min(each["rows"] for each in files) > 0


def same_code_in_two_courses() -> None:
    """Both have grades, too."""
    first, *others = Assessment.objects.filter(submissions__isnull=False).distinct()
    namesake = next(each for each in others if each.course_id != first.course_id)
    Assessment.objects.filter(pk__in=(first.pk, namesake.pk)).update(code="Exam1", title="Exam1")
