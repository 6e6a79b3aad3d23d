"""The grid of wrong rows of a workbook: a table for each sheet, a line only with its sheet."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from tests.bulk.pages.test_correcting import form_of, sent, sentences_after
from tests.bulk.pages.test_pages import page_of
from tests.bulk.workbooks import NOTES, ROSTER, book

NASTY = '<b>"B"&<i>'
OTHER_ORDER = ("status", *ROSTER)


@pytest.fixture
def batch(upload: Any, courses: Any, student: Any) -> Batch:
    """Refused for the second line of two sheets, whose columns stand in another order."""
    for number in (1, 2):
        student(f"s100{number}")
    first = [(*ROSTER, "status"), ("s1001", "BIO101", "2026J", "actve")]
    second = [OTHER_ORDER, ("activ", "s1002", "BIO101", "2026J")]
    made = upload("enrollments", book({"Notes": NOTES, "A": first, NASTY: second}))
    assert (made.state, made.rejected) == ("refused", 2)
    return made


def test_each_sheet_has_a_table_with_its_own_header(registrar_client: Client, batch: Batch):
    assert page_of(batch, "correct") in registrar_client.get(page_of(batch)).content.decode()
    page = registrar_client.get(page_of(batch, "correct")).content.decode()
    names = list(map(html.unescape, re.findall(r"<h3>(.*?)</h3>", page)))
    assert names == ["Sheet “A”", f"Sheet “{NASTY}”"]
    assert "<b>" not in page
    headers = re.findall(r'<th scope="col"><bdi>(\w+)</bdi>', page)
    assert headers == [*ROSTER, "status", *OTHER_ORDER]
    assert re.findall(r'data-line="(\w+)"', page) == ["2_0", "2_1"]
    label = html.escape(f"Sheet “{NASTY}”, line 2: status").replace("&#x27;", "&#39;")
    assert f'aria-label="{label}"' in page
    errors = re.search(r'<ul id="cell-2_1-0-errors"[^>]*>(.*?)</ul>', page).group(1)
    assert html.unescape(errors).startswith("<li>status “activ” is not one of")


def test_without_a_script_cells_of_both_sheets_are_saved(registrar_client, batch: Batch):
    fields = fields_of(registrar_client, batch)
    fields |= {"cell-2_0-3": "active", "cell-2_1-0": "completed"}
    assert sentences_after(registrar_client, batch, fields) == []
    assert (batch.state, batch.rejected) == ("previewed", 0)
    stored = batch.corrections.values_list("sheet", "line", "column", "old", "new")
    assert sorted(stored) == [
        (NASTY, 2, "status", "activ", "completed"),
        ("A", 2, "status", "actve", "active"),
    ]
    apply(batch, batch.digest, User.objects.get(pk=batch.uploaded_by_id))
    found = Enrollment.objects.values_list("student__student_id", "status")
    assert dict(found) == {"s1001": "active", "s1002": "completed"}


def fields_of(client: Client, batch: Batch) -> dict[str, str]:
    page = client.get(page_of(batch, "correct")).content.decode()
    inputs = re.findall(r'name="((?:cell|was)-[0-9_-]+)"[^>]*? value="([^"]*)"', page)
    return {name: html.unescape(text) for name, text in inputs}


def test_a_cell_is_checked_at_once_beside_those_of_the_other_sheet(registrar_client, batch: Batch):
    fields = fields_of(registrar_client, batch)
    one = {"was-2_1": fields["was-2_1"], "cell-2_1-0": "active"}
    answer = sent(registrar_client, batch, one, "2_0,2_1").json()
    assert [(row["key"], row["line"], row["is_wrong"]) for row in answer["rows"]] == [
        ("2_0", 2, True),
        ("2_1", 2, False),
    ]
    assert (answer["wrong"], answer["is_done"]) == (1, False)


def test_two_tabs_are_told_which_sheet_was_corrected_meanwhile(registrar_client, batch: Batch):
    fields = fields_of(registrar_client, batch)
    sentences_after(registrar_client, batch, fields | {"cell-2_0-3": "active"})
    one = {"was-2_0": fields["was-2_0"], "cell-2_0-3": "completed"}
    answer = sent(registrar_client, batch, one)
    assert (answer.status_code, answer.json()["sentence"]) == (
        409,
        "Sheet “A”, line 2: status was corrected meanwhile and reads “active” now. Look at the "
        "page again.",
    )


@pytest.mark.parametrize("key", ["2", "2_2", "2_999", "2_"])
def test_a_row_without_its_sheet_corrects_nothing(registrar_client, batch: Batch, key: str):
    fields = {f"cell-{key}-0": "x", f"was-{key}": '{"0": "s1001"}'}
    assert sentences_after(registrar_client, batch, fields) in (
        ["The page is not whole. Look at it again."],
        [],
    )
    assert not batch.corrections.exists()
    answer = sent(registrar_client, batch, {}, key)
    assert answer.status_code in (200, 409)


def test_the_import_lists_corrections_with_their_sheets(registrar_client, batch: Batch):
    fields = fields_of(registrar_client, batch) | {"cell-2_1-0": NASTY}
    sentences_after(registrar_client, batch, fields)
    page = registrar_client.get(page_of(batch)).content.decode()
    listed = re.search(r'<section[^>]*id="corrections">.*?</section>', page, re.DOTALL).group()
    assert "<b>" not in page
    assert f'<td data-label="Sheet"><bdi>{html.escape(NASTY)}</bdi></td>' in listed


def test_a_file_of_one_table_has_no_sheets_in_its_lists(registrar_client, upload, courses):
    text = ",".join((*ROSTER, "status")) + "\ns1,BIO101,2026J,actve\n"
    batch = upload("enrollments", text)
    fields = form_of(registrar_client, batch) | {"cell-2-3": "activ"}
    sentences_after(registrar_client, batch, fields)
    for name in ("correct", "change"):
        page = registrar_client.get(page_of(batch, name)).content.decode()
        assert "Sheet" not in page
    assert batch.corrections.get().sheet == ""
