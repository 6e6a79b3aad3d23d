"""The upload page begins with a place for files; what else there is says what is so now."""

import re

import pytest

ADDRESS = "/admin/bulk/batch/upload/"
NOW = re.compile(r"<li data-now[^>]*><span>([^<]+)</span> <b>([^<]*)</b></li>")
ROSTER = [
    ("Create students", "Unknown students are an error."),
    ("Allow similar people", "A student like a known one is an error."),
    ("Allow over the limit", "A full course takes nobody more."),
    ("Ignore unknown columns", "An unknown column refuses the file."),
    ("Known rows", "Add new rows and update known ones"),
    ("Wrong rows", "Refuse the whole file if a row is wrong"),
    ("Encoding", "Recognised: UTF-8, UTF-16 and Excel."),
    ("Format", "Recognised by its header"),
    ("Reason", "No reason is entered."),
]


def now_of(answer) -> list[tuple[str, str]]:
    return NOW.findall(answer.content.decode())


def test_it_begins_with_files_of_any_kind(registrar_client, db):
    page = registrar_client.get(ADDRESS)
    text = page.content.decode()
    assert "We find out what they are: CSV, Excel, or a zip file of them." in text
    assert "multiple" in re.search(r"<input type=.file.[^>]*>", text)[0]
    assert now_of(page) == ROSTER


def test_who_brings_in_one_kind_gets_its_page(instructor_client, db):
    text = instructor_client.get(ADDRESS).content.decode()
    assert "A file of rubrics" in text
    assert "Drop the file here, or choose it." in text


def test_every_option_of_a_kind_says_what_is_so(registrar_client, db):
    assert now_of(registrar_client.get(f"{ADDRESS}?kind=enrollments")) == ROSTER
    people = [each for each in ROSTER if each[0] not in ("Create students", "Allow over the limit")]
    assert now_of(registrar_client.get(f"{ADDRESS}?kind=users")) == people


@pytest.mark.parametrize("kind", ["enrollments", "auto"])
def test_what_was_entered_is_what_it_says_after_an_error(registrar_client, db, kind):
    chosen = {
        "create_students": "on",
        "mode": "sync",
        "on_error": "skip",
        "reason": "Is <b>it</b>?",
    }
    page = registrar_client.post(f"{ADDRESS}?kind={kind}", chosen | {"encoding": "cp1252"})
    now = dict(now_of(page))
    assert now["Create students"] == "Unknown students are added."
    assert now["Known rows"] == "Add, update, and withdraw who is missing from the file"
    assert now["Wrong rows"] == "Take the good rows, give the wrong ones back"
    assert (now["Encoding"], now["Reason"]) == ("cp1252", "Is &lt;b&gt;it&lt;/b&gt;?")
    text = page.content.decode()
    assert "This field is required." in text
    assert '<details class="bulk-options">' in text


def test_an_error_at_an_option_opens_them(registrar_client, db):
    page = registrar_client.post(f"{ADDRESS}?kind=enrollments", {"mode": "x", "on_error": "skip"})
    assert '<details class="bulk-options" open>' in page.content.decode()


def test_the_order_is_that_in_which_files_go_in(registrar_client, db):
    order = re.search(
        r'<ol class="bulk-order">(.*?)</ol>', registrar_client.get(ADDRESS).content.decode()
    )
    assert re.findall("<li>([^<]+)</li>", order[1]) == [
        *("Changes of student IDs", "People", "Courses", "Enrollments", "Assessments", "Grades"),
    ]
