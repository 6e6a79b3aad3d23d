"""Delimited text as spreadsheets and other tools write it: what is meant is clear, and is taken."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.bulk.pipeline.report import rejected_rows
from backoffice.bulk.readers import Limits
from backoffice.bulk.readers.delimited import DelimitedReader

SCORES = "student_id,assessment_id,score\ns1001,T1,51\ns1002,T1,52\n"
PEOPLE = "student_id,first_name,last_name\n"
WIDTH = "Line {0}: the row has {1} cells, the header {2}."


def scores() -> dict[str, float]:
    """The score of each student who has one."""
    graded = AssessmentSubmission.objects.exclude(score=None)
    return {
        name: float(score) for name, score in graded.values_list("student__student_id", "score")
    }


def issue_messages(batch: Any) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


AS_WRITTEN = {
    "a line with the delimiter": "sep=;\n" + SCORES.replace(",", ";"),
    "such a line in capitals and quotation marks": '"SEP=\t"\r\n' + SCORES.replace(",", "\t"),
    "such a line behind blank lines": "\n\nsep=,\n" + SCORES,
    "empty columns behind the last": SCORES.replace("\n", ",,,\n"),
    "a delimiter at each line's end": SCORES.replace(",", ";").replace("\n", ";\n"),
    "rows without the empty columns of the header": SCORES.replace("score", "score,,"),
    "formulas that are texts": SCORES.replace("s1001", '="s1001"').replace("51", '"=""51"""'),
    "apostrophes": SCORES.replace("s100", "'s100").replace("T1", "'T1").replace(",5", ",'5"),
    "blanks before quotation marks": SCORES.replace(",T1", ',  "T1"').replace("s1001", ' "s1001"'),
    "blanks and quotation marks in the header": SCORES.replace(",score", ', "score"'),
}


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_what_a_tool_means_goes_in(import_file, gradebook, name):
    gradebook()
    batch = import_file("grades", AS_WRITTEN[name])
    assert scores() == {"s1001": 51, "s1002": 52}
    assert (batch.rows, batch.warnings) == (2, 0)


def test_lines_stay_physical_below_the_line_with_the_delimiter(upload, gradebook):
    gradebook()
    batch = upload("grades", "sep=;\nstudent_id;assessment_id;score\ns1001;T1;x\n")
    assert [(issue.line, issue.row) for issue in batch.issues.all()] == [(3, 1)]


def test_a_delimiter_that_is_not_read_is_named(upload, db):
    for text in ("sep=|\nstudent_id|last_name\ns1001|Li\n", "student_id|last_name\ns1001|Li\n"):
        batch = upload("users", text)
        assert batch.sentence == (
            "The cells of the file are parted by “|”. Save it with commas, semicolons or tabs "
            "between them, as CSV in UTF-8."
        )
    batch = upload("users", "student_id last_name\ns1001 Li\n")
    assert batch.sentence.startswith("The cells of the file are parted by a blank. Save it")


def test_blanks_before_a_delimiter_are_no_delimiter(upload, db):
    text = '"student_id" , "last_name" , "first_name"\n"s1001" , "Li" , "Wei"\n'
    batch = upload("users", text)
    assert (batch.state, batch.issues.get().code) == ("refused", "bad_quoting")


def test_a_first_row_in_place_of_a_header_is_pointed_out(upload, db):
    for kind, first in (
        ("grades", "s1001,T1,51"),
        ("users", "1001,Wei,wei@example.org"),
        ("enrollments", "ab1234567,BIO101,2026J"),
    ):
        batch = upload(kind, f"{first}\n{first}\n")
        assert batch.sentence.endswith(
            " If this is the first row, the file has no header: add one above it."
        )
        assert batch.issues.get().code == "unknown_column"
    batch = upload("users", "Matrikel;Nachname\n1001;Li\n")
    assert "no header" not in batch.sentence


def test_a_value_in_a_column_without_a_name_is_not_lost(upload, db):
    batch = upload("users", "student_id,last_name,,\ns1001,Li,,\ns1002,Ng,x,\n")
    assert issue_messages(batch) == [
        WIDTH.format(3, 3, 2) + " A column behind the last has no name: name it, or put values "
        "that hold the delimiter in quotation marks."
    ]


def test_an_unquoted_delimiter_is_found_beside_columns_without_a_name(upload, db):
    batch = upload("users", "student_id,last_name,graduation_year,\ns1001,Doe, Jr.,2027\n")
    assert [issue.message for issue in batch.issues.all()] == [
        WIDTH.format(2, 4, 3) + " last_name probably holds an unquoted delimiter; put it in "
        "quotation marks."
    ]


@pytest.mark.parametrize("row", ["s1001,Doe,Physics,", "s1001,Doe,Ann,Physics,,", "s1001,,"])
def test_a_row_that_may_have_lost_a_cell_is_refused_though_its_end_is_empty(upload, db, row):
    # The second cell or the fourth may be the one that is missing or too much.
    batch = upload("users", f"student_id,last_name,first_name,specialization,\n{row}\n")
    (issue,) = batch.issues.all()
    assert issue.code in ("too_few_cells", "too_many_cells")


