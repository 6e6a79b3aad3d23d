"""Columns that another system names in its own way are assessments once somebody says so."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import AssessmentMapping, Batch
from backoffice.bulk.pipeline.apply import OutcomeChanged, apply
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.pipeline.report import rejected_rows

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,{columns}\n"
    "    Points Possible,,,,,100,100\n"
    '"Li, Ada",1,s1001,a,A1 [5],66,71\n'
)
OWN = CANVAS.format(columns="T one (456789),Talk (456790)")
MOODLE = (
    "First name,Last name,ID number,Email address,Assignment: T one (Real),"
    "Last downloaded from this course\nAda,Li,s1001,a@example.org,66.00,1\n"
)
LIST = "/admin/bulk/assessmentmapping/"


@pytest.fixture
def bio(gradebook: Any, courses: dict[str, Course]) -> Course:
    """BIO101 with T1, called T one, and T2, called T two; it goes on."""
    gradebook()
    Course.objects.filter(pk=courses["BIO101"].pk).update(ends_on=None)
    courses["BIO101"].refresh_from_db()
    return courses["BIO101"]


@pytest.fixture
def next_year(bio: Course) -> Course:
    """The same course a year later, with the same assessments and students."""
    later = Course.objects.create(code="BIO101", presentation="2027J", slug="bio101-2027j")
    for code, title in (("T1", "T one"), ("T2", "T two")):
        Assessment.objects.create(course=later, code=code, title=title, max_score=100)
    for one in User.objects.filter(role="student"):
        Enrollment.objects.create(student=one, course=later)
    return later


def map_column(course: Course, dialect: str, header: str, code: str = "") -> AssessmentMapping:
    paper = Assessment.objects.get(course=course, code=code) if code else None
    mapping = AssessmentMapping(course=course, dialect=dialect, header=header, assessment=paper)
    mapping.full_clean()
    mapping.save()
    return mapping


def scores() -> dict[tuple[str, str], float | None]:
    rows = AssessmentSubmission.objects.values_list(
        "assessment__course__presentation", "assessment__code", "score"
    )
    return {(term, code): score for term, code, score in rows}


def page_of(batch: Batch, name: str = "change") -> str:
    return reverse(f"admin:bulk_batch_{name}", args=[batch.pk])


def page_messages(answer: Any) -> list[str]:
    return [str(each) for each in answer.context["messages"]]


def choice(client: Client, batch: Batch, course: Course | None = None) -> dict[str, Any]:
    """The columns that are asked for, and what is chosen beforehand."""
    query = {"course": course.pk} if course else {}
    form = client.get(page_of(batch), query).context.get("gradebook_columns")
    return {form.columns[name]: form[name].value() for name in form.fields} if form else {}


def test_a_column_with_a_number_of_canvas_asks_which_assessment_it_is(bio, upload):
    batch = upload("grades", OWN)
    assert batch.sentence == (
        "The file reads as “Canvas gradebook”, and nobody has said yet which assessments these "
        "are: “T one (456789)” (did you mean T1 of BIO101 2026J?), “Talk (456790)”. Say it once "
        "on the page of this import, or under “Assessment mappings”: it is remembered for the "
        "course."
    )
    issue = batch.issues.get()
    assert (issue.code, issue.column) == ("unknown_assessment", "T one (456789)")


def test_what_is_said_once_is_stored_and_the_file_is_read_again(
    bio, upload, registrar_client, registrar
):
    batch = upload("grades", OWN.replace("Talk", "T two"))
    t1, t2 = Assessment.objects.filter(course=bio).order_by("code")
    # The only course with such titles is chosen already, and so are they.
    assert choice(registrar_client, batch) == {
        "T one (456789)": str(t1.pk),
        "T two (456790)": str(t2.pk),
    }
    chosen = {"course": bio.pk, "column_0": t1.pk, "column_1": "-"}
    answer = registrar_client.post(page_of(batch, "own_assessments"), chosen, follow=True)

    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("previewed", 1)
    text = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
    assert "Read as Canvas gradebook. It is of the course BIO101 2026J." in text
    assert "Read with the mappings of its course: T one (456789) → T1 , T two (456790) → ig" in text
    stored = AssessmentMapping.objects.values_list(
        "course", "dialect", "header", "name", "assessment", "made_by"
    )
    assert set(stored) == {
        (bio.pk, "canvas", "T one (456789)", "456789", t1.pk, registrar.pk),
        (bio.pk, "canvas", "T two (456790)", "456790", None, registrar.pk),
    }
    assert set(AssessmentMapping.history.values_list("history_user", flat=True)) == {registrar.pk}


def test_a_later_file_comes_in_unasked_even_if_canvas_renamed_the_column(bio, import_file):
    map_column(bio, "canvas", "T one (456789)", "T1")
    map_column(bio, "canvas", "Talk (456790)")
    batch = import_file("grades", OWN.replace("T one", "First test again"))
    assert (batch.created, scores()) == (1, {("2026J", "T1"): 66})


def test_a_number_of_its_own_that_is_a_code_here_is_what_was_said(bio, import_file):
    Assessment.objects.create(course=bio, code="456789", title="Other", max_score=100)
    map_column(bio, "canvas", "T one (456789)", "T1")
    map_column(bio, "canvas", "Talk (456790)")
    import_file("grades", OWN)
    assert scores() == {("2026J", "T1"): 66}


def test_leaving_wrong_rows_out_leaves_the_unknown_column_out_and_still_asks(
    bio, upload, registrar_client
):
    batch = upload("grades", OWN.replace("T one (456789)", "T one (T1)"), on_error="skip")
    assert (batch.state, batch.created, batch.rejected) == ("previewed", 1, 1)
    assert "names no assessment that exists" in "".join(rejected_rows(batch))
    assert choice(registrar_client, batch, bio) == {"Talk (456790)": ""}


def test_ignoring_unknown_columns_passes_them_over_and_lists_them(bio, import_file):
    text = OWN.replace("T one (456789)", "T one (T1)")
    batch = import_file("grades", text, ignore_unknown_columns=True)
    assert [issue.message for issue in batch.issues.all()] == [
        "Line 1: Talk (456790) is none of the assessments here; the column is passed over."
    ]
    assert scores() == {("2026J", "T1"): 66}


def test_a_title_alone_is_never_taken_unasked(bio, upload):
    before = Assessment.objects.count()
    for on_error in ("abort", "skip"):
        batch = upload("grades", MOODLE, on_error=on_error)
        assert (batch.created, batch.updated) == (0, 0)
    assert "(did you mean T1 of BIO101 2026J?)" in upload("grades", MOODLE).sentence
    assert Assessment.objects.count() == before


def test_the_same_names_in_two_years_ask_which_course_it_is(
    bio, next_year, upload, registrar_client
):
    for course in (bio, next_year):
        map_column(course, "moodle", "Assignment: T one (Real)", "T1")
    batch = upload("grades", MOODLE)
    assert batch.sentence == (
        "The file reads as “Moodle grade export”, which names no course, and its assessments may "
        "be those of several: BIO101 2026J, BIO101 2027J. Say on the page of this import of which "
        "course it is, or with --course and --presentation."
    )
    page = registrar_client.get(page_of(batch))
    groups = page.context["course_choice"].fields["course"].choices[1:]
    assert groups[0] == (
        "Courses that know its columns",
        [(str(bio.pk), "BIO101 2026J"), (str(next_year.pk), "BIO101 2027J")],
    )
    chosen = {"course": next_year.pk}
    registrar_client.post(page_of(batch, "own_assessments"), chosen)
    batch.refresh_from_db()
    assert (batch.state, batch.own_assessments["course"]) == ("previewed", ["BIO101", "2027J"])
    apply(batch, batch.digest, batch.uploaded_by)
    assert scores() == {("2027J", "T1"): 66}


def test_the_command_names_the_course_of_a_gradebook(bio, next_year, tmp_path, capsys):
    file = tmp_path / "moodle.csv"
    file.write_text(MOODLE.replace("Assignment: T one", "T1"))
    with pytest.raises(SystemExit):
        call_command("import_csv", "grades", str(file))
    assert "or with --course and --presentation." in capsys.readouterr().out
    options = ("--course", "BIO101", "--presentation", "2027J")
    call_command("import_csv", "grades", str(file), *options)
    assert scores() == {("2027J", "T1"): 66}


COMMANDS = {
    ("grades", "--course", "BIO101"): "Give both a course code and a presentation.",
    ("users", "--course", "BIO101", "--presentation", "2027J"): (
        "--course and --presentation are for a gradebook, of kind “grades”."
    ),
}


@pytest.mark.parametrize("options", COMMANDS)
def test_half_a_course_or_one_for_people_is_wrong_usage(db, tmp_path, options):
    kind, *others = options
    with pytest.raises(CommandError) as refusal:
        call_command("import_csv", kind, str(tmp_path / "x.csv"), *others)
    assert (str(refusal.value), refusal.value.returncode) == (COMMANDS[options], 2)


REFUSED_COURSES = {
    ("BIO101", "2031J"): "There is no course BIO101 2031J. Check its code and presentation.",
    ("ART200", "2026B"): "The file is of the course BIO101 2026J, not of ART200 2026B.",
}


@pytest.mark.parametrize("course", REFUSED_COURSES)
def test_a_course_that_is_none_or_not_the_files_own_is_refused(bio, upload, course):
    text = CANVAS.format(columns="T one (T1),T two (T2)").replace("A1 [5]", "BIO101-2026J")
    batch = upload("grades", text, gradebook_course=list(course))
    assert batch.sentence == REFUSED_COURSES[course]


def test_our_own_columns_need_no_course(bio, upload):
    text = "student_id,assessment_id,score\ns1001,T1,66\n"
    batch = upload("grades", text, gradebook_course=["BIO101", "2026J"])
    assert batch.sentence == (
        "A course is named for a gradebook of another system only. This file says itself of which "
        "course a row is."
    )


@pytest.mark.parametrize("is_staged", [True, False])
def test_what_is_said_after_the_preview_is_previewed_first(bio, upload, registrar, is_staged):
    mapping = map_column(bio, "moodle", "Assignment: T one (Real)", "T1")
    batch = upload("grades", MOODLE)
    mapping.assessment = Assessment.objects.get(course=bio, code="T2")
    mapping.save()
    if not is_staged:  # and the file has to be read anew to be applied
        with connection.cursor() as cursor:
            Import(batch).drop(cursor)
    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert (batch.state, scores()) == ("previewed", {})
    apply(batch, batch.digest, registrar)
    assert scores() == {("2026J", "T2"): 66}


def test_the_digest_stands_for_what_the_columns_meant(bio, upload):
    mapping = map_column(bio, "moodle", "Assignment: T one (Real)", "T1")
    first = upload("grades", MOODLE).digest
    assert upload("grades", MOODLE).digest == first
    mapping.assessment = Assessment.objects.get(course=bio, code="T2")
    mapping.save()
    assert upload("grades", MOODLE).digest != first


# What may be said, and by whom


def test_a_mapping_is_of_an_assessment_of_its_course_and_stands_once(bio, courses):
    art = Assessment.objects.create(course=courses["ART200"], code="A1", max_score=10)
    mapping = AssessmentMapping(course=bio, dialect="canvas", header="X (1)", assessment=art)
    with pytest.raises(ValidationError) as refusal:
        mapping.full_clean()
    assert refusal.value.message_dict == {
        "assessment": ["This assessment belongs to another course."]
    }
    map_column(bio, "canvas", "X (1)", "T1")
    with pytest.raises(ValidationError) as refusal:
        map_column(bio, "canvas", "Renamed (1)", "T2")
    assert refusal.value.message_dict == {
        "header": ["This column of the course has a meaning already."]
    }
    map_column(courses["ART200"], "canvas", "X (1)", "A1")
    map_column(bio, "blackboard", "X (1)", "T1")


REFUSED_CHOICES = {
    (): "Choose an assessment for at least one column.",
    (("column_0", "T1"), ("column_1", "T1")): "Two columns of one file cannot both be T1.",
    (("column_0", "elsewhere"),): (
        "T one (456789) Select a valid choice. elsewhere is not one of the available choices."
    ),
}


@pytest.mark.parametrize("chosen", REFUSED_CHOICES)
def test_what_may_not_be_said_is_not_stored(bio, upload, registrar_client, chosen):
    batch = upload("grades", OWN)
    keys = dict(Assessment.objects.filter(course=bio).values_list("code", "pk"))
    data = {"course": bio.pk} | {name: keys.get(code, code) for name, code in chosen}
    answer = registrar_client.post(page_of(batch, "own_assessments"), data, follow=True)
    assert page_messages(answer) == [REFUSED_CHOICES[chosen]]
    assert not AssessmentMapping.objects.exists()


def test_only_the_uploader_says_it_of_a_file_and_only_while_it_asks(
    bio, upload, import_file, registrar_client, registrar2_client, auditor_client
):
    batch = upload("grades", OWN)
    address, chosen = page_of(batch, "own_assessments"), {"course": bio.pk, "column_0": "-"}
    assert auditor_client.post(address, chosen).status_code == 403
    assert registrar2_client.post(address, chosen).status_code == 404
    assert registrar_client.get(address).status_code == 405
    assert b'id="own-assessments"' not in auditor_client.get(page_of(batch)).content
    answer = registrar_client.post(address, {"course": "999999"}, follow=True)
    assert page_messages(answer) == ["Choose the course of the gradebook first."]
    done = import_file("grades", CANVAS.format(columns="T one (T1),T two (T2)"))
    answer = registrar_client.post(page_of(done, "own_assessments"), chosen, follow=True)
    assert page_messages(answer) == ["This file does not wait for a meaning of its columns."]
    assert not AssessmentMapping.objects.exists()


def test_an_instructor_says_it_of_own_courses_an_auditor_looks(
    bio, courses, instructor, instructor_client, auditor_client, registrar_client
):
    own, other = Assessment.objects.get(course=bio, code="T1"), courses["ART200"]
    Course.objects.filter(pk=bio.pk).update(instructor=instructor)
    art = map_column(other, "canvas", "Collage (7)")
    data = {"course": bio.pk, "dialect": "canvas", "header": "T one (456789)"}
    answer = instructor_client.post(f"{LIST}add/", data | {"assessment": own.pk})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    mapping = AssessmentMapping.objects.get(course=bio)
    assert (mapping.made_by, mapping.name) == (instructor, "456789")
    refused = instructor_client.post(f"{LIST}add/", data | {"course": other.pk})
    assert refused.status_code != 302 or not AssessmentMapping.objects.filter(
        course=other, header="T one (456789)"
    )

    page = instructor_client.get(LIST).content.decode()
    assert "T one (456789)" in page
    assert "Collage (7)" not in page
    assert instructor_client.get(f"{LIST}{art.pk}/change/").status_code in (302, 403, 404)
    assert "Collage (7)" in auditor_client.get(LIST).content.decode()
    assert auditor_client.post(f"{LIST}add/", data).status_code == 403
    registrar_client.post(f"{LIST}{mapping.pk}/delete/", {"post": "yes"})
    assert not AssessmentMapping.objects.filter(pk=mapping.pk).exists()


def test_an_export_names_columns_as_the_other_system_does(bio, gradebook, import_file, tmp_path):
    gradebook(T1={"s1001": 51}, T2={"s1002": 52})
    map_column(bio, "canvas", "T one (456789)", "T1")
    map_column(bio, "blackboard", "T two [Total Pts: 100 Score] |77", "T2")
    course = ("--course", "BIO101", "--presentation", "2026J")
    headers = {}
    for dialect in ("canvas", "blackboard"):
        file = tmp_path / f"{dialect}.csv"
        call_command("export_csv", "grades", *course, "--dialect", dialect, "--output", str(file))
        headers[dialect] = file.read_text().splitlines()[0].split(",")
        batch = import_file("grades", file.read_text())
        assert (batch.unchanged, batch.updated, batch.created, batch.warnings) == (2, 0, 0, 0)
    assert headers["canvas"][5:] == ["T one (456789)", "T two (T2)", "Scores at export"]
    assert headers["blackboard"][4:] == [
        "T one (T1)",
        "T two [Total Pts: 100 Score] |77",
        "Scores at export of BIO101-2026J",
    ]


def test_names_of_the_other_system_may_stand_in_rows_too(bio, upload, import_file):
    text = (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
        "late_submission_penalty,score,max_score\n"
        "ps1,,2026-02-20 10:00:00,s1001,Li,Ada,,66.0,0.0,66.0,100.0\n"
        "ps2,,2026-02-20 10:00:00,s1001,Li,Ada,,9.0,0.0,9.0,10.0\n"
    )
    assert "which assessments these are: “ps1”, “ps2”." in upload("grades", text).sentence
    map_column(bio, "nbgrader", "ps1", "T1")
    map_column(bio, "nbgrader", "ps2")
    assert import_file("grades", text).created == 1
    assert scores() == {("2026J", "T1"): 66}
