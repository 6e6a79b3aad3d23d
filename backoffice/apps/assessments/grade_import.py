"""What a file of grades means: which attempt it speaks of, and what may not change."""

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _

from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.resource import Written
from backoffice.bulk.kinds.sql_names import NOW, cell, planned, referred, stored, version

# The order in which attempts count, the one that does first; see `SubmissionQuerySet.counting`.
# The keys stand in an inner query: SQLite knows no outer name in ORDER BY.
METHOD = referred("assessment", "grading_method")
COUNTING = f"""
    SELECT o.id FROM (
        SELECT x.id,
            CASE {METHOD} WHEN 'highest' THEN coalesce(x.score, -1) END AS best,
            x.attempt * CASE {METHOD} WHEN 'first' THEN -1 ELSE 1 END AS rank
        FROM assessments_submission x
        WHERE x.assessment_id = {referred("assessment")} AND x.student_id = {referred("student")}) o
    ORDER BY o.best DESC, o.rank DESC LIMIT 1"""
OTHERS = (
    f"SELECT 1 FROM assessments_submission x WHERE x.assessment_id = {stored('assessment_id')} "
    f"AND x.student_id = {stored('student_id')} AND x.id <> {stored()}"
)
# The maximum stands beside the grade, and no version has it.
RESTORED_GRADE = {
    "maximum": "(SELECT x.max_score FROM assessments_assessment x "
    f"WHERE x.id = {version('assessment_id')})"
}
# Who has a grade in a course stays enrolled in it.
GRADED_ENROLLMENTS = {
    "enrollments": "EXISTS (SELECT 1 FROM assessments_submission x "
    "JOIN assessments_assessment a ON a.id = x.assessment_id "
    f"WHERE x.student_id = {version('student_id')} AND a.course_id = {version('course_id')})"
}
STATUS, SCORE = stored("status"), stored("score")


def written_with(new_score: str) -> dict[str, Written]:
    """What is written besides the columns of the file.

    A score makes work graded, at the moment of the import and by no person; a new score is another
    version of the grade. `new_score` is SQL for the score that is written; blank without one.
    """
    assessment = f"assessments_assessment x WHERE x.id = {planned('assessment')}"
    written = {"maximum": Written(f"(SELECT x.max_score FROM {assessment})")}
    if not new_score:
        return written
    regraded = _regraded(new_score)
    is_open = f"{STATUS} IN ('in_progress', 'submitted')"
    return written | {
        "status": Written(
            f"CASE WHEN {cell('score')} IS NULL THEN 'submitted' ELSE 'graded' END",
            f"CASE WHEN {regraded} AND {is_open} THEN 'graded' ELSE {STATUS} END",
        ),
        "graded_at": Written(
            f"CASE WHEN {cell('score')} IS NOT NULL THEN {NOW} END",
            f"CASE WHEN {regraded} THEN {NOW} ELSE {stored('graded_at')} END",
        ),
        "version": Written("1", f"{stored('version')} + CASE WHEN {regraded} THEN 1 ELSE 0 END"),
        "grader": Written("NULL", f"CASE WHEN NOT ({regraded}) THEN {stored('grader_id')} END"),
    }


def _regraded(score: str) -> str:
    """SQL: the stored row would have another score."""
    return f"({score}) IS NOT NULL AND ({SCORE} IS NULL OR {SCORE} <> ({score}))"


def finality_checks(file_score: str, *, has_reason: bool) -> Iterator[Check]:
    """A final grade, a better attempt, a blank cell over one; `file_score` is SQL for the score."""
    is_final = f"({STATUS} = 'finalized' AND {_regraded(file_score)})"
    if has_reason:
        message = _(
            "{column} “{value}” replaces the final grade {other}. A second person has to agree."
        )
        yield Check(
            *("final_grade_changed", "score", message, (is_final, ()), ("score",)),
            is_warning=True,
            other=SCORE,
            holds=True,
        )
    else:
        message = _(
            "{column} “{value}”: the grade {other} is final. Give a reason for the import; a "
            "second person has to agree then."
        )
        yield Check("final_grade", "score", message, (is_final, ()), ("score",), other=SCORE)
    better = (
        f"({METHOD} = 'highest' AND {stored()} IS NOT NULL "
        f"AND ({file_score}) IS NOT NULL AND EXISTS ({OTHERS} AND x.score > ({file_score})))"
    )
    message = _(
        "{column} “{value}”: another attempt of the student has more points and would count. "
        "Change that attempt."
    )
    yield Check("better_attempt", "score", message, (better, ()), ("score",))
    is_blank = f"({cell('score')} IS NULL AND {SCORE} IS NOT NULL)"
    message = _("{column} is blank; the stored {other} stands.")
    yield Check(
        *("score_kept", "score", message, (is_blank, ()), ("score",)),
        is_warning=True,
        other=SCORE,
    )


def conflict_check(differs: Callable[[str, str], str]) -> Check:
    """A score somebody changed here and somebody else in the file, each in another way."""
    base, incoming = cell("base_score"), cell("score")
    condition = " AND ".join(
        [f"{stored()} IS NOT NULL AND {incoming} IS NOT NULL", differs(SCORE, base)]
        + [differs(incoming, base), differs(incoming, SCORE)]
    )
    message = _(
        "{column} “{value}”: since the export the score went from {other}. To keep what is stored, "
        "enter it as {column}; to replace it, enter it as {beside}."
    )
    other = f"{_points(base)} || ' to ' || {_points(SCORE)}"
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
    several = f"({METHOD} = 'average' AND {stored()} IS NOT NULL AND EXISTS ({OTHERS}))"
    return Check("average_of_attempts", "assessment_id", message, (several, ()))


def undated_check(file_score: str, submitted_on: str) -> Check:
    """A score of somebody withdrawn, without the day that would say whether it is of before.

    `submitted_on` is SQL for the day in the file.
    """
    is_withdrawn = (
        f"EXISTS (SELECT 1 FROM users_enrollment e WHERE e.student_id = {referred('student')} "
        f"AND e.course_id = {referred('assessment', 'course_id')} AND e.status = 'withdrawn')"
    )
    message = _(
        "{column} “{value}”: the student is withdrawn, and the file does not say when this was "
        "handed in."
    )
    is_new = f"{_regraded(file_score)} AND {submitted_on} IS NULL"
    condition = (f"({is_new} AND {is_withdrawn})", ())
    return Check("undated_of_withdrawn", "score", message, condition, ("score",), is_warning=True)


def time_checks() -> Iterator[Check]:
    """Work from before the course, or from after the student left it; both occur."""
    submitted_on, course = cell("submitted_on"), referred("assessment", "course_id")
    before = (
        f"EXISTS (SELECT 1 FROM courses_course c WHERE c.id = {course} "
        f"AND c.starts_on > {submitted_on})"
    )
    after = (
        f"EXISTS (SELECT 1 FROM users_enrollment e WHERE e.student_id = {referred('student')} "
        f"AND e.course_id = {course} AND e.withdrawn_on < {submitted_on})"
    )
    early = _("{column} “{value}” lies before the start of the course.")
    late = _("{column} “{value}” lies after the student's withdrawal.")
    yield _strange("submitted_before_start", early, before)
    yield _strange("submitted_after_withdrawal", late, after)


def _strange(code: str, message: str, condition: str) -> Check:
    reads = ("submitted_on",)
    return Check(code, "submitted_on", message, (condition, ()), reads, is_warning=True)
