"""A criterion is compared with all ratings of a file: large files are no work for a request."""

import io
from typing import Any

import pytest

from backoffice.apps.users.models import User
from backoffice.bulk.formats import open_file
from backoffice.bulk.jobs.tasks import queue_apply, queue_reading
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.sql import dialects
from tests.bulk.working import work
from tests.rubric_files import ESSAY, GROUP, HEADER, stored


def criteria(count: int) -> str:
    return f"{HEADER}{GROUP}\n" + "".join(
        f"Essay,C{at},{'x' * 90},,Good,,5\n" for at in range(count)
    )


def test_the_worker_reads_and_applies_what_takes_more_than_a_moment(taught: Any, instructor: User):
    file = io.BytesIO(criteria(201).encode())
    batch = queue_reading(receive(file, "r.csv", instructor, kind="rubrics"))
    assert (batch.file_size < 40_000, batch.state) == (True, Batch.State.QUEUED)
    work()
    batch.refresh_from_db()

    assert not queue_apply(batch, batch.digest, instructor)
    work()
    assert len(stored()) == 201


def test_more_criteria_than_can_be_compared_are_refused(
    preview_rubrics: Any, taught: Any, monkeypatch: Any
):
    monkeypatch.setattr(open_file, "MOST_WITH_NESTED_ROWS", 2)
    batch = preview_rubrics(ESSAY)

    assert (batch.state, batch.sentence) == (
        Batch.State.REFUSED,
        "The file has more than 2 rows; split it.",
    )


@pytest.mark.parametrize("fixture", ["preview_rubrics", "import_rubrics"])
def test_the_database_is_prepared_for_what_stands_in_the_rows(
    taught: Any, request: pytest.FixtureRequest, monkeypatch: Any, fixture: str
):
    """A thousand criteria, for which it was not, took a minute instead of a second."""
    rows, kind = [], type(dialects.current())
    prepare = kind.prepare
    monkeypatch.setattr(
        kind, "prepare", lambda *arguments: (rows.append(arguments[-1]), prepare(*arguments))[-1]
    )
    request.getfixturevalue(fixture)(criteria(101))

    assert all(each > dialects.MANY_ROWS for each in rows)
    assert len(rows) == (1 if fixture == "preview_rubrics" else 2)
