"""A gradebook of 300 students goes out and comes in: nothing changes, and no change is lost."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.bulk.formats.base_scores import bases_in
from backoffice.bulk.pipeline.apply import apply
from tests.bulk.formats.gradebooks.conftest import (
    PAPERS,
    STUDENTS,
    Class300,
    enter_by_hand,
    stored_scores,
    title_of,
)
from tests.bulk.formats.gradebooks.makers import MAKERS, Book

COURSE = ("--course", "BIO101", "--presentation", "2026J")
WRITTEN = ("canvas", "edx", "moodle", "brightspace", "blackboard")
ID_COLUMN = {
    "canvas": "SIS User ID",
    "edx": "student_key",
    "moodle": "ID number",
    "brightspace": "OrgDefinedId",
    "blackboard": "Student ID",
}
both_ways = pytest.mark.parametrize("dialect", WRITTEN)


def exported(dialect: str, tmp_path: Path) -> str:
    file = tmp_path / f"{dialect}.csv"
    options = (*COURSE, "--dialect", dialect, "--output", str(file))
    call_command("export_csv", "grades", *options)
    return file.read_text()


def as_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def as_text(rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def column_of(dialect: str, header: list[str], code: str) -> str:
    """The header of an assessment: the papers go out in the order of their codes."""
    if dialect == "edx":
        return f"new_override-{code}"
    end = {"canvas": f"({code})", "moodle": "(Real)"}.get(dialect, "")
    title = PAPERS[code][0]
    name = code if not title else f"{title} ({code})"
    if dialect == "canvas" and not title:
        name = f"{code} ({code})"
    found = [each for each in header if each.lstrip("'").startswith(name) and end in each]
    assert len(found) == 1, (code, header)
    return found[0]


def cells_of(dialect: str, rows: list[dict[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
    """By student and code, the place of the row from 0 and the header of a score's cell."""
    headers = {code: column_of(dialect, list(rows[0]), code) for code in PAPERS}
    people = {row[ID_COLUMN[dialect]].lstrip("#"): at for at, row in enumerate(rows)}
    return {(who, code): (at, name) for who, at in people.items() for code, name in headers.items()}


@both_ways
def test_a_gradebook_that_comes_in_as_it_went_out_changes_nothing(
    class300: Class300, import_file: Any, tmp_path: Path, dialect: str
):
    text = exported(dialect, tmp_path)
    assert len(as_rows(text)) == STUDENTS + (dialect == "canvas")
    before = AssessmentSubmission.history.count()
    batch = import_file("grades", text)

    count = len(class300.book.scores)
    counts = (batch.rows, batch.created, batch.updated, batch.unchanged, batch.rejected)
    assert counts == (count, 0, 0, count, 0)
    assert [issue.message for issue in batch.issues.all()] == []
    assert AssessmentSubmission.history.count() == before


@both_ways
def test_what_changed_on_both_sides_is_a_conflict_and_nothing_is_lost(
    class300: Class300, upload: Any, tmp_path: Path, dialect: str
):
    book, text = class300.book, exported(dialect, tmp_path)
    base = dict(book.scores)
    chosen = class300.some(60)
    in_file = {key: class300.other_score(key) for key in chosen[:40]}
    by_hand = {key: class300.other_score(key) for key in chosen[20:]}
    # Of those changed on both sides, some were changed alike.
    by_hand |= {key: in_file[key] for key in chosen[20:25]}
    enter_by_hand(class300.course, by_hand)

    rows = as_rows(text)
    cells = cells_of(dialect, rows)
    for (at, name), score in ((cells[key], score) for key, score in in_file.items()):
        rows[at][name] = f"{score}"
    batch = upload("grades", as_text(rows), on_error="skip")

    now = base | by_hand
    conflicts = {key for key in in_file if now[key] not in (base[key], in_file[key])}
    assert len(conflicts) == 15
    errors = batch.issues.filter(is_warning=False)
    assert {issue.code for issue in errors} == {"changed_since_export"}
    assert (errors.count(), batch.rejected) == (15, 15)
    # Each is about one cell, and names what is stored by now.
    found = {(each.line - 2, each.column): each for each in errors}
    assert found.keys() == {cells[key] for key in conflicts}
    for key in conflicts:
        assert Decimal(found[cells[key]].value) == in_file[key]
        assert f"{now[key].normalize():f}" in found[cells[key]].message
    assert batch.updated == len(chosen[:20])

    apply(batch, batch.digest, batch.uploaded_by)
    expected = now | {key: score for key, score in in_file.items() if key not in conflicts}
    assert stored_scores() == expected


