"""Files in private storage that no row names do not stay, and none is half written."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from backoffice.admin_site.models.private_files import private_storage
from backoffice.apps.courses.models import Course
from backoffice.bulk.jobs.cleanup import sweep_orphans
from backoffice.bulk.models import Batch


def test_files_of_yesterday_that_no_row_names_are_swept(
    upload: Callable[..., Batch], courses: dict[str, Course]
):
    named = upload("enrollments", "student_id,course_code,presentation\ns1,BIO101,2026J\n").path
    orphans = [named.with_name("orphan.csv"), named.with_name("half.csv.part")]
    young = named.with_name("young.csv")
    for path in (*orphans, young):
        path.write_text("x")
    for path in (*orphans, named):
        os.utime(path, (0, 0))

    assert sweep_orphans() == 2
    assert {*named.parent.iterdir()} == {named, young}


def test_a_file_that_was_sent_under_the_ending_of_an_unfinished_one_stays(
    upload: Callable[..., Batch], courses: dict[str, Course]
):
    text = "student_id,course_code,presentation\ns1,BIO101,2026J\n"
    sent = upload("enrollments", text, name="grades.part").path
    picture = sent.parent.with_name("pictures") / "half.part"
    picture.parent.mkdir()
    picture.write_text("x")
    for path in (sent, picture):
        os.utime(path, (0, 0))

    assert sweep_orphans() == 1
    assert (sent.exists(), picture.exists()) == (True, False)


def test_what_cannot_be_stored_leaves_no_half_file(private_files: Path):
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")

    content = ContentFile(b"")
    content.chunks = chunks  # type: ignore[method-assign,assignment]
    with pytest.raises(OSError, match="No space"):
        private_storage().save("pictures/one", content)
    assert [path for path in private_files.rglob("*") if path.is_file()] == []
