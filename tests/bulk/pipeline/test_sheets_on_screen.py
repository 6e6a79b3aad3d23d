"""Where rows of several sheets are listed with their lines, their sheets stand there too."""

import io
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.models import Batch, SheetOfRow
from backoffice.bulk.pages.samples import samples_of
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.pipeline.report import issue_lines
from backoffice.bulk.undo.undo import undo
from tests.bulk.pages.test_pages import page_of
from tests.bulk.workbooks import NOTES, ROSTER, book, roster

HEADER = "line,row,kind,column,value,code,message"


def sampled(batch: Batch, name: str) -> list[tuple[str, Any, str]]:
    return [(row.sheet, row.line, row.key.partition(" ")[0]) for row in samples_of(batch)[name]]


def listed(client: Client, batch: Batch, query: str = "") -> list[tuple[str, int, str]]:
    """Sheet, line and name of each changed row on the page of an import."""
    changes = client.get(page_of(batch) + query).context["changes"]
    return [(row.sheet, row.line, row.name) for row in changes.rows]


def test_samples_of_a_preview_name_the_sheet_of_each_row(registrar_client, upload, people):
    sheets = {"A": roster(*people[:2]), "Empty": [ROSTER], "B": roster(*people[2:4])}
    batch = upload("enrollments", book(sheets | {"Notes": NOTES}))
    assert sampled(batch, "created") == [
        ("A", 2, people[0]),
        ("A", 3, people[1]),
        ("B", 2, people[2]),
        ("B", 3, people[3]),
    ]
    page = registrar_client.get(page_of(batch)).content.decode()
    assert re.findall(r'<td data-label="Sheet"><bdi>(\w)</bdi></td>', page) == [*"AABB"]


def test_samples_of_one_table_have_no_sheet(registrar_client, upload, people):
    batch = upload("enrollments", book({"A": roster(*people[:2])}))
    assert [row.sheet for row in samples_of(batch)["created"]] == ["", ""]
    assert 'data-label="Sheet"' not in registrar_client.get(page_of(batch)).content.decode()


def test_changed_rows_are_listed_with_their_sheets(registrar_client, import_file, people):
    content = book({"A": roster(*people[:2]), "B": roster(*people[2:3])})
    batch = import_file("enrollments", content)
    assert sorted(each[:2] for each in listed(registrar_client, batch)) == [
        ("A", 2),
        ("A", 3),
        ("B", 2),
    ]
    in_b = next(each for each in listed(registrar_client, batch) if each[0] == "B")
    assert people[2] in in_b[2]
    page = registrar_client.get(page_of(batch)).content.decode()
    assert len(re.findall('<td data-label="Sheet">', page)) == 3


def test_rows_changed_on_the_way_are_listed_with_their_sheets_too(
    registrar_client, import_file, courses
):
    header = (*ROSTER, "first_name", "last_name")
    sheets = {
        name: [header, (who, "BIO101", "2026J", "Zoë", "Moore")]
        for name, who in (("A", "s2001"), ("B", "s2002"))
    }
    batch = import_file("enrollments", book(sheets), create_students=True)
    for query in ("", "?of=users"):
        rows = sorted(listed(registrar_client, batch, query))
        assert [each[:2] for each in rows] == [("A", 2), ("B", 2)]


def test_scores_are_listed_with_the_sheets_of_their_gradebooks(
    registrar, registrar_client, gradebook
):
    gradebook()
    head = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "One (T1)", "Two (T2)")
    points = ("Points Possible", "", "", "", "", 100, 100)
    sheets = {
        name: [head, points, ("Li", 1, who, who, "A", 51, 52)]
        for name, who in (("A", "s1001"), ("B", "s1002"))
    }
    batch = preview(receive(io.BytesIO(book(sheets)), "a.xlsx", registrar, kind="grades"))
    assert [each[:2] for each in sampled(batch, "created")] == [("A", 3)] * 2 + [("B", 3)] * 2
    apply(batch, batch.digest, registrar)
    rows = listed(registrar_client, batch)
    assert sorted(each[:2] for each in rows) == [("A", 3)] * 2 + [("B", 3)] * 2


def test_an_undo_lists_its_rows_without_sheets(registrar, registrar_client, import_file, people):
    batch = import_file("enrollments", book({"A": roster(people[0]), "B": roster(people[1])}))
    assert SheetOfRow.objects.filter(batch=batch).count() == 2
    undone = undo(batch, registrar, "A mistake")
    assert not Enrollment.objects.exists()
    assert SheetOfRow.objects.filter(batch=undone).count() == 0
    assert registrar_client.get(page_of(undone)).status_code == 200


def test_files_of_one_table_note_no_sheets(import_file, people):
    import_file("enrollments", book({"A": roster(*people[:2]), "Notes": NOTES}))
    import_file("enrollments", ",".join(ROSTER) + f"\n{people[3]},BIO101,2026J\n")
    assert not SheetOfRow.objects.exists()


def test_the_csv_of_issues_has_the_sheet_behind_the_columns_that_scripts_know(
    registrar_client, upload, people
):
    batch = upload("enrollments", book({"A": roster("N/A"), "=B": roster("N/B")}))
    lines = "".join(issue_lines(batch)).splitlines()
    assert lines[0] == f"\ufeff{HEADER},sheet"
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["A", "'=B"]
    assert all(line.startswith("2,") for line in lines[1:])
    address = reverse("admin:bulk_batch_issues", args=[batch.pk])
    answer = b"".join(registrar_client.get(address)).decode()
    assert answer.splitlines() == lines
    one = upload("enrollments", book({"A": roster("N/A")}))
    assert "".join(issue_lines(one)).splitlines()[0] == f"\ufeff{HEADER}"
