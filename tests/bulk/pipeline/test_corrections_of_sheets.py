"""Corrected cells of a workbook of several sheets read as if they had been written so."""

import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.corrections import Edit, NotCorrected, correct
from backoffice.bulk.pipeline.preview import leave_wrong_rows_out, preview
from backoffice.bulk.pipeline.report import rejected_rows, write_report
from backoffice.bulk.pipeline.wrong_rows import grid_of
from tests.bulk.pipeline.test_corrections import COUNTS, HEADER, ISSUE, TEXTS, a_school
from tests.bulk.pipeline.test_sheets_of_a_workbook import changed
from tests.bulk.workbooks import NOTES, ROSTER, Shown, book

Table = list[list[str]]
GOOD = {
    **{"student_id": "s1001", "course_code": "BIO101", "presentation": "2026J"},
    **{"role": "", "status": "active"},
}
EITHER = (["s1001", "BIO101", "2026J", "actve"], ["s1002", "BIO101", "2026J", "active"])
WITH_STATUS = [*ROSTER, "status"]


def workbook_of(sheets: dict[str, Table]) -> bytes:
    """A workbook of texts alone."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for line, row in enumerate(rows):
                for at, text in enumerate(row):
                    sheet.write_string(line, at, text)
    return stream.getvalue()


def as_a_sheet_has_it(row: Sequence[str], width: int) -> list[str]:
    """The cells up to the last with a text, and blank ones up to the header's end."""
    last = max((at for at, text in enumerate(row, 1) if text), default=0)
    return [*row[:last], *[""] * (width - last)]


@st.composite
def sheets_of_texts(draw: st.DrawFn) -> tuple[Table, Table]:
    """A sheet whose columns stand in any order, and the same with other cells."""
    header = draw(st.permutations(HEADER))
    titles = [["A title"]] * draw(st.integers(0, 2))
    good = st.sampled_from(TEXTS[:3]).map(
        lambda who: [{**GOOD, "student_id": who}[n] for n in header]
    )
    cells = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8)
    rows = draw(st.lists(st.one_of(good, cells), min_size=1, max_size=4))
    table = [as_a_sheet_has_it(row, len(header)) for row in rows]
    other = [list(row) for row in table]
    for row in other:
        for place in draw(st.sets(st.integers(0, len(row) - 1), max_size=3)):
            before, row[place] = row[place], draw(st.sampled_from(TEXTS))
            if not any(map(str.strip, row)):
                row[place] = before  # a sheet has no such row
    is_row = [any(row) for row in table]
    other = [new if there else old for new, old, there in zip(other, table, is_row, strict=True)]
    return [*titles, header, *table], [*titles, header, *other]


def outcome(batch: Batch) -> tuple[Any, ...]:
    return (
        [getattr(batch, name) for name in COUNTS],
        sorted(batch.issues.values_list(*ISSUE, "sheet")),
        list(rejected_rows(batch)) if batch.rejected else [],
    )


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=sheets_of_texts(),
    second=sheets_of_texts(),
    has_notes=st.booleans(),
    on_error=st.sampled_from(["abort", "skip"]),
)
def test_corrected_cells_of_two_sheets_give_the_outcome_of_a_workbook_with_those_cells(
    upload: Any, registrar: User, first: Any, second: Any, has_notes: bool, on_error: str
):
    pairs = {"A, line 3": first, "Zwei “B”": second}
    notes = {"Notes": [["Read this"]]} if has_notes else {}
    with a_school():
        expected = upload(
            "enrollments",
            workbook_of({name: other for name, (_old, other) in pairs.items()} | notes),
            on_error=on_error,
        )
        content = workbook_of({name: table for name, (table, _other) in pairs.items()} | notes)
        batch = upload("enrollments", content, on_error=on_error)
        digest, made = batch.digest, {"maker_name": "R", "made_at": timezone.now()}
        for name, (table, other) in pairs.items():
            for line, (old, new) in enumerate(zip(table, other, strict=True), 1):
                for place, (before, text) in enumerate(zip(old, new, strict=True)):
                    if before != text:
                        row = {"sheet": name, "line": line, "place": place}
                        batch.corrections.create(**row, old=before, new=text, **made)
        Batch.objects.filter(pk=batch.pk).update(corrected_cells=batch.corrections.count())
        batch = preview(Batch.objects.get(pk=batch.pk))
        assert outcome(batch) == outcome(expected)
        assert batch.file_hash == hashlib.sha256(content).hexdigest()
        is_corrected = any(table != other for table, other in pairs.values())
        has_outcome = batch.digest and batch.state != "refused"
        assert not (has_outcome and is_corrected) or batch.digest != digest
        wrong = batch.issues.filter(is_warning=False, row__gt=0)
        rows = grid_of(batch).rows if wrong or is_corrected else []
        assert {row.address for row in rows if row.is_wrong} == set(
            wrong.values_list("sheet", "line")
        )
        for row in rows:
            sheet, line = row.address
            table, other = pairs[sheet]
            assert [cell.old for cell in row.cells] == table[line - 1]
            assert [cell.text or "" for cell in row.cells] == other[line - 1]


@pytest.fixture
def two_sheets(upload: Any, courses: Any, student: Any) -> Batch:
    """Refused for the second line of both sheets."""
    for number in (1, 2):
        student(f"s100{number}")
    first, second = EITHER
    sheets = {"A": [WITH_STATUS, first], "B": [WITH_STATUS, [*second[:3], "activ"]], "N": NOTES}
    batch = upload("enrollments", book(sheets))
    assert (batch.state, batch.rejected, batch.can_be_corrected) == ("refused", 2, True)
    return batch


