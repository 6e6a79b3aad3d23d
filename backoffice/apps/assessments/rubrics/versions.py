"""Versions of rubrics: one in use is not changed, a change makes the next one."""

from collections.abc import Iterable

from django.db import transaction

from backoffice.apps.assessments.models import GradingRubric
from backoffice.apps.assessments.rubrics.contents import contents_hashes
from backoffice.apps.assessments.rubrics.copying import copied_row, copy_criteria


def new_version(rubric: GradingRubric) -> GradingRubric:
    """A copy of the rubric, with criteria and levels, under the next number."""
    with transaction.atomic():
        copy = empty_version(rubric)
        copy_criteria(rubric, copy)
    return copy


def empty_version(rubric: GradingRubric) -> GradingRubric:
    """The next version, still without criteria; the one before is put away."""
    newest = newest_version(rubric)
    copy = copied_row(rubric, version=newest.version + 1, is_active=True)
    # They stay with the work marked by them, and are offered to no new assessment.
    for each in {rubric.pk: rubric, newest.pk: newest}.values():
        if each.is_active:
            each.is_active = False
            each.save()
    return copy


def versions_of(rubric: GradingRubric) -> Iterable[GradingRubric]:
    """All versions of the rubric in its course, the newest first."""
    versions = GradingRubric._base_manager.filter(course=rubric.course_id, title=rubric.title)
    return versions.order_by("-version")


def newest_version(rubric: GradingRubric) -> GradingRubric:
    """The version with the highest number."""
    return next(iter(versions_of(rubric)))


def equal_versions(rubric: GradingRubric) -> tuple[str, list[GradingRubric]]:
    """The hash of a version, and the course's other rubrics with the same contents.

    Those of the same title come first. Three queries.
    """
    rows = GradingRubric._base_manager.filter(course=rubric.course_id)
    others = [each for each in rows.order_by("title", "version") if each.pk != rubric.pk]
    hashes = contents_hashes([rubric.pk, *(each.pk for each in others)])
    same = [each for each in others if hashes[each.pk] == hashes[rubric.pk]]
    return hashes[rubric.pk], sorted(same, key=lambda each: each.title != rubric.title)
