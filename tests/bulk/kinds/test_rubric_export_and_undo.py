"""Rubrics go out as they come in, by command, list and page; and an import of them is undone."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from backoffice.apps.assessments.models import (
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.versioning import new_version
from backoffice.apps.courses.models import Course
from backoffice.bulk.export.download import FORMATS
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.undo.undo import undo
from tests.rubric_files import (
    ESSAY,
    GROUP,
    HEADER,
    counts,
    history,
    issue_messages,
    marked_by,
    stored,
)


@pytest.mark.parametrize(("first", "second"), [(10, 12), (10, 8)])
def test_an_undo_gives_ratings_and_criteria_back_and_can_be_undone(
    import_rubrics, taught, first, second
):
    row = f"{HEADER}{GROUP}{GROUP}\nEssay,Argument,,,Strong,,{{0}},Weak,,1\n"
    import_rubrics(row.format(first))
    changed = import_rubrics(row.format(second))

    undone = undo(changed, changed.uploaded_by)
    assert (undone.updated, undone.removed) == (2, 0)
    assert [(r[5], r[6][0][2]) for r in stored()] == [(first, first)]
    undo(undone, changed.uploaded_by)
    assert [(r[5], r[6][0][2]) for r in stored()] == [(second, second)]


def test_an_undo_takes_new_rubrics_away_and_can_be_undone(import_rubrics, taught):
    batch = import_rubrics(ESSAY)
    before = stored()

    undone = undo(batch, batch.uploaded_by)
    assert (undone.removed, stored(), GradingRubric.objects.count()) == (12, [], 0)
    undo(undone, batch.uploaded_by)
    assert stored() == before


def test_an_undo_leaves_a_rubric_alone_that_is_in_use_by_now(import_rubrics, taught):
    batch = import_rubrics(ESSAY)
    marked_by("Essay")

    undone = undo(batch, batch.uploaded_by)
    assert {row[0] for row in stored()} == {"Essay"}
    assert len(stored()[0][6]) == 3
    assert "Line 2: Essay (v1) stays as it is: it is in use by now." in issue_messages(undone)


def exported(ending: str = "csv") -> bytes:
    stream = io.BytesIO()
    chosen = Selection.of_all(kinds["rubrics"])
    FORMATS[ending].write(chosen, stream)
    return stream.getvalue()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_export_brought_in_again_changes_nothing(import_rubrics, taught, ending):
    import_rubrics(ESSAY)
    rubric = GradingRubric.objects.get(title="Essay")
    bare = RubricCriterion.objects.create(rubric=rubric, position=7, title="Bare", max_points=3)
    formula = RubricCriterion.objects.create(
        rubric=rubric, position=8, title="=1+1", description="a\n  b", max_points=30
    )
    RubricLevel.objects.create(criterion=formula, title="@home", description="-x", points=3)
    new_version(GradingRubric.objects.get(title="Talk"))
    before = history()
    batch = import_rubrics(exported(ending), name=f"rubrics.{ending}")

    assert (counts(batch), issue_messages(batch), history()) == ((5, 0, 0, 5, 0), [], before)
    bare.refresh_from_db()
    formula.refresh_from_db()
    assert (bare.max_points, formula.max_points) == (3, 30)


def test_an_export_has_as_many_groups_as_the_longest_row(import_rubrics, taught):
    import_rubrics(ESSAY)
    RubricLevel.objects.filter(title="Many").update(title="=SUM(A1)")

    assert exported().decode().splitlines() == [
        f"{HEADER}{GROUP}{GROUP}{GROUP},Course Code,Presentation",
        "Essay,Argument,Is it supported?,true,Strong,Every claim,10,Weak,Some claims,4.5,None,,0,"
        "BIO101,2026J",
        "Essay,Sources,,false,'=SUM(A1),,6,Few,,2,,,,BIO101,2026J",
        "Talk,Voice,,false,Clear,,5,Unclear,,0,,,,BIO101,2026J",
    ]


def test_the_format_of_canvas_is_ours(import_rubrics, taught, tmp_path):
    assert counts(import_rubrics(ESSAY, dialect="canvas")) == (3, 3, 0, 0, 0)
    out = tmp_path / "rubrics.csv"
    call_command("export_csv", "rubrics", dialect="canvas", output=out)
    assert out.read_bytes() == exported()


def test_the_list_hands_out_its_rubrics(import_rubrics, taught, instructor_client):
    import_rubrics(ESSAY)
    address = reverse("admin:assessments_gradingrubric_export_list", args=["csv"])
    whole = instructor_client.get(address).getvalue().decode()
    assert [line.partition(",")[0] for line in whole.splitlines()] == [
        *("Rubric Name", "Essay", "Essay", "Talk")
    ]
    talk = GradingRubric.objects.get(title="Talk")
    chosen = {"action": "export_csv", "_selected_action": [talk.pk]}
    answer = instructor_client.post(reverse("admin:assessments_gradingrubric_changelist"), chosen)
    assert answer.getvalue().decode().splitlines()[1:] == [
        "Talk,Voice,,false,Clear,,5,Unclear,,0,BIO101,2026J"
    ]


def test_the_pages_lead_from_the_empty_file_to_what_was_written(taught, instructor_client):
    page = reverse("admin:bulk_batch_upload")
    text = instructor_client.get(page, {"kind": "rubrics"}).content.decode()
    assert "Repeated with the others of its group, as often as a row needs." in text
    assert "Create students" not in text
    empty = instructor_client.get(reverse("admin:bulk_batch_template", args=["rubrics"]))
    assert empty.getvalue().decode() == (
        f"\ufeff{HEADER}{GROUP}{GROUP}{GROUP},Course Code,Presentation\r\n"
    )
    options = {"mode": "upsert", "on_error": "abort"}
    file = SimpleUploadedFile("rubrics.csv", ESSAY.encode())
    posted = instructor_client.post(f"{page}?kind=rubrics", {"file": file, **options}, follow=True)
    assert "Rating Points (Strong)" in posted.content.decode()
    batch = Batch.objects.get()
    apply_page = reverse("admin:bulk_batch_apply", args=[batch.pk])
    instructor_client.post(apply_page, {"digest": batch.digest})
    applied = reverse("admin:bulk_batch_change", args=[batch.pk])
    for of, name in (("rubrics", "Argument"), ("new-rubrics", "Essay (v1)"), ("ratings", "Few")):
        assert name in instructor_client.get(applied, {"of": of}).content.decode()


def test_the_command_brings_rubrics_in(taught, tmp_path):
    file, report = tmp_path / "rubrics.csv", tmp_path / "report.json"
    file.write_text(ESSAY)
    Course.objects.filter(code="ART200").delete()
    call_command("import_csv", "rubrics", str(file), report=report)

    outcome = json.loads(report.read_text())
    assert (outcome["state"], outcome["rows"], outcome["created"]) == ("applied", 3, 3)
    assert outcome["created_students"] == 0
