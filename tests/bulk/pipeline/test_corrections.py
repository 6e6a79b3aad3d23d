"""A file whose cells were corrected reads as if they had been written so; it stays as it came."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch, Correction
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.pipeline.corrections import MOST_CORRECTIONS, Edit, NotCorrected, correct
from backoffice.bulk.pipeline.preview import leave_wrong_rows_out, preview
from backoffice.bulk.pipeline.report import rejected_rows, write_report
from tests.school import rolled_back

HEADER = ["student_id", "course_code", "presentation", "role", "status"]
TEXTS = ["s1001", "s1002", "s9999", "BIO101", "2026J", "student", "active", "actve", "", " ", "ü"]
TEXTS += ["=1", 'a "b"', "x,y", "\ufeff", "7;8"]
FLAT = [["add", "del", "ad"], ["student", "teacher", "boss"], ["s1001", "s1002", "s9"]]
FLAT += [["BIO101-2026J", "BIO101", "no"], ["0", "1760000000", "soon", ""], ["0", "x", ""]]
COUNTS = ("state", "rows", "created", "updated", "unchanged", "rejected", "duplicates", "errors")
ISSUE = ("is_warning", "line", "row", "column", "value", "code", "message")
TWO_WRONG = (
    "student_id,course_code,presentation,status\n"
    "s1001,BIO101,2026J,actve\ns1002,BIO101,2026J,active\ns1003,BIO101,2026J,activ\n"
)


@st.composite
def native_tables(draw: st.DrawFn) -> list[list[str]]:
    """Rows that are good, wrong, blank, too short or too long."""
    cell = st.sampled_from(TEXTS)
    good = st.tuples(*map(st.sampled_from, (TEXTS[:3], ["BIO101"], ["2026J"], *[["", "ü"]] * 2)))
    row = st.one_of(
        good.map(list),
        st.lists(cell, min_size=5, max_size=5),
        st.lists(cell, min_size=1, max_size=8),
    )
    return [HEADER, *draw(st.lists(row, min_size=1, max_size=6))]


@st.composite
def flat_tables(draw: st.DrawFn) -> list[list[str]]:
    """Rows of Moodle's flat file, which has no header; the first one decides the format."""
    row = st.tuples(*map(st.sampled_from, FLAT)).map(list)
    rows = draw(st.lists(row, min_size=1, max_size=6))
    # Below a first row with blank ends the reader fills short rows up: their cells are not absent.
    widths = [4, 6, 6] if rows[0][-1] else [6]
    return [["add", *rows[0][1:]], *(each[: draw(st.sampled_from(widths))] for each in rows[1:])]


@st.composite
def corrected_tables(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]], str]:
    """A table, the same with other cells, and what stands between cells."""
    is_flat = draw(st.booleans())
    table = draw(flat_tables() if is_flat else native_tables())
    width, other = len(table[0]), [list(row) for row in table]
    for at, row in enumerate(other):
        if at == 0 and not is_flat:
            continue
        for place in draw(st.sets(st.integers(0, max(width, len(row)) - 1), max_size=3)):
            texts = FLAT[place] if is_flat else TEXTS
            if at == 0 and place == 0:
                continue  # it is not a flat file any more
            row.extend([""] * (place + 1 - len(row)))
            row[place] = draw(st.sampled_from(texts))
    return table, other, draw(st.sampled_from(",;\t"))


def written(table: list[list[str]], delimiter: str) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(table)
    return stream.getvalue().encode()


def differences(table: list[list[str]], other: list[list[str]]) -> Iterator[tuple[int, int, Any]]:
    """Line, place and both texts of the cells that differ."""
    for line, (old, new) in enumerate(zip(table, other, strict=True), 1):
        for place, text in enumerate(new):
            before = old[place] if place < len(old) else None
            if text != before:
                yield line, place, (before, text)


def outcome(batch: Batch) -> tuple[Any, ...]:
    return (
        [getattr(batch, name) for name in COUNTS],
        sorted(batch.issues.values_list(*ISSUE)),
        list(rejected_rows(batch)) if batch.rejected else [],
    )


