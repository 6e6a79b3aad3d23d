"""The grid of wrong rows: what it has, what it stores, whom it refuses."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.jobs import tasks
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.wrong_rows import grid_of
from tests.bulk.pages.test_pages import page_of, upload_through
from tests.rubric_files import GROUP
from tests.rubric_files import HEADER as RUBRIC_HEADER

HEADER = "student_id,course_code,presentation,status"
NASTY = '"><script>alert(1)</script>'
TEXT = f"{HEADER}\ns1001,BIO101,2026J,actve\ns1002,BIO101,2026J,active\ns1003,BIO101,2026J,activ\n"


@pytest.fixture
def batch(registrar_client: Client, courses: Any, student: Any) -> Batch:
    """Refused for its lines 2 and 4."""
    for number in (1, 2, 3):
        student(f"s100{number}")
    made = upload_through(registrar_client, TEXT, create_students="")
    assert (made.state, made.rejected) == ("refused", 2)
    return made


def form_of(client: Client, batch: Batch) -> dict[str, str]:
    """The fields of the page's form, as a browser without a script sends them."""
    page = client.get(page_of(batch, "correct")).content.decode()
    inputs = re.findall(r'name="((?:cell|was)-[0-9-]+)"[^>]*? value="([^"]*)"', page)
    return {name: html.unescape(text) for name, text in inputs}


def sentences_after(client: Client, batch: Batch, fields: dict[str, str]) -> list[str]:
    answer = client.post(page_of(batch, "correct"), fields, follow=True)
    batch.refresh_from_db()
    return [str(message) for message in answer.context["messages"]]


def sent(client: Client, batch: Batch, fields: dict[str, str], shown: str = "") -> Any:
    """What the page's script sends as a cell is left, and its answer."""
    answer = client.post(
        page_of(batch, "correct"),
        {**fields, "shown": shown},
        headers={"Accept": "application/json"},
    )
    batch.refresh_from_db()
    return answer


def test_the_page_leads_from_a_refused_file_to_its_wrong_rows(registrar_client, batch: Batch):
    assert page_of(batch, "correct") in registrar_client.get(page_of(batch)).content.decode()
    page = registrar_client.get(page_of(batch, "correct")).content.decode()
    assert re.findall(r'data-line="(\d+)"', page) == ["2", "4"]
    assert re.findall(r'<th scope="col"><bdi>(\w+)</bdi>', page) == HEADER.split(",")
    wrong = re.search(r'<input[^>]*aria-label="Line 2: status"[^>]*>', page).group()
    assert 'aria-invalid="true"' in wrong
    assert 'aria-describedby="cell-2-3-errors"' in wrong
    errors = re.search(r'<ul id="cell-2-3-errors"[^>]*>(.*?)</ul>', page).group(1)
    assert "status “actve” is not one of" in html.unescape(errors)


def test_without_a_script_one_button_saves_all_changed_cells(registrar_client, batch: Batch):
    fields = form_of(registrar_client, batch)
    assert sentences_after(registrar_client, batch, fields) == []
    assert not batch.corrections.exists()
    fields |= {"cell-2-3": "active", "cell-4-3": "completed"}
    assert sentences_after(registrar_client, batch, fields) == []
    assert (batch.state, batch.rejected) == ("previewed", 0)
    assert list(batch.corrections.values_list("line", "column", "old", "new")) == [
        (2, "status", "actve", "active"),
        (4, "status", "activ", "completed"),
    ]


def test_each_row_says_at_once_what_is_wrong_with_it_now(registrar_client, batch: Batch):
    fields = form_of(registrar_client, batch)
    one = {"was-2": fields["was-2"], "cell-2-3": "akctive"}
    answer = sent(registrar_client, batch, one, "2,4").json()
    assert [(row["line"], row["is_wrong"]) for row in answer["rows"]] == [(2, True), (4, True)]
    assert answer["rows"][0]["cells"]["3"]["messages"][0].startswith("status “akctive” is not one")
    one = {"was-2": answer["rows"][0]["texts"], "cell-2-3": "active"}
    answer = sent(registrar_client, batch, one, "2,4").json()
    assert [(row["line"], row["is_wrong"]) for row in answer["rows"]] == [(2, False), (4, True)]
    assert (answer["wrong"], answer["is_done"]) == (1, False)
    one = {"was-4": fields["was-4"], "cell-4-3": "active"}
    answer = sent(registrar_client, batch, one, "2,4").json()
    assert (answer["wrong"], answer["is_done"], batch.state) == (0, True, "previewed")