@pytest.mark.parametrize("file", MAKERS)
def test_what_a_maker_writes_of_the_same_grades_changes_nothing(
    class300: Class300, import_file: Any, file: str
):
    """Its columns have names of its own, and somebody said once what they are."""
    book = class300.named(lambda code: f"{title_of(code)} elsewhere")
    headers = {code: own_header(file, book, f"{title_of(code)} elsewhere") for code in PAPERS}
    class300.map_columns(dialect_of(file), headers)
    batch = import_file("grades", MAKERS[file](book), **named(file))

    errors = batch.issues.filter(is_warning=False)
    assert [issue.message for issue in errors] == []
    assert (batch.created, batch.rejected, stored_scores()) == (0, 0, class300.book.scores)
    # Some makers say when work was handed in, which was not known here.
    assert batch.updated in (0, len(class300.book.scores))
    again = import_file("grades", MAKERS[file](book), **named(file))
    assert (again.created, again.updated, again.rejected) == (0, 0, 0)


@pytest.mark.parametrize("file", MAKERS)
def test_what_was_entered_by_hand_since_stays_when_a_maker_writes_other_grades(
    class300: Class300, import_file: Any, file: str
):
    names = {code: f"{title_of(code)} elsewhere" for code in PAPERS}
    book = class300.named(names.__getitem__)
    headers = {code: own_header(file, book, name) for code, name in names.items()}
    class300.map_columns(dialect_of(file), headers)
    import_file("grades", MAKERS[file](book), **named(file))
    chosen = class300.some(40)
    by_hand = {key: class300.other_score(key) for key in chosen[:20]}
    enter_by_hand(class300.course, by_hand)
    there = {key: class300.other_score(key, by_hand.get(key, Decimal(-1))) for key in chosen[10:]}
    book.scores |= {(who, names[code]): score for (who, code), score in there.items()}
    batch = import_file("grades", MAKERS[file](book), **named(file))

    expected = class300.book.scores | there | by_hand
    assert stored_scores() == expected
    stayed = batch.issues.filter(code="local_edit_kept")
    assert stayed.count() == 20


def own_header(file: str, book: Book, name: str) -> str:
    """The maker's own column of an assessment, without what may change there."""
    number = book.number(name)
    return {
        "canvas.csv": f"{name} ({number})",
        "moodle.csv": f"Assignment: {name} (Real)",
        "brightspace.csv": f"{name} Points Grade",
        "gc_learn.xls": f"Renamed since [Total Pts: 5 Score] |{number}",
        "gc_ultra.csv": f"{name} [Total Pts: 100 Score] |{number}",
    }.get(file, name)


def named(file: str) -> dict[str, Any]:
    # When work was handed in is news of every row, which would wait for a second person.
    return {"name": file, "max_changed": 100}


def dialect_of(file: str) -> str:
    named = {"gc_learn.xls": "blackboard", "gc_ultra.csv": "blackboard"}
    return named.get(file, "prairielearn" if file == "instances.csv" else file.partition(".")[0])


def test_the_scores_at_export_stand_in_one_cell_for_systems_with_columns_of_points(
    class300: Class300, tmp_path: Path
):
    row = as_rows(exported("moodle", tmp_path))[0]
    who, cell = row["ID number"], row["Scores at export of BIO101-2026J"]
    written = {code: Decimal(score) for code, score in bases_in(cell).items()}
    assert written == {c: s for (w, c), s in class300.book.scores.items() if w == who}
