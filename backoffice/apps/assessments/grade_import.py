"""What a file of grades means: which attempt it speaks of, and what may not change.

SQL over the aliases of an import: `s` the staged row, `t` the submission as stored, `r_assessment`
and `r_student` what the row names.
"""

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.resource import Written

# The order in which attempts count, the one that does first; see `SubmissionQuerySet.counting`.
# The keys stand in an inner query: SQLite knows no outer name in ORDER BY.
COUNTING = """
    SELECT o.id FROM (
        SELECT x.id,
            CASE r_assessment.grading_method WHEN 'highest' THEN coalesce(x.score, -1) END AS best,
            x.attempt * CASE r_assessment.grading_method WHEN 'first' THEN -1 ELSE 1 END AS turn
        FROM assessments_submission x
        WHERE x.assessment_id = r_assessment.id AND x.student_id = r_student.id) o
    ORDER BY o.best DESC, o.turn DESC LIMIT 1"""
OTHERS = (
    "SELECT 1 FROM assessments_submission x WHERE x.assessment_id = t.assessment_id "
    "AND x.student_id = t.student_id AND x.id <> t.id"
)


def written_with(new_score: str) -> dict[str, Written]:
    """What is written besides the columns of the file.

    A score makes work graded, at the moment of the import and by no person; a new score is another
    version of the grade. `new_score` is SQL for the score that is written; blank without one.
    """
    maximum = "(SELECT x.max_score FROM assessments_assessment x WHERE x.id = p.fk_assessment)"
    written = {"maximum": Written(maximum)}
    if not new_score:
        return written
    regraded = _regraded(new_score)
    is_open = "t.status IN ('in_progress', 'submitted')"
    return written | {
        "status": Written(
            "CASE WHEN s.c_score IS NULL THEN 'submitted' ELSE 'graded' END",
            f"CASE WHEN {regraded} AND {is_open} THEN 'graded' ELSE t.status END",
        ),
        "graded_at": Written(
            "CASE WHEN s.c_score IS NOT NULL THEN {now} END",
            f"CASE WHEN {regraded} THEN {{now}} ELSE t.graded_at END",
        ),
        "version": Written("1", f"t.version + CASE WHEN {regraded} THEN 1 ELSE 0 END"),
        "grader": Written("NULL", f"CASE WHEN NOT ({regraded}) THEN t.grader_id END"),
    }


def _regraded(score: str) -> str:
    """SQL: the stored row would have another score."""
    return f"({score}) IS NOT NULL AND (t.score IS NULL OR t.score <> ({score}))"


def finality_checks(file_score: str, *, has_reason: bool) -> Iterator[Check]:
    """A final grade, a better attempt, a blank cell over one; `file_score` is SQL for the score."""
    is_final = f"(t.status = 'finalized' AND {_regraded(file_score)})"
    if has_reason:
        message = _(
            "{column} “{value}” replaces the final grade {other}. A second person has to agree."
        )
        yield Check(
            *("final_grade_changed", "score", message, (is_final, ()), ("score",)),
            is_warning=True,
            other="t.score",
            holds=True,
        )
    else:
        message = _(
            "{column} “{value}”: the grade {other} is final. Give a reason for the import; a "
            "second person has to agree then."
        )
        yield Check("final_grade", "score", message, (is_final, ()), ("score",), other="t.score")
    better = (
        f"(r_assessment.grading_method = 'highest' AND t.id IS NOT NULL "
        f"AND ({file_score}) IS NOT NULL AND EXISTS ({OTHERS} AND x.score > ({file_score})))"
    )
    message = _(
        "{column} “{value}”: another attempt of the student has more points and would count. "
        "Change that attempt."
    )
    yield Check("better_attempt", "score", message, (better, ()), ("score",))
    is_blank = "(s.c_score IS NULL AND t.score IS NOT NULL)"
    message = _("{column} is blank; the stored {other} stands.")
    yield Check(
        *("score_kept", "score", message, (is_blank, ()), ("score",)),
        is_warning=True,
        other="t.score",
    )


def conflict_check(differs: Callable[[str, str], str]) -> Check:
    """A score somebody changed here and somebody else in the file, each in another way."""
    base, incoming, stored = "s.c_base_score", "s.c_score", "t.score"
    condition = " AND ".join(
        [f"t.id IS NOT NULL AND {incoming} IS NOT NULL", differs(stored, base)]
        + [differs(incoming, base), differs(incoming, stored)]
    )
    message = _(
        "{column} “{value}”: since the export the score went from {other}. To keep what is stored, "
        "enter it as {column}; to replace it, enter it as {beside}."
    )
    other = f"{_points(base)} || ' to ' || {_points(stored)}"
    return Check(
        "changed_since_export",
        "score",
        message,
        (f"({condition})", ()),
        reads=("score", "base_score"),
        other=other,
        other_column="base_score",
    )


def _points(sql: str) -> str:
    """SQL: a score as text, without zeros that say nothing."""
    text = f"CAST({sql} AS text)"
    short = f"CASE WHEN {text} LIKE '%%.%%' THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
    return f"coalesce({short}, 'blank')"


def average_check() -> Check:
    """A grade that is the average of several attempts is nobody's to write."""
    message = _(
        "{column} “{value}”: the grade of this student is the average of several attempts. "
        "Grade the attempts."
    )
    several = (
        f"(r_assessment.grading_method = 'average' AND t.id IS NOT NULL AND EXISTS ({OTHERS}))"
    )
    return Check("average_of_attempts", "assessment_id", message, (several, ()))


def time_checks() -> Iterator[Check]:
    """Work from before the course, or from after the student left it; both occur."""
    submitted_on = "s.c_submitted_on"
    before = (
        "EXISTS (SELECT 1 FROM courses_course c WHERE c.id = r_assessment.course_id "
        f"AND c.starts_on > {submitted_on})"
    )
    after = (
        "EXISTS (SELECT 1 FROM users_enrollment e WHERE e.student_id = r_student.id "
        f"AND e.course_id = r_assessment.course_id AND e.withdrawn_on < {submitted_on})"
    )
    early = _("{column} “{value}” lies before the start of the course.")
    late = _("{column} “{value}” lies after the student's withdrawal.")
    yield _strange("submitted_before_start", early, before)
    yield _strange("submitted_after_withdrawal", late, after)


def _strange(code: str, message: str, condition: str) -> Check:
    reads = ("submitted_on",)
    return Check(code, "submitted_on", message, (condition, ()), reads, is_warning=True)