def test_the_stored_file_stays_and_the_preview_lists_the_corrections(
    registrar_client, batch: Batch, registrar: User
):
    hash_before, content = batch.file_hash, batch.path.read_bytes()
    fields = form_of(registrar_client, batch) | {"cell-2-3": "active", "cell-4-3": "active"}
    sentences_after(registrar_client, batch, fields)
    assert (batch.file_hash, batch.path.read_bytes()) == (hash_before, content)
    for _state in ("previewed", "applied"):
        page = registrar_client.get(page_of(batch)).content.decode()
        assert "<del><bdi>actve</bdi></del> → <ins><bdi>active</bdi></ins>" in page
        assert f"<td>{registrar}</td>" in page
        if batch.state == "previewed":
            batch = apply(batch, batch.digest, registrar)
    assert Enrollment.objects.filter(status="active").count() == 3


def test_two_tabs_never_overwrite_each_other_unseen(registrar_client, batch: Batch):
    fields = form_of(registrar_client, batch)
    sentences_after(registrar_client, batch, fields | {"cell-2-3": "active"})
    answer = sent(registrar_client, batch, {"was-2": fields["was-2"], "cell-2-3": "completed"})
    assert answer.status_code == 409
    assert answer.json()["sentence"] == (
        "Line 2: status was corrected meanwhile and reads “active” now. Look at the page again."
    )
    assert batch.corrections.get().new == "active"


@pytest.mark.parametrize(
    "fields",
    [
        {"cell-2-3": "x"},
        {"cell-2-3": "x", "was-2": "no JSON"},
        {"cell-2-3": "x", "was-2": "[]"},
        {"cell-2-3": "x", "was-2": '{"3": 7}'},
        {"cell-2-3": "x", "was-2": "[" * 100_000},
        {"lengthen": "2"},
        {"lengthen": "two"},
        {"lengthen": "2", "was-2": '{"0": "s1001"}'},
    ],
)
def test_a_forged_page_corrects_nothing(registrar_client, batch: Batch, fields: dict[str, str]):
    assert sentences_after(registrar_client, batch, fields) == [
        "The page is not whole. Look at it again."
    ]
    assert not batch.corrections.exists()


def test_a_place_that_is_not_there_is_refused(registrar_client, batch: Batch):
    fields = {"cell-2-99999": "x", "was-2": '{"99999": null}'}
    assert sentences_after(registrar_client, batch, fields) == [
        "Line 2 has no such cell. Look at the page again."
    ]
    fields = {"cell-999999999-0": "x", "was-999999999": '{"0": ""}'}
    assert sentences_after(registrar_client, batch, fields) == [
        "Line 999999999 is not wrong. Only wrong rows are corrected here."
    ]


def test_only_the_uploader_corrects(batch: Batch, admin_client, auditor_client):
    for client in (admin_client, auditor_client, Client()):
        for method in ("get", "post"):
            answer = getattr(client, method)(page_of(batch, "correct"), {"cell-2-3": "active"})
            assert answer.status_code in (302, 403, 404)
    assert not batch.corrections.exists()


def test_a_post_without_the_token_is_refused(registrar: User, batch: Batch):
    client = Client(enforce_csrf_checks=True)
    client.force_login(registrar)
    fields = {"was-2": json.dumps({"3": "actve"}), "cell-2-3": "active"}
    assert client.post(page_of(batch, "correct"), fields).status_code == 403
    assert not batch.corrections.exists()


