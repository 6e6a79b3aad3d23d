"""What a form refuses an import refuses, and the other way round: the rules are written once."""

import csv
import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import modelform_factory
from django.forms.models import model_to_dict

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    GradingRubric,
    RubricCriterion,
)
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.kinds.resource import kinds

# A change of a student ID is no row of its own: see tests/users/test_changes_of_student_ids.py.
KEYS = {
    "users": {"student_id": "s1001"},
    "courses": {"course_code": "NEW1", "presentation": "2026J"},
    "enrollments": {"student_id": "s1001", "course_code": "BIO101", "presentation": "2026J"},
    "assessments": {"assessment_id": "NEW1", "course_code": "BIO101", "presentation": "2026J"},
    "grades": {"student_id": "s1001", "assessment_id": "ESSAY"},
    "rubrics": {
        "rubric_name": "Essay",
        "criteria_name": "Argument",
        "course_code": "BIO101",
        "presentation": "2026J",
        "rating_name": "Strong",
        "rating_points": "10",
    },
}
LONG = "x" * 400


def values_for(field: models.Field) -> list[str]:
    """Good, bad and odd values for a field, as a person would type them."""
    if field.choices:
        return [*(str(value) for value, _ in field.flatchoices), "", "nonsense", "0"]
    if isinstance(field, models.BooleanField):
        return ["1", "0"]
    if isinstance(field, models.DateField):
        return ["2026-02-03", "", "2026-02-30", "03/04/2026", "41548", "tomorrow", "0000-00-00"]
    if isinstance(field, models.DecimalField):
        return ["71.5", "", "-1", "7,5", "99999999", "x", "0", "NaN", "12.345"]
    if isinstance(field, models.IntegerField):
        return ["12", "", "-1", "1e3", "7,5", "99999999999999999999", "x", "0"]
    if isinstance(field, models.EmailField):
        return ["zoe@example.org", "ZOE@example.org", "", "zoe", "a@b@c.d", f"{LONG}@example.org"]
    return ["plain", "", "Zoë 李", "x" * (field.max_length or 10), LONG, "a\x07b", "<b>", "=1+1"]


def refused_by_import(upload: Any, kind: str, cells: dict[str, str]) -> bool:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(cells))
    writer.writeheader()
    writer.writerow(cells)
    options = {"actor": None} if kind == "rubrics" else {}  # no registrar brings rubrics in
    batch = upload(kind, stream.getvalue(), **options)
    return batch.state == "refused"


def refused_by_form(kind: str, column: str, value: str) -> bool:
    resource = kinds[kind]
    field = resource.columns()[column].attribute.partition("__")[0]
    instance = instance_of(kind)
    own = [column for column in resource.columns().values() if not column.role]
    fields = sorted({column.attribute.partition("__")[0] for column in own})
    data = {k: v for k, v in model_to_dict(instance, fields).items() if v is not None}
    if column == "instructor":
        user = User.objects.filter(username=value).first()
        value = str(user.pk) if user else ("" if not value else "0")
    if column in ("is_active", "criteria_enable_range"):
        value = "on" if value == "1" else ""
    form = modelform_factory(type(instance), fields=fields)(
        data | {field: value}, instance=instance
    )
    return not form.is_valid()


def instance_of(kind: str) -> models.Model:
    if kind == "users":
        return User(role="student", student_id="s1001", username="s1001", password="!")
    if kind == "courses":
        return Course(code="NEW1", presentation="2026J")
    if kind == "assessments":
        return Assessment(course=Course.objects.get(code="BIO101"), code="NEW1")
    if kind == "rubrics":
        rubric = GradingRubric.objects.create(
            course=Course.objects.get(code="BIO101"), title="Essay"
        )
        return RubricCriterion(rubric=rubric, title="Argument", position=1, max_points=10)
    if kind == "grades":
        ada, essay = User.objects.get(student_id="s1001"), Assessment.objects.get(code="ESSAY")
        return AssessmentSubmission(assessment=essay, student=ada)
    student, course = User.objects.get(student_id="s1001"), Course.objects.get(code="BIO101")
    return Enrollment(student=student, course=course)