@contextmanager
def a_school() -> Iterator[None]:
    with rolled_back():
        course = Course.objects.create(code="BIO101", presentation="2026J", slug="bio101")
        for number in (1, 2):
            name = f"s100{number}"
            values = {"username": name, "student_id": name, "role": User.Role.STUDENT}
            made = User.objects.create(**values, is_staff=False)
        Enrollment.objects.create(student=made, course=course)
        yield


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tables=corrected_tables(), on_error=st.sampled_from(["abort", "skip"]))
def test_corrected_cells_give_the_outcome_of_a_file_with_those_cells(
    upload: Any, registrar: User, tables: Any, on_error: str
):
    table, other, delimiter = tables
    with a_school():
        expected = upload("enrollments", written(cut(table, other), delimiter), on_error=on_error)
        content = written(table, delimiter)
        batch = upload("enrollments", content, on_error=on_error)
        digest = batch.digest
        for line, place, (old, new) in differences(table, other):
            made = {"maker_name": "R", "made_at": timezone.now(), "made_by": registrar}
            batch.corrections.create(line=line, place=place, old=old, new=new, **made)
        Batch.objects.filter(pk=batch.pk).update(corrected_cells=batch.corrections.count())
        batch = preview(Batch.objects.get(pk=batch.pk))
        assert outcome(batch) == outcome(expected)
        assert batch.path.read_bytes() == content
        assert batch.file_hash == hashlib.sha256(content).hexdigest()
        has_outcome = batch.digest and batch.state != "refused"
        assert not (has_outcome and table != other) or batch.digest != digest


def cut(table: list[list[str]], other: list[list[str]]) -> list[list[str]]:
    """The other rows, without the cells behind the header that were cleared at the end."""
    rows = [list(row) for row in other]
    for before, row in zip(table, rows, strict=True):
        while len(row) > len(table[0]) and row[-1] == "" and before[len(row) - 1 :][:1] != [""]:
            row.pop()
    return rows


@pytest.fixture
def wrong(upload: Any, courses: Any, student: Any) -> Batch:
    """A refused file with two wrong rows, in lines 2 and 4."""
    for number in (1, 2, 3):
        student(f"s100{number}")
    batch = upload("enrollments", TWO_WRONG)
    assert (batch.state, batch.rejected) == ("refused", 2)
    return batch


def test_a_correction_says_who_when_from_what_to_what(wrong: Batch, registrar: User):
    assert correct(wrong, [Edit(2, 3, "actve", "active")], registrar)
    one = wrong.corrections.get()
    assert (one.line, one.place, one.column) == (2, 3, "status")
    assert (one.old, one.new, one.made_by, one.maker_name) == (
        *("actve", "active", registrar),
        str(registrar),
    )
    assert (wrong.state, preview(wrong).rejected) == ("refused", 1)
    stream = io.StringIO()
    write_report(wrong, stream, dry_run=False)
    assert json.loads(stream.getvalue())["corrections"] == [
        {
            **{"line": 2, "column": "status", "old": "actve", "new": "active"},
            **{"by": str(registrar), "at": one.made_at.isoformat()},
        }
    ]
    assert [line[:5] for line in rejected_rows(wrong)][1:] == ["s1003"]


def test_the_report_of_a_file_without_corrections_has_no_word_of_them(wrong: Batch):
    stream = io.StringIO()
    write_report(wrong, stream, dry_run=False)
    assert "corrections" not in json.loads(stream.getvalue())


def test_corrections_are_part_of_the_digest(wrong: Batch, registrar: User):
    leave_wrong_rows_out(wrong)
    before = wrong.digest
    # A column that nothing reads otherwise for: the plan stays, and who corrected counts.
    correct(wrong, [Edit(2, 3, "actve", "actv")], registrar)
    assert preview(wrong).digest != before


def test_the_old_text_takes_a_correction_back(wrong: Batch, registrar: User):
    before = wrong.digest
    correct(wrong, [Edit(2, 3, "actve", "active")], registrar)
    correct(wrong, [Edit(2, 3, "active", "actve")], registrar)
    assert not wrong.corrections.exists()
    assert preview(wrong).digest == before


def test_a_text_that_is_as_it_was_corrects_nothing(wrong: Batch, registrar: User):
    assert not correct(wrong, [Edit(2, 3, "actve", "actve")], registrar)
    assert not correct(wrong, [Edit(2, 3, "a\r\nb", "a\nb")], registrar)
    assert not wrong.corrections.exists()


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (Edit(3, 3, "active", "x"), "Line 3 is not wrong. Only wrong rows are corrected here."),
        (Edit(1, 0, "student_id", "x"), "Line 1 is not wrong. Only wrong rows are corrected here."),
        (Edit(99, 0, "", "x"), "Line 99 is not wrong. Only wrong rows are corrected here."),
        (Edit(2, 4, None, "x"), "Line 2 has no such cell. Look at the page again."),
        (Edit(2, 3, "actve", "x" * 10_001), "Line 2: a cell has at most 10000 characters."),
        (Edit(2, 3, "actve", "a\0b"), "Line 2: the text has a sign that no text can have."),
        (
            Edit(2, 3, "atcive", "active"),
            "Line 2: status was corrected meanwhile and reads “actve” now. Look at the page again.",
        ),
    ],
)
def test_what_is_no_cell_of_a_wrong_row_is_refused(
    wrong: Batch, registrar: User, edit: Edit, sentence: str
):
    with pytest.raises(NotCorrected) as refusal:
        correct(wrong, [Edit(4, 3, "activ", "active"), edit], registrar)
    assert str(refusal.value) == sentence
    assert not wrong.corrections.exists()  # all or none