def test_delimiters_behind_rows_alone_are_refused_with_what_to_do(upload, db):
    batch = upload("users", "student_id,last_name\ns1001,Li,\n")
    assert issue_messages(batch) == [
        WIDTH.format(2, 3, 2) + " If every row ends with a delimiter, let the header end with "
        "one, too; else put values that hold the delimiter in quotation marks."
    ]


def test_with_unknown_columns_ignored_one_without_a_name_is_ignored_too(import_file, db):
    text = "student_id,last_name,,\ns1001,Li,a note,\n"
    import_file("users", text, ignore_unknown_columns=True)
    assert User.objects.get(student_id="s1001").last_name == "Li"


def test_names_keep_their_apostrophe_and_blanks_before_other_quotation_marks(import_file, db):
    text = PEOPLE + 's1001,\'t Hooft, "Jo" Ann\n'
    import_file("users", text)
    one = User.objects.get(student_id="s1001")
    assert (one.first_name, one.last_name) == ("'t Hooft", '"Jo" Ann')


def test_a_quoted_cell_behind_blanks_may_span_lines(import_file, upload, db):
    text = PEOPLE + 's1001,  "van\nder Berg",  "Ann, Jr."\nN/A,x,y\n'
    batch = upload("users", text, on_error="skip")
    assert [issue.line for issue in batch.issues.all()] == [4]
    import_file("users", text, on_error="skip")
    one = User.objects.get(student_id="s1001")
    assert (one.first_name, one.last_name) == ("van der Berg", "Ann, Jr.")


def test_wrong_rows_come_back_as_they_can_be_read_again(upload, db):
    text = 'student_id,last_name,email,,\n="007001",Li,none,,\n"=""0x""",=1+1,none,,\n'
    batch = upload("users", text, on_error="skip")
    header, *lines = csv.reader(io.StringIO("".join(rejected_rows(batch)).lstrip("\ufeff")))
    assert header == ["student_id", "last_name", "email", "line", "errors"]
    assert [line[:4] for line in lines] == [
        ['="007001"', "Li", "none", "2"],
        ['="0x"', "'=1+1", "none", "3"],
    ]


CELLS = st.text(st.sampled_from("abé',; \"=.1"), max_size=6)
NAMES = ("one", "two", "three")


def written(
    rows: list[tuple[str, ...]], style: dict[str, Any], choose: Any
) -> tuple[str, list[list[str]]]:
    """The text a tool makes of these rows, and what is meant by it, made by nothing of ours."""
    sign, lines, meant = style["delimiter"], [], []
    for number, row in enumerate([NAMES, *rows]):
        cells = []
        for cell in row:
            quoted = '"' + cell.replace('"', '""') + '"'
            blanks = " " * choose.randrange(3) if style["has_blanks"] else ""
            cells.append(blanks + quoted)
        end = sign * style["empty"]
        # Excel leaves the empty columns out where the last value is none of them.
        is_cut = number and style["is_cut"] and row[-1].strip()
        lines.append(sign.join(cells) + ("" if is_cut else end))
        meant.append(list(row))
    named = f"sep={sign}" + style["end"] if style["is_named"] else ""
    return named + "".join(line + style["end"] for line in lines), meant


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12),
    style=st.fixed_dictionaries(
        {
            "delimiter": st.sampled_from(",;\t"),
            "end": st.sampled_from(["\n", "\r\n", "\r"]),
            "empty": st.integers(0, 4),
            "is_cut": st.booleans(),
            "has_blanks": st.booleans(),
            "is_named": st.booleans(),
        }
    ),
    block=st.sampled_from([3, 40, 65_536]),
    choose=st.randoms(use_true_random=False),
)
@settings(max_examples=300)
def test_whatever_a_tool_adds_around_its_cells_they_are_what_it_meant(rows, style, block, choose):
    text, (header, *meant) = written(rows, style, choose)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("backoffice.bulk.readers.delimited.BLOCK", block)
        path = Path(folder) / "table.csv"
        path.write_text(text, "utf-8", newline="")
        with DelimitedReader(path, "", Limits.from_settings()) as reader:
            assert reader.header == [*header, *[""] * style["empty"]]
            read = [row.cells for row in reader.records()]
    empty = [""] * style["empty"]
    assert read == [[*row, *empty] for row in meant]


def test_a_course_named_by_such_a_formula_is_found_in_another_systems_file(import_file, student):
    course = Course.objects.create(code="BIO101", presentation="2026J", slug="bio101-2026j")
    student("s1001")
    import_file("enrollments", 'add,student,="s1001",="BIO101-2026J"\n')
    assert User.objects.get(student_id="s1001").enrollments.get().course == course
