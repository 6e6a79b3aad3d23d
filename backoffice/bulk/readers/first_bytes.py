"""What a file is by its first bytes: text, a workbook or zip file, or neither."""

import codecs
import re
from pathlib import Path

from django.utils.translation import gettext as _

from backoffice.bulk.unpacking.zip_file import ARCHIVES, OLE, ZIP
from backoffice.bulk.values.faults import FileRefused

NO_TABLE = "not_a_table"
PDF = b"%PDF"
RTF, SYLK = b"{\\rtf", b"ID;P"
START = 4_096  # bytes
# What many systems call .xls: a page or a mail with a page in it, which Excel opens; and the
# spreadsheet in XML of Excel 2003.
WEB_PAGE = re.compile(
    rb"(?:\s|<!--.*?-->|<\?xml[^>]*>)*"
    rb"(?:<!doctype\s+html|<(?:html|head|body|meta|table|style|div|p|center|font)[\s>/]"
    rb"|mime-version\s*:|content-type\s*:\s*multipart/related)",
    re.IGNORECASE | re.DOTALL,
)
XML_SPREADSHEET = re.compile(
    rb"\s*<\?xml.*(?:mso-application|urn:schemas-microsoft-com:office:spreadsheet)",
    re.IGNORECASE | re.DOTALL,
)


def is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(ZIP)) == ZIP


def refuse_if_not_a_plain_table(path: Path) -> bool:
    """Whether the file is a workbook; false is text. Raises FileRefused for what is neither."""
    with path.open("rb") as stream:
        start = stream.read(START)
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
    if start.startswith((*ARCHIVES, PDF, RTF, SYLK)):
        raise FileRefused(
            NO_TABLE,
            _("This is an archive or a document, not a table. Upload a CSV or XLSX file."),
        )
    _refuse_markup(start)
    return False


def _refuse_markup(start: bytes) -> None:
    # In UTF-16 every other byte of it is a zero.
    text = start.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").lstrip(b"\xff\xfe")
    if WEB_PAGE.match(text):
        raise FileRefused(
            NO_TABLE,
            _(
                "This is a web page, whatever the file is called. Open it in Excel, save it as "
                ".xlsx or as CSV, and upload that."
            ),
        )
    if XML_SPREADSHEET.match(text):
        raise FileRefused(
            NO_TABLE,
            _(
                "This is a spreadsheet in the XML of Excel 2003. Open it in Excel, save it as "
                ".xlsx or as CSV, and upload that."
            ),
        )