def test_one_file_has_room_for_so_many_corrections(wrong: Batch, registrar: User):
    made = {"maker_name": "R", "made_at": timezone.now(), "old": "", "new": "x"}
    Correction.objects.bulk_create(
        Correction(batch=wrong, line=9, place=place, **made) for place in range(MOST_CORRECTIONS)
    )
    with pytest.raises(NotCorrected, match=r"^At most 1000 cells can be corrected here\. "):
        correct(wrong, [Edit(2, 3, "actve", "active")], registrar)


def test_an_outcome_without_the_correction_is_never_applied(wrong: Batch, registrar: User):
    leave_wrong_rows_out(wrong)
    in_another_tab = Batch.objects.get(pk=wrong.pk)
    correct(wrong, [Edit(2, 3, "actve", "active")], registrar)
    with pytest.raises(NotApplied):
        apply(in_another_tab, in_another_tab.digest, registrar)
    assert not Enrollment.objects.exists()
    apply(preview(wrong), wrong.digest, registrar)
    assert Enrollment.objects.count() == 2


def test_a_page_that_does_not_know_the_correction_reads_nothing(wrong: Batch, registrar: User):
    in_another_tab = Batch.objects.get(pk=wrong.pk)
    correct(wrong, [Edit(2, 3, "actve", "active")], registrar)
    leave_wrong_rows_out(in_another_tab)
    assert (in_another_tab.state, in_another_tab.on_error) == ("refused", "abort")
    leave_wrong_rows_out(in_another_tab)
    assert (in_another_tab.state, in_another_tab.rejected) == ("previewed", 1)


def test_a_file_that_was_applied_meanwhile_is_not_corrected(wrong: Batch, registrar: User):
    leave_wrong_rows_out(wrong)
    in_another_tab = Batch.objects.get(pk=wrong.pk)
    apply(wrong, wrong.digest, registrar)
    with pytest.raises(NotCorrected) as refusal:
        correct(in_another_tab, [Edit(2, 3, "actve", "active")], registrar)
    assert str(refusal.value) == "The file was applied meanwhile. Nothing was corrected."
    assert not wrong.corrections.exists()


def test_a_file_that_is_being_read_is_not_corrected(wrong: Batch, registrar: User):
    Batch.objects.filter(pk=wrong.pk).update(state=Batch.State.READING)
    with pytest.raises(NotCorrected, match=r"^The file is in work at this moment\. "):
        correct(wrong, [Edit(2, 3, "actve", "active")], registrar)
    assert not wrong.corrections.exists()


def test_a_correction_holds_only_while_the_cell_reads_as_it_did(wrong: Batch, registrar: User):
    correct(wrong, [Edit(2, 3, "actve", "active")], registrar)
    wrong.corrections.update(old="something else")
    assert preview(wrong).rejected == 2


def test_a_row_that_is_too_short_is_lengthened(upload: Any, registrar: User, courses: Any, student):
    student("s1001")
    batch = upload("enrollments", "student_id,course_code,presentation,status\ns1001,BIO101\n")
    correct(batch, [Edit(2, 2, None, "2026J"), Edit(2, 3, None, "")], registrar)
    assert preview(batch).state == "previewed"
    assert list(batch.corrections.values_list("place", "old", "new")) == [
        (2, None, "2026J"),
        (3, None, ""),
    ]


def test_a_row_that_is_too_long_is_shortened(upload: Any, registrar: User, courses: Any, student):
    student("s1001")
    text = "student_id,course_code,presentation\ns1001,BIO,101,2026J\n"
    batch = upload("enrollments", text)
    edits = [Edit(2, 1, "BIO", "BIO101"), Edit(2, 2, "101", "2026J"), Edit(2, 3, "2026J", "")]
    correct(batch, edits, registrar)
    assert preview(batch).state == "previewed"
