"""Courses with more active students than their limit are named; nobody leaves."""

from typing import Any

from django.db import migrations
from django.db.models import Count, F, Q

from backoffice.admin_site.models.rule_migration import name_rows


def name_full_courses(apps: Any, _schema_editor: Any) -> None:
    active = Q(enrollments__status="active", enrollments__role="student")
    courses = apps.get_model("courses", "Course")._base_manager.filter(enrollment_limit__gt=0)
    name_rows(
        courses.annotate(count=Count("enrollments", filter=active)).filter(
            count__gt=F("enrollment_limit")
        ),
        "more active students than the enrollment limit",
        "They stay; further ones take a reason. Raise the limit where it is too low.",
    )


class Migration(migrations.Migration):
    dependencies = [("courses", "0002_initial"), ("users", "0001_initial")]

    operations = [migrations.RunPython(name_full_courses, migrations.RunPython.noop)]
