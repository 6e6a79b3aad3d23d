"""The columns of other systems' gradebooks: what people said they are, course by course."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.kinds.header_names import IGNORED
from backoffice.bulk.kinds.own_columns import lasting_name
from backoffice.bulk.models import AssessmentMapping
from backoffice.bulk.read.header_mapping import store_named

Course = tuple[str, str]
COURSE = ("course__code", "course__presentation")
COLUMN_CONFLICT = _("Somebody said in this moment what a column stands for. Look at it again.")


def codes_by_course(dialect: str, names: Iterable[str]) -> dict[Course, dict[str, str]]:
    """Of each course that knows some of these compared headers: what they stand for there."""
    by_course: dict[Course, dict[str, str]] = {}
    stored = AssessmentMapping.objects.filter(dialect=dialect, name__in=set(names)).order_by("pk")
    for *course, name, code in stored.values_list(*COURSE, "name", "assessment__code"):
        by_course.setdefault((course[0], course[1]), {})[name] = code or IGNORED
    return by_course


def header_in(dialect: str) -> Coalesce:
    """Of an assessment in a query, its column in that system: the newest, blank without one."""
    stored = AssessmentMapping.objects.filter(dialect=dialect, assessment=OuterRef("pk"))
    return Coalesce(Subquery(stored.order_by("-pk").values("header")[:1]), Value(""))


@transaction.atomic
def save_assessments(
    dialect: str, course: Any, assessments: Mapping[str, Any], person: object
) -> None:
    """Store which column stands for which assessment of a course; None is ignored on purpose.

    Raises ValidationError for what the model refuses, and for what somebody said meanwhile.
    """
    for header, assessment in assessments.items():
        key = {"course": course, "dialect": dialect, "name": lasting_name(dialect, header)}
        stored = AssessmentMapping.objects.filter(**key).first()
        if stored and stored.assessment != assessment:
            raise ValidationError(COLUMN_CONFLICT)
        if stored is None:
            mapping = AssessmentMapping(**key, header=header, made_by=person)
            mapping.assessment = assessment
            store_named(mapping, header)


def mapped_columns(own_assessments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The mapped columns as the file writes them, and the code of each; blank: ignored."""
    for header, code in sorted(own_assessments.get("mapped", {}).items()):
        yield header, "" if code == IGNORED else code