def test_a_correction_is_of_its_sheet_alone(two_sheets: Batch, registrar: User):
    assert correct(two_sheets, [Edit(2, 3, "activ", "active", "B")], registrar)
    assert preview(two_sheets).rejected == 1
    assert list(two_sheets.issues.filter(is_warning=False).values_list("sheet", "line")) == [
        ("A", 2)
    ]
    assert [line[:5] for line in rejected_rows(two_sheets)][1:] == ["s1001"]
    correct(two_sheets, [Edit(2, 3, "actve", "active", "A")], registrar)
    apply(preview(two_sheets), two_sheets.digest, registrar)
    assert Enrollment.objects.filter(status="active").count() == 2


def test_the_report_names_the_sheet_of_a_correction(two_sheets: Batch, registrar: User):
    correct(two_sheets, [Edit(2, 3, "activ", "active", "B")], registrar)
    one, stream = two_sheets.corrections.get(), io.StringIO()
    write_report(preview(two_sheets), stream, dry_run=False)
    assert json.loads(stream.getvalue())["corrections"] == [
        {
            **{"sheet": "B", "line": 2, "column": "status", "old": "activ", "new": "active"},
            **{"by": str(registrar), "at": one.made_at.isoformat()},
        }
    ]


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            Edit(1, 0, "student_id", "x", "B"),
            "Sheet “B”, line 1 is not wrong. Only wrong rows are corrected here.",
        ),
        (Edit(2, 0, "s1001", "x"), "Line 2 is not wrong. Only wrong rows are corrected here."),
        (
            Edit(2, 0, "How to", "x", "N"),
            "Sheet “N”, line 2 is not wrong. Only wrong rows are corrected here.",
        ),
        (
            Edit(2, 9, None, "x", "B"),
            "Sheet “B”, line 2 has no such cell. Look at the page again.",
        ),
        (
            Edit(2, 3, "actve", "active", "B"),
            "Sheet “B”, line 2: status was corrected meanwhile and reads “activ” now. Look at the "
            "page again.",
        ),
        (
            Edit(2, 3, "activ", "a\0", "B"),
            "Sheet “B”, line 2: the text has a sign that no text can have.",
        ),
    ],
)
def test_what_is_refused_names_the_sheet(
    two_sheets: Batch, registrar: User, edit: Edit, sentence: str
):
    with pytest.raises(NotCorrected) as refusal:
        correct(two_sheets, [edit], registrar)
    assert str(refusal.value) == sentence
    assert not two_sheets.corrections.exists()


def test_the_only_sheet_that_is_read_is_named_too(upload, courses, student, registrar):
    student("s1001")
    batch = upload("enrollments", book({"Notes": NOTES, "Roster": [WITH_STATUS, EITHER[0]]}))
    correct(batch, [Edit(2, 3, "actve", "active", "Roster")], registrar)
    assert (batch.corrections.get().sheet, preview(batch).state) == ("Roster", "previewed")


def test_corrections_of_another_sheet_are_part_of_the_digest(two_sheets: Batch, registrar: User):
    leave_wrong_rows_out(two_sheets)
    correct(two_sheets, [Edit(2, 3, "activ", "x", "B")], registrar)
    digest = preview(two_sheets).digest
    two_sheets.corrections.update(sheet="C")
    assert preview(two_sheets).digest != digest


def test_a_sheet_of_a_very_long_name_is_corrected(upload, courses, student, registrar):
    student("s1001")
    name = "x" * 200  # more than Excel takes
    content = book({"A": [WITH_STATUS, EITHER[0]], "B": [WITH_STATUS, EITHER[0]]})
    content = renamed(content, b'name="B"', f'name="{name}"'.encode())
    batch = upload("enrollments", content)
    correct(batch, [Edit(2, 3, "actve", "active", name)], registrar)
    assert preview(batch).rejected == 1


def test_sheets_of_one_name_are_not_corrected_in_the_grid(upload, courses):
    content = book({"A": [WITH_STATUS, EITHER[0]], "B": [WITH_STATUS, EITHER[0]]})
    batch = upload("enrollments", renamed(content, b'name="B"', b'name="A"'))
    assert (batch.state, batch.rejected, batch.can_be_corrected) == ("refused", 2, False)


def renamed(content: bytes, old: bytes, new: bytes) -> bytes:
    return changed(content, "xl/workbook.xml", lambda part: part.replace(old, new))


def test_a_number_whose_format_hides_digits_is_corrected(upload, gradebook, registrar):
    """The grid has the number that is read, and what was said of it is not said any more."""
    gradebook()
    head = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "One (T1)", "Two (T2)")
    rows = [
        ("Points Possible", "", "", "", "", 100, 100),
        ("Li, No 1", 1, "s1001", "s1001", "A", Shown(62.25, "0"), Shown(0.85, "0%")),
    ]
    batch = upload("grades", book({"A": [head, *rows], "B": [head, *rows[:1]]}))
    (row,) = grid_of(batch).rows
    assert [cell.text for cell in row.cells][5:] == ["62.25", "85%"]
    assert [each.code for each in batch.issues.filter(is_warning=True)] == ["hidden_digits"]
    edits = [Edit(3, 5, "62.25", "63.5", "A"), Edit(3, 6, "85%", "85", "A")]
    correct(batch, edits, registrar)
    assert (preview(batch).state, batch.issues.count()) == ("previewed", 0)
    apply(batch, batch.digest, registrar)
    scores = AssessmentSubmission.objects.values_list("assessment__code", "score")
    assert {code: float(score) for code, score in scores} == {"T1": 63.5, "T2": 85}
