"""How a grade came about: every value, who gave it, why, through what, by which rubric."""

import pytest
from django.urls import reverse

from backoffice.apps.assessments import anomalies
from backoffice.apps.assessments.grading import finalize, grade
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from tests.school import School

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(school: School) -> AssessmentSubmission:
    """A submission that was graded, made final and, later, raised."""
    key, teacher = school.own["assessments.assessmentsubmission"].pk, school.people["instructor"]
    work = AssessmentSubmission.objects.get(pk=key)
    with recording(source="action", actor=teacher):
        grade(work, 60, "Good.", teacher)
    with recording(source="action", actor=teacher):
        finalize(work)
    with recording(source="form", actor=teacher, reason="A page was overlooked."):
        work.score = 70
        work.save()
    return work


def page_of(work: AssessmentSubmission) -> str:
    return reverse("admin:assessments_assessmentsubmission_grade_record", args=[work.pk])


def test_every_value_stands_with_who_why_and_the_rubric(work, school: School):
    page = school.client("auditor").get(page_of(work))
    steps = [(step.before, step.score, str(step.status)) for step in page.context["steps"]]
    assert steps[:3] == [("60", "70", "final"), ("60", "60", "final"), ("", "60", "graded")]
    text = " ".join(page.content.decode().split())
    assert "A page was overlooked." in text
    assert "60 → 70" in text
    assert "Essay (v1)" in text
    assert "<bdi>Sources</bdi>: 7" in text
    assert ">None<" not in text


def test_whoever_reads_the_history_reads_it_and_nobody_else(work, school: School):
    statuses = {role: school.client(role).get(page_of(work)).status_code for role in (
        "admin", "instructor", "auditor", "registrar", "assistant",
    )}  # fmt: skip
    assert statuses == {
        "admin": 200, "instructor": 200, "auditor": 200, "registrar": 403, "assistant": 403,
    }  # fmt: skip


def test_the_submission_leads_to_it(work, school: School):
    form = reverse("admin:assessments_assessmentsubmission_change", args=[work.pk])
    assert page_of(work) in school.client("auditor").get(form).content.decode()
    assert page_of(work) not in school.client("registrar").get(form).content.decode()


def test_a_grade_raised_after_it_was_final_is_unusual(work, school: School):
    page = school.client("auditor").get(reverse("admin:unusual") + "?sign=raised_when_final")
    raised = [entry.change_set for entry in page.context["entries"]]
    assert raised == [ChangeSet.objects.latest("pk")]


def test_a_final_grade_changed_without_a_reason_is_unusual(work, school: School):
    with recording(source="sql"):
        AssessmentSubmission.objects.filter(pk=work.pk).update(score=50)
    page = school.client("auditor").get(reverse("admin:unusual") + "?sign=final_without_reason")
    change_sets = [entry.change_set for entry in page.context["entries"]]
    assert change_sets == [ChangeSet.objects.latest("pk")]


def test_the_page_says_when_not_all_changes_of_final_grades_were_looked_into(
    work, school: School, monkeypatch: pytest.MonkeyPatch
):
    message = "There were so many changes that only those since"
    address = reverse("admin:unusual")
    client = school.client("auditor")
    assert message not in client.get(address).content.decode()
    monkeypatch.setattr(anomalies, "MAX_EXAMINED", 1)
    assert message in client.get(address).content.decode()
