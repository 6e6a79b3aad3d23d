"""A gradebook for another system carries what its scores were at export: no change is lost."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.bulk.formats.base_scores import bases_in, bases_of
from backoffice.bulk.models import Batch

CANVAS_HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,T one (T1),T two (T2),Scores at export"
CODES = ["T1", "Quiz (1)", "=SUM(A1)", "-1", "a;b=c", "100%", "'x", "＋x", "Prüfung 2"]
Gave = Callable[..., None]


def exported(dialect: str, tmp_path: Any) -> str:
    path, course = tmp_path / "grades.csv", ("--course", "BIO101", "--presentation", "2026J")
    call_command("export_csv", "grades", *course, "--dialect", dialect, "--output", str(path))
    return path.read_text()


def changed(text: str, **cells: str) -> str:
    """The file with other cells in the line of the first student, by their columns."""
    rows = list(csv.DictReader(io.StringIO(text)))
    first = next(row for row in rows if "s1001" in row.values())
    first.update(cells)
    return written(rows, list(rows[0]))


def written(rows: list[dict[str, str]], names: list[str]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def scores() -> dict[tuple[str, str], float | None]:
    rows = AssessmentSubmission.objects.values_list(
        "student__student_id", "assessment__code", "score"
    )
    return {(name, code): score for name, code, score in rows}


def issue_messages(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


SCORE = {"canvas": "T one (T1)", "edx": "new_override-T1"}
BASE = {"canvas": "Scores at export", "edx": "previous_override-T1"}
both = pytest.mark.parametrize("dialect", ["canvas", "edx"])


@both
def test_an_untouched_score_that_changed_since_keeps_what_is_stored(
    gradebook, import_file, dialect, tmp_path
):
    gradebook(T1={"s1001": 51, "s1002": 52})
    text = exported(dialect, tmp_path)
    gradebook(T1={"s1001": 80})
    before = AssessmentSubmission.history.count()
    batch = import_file("grades", text)

    assert (batch.updated, batch.unchanged, issue_messages(batch)) == (0, 2, [])
    assert scores() == {("s1001", "T1"): 80, ("s1002", "T1"): 52}
    assert AssessmentSubmission.history.count() == before


@both
def test_a_score_changed_in_the_file_alone_is_taken(gradebook, import_file, dialect, tmp_path):
    gradebook(T1={"s1001": 51}, T2={"s1001": 20})
    text = changed(exported(dialect, tmp_path), **{SCORE[dialect]: "60"})
    batch = import_file("grades", text)

    assert (batch.updated, batch.unchanged) == (1, 1)
    assert scores() == {("s1001", "T1"): 60, ("s1001", "T2"): 20}


@both
def test_a_score_changed_on_both_sides_is_a_conflict_with_a_way_out(
    gradebook, upload, import_file, dialect, tmp_path
):
    gradebook(T1={"s1001": 51})
    text = changed(exported(dialect, tmp_path), **{SCORE[dialect]: "60"})
    gradebook(T1={"s1001": 80})
    batch = upload("grades", text)
    (issue,) = batch.issues.all()

    assert issue.message == (
        f"Line {issue.line}: {SCORE[dialect]} “60”: since the export the score went from 51 to 80. "
        f"To keep what is stored, enter it as {SCORE[dialect]}; to replace it, enter it as "
        f"{BASE[dialect]}."
    )
    assert (issue.column, issue.value, batch.state) == (SCORE[dialect], "60", "refused")

    agreed = {"canvas": "T1=80", "edx": "80"}[dialect]
    assert import_file("grades", changed(text, **{BASE[dialect]: agreed})).updated == 1
    assert scores() == {("s1001", "T1"): 60}


@both
def test_a_grade_entered_since_in_a_blank_cell_is_not_overwritten(
    gradebook, upload, dialect, tmp_path
):
    gradebook(T1={"s1001": None, "s1002": 52})
    text = changed(exported(dialect, tmp_path), **{SCORE[dialect]: "60"})
    gradebook(T1={"s1001": 80})
    assert "the score went from blank to 80." in issue_messages(upload("grades", text))[0]


def test_columns_of_canvas_may_be_deleted_and_lines_and_columns_moved(
    gradebook, import_file, tmp_path
):
    gradebook(T1={"s1001": 51, "s1002": 52}, T2={"s1001": 20, "s1002": 30})
    text = exported("canvas", tmp_path)
    assert text.splitlines()[0] == CANVAS_HEADER
    gradebook(T1={"s1001": 80}, T2={"s1002": 90})
    points, *people = csv.DictReader(io.StringIO(text))
    names = ["Scores at export", "T two (T2)", "Section", "T one (T1)", *CANVAS_HEADER.split(",")]
    columns = [name for name in dict.fromkeys(names) if name != "SIS Login ID"]
    assert import_file("grades", written([points, *reversed(people)], columns)).updated == 0
    without = [name for name in columns if name != "T one (T1)"]
    assert import_file("grades", written([points, *people], without)).updated == 0
    assert scores() == {
        ("s1001", "T1"): 80,
        ("s1001", "T2"): 20,
        ("s1002", "T1"): 52,
        ("s1002", "T2"): 90,
    }


def test_without_its_column_a_canvas_gradebook_is_taken_as_it_stands(
    gradebook, import_file, tmp_path
):
    gradebook(T1={"s1001": 51})
    text = exported("canvas", tmp_path)
    gradebook(T1={"s1001": 80})
    rows = list(csv.DictReader(io.StringIO(text)))
    batch = import_file("grades", written(rows, CANVAS_HEADER.split(",")[:-1]))
    assert (batch.updated, scores()) == (1, {("s1001", "T1"): 51})


def test_a_score_at_export_that_is_none_is_told_with_its_cell(gradebook, upload, tmp_path):
    gradebook(T1={"s1001": 51})
    text = changed(exported("canvas", tmp_path), **{"Scores at export": "T1=much"})
    (issue,) = upload("grades", text).issues.all()
    assert (issue.column, issue.value) == ("Scores at export", "T1=much")


@pytest.mark.parametrize("code", CODES)
def test_the_scores_at_export_are_read_as_they_were_written(code):
    cell = bases_of({code: "51.00", "T2": "9.25"})
    assert bases_in(cell) == {code: "51.00", "T2": "9.25"}
    assert not cell.startswith(("=", "+", "-", "@", "'", "＋"))


OVERRIDDEN = (
    "user_id,username,student_key,course_id,track,cohort,name-T1,grade-T1,original_grade-T1,"
    "previous_override-T1,new_override-T1\n"
    "7,li,s1001,course-v1:X+BIO101+2026J,,,T one,50,50,{previous},70\n"
)


@pytest.mark.parametrize("previous", ["", "66.66666666666667"])
def test_an_override_of_what_open_edx_reckoned_is_taken(gradebook, import_file, previous):
    """What the score was here when Open edX exported it, such a file does not say."""
    gradebook(T1={"s1001": 64})
    assert import_file("grades", OVERRIDDEN.format(previous=previous)).updated == 1
    assert scores() == {("s1001", "T1"): 70}


@pytest.mark.parametrize("previous", ["60", "60.0", "60.000"])
def test_an_override_that_open_edx_had_is_the_base_of_the_new_one(gradebook, upload, previous):
    gradebook(T1={"s1001": 64})
    batch = upload("grades", OVERRIDDEN.format(previous=previous))
    assert "went from 60 to 64." in issue_messages(batch)[0]


def test_a_gradebook_too_wide_to_be_read_again_is_not_written(gradebook, courses, tmp_path):
    course = courses["BIO101"]
    Assessment.objects.bulk_create(
        Assessment(course=course, code=f"A{number}", max_score=10) for number in range(97)
    )
    with pytest.raises(CommandError) as refusal:
        exported("edx", tmp_path)
    assert str(refusal.value) == (
        "The file would have 501 columns, and only 498 can be read again. Choose another format: "
        "in our own columns each grade has a row."
    )
    assert exported("canvas", tmp_path)
