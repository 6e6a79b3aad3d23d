"""What is no table is named for what it is, in words of people and not of programs."""

import pytest
from django.utils.module_loading import import_string

from tests.bulk.bad_files.packages import bad_packages
from tests.bulk.readers.test_zip_files import USERS, packed

PAGE = "<table><tr><th>student_id</th></tr><tr><td>s1001</td></tr></table>"
WEB_PAGE = (
    "This is a web page, whatever the file is called. Open it in Excel, save it as .xlsx or as "
    "CSV, and upload that."
)
XML = (
    '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook '
    'xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet/></Workbook>'
)
PAGES = {
    "html": f"<html><body>{PAGE}</body></html>".encode(),
    "html with its type": f"<!DOCTYPE html>\n<HTML>{PAGE}</HTML>".encode(),
    "a table alone": f"  \r\n{PAGE}".encode(),
    "with a mark": f"\ufeff<html>{PAGE}".encode(),
    "in UTF-16": f"<html>{PAGE}".encode("utf-16"),
    "xhtml": f'<?xml version="1.0"?>\n<!-- a page -->\n<html xmlns="x">{PAGE}'.encode(),
    "a single file web page": b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_web_page_called_xls_is_said_to_be_one(upload, db, name):
    batch = upload("users", PAGES[name], name="grades.xls")
    assert (batch.state, batch.sentence) == ("refused", WEB_PAGE)
    assert [issue.code for issue in batch.issues.all()] == ["not_a_table"]


def test_a_spreadsheet_in_xml_is_said_to_be_one(upload, db):
    assert upload("users", XML, name="grades.xls").sentence == (
        "This is a spreadsheet in the XML of Excel 2003. Open it in Excel, save it as .xlsx or as "
        "CSV, and upload that."
    )


def test_a_cell_with_markup_is_no_web_page(import_file, db):
    import_file("users", "student_id,last_name\ns1001,<b>Li</b>\n")


def test_nobody_reads_the_name_of_a_python_class(upload, db, subtests):
    damaged = packed({"users.csv": USERS, "xl/workbook.xml": "x"})
    files = {each.name: each.read() for each in bad_packages()}
    files |= {"cut": damaged[:-30], "zeros": damaged[:20] + bytes(40) + damaged[60:]}
    for name, content in files.items():
        with subtests.test(name):
            sentence = upload("users", content, name="a.xlsx").sentence
            words = sentence.replace("(", " ").replace(")", " ").replace("'", " ").split()
            assert not [word for word in words if is_class(word.strip(".,:"))], sentence


def is_class(word: str) -> bool:
    places = ("builtins", "zipfile", "zlib", "xml.parsers.expat", "xml.etree.ElementTree", "csv")
    for place in places:
        try:
            if word.isidentifier() and isinstance(import_string(f"{place}.{word}"), type):
                return word[:1].isupper()
        except ImportError:
            continue
    return False


@pytest.mark.parametrize("start", ["ID;PWXL;N;E\nC;Y1;X1;K1\nE\n", "{\\rtf1\\ansi Grades}"])
def test_a_document_that_is_text_is_no_table_either(upload, db, start):
    batch = upload("grades", start, name="grades.csv")
    assert batch.sentence == (
        "This is an archive or a document, not a table. Upload a CSV or XLSX file."
    )
    assert batch.issues.get().code == "not_a_table"
