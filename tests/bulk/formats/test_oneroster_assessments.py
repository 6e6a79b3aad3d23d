"""OneRoster's line items and results: one code in two courses, and titles that repeat a code."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from backoffice.bulk.models import Batch

RESULTS = "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score\n"
ITEMS = (
    "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,"
    "categorySourcedId,gradingPeriodSourcedId,resultValueMin,resultValueMax\n"
)
MANIFEST = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n"


@pytest.fixture
def exams(courses: dict[str, Course], student: Any) -> dict[str, Assessment]:
    """An exam of one code in each of two courses, titled by its code in one; s1001 has both."""
    made = {}
    for name, score in (("BIO101", 41), ("ART200", 7)):
        title = "Exam1" if name == "BIO101" else ""
        exam = Assessment.objects.create(
            course=courses[name], code="Exam1", title=title, max_score=50
        )
        person = student("s1001") if name == "BIO101" else made["BIO101"].submissions.get().student
        Enrollment.objects.create(student=person, course=courses[name], enrolled_on="2026-02-01")
        AssessmentSubmission.objects.create(
            assessment=exam, student=person, score=score, status="graded"
        )
        made[name] = exam
    return made


@pytest.fixture
def written(tmp_path: Any) -> Callable[[str], str]:
    """Exports a kind for OneRoster."""

    def write(kind: str) -> str:
        path = tmp_path / f"{kind}.csv"
        call_command("export_csv", kind, "--dialect", "oneroster", "--output", str(path))
        return path.read_text()

    return write


def packed(**files: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return stream.getvalue()


def counts(batch: Batch) -> tuple[int, ...]:
    return batch.created, batch.updated, batch.unchanged, batch.rejected


def scores(exams: dict[str, Assessment]) -> list[int]:
    return [int(exam.submissions.get().score) for exam in exams.values()]


def errors_of(batch: Batch) -> list[tuple[str, str]]:
    return [(each.code, each.message) for each in batch.issues.filter(is_warning=False)]


@pytest.mark.parametrize(("kind", "rows"), [("assessments", 2), ("grades", 2)])
def test_one_code_in_two_courses_goes_out_and_comes_back_by_itself(
    exams, written, upload, kind, rows
):
    batch = upload(kind, written(kind))
    assert (batch.read_as[:9], counts(batch)) == ("OneRoster", (0, 0, rows, 0)), errors_of(batch)


def test_every_line_item_has_an_id_of_its_own_and_results_name_it(exams, written):
    items, results = (written(kind).splitlines()[1:] for kind in ("assessments", "grades"))
    ids = [line.split(",")[0] for line in items]
    assert ids == ["ART200-2026B/Exam1", "BIO101-2026J/Exam1"]
    assert sorted(line.split(",")[3] for line in results) == ids
    assert sorted(line.split(",")[0] for line in results) == [f"{each}-s1001" for each in ids]


def test_a_score_changed_in_exported_results_goes_to_its_own_course(exams, written, import_file):
    batch = import_file("grades", written("grades").replace(",41.00,", ",42.00,"))
    assert counts(batch) == (0, 1, 1, 0)
    assert scores(exams) == [42, 7]


def test_line_items_that_another_system_gives_back_without_our_column_change_nothing(
    exams, written, upload
):
    lines = [line.rpartition(",")[0] for line in written("assessments").splitlines()]
    batch = upload("assessments", "\n".join(lines))
    assert counts(batch) == (0, 0, 2, 0), errors_of(batch)


def test_an_exported_line_item_makes_the_same_assessment_in_another_school(
    exams, written, import_file
):
    text = written("assessments")
    AssessmentSubmission.objects.all().delete()
    Assessment.objects.all().delete()
    assert import_file("assessments", text).created == 2
    rows = Assessment.objects.order_by("course__code").values_list("course__code", "code")
    assert list(rows) == [("ART200", "Exam1"), ("BIO101", "Exam1")]


def test_ids_of_another_system_are_codes(exams, import_file):
    items = ITEMS + (
        "li-1,,,Essay,,2026-03-01,2026-03-01,BIO101-2026J,c,g,0,50\n"
        "BIO101-2026J/Quiz,,,BIO101-2026J/Quiz,,2026-03-01,2026-03-01,BIO101-2026J,c,g,0,50\n"
    )
    assert import_file("assessments", items).created == 2
    rows = Assessment.objects.exclude(code="Exam1").order_by("code").values_list("code", "title")
    assert list(rows) == [("BIO101-2026J/Quiz", ""), ("li-1", "Essay")]

    results = RESULTS + "r1,,,li-1,s1001,fully graded,9\nr2,,,BIO101-2026J/Quiz,s1001,,8\n"
    assert import_file("grades", results).created == 2


def test_the_line_items_beside_results_say_which_of_two_courses_is_meant(exams, upload):
    results = RESULTS + "r1,,,Exam1,s1001,fully graded,42\n"
    items = ITEMS + "Exam1,,,Exam1,,2026-03-01,2026-03-01,BIO101-2026J,c,g,0,50\n"
    zipped = packed(manifest=MANIFEST, lineItems=items, results=results)
    batch = upload("grades", zipped, name="school.zip")
    assert counts(batch) == (0, 1, 0, 0), errors_of(batch)


def test_a_line_item_of_a_class_without_that_assessment_is_no_other_class_s(exams, upload):
    exams["ART200"].submissions.all().delete()
    exams["ART200"].delete()
    results = RESULTS + "r1,,,Exam1,s1001,fully graded,42\n"
    items = ITEMS + "Exam1,,,Exam1,,2026-03-01,2026-03-01,ART200-2026J,c,g,0,50\n"
    zipped = packed(manifest=MANIFEST, lineItems=items, results=results)
    assert errors_of(upload("grades", zipped, name="school.zip")) == [
        (
            "unknown_assessment",
            "Line 2: lineItemSourcedId “Exam1” names no assessment that exists. Check it, or add "
            "it first.",
        )
    ]


def test_results_that_may_be_of_two_courses_are_refused_with_what_to_do(exams, upload):
    results = RESULTS + "r1,,,Exam1,s1001,fully graded,42\nr2,,,Exam2,s1001,fully graded,42\n"
    results += "r3,,,,s1001,fully graded,42\n"
    assert errors_of(upload("grades", results)) == [
        (
            "ambiguous_assessment",
            "Line 2: lineItemSourcedId “Exam1” is the name of several assessments. Upload "
            "lineItems.csv together with it, in one zip file: there the class stands of each.",
        ),
        (
            "unknown_assessment",
            "Line 3: lineItemSourcedId “Exam2” names no assessment that exists. Check it, or add "
            "it first.",
        ),
        (
            "unknown_assessment",
            "Line 4: lineItemSourcedId names no assessment that exists. Check it, or add it first.",
        ),
    ]


def test_a_title_that_repeats_the_code_stands_where_it_is_stored_and_is_none_where_not(
    exams, written, import_file
):
    assert counts(import_file("assessments", written("assessments"))) == (0, 0, 2, 0)
    assert [Assessment.objects.get(pk=each.pk).title for each in exams.values()] == ["Exam1", ""]


@pytest.mark.parametrize("dialect", ["canvas", "oneroster"])
def test_a_course_titled_by_its_code_and_presentation_stays_so(courses, upload, tmp_path, dialect):
    Course.objects.filter(code="ART200").update(title="ART200 2026B")
    Course.objects.filter(code="BIO101").update(title="")
    path = tmp_path / "courses.csv"
    call_command("export_csv", "courses", "--dialect", dialect, "--output", str(path))
    assert counts(upload("courses", path.read_text())) == (0, 0, 2, 0)


def test_codes_that_a_spreadsheet_would_run_come_back_too(exams, written, upload):
    Assessment.objects.update(code="=A1", title="=A1")
    assert "BIO101-2026J/=A1,,,'=A1," in written("assessments")
    assert [counts(upload(kind, written(kind))) for kind in ("assessments", "grades")] == [
        (0, 0, 2, 0)
    ] * 2
