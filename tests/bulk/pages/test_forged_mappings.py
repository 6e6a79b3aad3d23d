"""Nobody stores a mapping they may not, and what somebody else said meanwhile is not lost."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.kinds.value_words import choices_of, word_columns
from backoffice.bulk.models import AssessmentMapping, Batch, HeaderMapping, ValueMapping
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.read.assessment_mapping import save_assessments
from backoffice.bulk.read.header_mapping import save_mappings
from backoffice.bulk.undo.undo import undo

ASSESSMENTS, VALUES = "/admin/bulk/assessmentmapping/", "/admin/bulk/valuemapping/"
MEANWHILE = "Somebody said in this moment what a {what} stands for. Look at it again."
CHANGED = (
    "What a column or a value of the file stands for was changed since the preview, so nothing "
    "was written. Look at the new preview."
)
ROLES = "student_id,course_code,presentation,role\n"


def moodle(*columns: str) -> str:
    names = ",".join(f"Assignment: {each} (Real)" for each in columns)
    scores = ",".join(["66.00"] * len(columns))
    return f"First name,Last name,ID number,{names}\nAda,Li,s1001,{scores}\n"


@pytest.fixture
def bio(gradebook: Any, courses: dict[str, Course], instructor: User) -> Course:
    """A course that goes on, with T1 and T2; the instructor teaches it, and no other."""
    gradebook()
    Course.objects.filter(pk=courses["BIO101"].pk).update(ends_on=None, instructor=instructor)
    courses["BIO101"].refresh_from_db()
    return courses["BIO101"]


@pytest.fixture
def art(courses: dict[str, Course]) -> Course:
    """A course of somebody else."""
    Assessment.objects.create(course=courses["ART200"], code="A1", title="Talk", max_score=10)
    return courses["ART200"]


def paper(course: Course, code: str) -> Assessment:
    return Assessment.objects.get(course=course, code=code)


def map_column(course: Course, header: str, code: str) -> AssessmentMapping:
    return AssessmentMapping.objects.create(
        course=course, dialect="moodle", header=header, assessment=paper(course, code)
    )


def page_of(batch: Batch, name: str) -> str:
    return reverse(f"admin:bulk_batch_{name}", args=[batch.pk])


def page_messages(answer: Any) -> list[str]:
    return [str(each) for each in answer.context["messages"]]


def drop_tables(batch: Batch) -> None:
    with connection.cursor() as cursor:
        Import(batch).drop(cursor)


# Forged forms of mappings of assessments


@pytest.mark.parametrize(
    "forged",
    [
        {"course": "art"},
        {"assessment": "A1"},
        {"course": "art", "assessment": "A1"},
        {"dialect": "native"},
        {"dialect": "oneroster"},
        {"dialect": "auto"},
        {"dialect": ""},
        {"header": ""},
        {"header": "\u200b"},
        {"header": "x" * 256},
        {"course": ""},
        {"course": "999999"},
        {"assessment": "999999"},
        {"assessment": "x"},
    ],
)
def test_an_instructor_adds_none_of_another_course_or_of_what_is_not_offered(
    bio, art, instructor_client: Client, forged: dict[str, str]
):
    data = {"course": bio.pk, "dialect": "moodle", "header": "X", "assessment": ""}
    keys = {"art": art.pk, "A1": paper(art, "A1").pk}
    answer = instructor_client.post(
        f"{ASSESSMENTS}add/", data | {name: keys.get(v, v) for name, v in forged.items()}
    )
    assert answer.status_code in (200, 400, 403)
    assert not AssessmentMapping.objects.exists()


@pytest.mark.parametrize("field", ["course", "assessment", "dialect"])
def test_an_instructor_moves_a_mapping_nowhere_else(bio, art, instructor_client, field):
    mapping = map_column(bio, "X", "T1")
    form = instructor_client.get(f"{ASSESSMENTS}{mapping.pk}/change/").context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields} | {"header": "X"}
    other = {"course": art.pk, "assessment": paper(art, "A1").pk, "dialect": "canvas"}[field]
    instructor_client.post(f"{ASSESSMENTS}{mapping.pk}/change/", data | {field: other})
    mapping.refresh_from_db()
    assert (mapping.course, mapping.assessment, mapping.dialect) == (
        bio,
        paper(bio, "T1"),
        "moodle",
    )


def test_nobody_names_another_as_the_one_who_said_it(bio, instructor_client, instructor, admin):
    data = {"course": bio.pk, "dialect": "moodle", "header": "X", "assessment": ""}
    more = {"made_by": admin.pk, "name": "y", "made_at": "2000-01-01"}
    assert instructor_client.post(f"{ASSESSMENTS}add/", data | more).status_code == 302
    mapping = AssessmentMapping.objects.get()
    assert (mapping.made_by, mapping.name, mapping.made_at.year > 2000) == (instructor, "x", True)


@pytest.mark.parametrize("action", ["change", "delete"])
def test_an_instructor_reaches_no_mapping_of_another_course(bio, art, instructor_client, action):
    mapping = map_column(art, "X", "A1")
    answer = instructor_client.post(
        f"{ASSESSMENTS}{mapping.pk}/{action}/", {"header": "Y", "post": "yes"}
    )
    assert answer.status_code in (302, 403, 404)
    mapping.refresh_from_db()
    assert mapping.header == "X"


@pytest.mark.parametrize("column", ["column_0", "column_7", "dialect", "header"])
def test_the_page_of_a_file_stores_what_it_asks_about_only(
    bio, art, upload, registrar_client, column
):
    batch = upload("grades", moodle("T one"))
    foreign = paper(art, "A1").pk
    data = {"course": bio.pk, column: foreign, "dialect": "canvas"}
    registrar_client.post(page_of(batch, "own_assessments"), data)
    assert not AssessmentMapping.objects.exists()


def test_an_instructor_says_nothing_on_the_page_of_a_registrars_file(
    bio, upload, instructor_client
):
    batch = upload("grades", moodle("T one"))
    data = {"course": bio.pk, "column_0": paper(bio, "T1").pk}
    answer = instructor_client.post(page_of(batch, "own_assessments"), data)
    assert answer.status_code in (403, 404)
    assert not AssessmentMapping.objects.exists()


# Values


def test_no_value_makes_anybody_staff():
    roles = {value for value, _label in User._meta.get_field("role").flatchoices}
    allowed = {value for value, _label in Enrollment._meta.get_field("role").flatchoices}
    for kind, resource in kinds.items():
        for column in word_columns(resource):
            assert not (roles - allowed) & set(choices_of(kind, column)), (kind, column)
            assert column not in ("is_staff", "is_superuser", "is_active"), kind


FORGED_VALUES = {
    "a role of an account": {"kind": "users", "column": "role", "meaning": "admin"},
    "an account's role in a course": {"meaning": "registrar"},
    "a flag": {"column": "is_staff", "meaning": "1"},
    "another column's value": {"meaning": "withdrawn"},
    "no kind": {"kind": "batches"},
    "a value of ours": {"word": "student", "meaning": "teaching_assistant"},
    "blank": {"word": " "},
    "too long": {"word": "x" * 101},
}


@pytest.mark.parametrize("case", FORGED_VALUES)
def test_a_value_stands_only_for_what_is_offered(registrar_client, case):
    data = {"kind": "enrollments", "column": "role", "word": "Boss", "meaning": "observer"}
    answer = registrar_client.post(f"{VALUES}add/", data | FORGED_VALUES[case])
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not ValueMapping.objects.exists()


@pytest.mark.parametrize("client", ["instructor_client", "auditor_client"])
def test_who_brings_no_people_in_says_nothing_of_values(request, upload, courses, client):
    one = request.getfixturevalue(client)
    data = {"kind": "enrollments", "column": "role", "word": "Boss", "meaning": "observer"}
    assert one.post(f"{VALUES}add/", data).status_code == 403
    batch = upload("enrollments", ROLES + "s1001,BIO101,2026J,Boss\n")
    answer = one.post(page_of(batch, "own_values"), {"value_0": "observer"})
    assert answer.status_code in (403, 404)
    assert not ValueMapping.objects.exists()


@pytest.mark.parametrize("value", ["admin", "registrar", "instructor", "withdrawn"])
def test_the_page_of_a_file_offers_no_other_values(upload, courses, registrar_client, value):
    batch = upload("enrollments", ROLES + "s1001,BIO101,2026J,Boss\n")
    registrar_client.post(page_of(batch, "own_values"), {"value_0": value})
    assert not ValueMapping.objects.exists()


# Somebody else at the same time


def test_a_choice_is_for_the_column_beside_which_it_stood(bio, upload, registrar_client):
    batch = upload("grades", moodle("First", "Second"))
    # Meanwhile somebody says what the first is; then the second alone is unknown.
    map_column(bio, "Assignment: First (Real)", "T1")
    data = {"course": bio.pk, "column_0": paper(bio, "T2").pk}
    answer = registrar_client.post(page_of(batch, "own_assessments"), data, follow=True)
    assert page_messages(answer) == [MEANWHILE.format(what="column")]
    stored = AssessmentMapping.objects.values_list("header", "assessment__code")
    assert list(stored) == [("Assignment: First (Real)", "T1")]


def test_what_was_said_in_the_same_moment_is_not_overwritten(bio, registrar):
    map_column(bio, "X", "T1")
    with pytest.raises(ValidationError) as refusal:
        save_assessments("moodle", bio, {"X": paper(bio, "T2")}, registrar)
    assert refusal.value.messages == [MEANWHILE.format(what="column")]
    save_assessments("moodle", bio, {"X": paper(bio, "T1")}, registrar)
    assert AssessmentMapping.objects.get().assessment == paper(bio, "T1")


def test_a_value_said_in_the_same_moment_is_not_overwritten(upload, courses, registrar_client):
    batch = upload("enrollments", ROLES + "s1001,BIO101,2026J,Boss\n")
    ValueMapping.objects.create(
        kind="enrollments", column="role", word="boss", meaning="teaching_assistant"
    )
    data = {"value_0": "observer"}
    answer = registrar_client.post(page_of(batch, "own_values"), data, follow=True)
    assert page_messages(answer) == [MEANWHILE.format(what="value")]
    assert ValueMapping.objects.get().meaning == "teaching_assistant"


def test_a_header_said_in_the_same_moment_is_not_overwritten(
    upload, courses, registrar, registrar_client
):
    batch = upload("enrollments", "Nr,course_code,presentation\ns1001,BIO101,2026J\n")
    HeaderMapping.objects.create(kind="enrollments", header="NR", column="first_name")
    data = {"header_0": "student_id"}
    answer = registrar_client.post(page_of(batch, "own_headers"), data, follow=True)
    assert HeaderMapping.objects.get().column == "first_name"
    assert page_messages(answer) == ["This file does not wait for a meaning of its headers."]
    with pytest.raises(ValidationError) as refusal:
        save_mappings("enrollments", {"Nr": "student_id"}, registrar)
    assert refusal.value.messages == [MEANWHILE.format(what="header")]


# Changed or deleted between preview and apply


def changed(mapping: Any, field: str, value: Any) -> None:
    setattr(mapping, field, value)
    mapping.save()


@pytest.mark.parametrize("is_staged", [True, False])
@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_column_that_means_something_else_by_now_is_not_written(
    bio, upload, registrar, is_staged, is_deleted
):
    mapping = map_column(bio, "Assignment: Any (Real)", "T1")
    batch = upload("grades", moodle("Any"))
    mapping.delete() if is_deleted else changed(mapping, "assessment", paper(bio, "T2"))
    if not is_staged:
        drop_tables(batch)
    with pytest.raises(NotApplied) as refusal:
        apply(batch, batch.digest, registrar)
    assert str(refusal.value) == CHANGED
    assert not AssessmentSubmission.objects.exists()
    batch.refresh_from_db()
    assert batch.state == ("refused" if is_deleted else "previewed")
    if not is_deleted:
        apply(batch, batch.digest, registrar)
        assert AssessmentSubmission.objects.get().assessment == paper(bio, "T2")


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_value_that_means_something_else_by_now_is_not_written(
    courses, student, upload, registrar, is_deleted
):
    student("s1001")
    mapping = ValueMapping.objects.create(
        kind="enrollments", column="role", word="Boss", meaning="teaching_assistant"
    )
    batch = upload("enrollments", ROLES + "s1001,BIO101,2026J,BOSS\n")
    mapping.delete() if is_deleted else changed(mapping, "meaning", "observer")
    with pytest.raises(NotApplied) as refusal:
        apply(batch, batch.digest, registrar)
    assert (str(refusal.value), Enrollment.objects.exists()) == (CHANGED, False)


def test_a_mapping_that_the_file_does_not_use_changes_nothing(
    bio, courses, student, upload, registrar
):
    map_column(bio, "Assignment: Any (Real)", "T1")
    other = map_column(bio, "Assignment: Other (Real)", "T2")
    batch = upload("grades", moodle("Any"))
    other.delete()
    apply(batch, batch.digest, registrar)
    assert batch.state == "applied"


def test_a_mapping_deleted_afterwards_leaves_the_import_and_its_undo_alone(
    bio, import_file, registrar, registrar_client
):
    mapping = map_column(bio, "Assignment: Any (Real)", "T1")
    batch = import_file("grades", moodle("Any"))
    mapping.delete()
    page = registrar_client.get(page_of(batch, "change")).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Assignment: Any (Real) → T1" in text
    undo(batch, registrar, "It was another column.")
    assert AssessmentSubmission.objects.filter(score__isnull=False).count() == 0


# Long and many


def test_a_header_that_is_too_long_is_named(bio, upload, registrar_client):
    name = "x" * 260
    batch = upload("grades", moodle(name))
    data = {"course": bio.pk, "column_0": "-"}
    answer = registrar_client.post(page_of(batch, "own_assessments"), data, follow=True)
    shown = page_messages(answer)
    assert len(shown) == 1
    assert shown[0].startswith("“Assignment: xxx")
    assert "at most 255 characters" in shown[0]


def test_very_many_columns_are_asked_about_part_by_part(bio, upload, registrar_client):
    batch = upload("grades", moodle(*(f"Paper {number}" for number in range(480))))
    page = registrar_client.get(page_of(batch, "change"), {"course": bio.pk})
    form = page.context["gradebook_columns"]
    assert len(form.fields) == 100
    assert "380 more are asked about next." in page.content.decode()
    data = {"course": bio.pk} | dict.fromkeys(form.fields, "-")
    registrar_client.post(page_of(batch, "own_assessments"), data)
    assert AssessmentMapping.objects.count() == 100
    batch.refresh_from_db()
    form = registrar_client.get(page_of(batch, "change")).context["gradebook_columns"]
    assert form.columns["column_100"] == "Assignment: Paper 100 (Real)"


def test_a_file_with_a_name_on_each_line_does_not_fill_the_import_with_them(bio, upload):
    header = (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
        "late_submission_penalty,score,max_score\n"
    )
    lines = "".join(f"ps{n},,2026-02-20 10:00:00,s1001,Li,,,1,0,1,10\n" for n in range(3_000))
    batch = upload("grades", header + lines)
    assert batch.state == "refused"
    assert len(batch.own_assessments["columns"]) == 1_000


@pytest.mark.parametrize("address", [ASSESSMENTS, VALUES])
@pytest.mark.parametrize("query", ["", "?q=nothing"])
def test_a_list_without_rows_says_so(db, registrar_client, address, query):
    text = registrar_client.get(f"{address}{query}").content.decode()
    assert ("you may see match the search" in text) == bool(query)
    assert re.findall(r">\s*None\s*<", text) == []
    assert registrar_client.get(f"{address}add/").status_code == 200
