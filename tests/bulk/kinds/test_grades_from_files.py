"""Grades come from files onto the attempt that counts, and nothing of a grade is lost."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.export.csv_export import exported_rows
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch

HEADER = "student_id,assessment_id,course_code,presentation,score,submitted_on\n"


@pytest.fixture
def ada(student: Any, courses: dict[str, Course]) -> User:
    """Of BIO101."""
    ada = student("s1001")
    Enrollment.objects.create(student=ada, course=courses["BIO101"], enrolled_on="2026-02-01")
    return ada


@pytest.fixture
def essay(courses: dict[str, Course]) -> Assessment:
    """Of BIO101, with up to three attempts."""
    return Assessment.objects.create(course=courses["BIO101"], code="ESSAY", max_attempts=3)


def status_of(score: int | None) -> str:
    return "submitted" if score is None else "graded"


def attempts(essay: Assessment, ada: User, *scores: int | None) -> list[AssessmentSubmission]:
    rows = AssessmentSubmission.objects
    return [
        rows.create(assessment=essay, student=ada, attempt=n, score=score, status=status_of(score))
        for n, score in enumerate(scores, 1)
    ]


def row(score: object, code: str = "ESSAY", course: str = "BIO101", on: str = "2026-03-01") -> str:
    return f"{HEADER}s1001,{code},{course},2026J,{score},{on}\n"


def messages(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def scores(essay: Assessment) -> list[Decimal | None]:
    return list(essay.submissions.order_by("attempt").values_list("score", flat=True))


def test_a_score_makes_the_submission_and_its_grade(import_file, ada, essay):
    batch = import_file("grades", row("71.5"))

    made = AssessmentSubmission.objects.get()
    assert (made.student, made.assessment, made.attempt) == (ada, essay, 1)
    assert (made.score, made.maximum, made.status) == (Decimal("71.5"), 100, "graded")
    assert (made.graded_at, made.grader) == (batch.applied_at, None)
    assert made.submitted_at.isoformat() == "2026-03-01T00:00:00+00:00"
    assert made.history.get().line == 2
    made.full_clean()


def test_a_blank_score_makes_work_that_waits_for_its_grade(import_file, ada, essay):
    import_file("grades", row(""))

    made = AssessmentSubmission.objects.get()
    assert (made.score, made.status, made.graded_at) == (None, "submitted", None)


def test_a_blank_score_takes_no_grade_away(import_file, ada, essay):
    attempts(essay, ada, 71)
    batch = import_file("grades", row(""))

    assert scores(essay) == [71]
    assert messages(batch) == ["Line 2: score is blank; the stored 71 stands."]


def test_the_same_file_again_changes_nothing(import_file, ada, essay):
    import_file("grades", row("71.5"))
    again = import_file("grades", row("71.50"))

    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    assert AssessmentSubmission.history.count() == 1


def test_a_new_score_is_another_version_that_nobody_signed(import_file, ada, essay, instructor):
    (work,) = attempts(essay, ada, 40)
    AssessmentSubmission.objects.filter(pk=work.pk).update(grader=instructor)
    import_file("grades", row("45"))

    work.refresh_from_db()
    assert (work.score, work.version, work.grader) == (45, 2, None)


@pytest.mark.parametrize(
    ("method", "before", "after"),
    [
        ("highest", (60, 80, 70), (60, 75, 70)),
        ("latest", (60, 80, 70), (60, 80, 75)),
        ("first", (60, 80, 70), (75, 80, 70)),
        ("highest", (60, None), (75, None)),
    ],
)
def test_the_score_goes_to_the_attempt_that_counts(import_file, ada, essay, method, before, after):
    Assessment.objects.filter(pk=essay.pk).update(grading_method=method)
    attempts(essay, ada, *before)
    import_file("grades", row("75"))

    assert scores(essay) == list(after)
    selection = Selection.of_all(kinds["grades"])
    out = [dict(zip(selection.header, cells, strict=True)) for cells in exported_rows(selection)]
    assert [float(cells["score"]) for cells in out] == [75]


def test_a_better_attempt_and_an_average_are_refused(upload, ada, essay):
    attempts(essay, ada, 60, 80)
    below = upload("grades", row("50"))
    Assessment.objects.filter(pk=essay.pk).update(grading_method="average")
    average = upload("grades", row("70"))

    assert messages(below) == [
        "Line 2: score “50”: another attempt of the student has more points and would count. "
        "Change that attempt."
    ]
    assert messages(average) == [
        "Line 2: assessment_id “ESSAY”: the grade of this student is the average of several "
        "attempts. Grade the attempts."
    ]


def test_a_final_grade_does_not_change_without_a_reason(upload, ada, essay):
    (work,) = attempts(essay, ada, 40)
    AssessmentSubmission.objects.filter(pk=work.pk).update(status="finalized")
    batch = upload("grades", row("45"))

    assert messages(batch) == [
        "Line 2: score “45”: the grade 40 is final. Give a reason for the import; a second "
        "person has to agree then."
    ]
    assert upload("grades", row("40")).state == Batch.State.PREVIEWED


def test_the_course_tells_assessments_of_one_code_apart(import_file, upload, ada, essay, courses):
    other = Assessment.objects.create(course=courses["ART200"], code="ESSAY")
    ambiguous = upload("grades", "student_id,assessment_id,score\ns1001,ESSAY,7\n")
    elsewhere = upload("grades", row("7", code="ESSAY", course="ART200"))
    import_file("grades", row("7"))

    assert (essay.submissions.count(), other.submissions.count()) == (1, 0)
    assert messages(ambiguous) == [
        "Line 2: assessment_id “ESSAY” is the name of several. Add the columns course code, "
        "course presentation."
    ]
    assert messages(elsewhere) == [
        "Line 2: course_code “ART200”: the assessment ESSAY does not belong there. Correct one of "
        "them."
    ]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("s1001,NONE,7", "assessment_id “NONE” names no assessment that exists. Check it, or add"),
        ("s2002,ESSAY,7", "student_id “s2002”: This person is not enrolled in the course of the"),
        ("s9999,ESSAY,7", "student_id “s9999” names no person that exists. Check it, or add it"),
        ("s1001,ESSAY,7_8", "score “7_8” is not a plain number. Use digits and at most two"),
        ("s1001,ESSAY,100.5", "score “100.5”: The score is above the maximum score of the"),
    ],
)
def test_what_leads_nowhere_or_out_of_range_is_refused(upload, student, ada, essay, cells, message):
    student("s2002")
    batch = upload("grades", f"student_id,assessment_id,score\n{cells}\n")

    (only,) = messages(batch)
    assert only.startswith(f"Line 2: {message}")


def test_what_contradicts_the_assessment_is_refused(upload, ada, essay):
    columns = "student_id,assessment_id,assessment_type,max_score,is_banked\n"
    batch = upload("grades", f"{columns}s1001,ESSAY,exam,50,\n")

    assert messages(batch) == [
        "Line 2: is_banked is empty; every row needs it.",
        "Line 2: assessment_type “exam” contradicts “assignment”, which the assessment has. "
        "Correct the file, or the assessment first.",
        "Line 2: max_score “50” contradicts “100”, which the assessment has. "
        "Correct the file, or the assessment first.",
    ]


def test_work_from_outside_the_student_s_days_is_pointed_out(import_file, ada, essay):
    Enrollment.objects.update(status="withdrawn", withdrawn_on="2026-04-01")
    early = import_file("grades", row("7", on="2026-01-15"))
    late = import_file("grades", row("7", on="2026-04-15"))

    assert messages(early) == [
        "Line 2: submitted_on “2026-01-15” lies before the start of the course."
    ]
    assert messages(late) == [
        "Line 2: submitted_on “2026-04-15” lies after the student's withdrawal."
    ]


def test_a_maximum_does_not_fall_below_points_somebody_has(upload, import_file, ada, essay):
    attempts(essay, ada, 71)
    columns = "assessment_id,course_code,presentation,max_score\n"
    batch = upload("assessments", f"{columns}ESSAY,BIO101,2026J,70\n")
    import_file("assessments", f"{columns}ESSAY,BIO101,2026J,80\n")

    assert messages(batch) == [
        "Line 2: max_score “70”: there are already more points than this. Correct those first."
    ]
    assert AssessmentSubmission.objects.get().maximum == 80


def test_an_instructor_brings_no_file_in_and_a_registrar_sees_no_score(
    registrar_client, instructor_client, ada, essay
):
    assert registrar_client.get("/admin/bulk/batch/upload/?kind=grades").status_code == 200
    assert instructor_client.get("/admin/bulk/batch/upload/?kind=grades").status_code == 403


BASE = "student_id,assessment_id,score,base_score,base_version\n"


@pytest.mark.parametrize(
    ("cells", "before", "after"),
    [
        ("45,40", 40, 45),  # changed in the file only
        ("40,40", 64, 64),  # changed here only
        ("64,40", 64, 64),  # changed to the same
        ("40,40", 40, 40),  # by nobody
        ("45,", None, 45),  # graded in the file
        (",", 64, 64),  # graded here
        (",40", 40, 40),  # a blank takes no grade away
    ],
)
def test_of_score_and_base_the_one_that_was_changed_stands(
    import_file, ada, essay, cells, before, after
):
    attempts(essay, ada, before)
    import_file("grades", f"{BASE}s1001,ESSAY,{cells},1\n")

    assert scores(essay) == [after]


def test_a_score_changed_on_both_sides_is_a_conflict_with_a_way_out(
    upload, import_file, ada, essay
):
    attempts(essay, ada, 64)
    batch = upload("grades", f"{BASE}s1001,ESSAY,45,40,1\n")
    assert messages(batch) == [
        "Line 2: score “45”: since the export the score went from 40 to 64. To keep what is "
        "stored, enter it as score; to replace it, enter it as base_score."
    ]
    import_file("grades", f"{BASE}s1001,ESSAY,45,64,1\n")

    assert scores(essay) == [45]


def test_an_exported_gradebook_carries_its_base(import_file, ada, essay, tmp_path):
    attempts(essay, ada, 40)
    path = tmp_path / "grades.csv"
    call_command("export_csv", "grades", "--output", str(path))
    text = path.read_text()
    AssessmentSubmission.objects.update(score=64)
    batch = import_file("grades", text)

    assert text.splitlines()[0].endswith(",is_banked,base_score,base_version")
    assert (batch.unchanged, scores(essay)) == (1, [64])
