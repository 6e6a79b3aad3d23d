"""Graded work has a score; who only assists is not graded; who reviews takes the course."""

from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef, Q

from backoffice.admin_site.models.rule_migration import AddRule, name_rows

GRADED = Q(status__in=("graded", "finalized"))


def name_broken_rows(apps: Any, _schema_editor: Any) -> None:
    work = apps.get_model("assessments", "AssessmentSubmission")._base_manager
    reviews = apps.get_model("assessments", "PeerReview")._base_manager
    enrollments = apps.get_model("users", "Enrollment")._base_manager
    name_rows(
        work.filter(GRADED, score__isnull=True),
        "graded or final without a score",
        "Enter the score on the page of each; until then it cannot be saved there.",
    )
    own = enrollments.filter(student=OuterRef("student"), course=OuterRef("assessment__course"))
    name_rows(
        work.filter(Exists(own.exclude(role="student")), score__isnull=False),
        "scores of people who only assist or observe in the course",
        "Correct the role of the enrollment, or leave them as they are.",
    )
    taking = enrollments.filter(
        student=OuterRef("reviewer"),
        course=OuterRef("submission__assessment__course"),
        role="student",
    )
    name_rows(
        reviews.filter(~Exists(taking.exclude(status="withdrawn"))),
        "by somebody who does not take the course",
        "Choose another reviewer on the page of each that is not submitted.",
    )


class Migration(migrations.Migration):
    dependencies = [("assessments", "0001_initial"), ("users", "0001_initial")]

    operations = [
        migrations.RunPython(name_broken_rows, migrations.RunPython.noop),
        AddRule(
            model_name="assessmentsubmission",
            constraint=models.CheckConstraint(
                condition=Q(Q(("status__in", ("graded", "finalized")), _negated=True))
                | Q(("score__isnull", False)),
                name="submission_graded_has_score",
            ),
        ),
    ]
