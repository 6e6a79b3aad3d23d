"""The formats of an export, and the response that sends a file."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.audit.access_log.log import note_export
from backoffice.bulk.export.csv_export import write_csv
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.export.xlsx_export import write_workbook
from backoffice.bulk.values.refusals import full_disk_refused

Write = Callable[[Selection, IO[bytes]], int]


@dataclass(frozen=True)
class Format:
    """A format of files: its label, its content type, and its writer."""

    label: Any
    content_type: str
    write: Write


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# By the ending of the file's name.
FORMATS = {
    "csv": Format(_("CSV"), "text/csv; charset=utf-8", write_csv),
    "xlsx": Format(_("Excel (XLSX)"), XLSX, write_workbook),
}


def handed_out(
    request: HttpRequest, selection: Selection, ending: str, write: Write | None = None
) -> FileResponse:
    """The rows as a file to save; `write` replaces the writer of the format.

    Raises ExportRefused where the format does not take them, and where the disk is full.
    """
    form = FORMATS[ending]
    # The file is complete before its first byte leaves: the record needs the number of rows,
    # errors go to a page, and no transaction waits for a slow reader.
    with full_disk_refused(), ExitStack() as whatever_happens:
        stream = whatever_happens.enter_context(tempfile.TemporaryFile("w+b"))
        rows = (write or form.write)(selection, stream)
        stream.flush()
        whatever_happens.pop_all()  # from here on the answer closes the file
    note_export(request, selection.resource.model(), rows)
    stream.seek(0)
    return FileResponse(
        stream,
        as_attachment=True,
        filename=f"{selection.resource.kind}.{ending}",
        content_type=form.content_type,
    )
