"""What a file is by its first bytes: text, a workbook or zip file, or neither."""

from pathlib import Path

from django.utils.translation import gettext as _

from backoffice.bulk.unpacking.zip_file import ARCHIVES, OLE, ZIP
from backoffice.bulk.values.faults import FileRefused

PDF = b"%PDF"


def is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(ZIP)) == ZIP


def refuse_if_not_a_plain_table(path: Path) -> bool:
    """Whether the file is a workbook; false is text. Raises FileRefused for what is neither."""
    with path.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(ZIP):
        return True
    if start.startswith(OLE):
        raise FileRefused(
            "encrypted_or_old",
            _(
                "This is an encrypted or an old Excel file (.xls). Save it as .xlsx without a "
                "password, or as CSV."
            ),
        )
    if start.startswith((*ARCHIVES, PDF)):
        raise FileRefused(
            "not_a_table",
            _("This is an archive or a document, not a table. Upload a CSV or XLSX file."),
        )
    return False
