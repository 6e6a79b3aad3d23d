"""Rubrics come from files as Canvas writes them: a row is a criterion with groups of ratings."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.forms import modelform_factory

from backoffice.apps.assessments.models import (
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.versioning import new_version
from backoffice.apps.courses.models import Course
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.models import Batch
from backoffice.bulk.pages.samples import samples_of
from backoffice.bulk.pipeline.apply import OutcomeChanged, apply
from backoffice.bulk.pipeline.preview import release
from backoffice.bulk.pipeline.report import rejected_rows
from tests.rubric_files import (
    ESSAY,
    GROUP,
    HEADER,
    NONE,
    counts,
    history,
    issue_messages,
    marked_by,
    stored,
)


def test_a_file_makes_rubrics_criteria_and_ratings(import_rubrics, taught):
    batch = import_rubrics(ESSAY)

    assert counts(batch) == (3, 3, 0, 0, 0)
    assert {(r.title, r.course, r.version) for r in GradingRubric.objects.all()} == {
        ("Essay", taught, 1),
        ("Talk", taught, 1),
    }
    strong = [
        ("Strong", "Every claim", 10),
        ("Weak", "Some claims", Decimal("4.5")),
        ("None", "", 0),
    ]
    assert stored() == [
        ("Essay", 1, "Argument", "Is it supported?", True, 10, strong),
        ("Essay", 2, "Sources", "", False, 6, [("Many", "", 6), ("Few", "", 2)]),
        ("Talk", 1, "Voice", "", False, 5, [("Clear", "", 5), ("Unclear", "", 0)]),
    ]
    for model in (GradingRubric, RubricCriterion, RubricLevel):
        for row in model.objects.all():
            row.full_clean()
            assert row.history.get().change_set == batch.change_set
    assert RubricLevel.history.get(title="Few").line == 4
    assert RubricCriterion.history.get(title="Sources").line == 4
    assert GradingRubric.history.get(title="Essay").line == 2


def test_the_same_file_again_changes_nothing(import_rubrics, taught):
    import_rubrics(ESSAY)
    before = history()
    again = import_rubrics(ESSAY)

    assert (counts(again), history()) == ((3, 0, 0, 3, 0), before)


def test_changes_are_shown_value_by_value_and_only_they_are_written(
    preview_rubrics, import_rubrics, taught
):
    import_rubrics(ESSAY)
    before = history()
    # One criterion gets more points, one fewer; a description, a range, a rating more.
    text = f"""{HEADER}{GROUP}{GROUP}{GROUP}
Essay,Argument,Supported how?,false,Strong,Every claim,12,Weak,Some claims,4.5,None,,0
Essay,Sources,,,Many,All of them,5,Few,,2,Two,,1
Talk,Voice,,,Clear,,5,Unclear,,0,,,
"""
    batch = preview_rubrics(text)

    assert counts(batch) == (3, 0, 2, 1, 0)
    samples = samples_of(batch)["updated"]
    assert [(row.key, [(c.column, c.old, c.new) for c in row.changes]) for row in samples] == [
        (
            "Essay · Argument",
            [
                ("Criteria Description", "Is it supported?", "Supported how?"),
                ("Criteria Enable Range", "true", "false"),
                ("Rating Points (Strong)", "10", "12"),
            ],
        ),
        (
            "Essay · Sources",
            [
                ("Rating Description (Many)", "", "All of them"),
                ("Rating Points (Many)", "6", "5"),
                ("Rating Name", "", "Two"),
                ("Rating Points (Two)", "", "1"),
            ],
        ),
    ]
    apply(batch, batch.digest, batch.uploaded_by)
    essay = [row[2:] for row in stored() if row[0] == "Essay"]
    weak = ("Weak", "Some claims", Decimal("4.5"))
    assert essay == [
        ("Argument", "Supported how?", False, 12, [("Strong", "Every claim", 12), weak, NONE]),
        ("Sources", "", False, 5, [("Many", "All of them", 5), ("Few", "", 2), ("Two", "", 1)]),
    ]
    assert history() == before + 5  # two criteria, two ratings, a new one


def test_a_rating_or_criterion_that_the_file_leaves_out_stays(import_rubrics, taught):
    import_rubrics(ESSAY)
    batch = import_rubrics(f"{HEADER}{GROUP}\nEssay,Sources,,,Few,,3\n")

    assert issue_messages(batch) == [
        "Line 2: Criteria Name “Sources”: the stored rating “Many” is not in the row, and stays."
    ]
    assert [row[5:] for row in stored()][1] == (6, [("Many", "", 6), ("Few", "", 3)])
    assert len(stored()) == 3


def test_every_wrong_cell_is_reported_at_once(preview_rubrics, taught):
    batch = preview_rubrics(f"""{HEADER}{GROUP}{GROUP}
