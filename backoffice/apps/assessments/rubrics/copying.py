"""Copies of rubrics and of their parts."""

from typing import Any, TypeVar

from django.db import models, transaction

from backoffice.apps.assessments.models import GradingRubric
from backoffice.apps.courses.models import Course

Row = TypeVar("Row", bound=models.Model)


def copied_row(row: Row, **values: Any) -> Row:
    """A stored copy of a row, with these values in place of its own.

    Raises ValidationError where a rule of the model refuses it.
    """
    fields = [f for f in row._meta.concrete_fields if not f.primary_key and f.editable]
    copy = type(row)(**{field.name: getattr(row, field.name) for field in fields} | values)
    copy.full_clean()
    copy.save()
    return copy


def copy_criteria(source: GradingRubric, target: GradingRubric) -> None:
    """Put copies of all criteria and levels into a rubric that has none."""
    # Each row by itself: copies are validated and recorded like any others.
    for criterion in source.criteria.order_by("position"):
        criterion_copy = copied_row(criterion, rubric=target)
        for level in criterion.levels.order_by("-points", "pk"):
            copied_row(level, criterion=criterion_copy)


def copy_to_course(rubric: GradingRubric, course: Course) -> GradingRubric:
    """The rubric's copy in a course: version 1, or the next number where the title is known."""
    with transaction.atomic():
        # Two copies of one title in one moment take their numbers one after the other.
        Course._base_manager.select_for_update(no_key=True).get(pk=course.pk)
        versions = GradingRubric._base_manager.filter(course=course, title=rubric.title)
        highest = versions.aggregate(highest=models.Max("version"))["highest"] or 0
        copy = copied_row(rubric, course=course, version=highest + 1, is_active=True)
        copy_criteria(rubric, copy)
    return copy
