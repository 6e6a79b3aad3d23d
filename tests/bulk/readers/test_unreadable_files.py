"""A file that cannot be opened is not kept: nobody knows whether it holds passwords."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.bulk.readers.test_zip_files import USERS, packed


def stored_files() -> list[Path]:
    return [path for path in Path(settings.PRIVATE_ROOT).glob("imports/*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (
            USERS.encode(),
            "utf-16",
            "The file cannot be read as utf-16: UTF-16 stream does not start with BOM. Name the "
            "byte order, for example utf-16-le, or another encoding.",
        ),
        (
            packed({"users.csv": USERS, "xl/other": "x"}),
            "",
            "This archive is not an Excel workbook. Upload a CSV or XLSX file.",
        ),
    ],
)
def test_what_cannot_be_opened_is_refused_and_not_kept(
    upload: Any, content: bytes, encoding: str, message: str
):
    before = stored_files()
    batch = upload("users", content, name="users.csv", encoding=encoding)

    assert (batch.state, batch.sentence, bool(batch.file)) == ("refused", message, False)
    assert [issue.message for issue in batch.issues.all()] == [message]
    assert stored_files() == before