def surround(kind: str, student: Any) -> None:
    """What a row of the kind refers to."""
    if kind in ("enrollments", "grades"):
        ada, bio = student("s1001"), Course.objects.get(code="BIO101")
    if kind == "grades":
        Enrollment.objects.create(student=ada, course=bio)
        Assessment.objects.create(course=bio, code="ESSAY", max_attempts=2)


def cases() -> list[tuple[str, str, str]]:
    typed = []
    for kind, resource in kinds.items():
        for name, column in resource.columns().items():
            if kind not in KEYS or name in KEYS[kind] or name == "username" or column.role:
                continue
            values = values_for(column.model_field(resource.model()))
            field = column.model_field(resource.model())
            # In a file a blank cell means the default; a form shows the default to begin with.
            typed += [(kind, name, v) for v in values if v or not field.has_default()]
    return typed


@pytest.mark.parametrize(("kind", "column", "value"), cases())
def test_a_value_is_refused_by_both_or_by_neither(upload, courses, student, kind, column, value):
    surround(kind, student)
    by_form = refused_by_form(kind, column, value)

    assert refused_by_import(upload, kind, KEYS[kind] | {column: value}) == by_form


@pytest.mark.parametrize("value", ["s1001", "", "N/A", "x" * 65, "12", "1234567", "ab 12345"])
def test_a_student_id_is_refused_by_both_or_by_neither(upload, courses, value):
    form = modelform_factory(User, fields=["student_id"])(
        {"student_id": value}, instance=User(role="student", password="!")
    )
    assert refused_by_import(upload, "users", {"student_id": value}) == (not form.is_valid())


RULES = {
    "user_student_id_unique": None,  # the key of the kind: a known one is an update
    "user_username_unique": ("users", {"student_id": "registrar1"}, None),
    "user_email_unique": ("users", {"email": "taken@example.org"}, "email_taken"),
    "user_student_has_id": None,  # a column nobody can leave out
    "user_student_not_staff": None,  # no file can say it
    "user_student_username": None,  # derived
    "user_student_password": None,  # fixed
    "user_email_lower": None,  # a cell is stored in lower case
    "user_graduation_year_range": ("users", {"graduation_year": "1066"}, "out_of_range"),
    "user_merged_is_off": None,  # a merged record has no key that a file could name
    "course_unique": None,  # the key of the kind
    "course_slug_unique": None,  # derived, and different for different keys
    "course_dates_in_order": (
        "courses",
        {"starts_on": "2026-05-01", "ends_on": "2026-04-01"},
        "ends_before_start",
    ),
    "course_instructor_role": ("courses", {"instructor": "auditor"}, "not_an_instructor"),
    "enrollment_unique": None,  # the key of the kind
    "enrollment_dates_in_order": (
        "enrollments",
        {"enrolled_on": "2026-03-01", "withdrawn_on": "2026-02-01"},
        "withdrawn_before_enrolled",
    ),
    "enrollment_grade_percent": None,  # not a column of the kind
    "enrollment_progress_percent": None,  # not a column of the kind
    "enrollment_before_course_end": (
        "enrollments",
        {"enrolled_on": "2026-07-01"},
        "enrolled_after_end",
    ),
    "enrollment_of_a_student": None,  # the key names students only
    "assessment_max_score_copied": None,  # holds by itself
    "assessment_code_unique": None,  # the key of the kind
    "assessment_weight_not_negative": ("assessments", {"weight": "-1"}, "weight_negative"),
    "assessment_max_score_positive": ("assessments", {"max_score": "0"}, "not_positive"),
    "assessment_passing_within": None,  # looked at below: the stored one counts
    "assessment_dates_in_order": None,  # likewise
    "assessment_rubric_of_course": None,  # not a column of the kind
    "submission_student_copied": None,  # holds by itself
    "submission_maximum_kept": None,  # taken from the assessment
    "submission_attempt_unique": None,  # the attempt that counts, or the first
    "submission_attempt_counts": None,  # likewise
    "submission_score_not_negative": ("grades", {"score": "-1"}, "score_negative"),
    "submission_score_within": ("grades", {"score": "100.5"}, "score_above_maximum"),
    "submission_graded_has_score": None,  # a blank score makes nothing graded
    "submission_not_self_graded": None,  # a file has no grader
    "submission_times_in_order": None,  # looked at in test_grades_from_files
    "submission_graded_after_submitted": None,  # nothing is submitted in the future
    "submission_attempts_left": None,  # a file makes no second attempt
    "criterion_max_points_copied": None,  # holds by itself
    "criterion_position_unique": None,  # a file has no positions
    "criterion_points_positive": None,  # of its ratings: looked at in test_rubrics_from_files
}


