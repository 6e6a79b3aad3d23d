"""A OneRoster file of changes, without a manifest that says what it is, withdraws nobody."""

from typing import Any

import pytest

from backoffice.apps.users.models import Enrollment
from tests.bulk.readers.test_zip_files import packed

HEADER = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate\n"
)
MANIFEST = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.enrollments,{}\n"
SENTENCE = (
    "The rows have a status and the time of their last change, as a file of changes only (delta) "
    "has: who is missing from it has not left. Choose another mode than sync, or bring the file in "
    "together with a manifest.csv that says that it is whole (bulk)."
)


def line(name: str, status: str, changed: str) -> str:
    return f"e-{name},{status},{changed},BIO101-2026J,o,{name},student,false,,\n"


ONE_CHANGE = HEADER + line("s1002", "active", "2026-03-01T00:00:00.000Z")


@pytest.fixture(autouse=True)
def enrolled(courses: Any, student: Any) -> None:
    for name in ("s1001", "s1002", "s1003"):
        person = student(name)
        Enrollment.objects.create(
            student=person, course=courses["BIO101"], enrolled_on="2026-02-02"
        )


def active() -> set[str]:
    rows = Enrollment.objects.filter(status="active")
    return set(rows.values_list("student__student_id", flat=True))


@pytest.mark.parametrize("on_error", ["abort", "skip"])
def test_changes_are_refused_as_a_roster(upload, on_error):
    batch = upload("enrollments", ONE_CHANGE, mode="sync", on_error=on_error)
    assert (batch.state, batch.sentence) == ("refused", SENTENCE)
    assert batch.issues.get().code == "delta_as_roster"


def test_in_another_mode_they_go_in(import_file):
    ended = HEADER + line("s1003", "tobedeleted", "2026-03-01T00:00:00.000Z")
    import_file("enrollments", ended)
    assert active() == {"s1001", "s1002"}


def test_one_change_below_whole_rows_is_seen(upload):
    mixed = HEADER + line("s1001", "", "") + ONE_CHANGE.removeprefix(HEADER)
    assert upload("enrollments", mixed, mode="sync").sentence == SENTENCE


def test_a_manifest_may_say_that_the_file_is_whole(import_file):
    content = packed({"manifest.csv": MANIFEST.format("bulk"), "enrollments.csv": ONE_CHANGE})
    import_file("enrollments", content, name="all.zip", mode="sync")
    assert active() == {"s1002"}


def test_rows_without_a_status_are_a_roster(import_file):
    import_file("enrollments", HEADER + line("s1002", "", ""), mode="sync")
    assert active() == {"s1002"}


def test_our_own_export_is_whole(import_file):
    header = HEADER.strip() + ",metadata.exactStatus,metadata.exactWithdrawnOn\n"
    row = line("s1002", "active", "2026-03-01T00:00:00Z").strip() + ",active,\n"
    import_file("enrollments", header + row, mode="sync")
    assert active() == {"s1002"}