def test_texts_of_a_file_are_never_markup(registrar_client, batch: Batch):
    fields = form_of(registrar_client, batch) | {"cell-2-3": NASTY, "cell-2-0": NASTY}
    sentences_after(registrar_client, batch, fields)
    for name in ("correct", "change"):
        page = registrar_client.get(page_of(batch, name)).content.decode()
        assert "<script>alert" not in page
    assert form_of(registrar_client, batch)["cell-2-3"] == NASTY


def test_a_cell_of_several_lines_and_signs_nobody_can_store_come_back_unchanged(
    registrar_client, courses, student
):
    student("s1001")
    text = f'{HEADER}\n"\ns1001\nx",BIO101,2026J,activ\n'
    batch = upload_through(registrar_client, text, create_students="")
    page = registrar_client.get(page_of(batch, "correct")).content.decode()
    assert re.search(r'<textarea[^>]*name="cell-2-0"[^>]*>\n\ns1001\nx</textarea>', page)
    was = {"was-2": form_of(registrar_client, batch)["was-2"], "cell-2-0": "\r\ns1001\r\nx"}
    assert sentences_after(registrar_client, batch, was) == []
    assert not batch.corrections.exists()


def test_a_row_whose_quotation_marks_are_wrong_is_corrected_in_the_file(registrar_client, courses):
    batch = upload_through(registrar_client, f'{HEADER}\ns1,"BIO,2026J,active\n')
    page = registrar_client.get(page_of(batch, "correct")).content.decode()
    assert "Its cells cannot be told apart. Correct this row in the file itself." in page
    assert 'name="cell-2-0"' not in page


def test_missing_cells_are_added_at_a_button(registrar_client, courses, student):
    student("s1001")
    batch = upload_through(registrar_client, f"{HEADER}\ns1001,BIO101,2026J\n", create_students="")
    page = registrar_client.get(page_of(batch, "correct")).content.decode()
    assert "Add the missing cell, blank" in page
    fields = form_of(registrar_client, batch)
    assert sentences_after(registrar_client, batch, fields | {"lengthen": "2"}) == []
    assert batch.state == "previewed"


def test_a_large_file_is_checked_at_a_button(
    registrar_client, batch: Batch, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tasks, "AT_ONCE_BYTES", 10)
    fields = form_of(registrar_client, batch)
    one = {"was-2": fields["was-2"], "cell-2-3": "active"}
    assert sent(registrar_client, batch, one).json()["wrong"] == 2
    assert (batch.state, batch.corrections.count()) == ("refused", 1)
    fields = form_of(registrar_client, batch) | {"cell-4-3": "active", "check": "1"}
    assert sentences_after(registrar_client, batch, fields) == []
    assert (batch.state, batch.corrections.count()) == ("queued", 2)


def test_corrected_rows_of_a_preview_can_be_corrected_again(registrar_client, batch: Batch):
    fields = form_of(registrar_client, batch) | {"cell-2-3": "active", "cell-4-3": "active"}
    sentences_after(registrar_client, batch, fields)
    again = form_of(registrar_client, batch)
    assert again["cell-2-3"] == "active"
    sentences_after(registrar_client, batch, again | {"cell-2-3": "actve"})
    assert (batch.state, batch.rejected, batch.corrections.count()) == ("refused", 1, 1)


def test_of_columns_that_stand_several_times_the_one_with_the_value_is_wrong(
    preview_rubrics, instructor, courses
):
    courses["BIO101"].instructor = instructor
    courses["BIO101"].save()
    batch = preview_rubrics(f"{RUBRIC_HEADER}{GROUP}{GROUP}\nEssay,Style,,,Good,,10,Weak,,x\n")
    (row,) = grid_of(batch).rows
    wrong = [(cell.column, cell.text) for cell in row.cells if cell.messages]
    assert wrong == [("Rating Points", "x")]


def test_an_error_of_a_whole_row_stands_below_its_first_cell(registrar_client, courses, student):
    student("s1001")
    batch = upload_through(registrar_client, f"{HEADER}\ns1001,BIO101,2026J\n", create_students="")
    page = registrar_client.get(page_of(batch, "correct")).content.decode()
    first = page.index('name="cell-2-0"'), page.index('name="cell-2-1"')
    assert first[0] < page.index("The row has 3 cells, the header 4.") < first[1]
