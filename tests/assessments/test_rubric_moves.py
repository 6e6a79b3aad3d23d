"""Marks move to another rubric as it was shown before, and back as they were."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.apps.assessments.grading.marked_work import marked_work, work_to_mark
from backoffice.apps.assessments.grading.writing import GradeInput, StaleGrade, write_grade
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    RubricMove,
)
from backoffice.apps.assessments.rubrics.move_writing import (
    MovedSince,
    StaleMove,
    apply_move,
    undo_move,
)
from backoffice.apps.assessments.rubrics.moves import plan_move
from backoffice.audit.models import ChangeSet
from tests.assessments.moved_work import (
    FIRST,
    REASON,
    TABLES,
    many_marked,
    marked,
    move,
    rubric_with,
)
from tests.stored_rows import stored_rows

pytestmark = pytest.mark.django_db
TYPICAL = {"Argument": "Strong", "Sources": "Sound", "Style": "Good"}
WHY = "It was the wrong version."


@pytest.fixture
def paper(course: Any) -> Assessment:
    """An assessment marked by the first version, passed with 50 points."""
    rubric = rubric_with(course, FIRST)
    return Assessment.objects.create(
        course=course, code="E1", title="Essay", rubric=rubric, passing_score=50
    )


def second(paper: Assessment, **changed: Any) -> Any:
    """The second version: with these criteria changed, those of None left out."""
    flags = changed.pop("flags", {})
    criteria = {title: each for title, each in (FIRST | changed).items() if each is not None}
    return rubric_with(paper.course, criteria, version=2, **flags)


def scores(row: AssessmentSubmission) -> tuple[Any, ...]:
    row.refresh_from_db()
    return row.computed_score, row.score, row.version


def test_what_is_shown_for_a_thousand_grades_is_what_becomes_of_them(paper, instructor):
    works = many_marked(paper, instructor, 1000)
    AssessmentSubmission._base_manager.filter(pk=works.rows[1].pk).update(
        status="finalized", posted_at=timezone.now()
    )
    new = second(paper, Sources={"Strong": 30, "Sound": 20, "Poor": 5})
    before = stored_rows(TABLES)
    plan = plan_move(paper, new)
    assert (len(plan.works), len(plan.final)) == (999, 1)
    expected = {
        each.submission.pk: (
            each.computed, each.score, each.override_reason, each.submission.version + 1, new.pk,
            sorted((m.pk, m.criterion, m.level, m.points, m.maximum) for m in each.marks),
        )
        for each in plan.works
    }  # fmt: skip
    moved = move(paper, new, instructor)
    assert results(plan.works) == expected
    assert len({value[1] for value in expected.values()}) > 5
    assert (moved.moved_count, moved.incomplete_count) == (999, len(plan.incomplete))
    undo_move(moved.pk, instructor, WHY)
    assert stored_rows(TABLES) == before


def results(works: Any) -> dict[int, Any]:
    marks: dict[int, list[Any]] = {each.submission.pk: [] for each in works}
    names = ("submission", "pk", "criterion", "level", "points", "maximum")
    for key, *values in CriterionScore.objects.filter(submission__in=marks).values_list(*names):
        marks[key].append(tuple(values))
    names = ("computed_score", "score", "override_reason", "version", "rubric")
    rows = AssessmentSubmission.objects.filter(pk__in=marks).values_list("pk", *names)
    return {key: (*values, sorted(marks[key])) for key, *values in rows}


def test_a_move_takes_few_statements_however_many_grades(paper, instructor, student):
    counts = []
    for number, version in ((3, 2), (40, 3)):
        new = rubric_with(
            paper.course, FIRST | {"Sources": {"Strong": 20 + version, "Sound": 9}}, version
        )
        essay = Assessment.objects.create(
            course=paper.course, code=f"M{number}", rubric=paper.rubric
        )
        for n in range(number):
            levels = TYPICAL | {"Sources": "Weak" if n % 2 else "Strong"}
            marked(essay, student(f"q{number}x{n}"), instructor, **levels)
        digest = plan_move(essay, new).digest
        with CaptureQueriesContext(
            connection,
        ) as queries:
            apply_move(essay, new, digest, instructor, REASON)
        counts.append(len([q for q in queries if not is_frame(q["sql"])]))
    assert counts[0] == counts[1]
    assert counts[0] <= 22


def is_frame(sql: str) -> bool:
    return sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))


def test_levels_of_the_same_title_give_their_points(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    assert scores(work) == (80, 80, work.version)
    version = work.version
    new = second(paper, Argument={"Strong": 50, "Sound": 25}, Sources={"Sound": 15, "Weak": 1})
    plan = plan_move(paper, new)
    assert [(each.change, each.is_incomplete) for each in plan.graded] == [(5, False)]
    move(paper, new, instructor)
    assert scores(work) == (85, 85, version + 1)
    assert work.rubric == new
    paper.refresh_from_db()
    assert paper.rubric == new
    assert set(work.criterion_scores.values_list("criterion__rubric", "comment")) == {
        (new.pk, f"About {title}.") for title in FIRST
    }
    assert work.grader == instructor


def test_points_within_the_range_of_the_level_are_kept(paper, instructor, student):
    inside = marked(
        paper, student("s1"), instructor, Argument="Sound", Sources="Weak", Style="Good"
    )
    outside = marked(
        paper, student("s2"), instructor, Argument="Weak", Sources="Weak", Style="Good"
    )
    new = second(
        paper,
        Argument={"Strong": 40, "Sound": 30, "Weak": 5},
        flags={"Argument": {"has_ranges": True}},
    )
    plan = plan_move(paper, new)
    assert [each.submission for each in plan.incomplete] == [outside]
    move(paper, new, instructor)
    assert scores(inside)[:2] == (45, 45)
    assert scores(outside)[:2] == (None, 30)
    assert inside.criterion_scores.get(criterion__title="Argument").points == 25


def test_points_without_levels_are_kept_up_to_the_new_maximum(course, instructor, student):
    old = rubric_with(course, {"Length": 50, "Form": 50})
    paper = Assessment.objects.create(course=course, code="E2", rubric=old)
    high = marked(paper, student("s1"), instructor, Length=45, Form=10)
    low = marked(paper, student("s2"), instructor, Length=Decimal("39.5"), Form=10)
    new = rubric_with(course, {"Length": 40, "Form": 60}, version=2)
    assert [each.submission for each in plan_move(paper, new).incomplete] == [high]
    move(paper, new, instructor)
    assert scores(low)[:2] == (Decimal("49.5"), Decimal("49.5"))
    assert scores(high)[:2] == (None, 55)


def test_what_cannot_be_carried_is_named_and_the_score_stands(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    new = second(paper, Sources=None, Evidence={"Strong": 40, "Weak": 0})
    plan = plan_move(paper, new)
    (one,) = plan.incomplete
    assert [each.title for each in one.missing] == ["Evidence"]
    assert [each.title for each in plan.match.added] == ["Evidence"]
    sources = next(each for each in plan.match.matches if each.old.title == "Sources")
    assert str(sources.why) == "The other rubric has no criterion of this title."
    assert plan.dropped_counts == {sources.old.pk: 1}
    before = stored_rows(TABLES)
    moved = move(paper, new, instructor)
    assert scores(work)[:2] == (None, 80)
    assert work.status == "graded"
    assert set(work.criterion_scores.values_list("criterion__title", flat=True)) == {
        "Argument", "Style",
    }  # fmt: skip
    undo_move(moved.pk, instructor, WHY)
    assert stored_rows(TABLES) == before


def test_a_criterion_less_takes_its_points_away(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    new = second(paper, Style=None)
    assert [each.change for each in plan_move(paper, new).graded] == [-20]
    move(paper, new, instructor)
    assert scores(work)[:2] == (60, 60)


def test_doubled_titles_and_other_kinds_are_not_carried(course, instructor, student):
    paper = Assessment.objects.create(course=course, code="E3", rubric=rubric_with(course, FIRST))
    marked(paper, student("s1"), instructor, **TYPICAL)
    new = rubric_with(course, FIRST, version=2, Style={"is_deduction": True})
    new.criteria.filter(title="Sources").update(title="Argument")
    reasons = {each.old.title: str(each.why) for each in plan_move(paper, new).match.matches}
    assert reasons == {
        "Argument": "Several criteria have this title, so it is not clear which one is meant.",
        "Sources": "The other rubric has no criterion of this title.",
        "Style": "It adds points in one of the two rubrics and deducts them in the other.",
    }


def test_an_override_stays_with_its_reason_and_both_numbers(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    work.score, work.override_reason = Decimal(77), "A kind day."
    work.save()
    new = second(paper, Argument={"Strong": 30})
    move(paper, new, instructor)
    assert scores(work)[:2] == (70, 77)
    assert (work.override_reason, work.is_override) == ("A kind day.", True)


def test_who_crosses_the_pass_mark_is_listed_both_ways(paper, instructor, student):
    falls = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Weak", Style="Good"
    )
    levels = {"Argument": "Weak", "Sources": "Sound", "Style": "Poor"}
    rises = marked(paper, student("s2"), instructor, **levels)
    new = second(paper, Argument={"Strong": 25, "Weak": 10}, Sources={"Sound": 35, "Weak": 0})
    plan = plan_move(paper, new)
    assert [each.submission for each in plan.crossing(upwards=True)] == [rises]
    assert [each.submission for each in plan.crossing(upwards=False)] == [falls]


def test_a_final_grade_stays_with_the_version_it_was_given_by(paper, instructor, student):
    old = paper.rubric
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    AssessmentSubmission._base_manager.filter(pk=work.pk).update(rubric=None)
    work.refresh_from_db()
    work.status = "finalized"
    work.save()
    before, version = stored_rows(TABLES), work.version
    moved = move(paper, second(paper, Argument={"Strong": 1}), instructor)
    assert scores(work) == (80, 80, version)
    assert work.rubric == old
    undo_move(moved.pk, instructor, WHY)
    work.refresh_from_db()
    assert work.rubric is None
    assert [rows for table, rows in stored_rows(TABLES[:3]).items() if rows != before[table]] == []


def test_a_move_is_refused_once_the_answer_is_another(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    new = second(paper, Argument={"Strong": 30})
    digest = plan_move(paper, new).digest
    given = GradeInput(opened(work), score=Decimal(12), override_reason="Copied.")
    write_grade(work.pk, given, instructor)
    with pytest.raises(StaleMove) as stale:
        apply_move(paper, new, digest, instructor, REASON)
    assert [each.score for each in stale.value.plan.graded] == [12]
    assert not RubricMove.objects.exists()
    digest = plan_move(paper, new).digest
    new.criteria.get(title="Argument").levels.update(description="Clear.")
    with pytest.raises(StaleMove):
        apply_move(paper, new, digest, instructor, REASON)


def opened(work: AssessmentSubmission) -> str:
    return marked_work(work_to_mark().get(pk=work.pk)).version


def test_a_grader_whose_form_is_open_meets_the_conflict(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    given = GradeInput(opened(work), score=Decimal(12), override_reason="Copied.")
    move(paper, second(paper, Argument={"Strong": 30}), instructor)
    with pytest.raises(StaleGrade):
        write_grade(work.pk, given, instructor)


def test_a_move_is_not_undone_over_a_grade_that_changed_since(paper, instructor, student):
    works = [
        marked(
            paper, student(f"s{n}"), instructor, Argument="Strong", Sources="Sound", Style="Good"
        )
        for n in range(2)
    ]
    moved = move(paper, second(paper, Argument={"Strong": 30}), instructor)
    given = GradeInput(opened(works[1]), score=Decimal(12), override_reason="Copied.")
    write_grade(works[1].pk, given, instructor)
    before = stored_rows(TABLES)
    with pytest.raises(MovedSince) as refused:
        undo_move(moved.pk, instructor, WHY)
    assert refused.value.works == [works[1]]
    assert stored_rows(TABLES) == before


def test_a_move_is_undone_once_and_the_latest_first(paper, instructor, student):
    marked(paper, student("s1"), instructor, **TYPICAL)
    first = move(paper, second(paper, Argument={"Strong": 30}), instructor)
    later = move(paper, rubric_with(paper.course, FIRST, version=3), instructor)
    with pytest.raises(ValidationError) as refused:
        undo_move(first.pk, instructor, WHY)
    assert refused.value.messages == [
        "The assessment is marked by another rubric by now. Undo that first."
    ]
    undo_move(later.pk, instructor, WHY)
    undo_move(first.pk, instructor, WHY)
    with pytest.raises(ValidationError) as refused:
        undo_move(first.pk, instructor, WHY)
    assert refused.value.messages == ["This move is undone already."]


def test_work_marked_since_keeps_its_rubric_when_the_move_is_undone(paper, instructor, student):
    new = second(paper, Argument={"Strong": 30})
    moved = move(paper, new, instructor)
    paper.refresh_from_db()
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    undo_move(moved.pk, instructor, WHY)
    work.refresh_from_db()
    assert (work.rubric, work.score) == (new, 70)


def test_the_version_that_marks_came_from_is_not_edited(paper, instructor, student):
    marked(paper, student("s1"), instructor, **TYPICAL)
    old = paper.rubric
    move(paper, second(paper, Argument={"Strong": 30}), instructor)
    assert not CriterionScore.objects.filter(criterion__rubric=old).exists()
    assert old.is_used


def test_a_rubric_with_marks_is_not_exchanged_in_place(paper, instructor, student):
    new = second(paper, Argument={"Strong": 30})
    paper.rubric = new
    paper.full_clean()
    paper.refresh_from_db()
    marked(paper, student("s1"), instructor, **TYPICAL)
    paper.rubric = new
    with pytest.raises(ValidationError) as refused:
        paper.full_clean()
    assert refused.value.message_dict == {
        "rubric": [
            "Work is marked by this rubric. Choose “Move to another rubric” on the page of the "
            "assessment: it shows what would change before anything does."
        ]
    }


def test_one_change_set_holds_a_move_and_one_its_undoing(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    moved = move(paper, second(paper, Argument={"Strong": 30}), instructor)
    mark = work.criterion_scores.get(criterion__title="Argument")
    rows = [work.history.first(), mark.history.first(), paper.history.first()]
    assert {row.change_set_id for row in rows} == {moved.moved_in}
    made = ChangeSet.objects.get(pk=moved.moved_in)
    assert (made.reason, made.source) == (REASON, "action")
    undo_move(moved.pk, instructor, WHY)
    undone = {row.history.first().change_set for row in (work, mark, paper)}
    assert [(each.reason, each.source) for each in undone] == [(WHY, "undo")]


def test_nobody_moves_their_own_grade(paper, instructor, student):
    work = marked(
        paper, student("s1"), instructor, Argument="Strong", Sources="Sound", Style="Good"
    )
    new = second(paper, Argument={"Strong": 50})
    with pytest.raises(ValidationError) as refused:
        apply_move(paper, new, plan_move(paper, new).digest, work.student, REASON)
    assert refused.value.messages == [
        "Your own work is among it. Somebody else has to move the assessment."
    ]
