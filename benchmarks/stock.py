"""The same file through django-import-export as it comes: a dry run, then the import."""

from pathlib import Path

from import_export import fields, resources, widgets
from tablib import Dataset

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from benchmarks.measuring import Cost, measured


class CourseWidget(widgets.ForeignKeyWidget):
    """Finds a course by code and presentation."""

    def get_queryset(
        self, value: str, row: dict[str, str], *args: object, **kwargs: object
    ) -> object:
        return Course.objects.filter(presentation=row["presentation"])


class StockResource(resources.ModelResource):
    """Enrollments, as the library's documentation would have them."""

    student = fields.Field("student", "student_id", widgets.ForeignKeyWidget(User, "student_id"))
    course = fields.Field("course", "course_code", CourseWidget(Course, "code"))

    class Meta:
        model = Enrollment
        import_id_fields = ("student", "course")
        fields = (
            "student",
            "course",
            "role",
            "status",
            "enrolled_on",
            "withdrawn_on",
            "final_result",
        )


def imported(path: Path) -> Cost:
    """Dry run and import, as the library's admin pages do them."""
    with measured() as cost:
        for dry_run in (True, False):
            data = Dataset().load(path.read_text(encoding="utf-8"), format="csv")
            StockResource().import_data(
                data, dry_run=dry_run, raise_errors=True, use_transactions=True
            )
    return cost
