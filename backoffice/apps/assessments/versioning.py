"""New versions of rubrics: one in use is not changed."""

from typing import Any, TypeVar

from django.db import models, transaction

from backoffice.apps.assessments.models import GradingRubric

Row = TypeVar("Row", bound=models.Model)


def new_version(rubric: GradingRubric) -> GradingRubric:
    """A copy of the rubric, with criteria and levels, under the next number."""
    with transaction.atomic():
        numbers = GradingRubric.objects.filter(course=rubric.course, title=rubric.title)
        newest = numbers.order_by("-version").first()
        assert newest
        copy = _copied(rubric, version=newest.version + 1, is_active=True)
        # Each row by itself: copies are validated and recorded like any others.
        for criterion in rubric.criteria.order_by("position"):
            criterion_copy = _copied(criterion, rubric=copy)
            for level in criterion.levels.order_by("-points", "pk"):
                _copied(level, criterion=criterion_copy)
        # It stays with the work marked by it, and is offered to no new assessment.
        rubric.is_active = False
        rubric.save()
    return copy


def _copied(row: Row, **values: Any) -> Row:
    fields = [f for f in row._meta.concrete_fields if not f.primary_key and f.editable]
    copy = type(row)(**{field.name: getattr(row, field.name) for field in fields} | values)
    copy.full_clean()
    copy.save()
    return copy