Essay,Argument,,maybe,Strong,,1e3,Weak,,-1
Essay,,,,Strong,,10,Strong,,"7,5"
Essay,Sources,bell\x07,,,,4,Few,,12.345
Essay,Nothing,,,,,,,,
Essay,Zero,,,None,,0,,,
Essay,{"x" * 201},,,{"y" * 101},,1,,,100000
Essay,Short
""")

    issues = batch.issues.order_by("row", "pk")
    assert [(i.line, i.column, i.value[:8], i.code) for i in issues] == [
        (2, "Criteria Enable Range", "maybe", "invalid_choice"),
        (2, "Rating Points", "1e3", "invalid_number"),
        (2, "Rating Points", "-1", "points_negative"),
        (3, "Criteria Name", "", "required"),
        (3, "Rating Points", "7,5", "invalid_number"),
        (3, "Rating Name", "Strong", "title_taken"),
        (4, "Criteria Description", "bell\x07", "control_character"),
        (4, "Rating Name", "", "required"),
        (4, "Rating Points", "12.345", "invalid_number"),
        (5, "Criteria Name", "Nothing", "no_ratings"),
        (6, "Rating Points", "", "not_positive"),
        (7, "Criteria Name", "xxxxxxxx", "too_long"),
        (7, "Rating Name", "yyyyyyyy", "too_long"),
        (7, "Rating Name", "", "required"),
        (7, "Rating Points", "100000", "out_of_range"),
        (8, "", "Essay,Sh", "too_few_cells"),
    ]
    by_code = {issue.code: issue.message for issue in batch.issues.order_by("-row")}
    assert by_code["points_negative"] == (
        "Line 2: Rating Points “-1”: The points of a level are 0 or more."
    )
    assert by_code["title_taken"] == (
        "Line 3: Rating Name “Strong”: Another level of this criterion has this title already."
    )
    assert by_code["no_ratings"] == (
        "Line 5: Criteria Name “Nothing” has no rating. Fill Rating Name and Rating Points at "
        "least once."
    )
    assert by_code["not_positive"] == "Line 6: Rating Points: A criterion has more than 0 points."
    assert "Line 4: Rating Name number 1 is empty. Fill it, or leave its whole group blank." in (
        issue_messages(batch)
    )
    assert (batch.state, batch.rejected, GradingRubric.objects.count()) == ("refused", 7, 0)


@pytest.mark.parametrize("field", ["title", "points"])
@pytest.mark.parametrize("value", ["5", "plain", "-1", "", "a\x07b", "x" * 101, "12.345", "1e1"])
def test_a_rating_is_refused_by_form_and_file_or_by_neither(preview_rubrics, taught, field, value):
    rubric = GradingRubric.objects.create(course=taught, title="Essay")
    argument = {"rubric": rubric, "position": 1, "title": "Argument", "max_points": 10}
    level = RubricLevel(criterion=RubricCriterion.objects.create(**argument))
    values = {"title": "Strong", "points": "5", field: value}
    form = modelform_factory(RubricLevel, fields=list(values))(values, instance=level)
    head = "Rubric Name,Criteria Name,Rating Name,Rating Points"
    batch = preview_rubrics(f"{head}\nEssay,Argument,{values['title']},{values['points']}\n")

    # A file takes plain digits only.
    is_odd = (field, value) == ("points", "1e1")
    assert (batch.state == Batch.State.PREVIEWED) == (form.is_valid() and not is_odd)


def test_good_rows_go_in_without_the_wrong_ones(import_rubrics, taught):
    batch = import_rubrics(
        f"{HEADER}{GROUP}{GROUP}\nEssay,Argument,,,Strong,,10,Weak,,x\nTalk,Voice,,,Clear,,5\n",
        on_error="skip",
    )

    assert counts(batch) == (2, 1, 0, 0, 1)
    assert [row[0] for row in stored()] == ["Talk"]
    assert GradingRubric.objects.get().title == "Talk"
    header, line = "".join(rejected_rows(batch)).removeprefix("\ufeff").splitlines()
    assert header == f"{HEADER}{GROUP}{GROUP},line,errors"
    assert line.startswith("Essay,Argument,,,Strong,,10,Weak,,x,2,")
    assert "Rating Points “x” is not a plain number." in line


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            f"{HEADER}{GROUP},Rating Name",
            "The header names Rating Description 1 times where 2 are needed: Rating Name, Rating "
            "Description, Rating Points belong together, and are repeated as often as a row needs.",
        ),
        (
            HEADER,
            "The header names Rating Name 0 times where 1 are needed: Rating Name, Rating "
            "Description, Rating Points belong together, and are repeated as often as a row needs.",
        ),
        (
            f"Rubric Name,Criteria Description{GROUP}",
            "The file has no column Criteria Name, which every row needs. Add it, or choose the "
            "right kind of file.",
        ),
        (
            f"{HEADER},Rating Nmae{GROUP}",
            "The kind “rubrics” has no column “rating_nmae” (did you mean “rating_name”?). "
            "Rename or remove it, or choose to ignore unknown columns.",
        ),
    ],
)
def test_a_header_with_half_a_group_refuses_the_file(preview_rubrics, taught, header, message):
    assert preview_rubrics(f"{header}\nEssay,Argument,,,Strong,,10\n").sentence == message


def test_rows_of_one_file_that_repeat_or_contradict_each_other(preview_rubrics, taught):
    batch = preview_rubrics(
        f"{HEADER}{GROUP}\nEssay,Argument,,,Strong,,10\nEssay,Argument,,,Strong,,10\n"
        "Essay,Argument,,,Strong,,9\n",
        on_error="skip",
    )

    assert (batch.created, batch.duplicates, batch.rejected) == (1, 1, 1)
    assert issue_messages(batch) == [
        "Line 3: the same row stands on line 2 already. It is ignored.",
        "Line 4: the same row stands on line 2 already with another value in ratings. The first "
        "one stands.",
    ]


def test_a_rubric_in_use_is_not_changed_and_its_new_version_is(
    preview_rubrics, import_rubrics, taught
):
    import_rubrics(ESSAY)
    marked_by("Essay")
    more = f"{HEADER}{GROUP}\nEssay,Argument,Is it supported?,true,Strong,Every claim,11\n"
    message = "Work was marked by this rubric already. Make a new version instead."

    assert issue_messages(preview_rubrics(more)) == [f"Line 2: Rubric Name “Essay”: {message}"]
    another = f"{HEADER}{GROUP}\nEssay,Style,,,Good,,3\n"
    assert issue_messages(preview_rubrics(another)) == [f"Line 2: Rubric Name “Essay”: {message}"]
    assert counts(import_rubrics(ESSAY)) == (3, 0, 0, 3, 0)
    used = GradingRubric.objects.get(title="Essay")
    with pytest.raises(ValidationError) as form:
        RubricCriterion(rubric=used, position=9, title="Style", max_points=3).full_clean()
    assert form.value.messages == [message]

    newest = new_version(used)
    import_rubrics(more)
    assert newest.criteria.get(title="Argument").max_points == 11
    assert used.criteria.get(title="Argument").max_points == 10


def test_a_rubric_that_comes_into_use_after_the_preview_is_left_alone(
    preview_rubrics, import_rubrics, taught
):
    import_rubrics(ESSAY)
    batch = preview_rubrics(f"{HEADER}{GROUP}\nEssay,Argument,,,Strong,,11\n")
    marked_by("Essay")

    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, batch.uploaded_by)
    assert RubricLevel.objects.get(title="Strong").points == 10


def test_what_changed_since_the_preview_makes_a_new_one(preview_rubrics, import_rubrics, taught):
    import_rubrics(ESSAY)
    batch = preview_rubrics(f"{HEADER}{GROUP}\nEssay,Sources,,,Many,,5\n")
    RubricLevel.objects.filter(title="Many").update(points=4)

    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, batch.uploaded_by)
    assert RubricLevel.objects.get(title="Many").points == 4


def test_points_that_were_entered_by_hand_stay_until_released(
    preview_rubrics, import_rubrics, taught
):
    import_rubrics(ESSAY)
    level = RubricLevel.objects.get(title="Many")
    with recording(actor=None, source=ChangeSet.Source.FORM):
        level.points = 3
        level.save()
    batch = preview_rubrics(ESSAY)

    assert (counts(batch), batch.preserved_edits) == ((3, 0, 0, 3, 0), {"rating_points": 1})
    assert issue_messages(batch) == [
        "Line 4: Rating Points “6” is not taken: “3” was entered by hand since the last import. "
        "Release the column to take the file's."
    ]
    assert counts(release(batch, ["rating_points"])) == (3, 0, 1, 2, 0)


def test_modes(preview_rubrics, import_rubrics, taught):
    import_rubrics(f"{HEADER}{GROUP}\nEssay,Argument,,,Strong,,10\n")
    known = f"{HEADER}{GROUP}\nEssay,Argument,,,Strong,,9\n"
    new = f"{HEADER}{GROUP}\nEssay,Style,,,Good,,3\nTalk,Voice,,,Clear,,5\n"

    assert issue_messages(preview_rubrics(known, mode="create")) == [
        "Line 2: Rubric Name “Essay”: this row exists already, and the chosen mode only adds rows."
    ]
    assert issue_messages(preview_rubrics(new, mode="update")) == [
        "Line 2: Rubric Name “Essay”: no such row exists, and this import only changes rows that "
        "do.",
        "Line 3: Rubric Name “Talk” names no rubric that exists. Check it, or add it first.",
    ]
    with pytest.raises(CommandError) as refusal:
        call_command("import_csv", "rubrics", "x.csv", mode="sync")
    assert str(refusal.value) == (
        "--mode sync is for enrollments; a file of another kind has no roster."
    )


def test_a_file_without_a_course_needs_one_that_can_be_meant(
    preview_rubrics, import_rubrics, taught, instructor
):
    import_rubrics(ESSAY)
    Course.objects.filter(code="ART200").update(instructor=instructor)
    new = f"{HEADER}{GROUP}\nPoster,Colour,,,Bright,,5\n"

    assert issue_messages(preview_rubrics(new)) == [
        "Line 2: Rubric Name “Poster”: the file does not say for which course. Add the columns "
        "Course Code and Presentation."
    ]
    assert counts(preview_rubrics(ESSAY)) == (3, 0, 0, 3, 0)  # only one course has them
    head = f"{HEADER},Course Code,Presentation{GROUP}"
    import_rubrics(
        f"{head}\nPoster,Colour,,,ART200,2026B,Bright,,5\nEssay,Argument,,,ART200,2026B,A,,1\n"
    )
    assert GradingRubric.objects.get(title="Poster").course.code == "ART200"
    assert issue_messages(preview_rubrics(ESSAY))[0] == (
        "Line 2: Rubric Name “Essay”: the file does not say for which course. Add the columns "
        "Course Code and Presentation."
    )


def test_nobody_brings_rubrics_into_the_course_of_another(
    preview_rubrics, import_rubrics, taught, upload, registrar
):
    head = f"{HEADER},Course Code,Presentation{GROUP}"
    foreign = Course.objects.get(code="ART200")
    poster = GradingRubric.objects.create(course=foreign, title="Poster")
    RubricCriterion.objects.create(rubric=poster, position=1, title="Colour", max_points=5)
    batch = preview_rubrics(
        f"{head}\nPoster,Colour,,,ART200,2026B,Bright,,5\nEssay,A,,,BIO101,2027X,Bright,,5\n"
    )

    message = (
        "names no course into which you may bring rubrics. Check it, or ask whoever teaches the "
        "course."
    )
    assert issue_messages(batch) == [
        f"Line 2: Course Code “ART200” {message}",
        f"Line 3: Presentation “2027X” {message}",
    ]
    with pytest.raises(PermissionDenied):
        upload("rubrics", ESSAY, actor=registrar)
    assert counts(import_rubrics(ESSAY)) == (3, 3, 0, 0, 0)
    assert counts(preview_rubrics(f"{HEADER}{GROUP}\nPoster,Colour,,,Bright,,5\n")) == (
        1,
        1,
        0,
        0,
        0,
    )