def test_every_rule_of_the_imported_models_is_looked_at():
    known = set()
    for resource in kinds.values():
        model = resource.model()
        known |= {each.name for each in model._meta.constraints}
        known |= {each.name for each in model.related_rules}
    assert known == set(RULES)


@pytest.mark.parametrize(
    ("name", "rule"), [(name, rule) for name, rule in RULES.items() if rule and rule[2]]
)
def test_a_rule_is_met_by_form_and_import_with_the_same_sentence(
    upload, courses, student, auditor, name, rule
):
    kind, cells, code = rule
    student("s2002", email="taken@example.org")
    surround(kind, student)

    instance = instance_of(kind)
    for column, value in cells.items():
        field = kinds[kind].columns()[column].attribute.partition("__")[0]
        if column == "instructor":
            setattr(instance, field, User.objects.get(username=value))
        else:
            setattr(instance, field, type(instance)._meta.get_field(field).to_python(value))
    with pytest.raises(Exception) as refusal:  # noqa: PT011  the sentence is compared below
        instance.full_clean()
    batch = upload(kind, _csv(KEYS[kind] | cells))
    (issue,) = batch.issues.filter(is_warning=False)

    assert issue.code == code
    messages = refusal.value.messages
    if not name.endswith("_unique"):  # the import adds whose value it is
        assert any(issue.message.endswith(message) for message in messages)


def test_who_assists_gets_no_grade_by_form_or_file(upload, courses, student):
    surround("grades", student)
    Enrollment.objects.update(role="teaching_assistant")
    with pytest.raises(ValidationError) as refusal:
        instance_of("grades").full_clean()
    for cells in ({"score": "5"}, {"score": ""}):
        (issue,) = upload("grades", _csv(KEYS["grades"] | cells)).issues.all()
        assert (issue.line, issue.column, issue.code) == (2, "student_id", "not_graded_role")
        assert issue.message.endswith(*refusal.value.message_dict["student"])


def test_a_full_course_is_full_by_form_and_file(upload, courses, student):
    surround("enrollments", student)
    Enrollment.objects.create(student=student("s1002"), course=courses["BIO101"])
    Course.objects.update(enrollment_limit=1)
    with pytest.raises(ValidationError) as refusal:
        instance_of("enrollments").full_clean()
    (issue,) = upload("enrollments", _csv(KEYS["enrollments"])).issues.all()
    assert (issue.line, issue.column, issue.code) == (2, "course_code", "over_limit")
    assert issue.message.endswith(*refusal.value.message_dict["course"])


def _csv(cells: dict[str, str]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(cells))
    writer.writeheader()
    writer.writerow(cells)
    return stream.getvalue()


def test_a_student_whose_id_is_somebody_s_user_name_is_refused(upload, person):
    person("instructor", "ab1234")
    batch = upload("users", "student_id\nab1234\n")

    (issue,) = batch.issues.all()
    assert (issue.column, issue.code) == ("student_id", "username_taken")


def test_a_registrar_cannot_change_a_colleague_through_a_file(upload, person):
    person("admin", "boss")
    batch = upload("users", "username,language\nboss,fr\n")

    (issue,) = batch.issues.all()
    assert issue.message == ("Line 2: username “boss” is a row your role may not change by a file.")
