"""Who reviews whom for an assessment: what is missing, late, or contradicts itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.apps.assessments.desk.names import are_names_known
from backoffice.apps.assessments.desk.work import plain
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    PeerReview,
    PeerReviewScore,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.models.participants import participant_name
from backoffice.apps.assessments.models.totals import score_of
from backoffice.apps.users.models import Enrollment

Status = PeerReview.Status
PER_PAGE = 50
FILTERS: dict[str, Any] = {
    "": _("All"),
    "missing": _("Missing"),
    "late": _("Late"),
    "submitted": _("Submitted"),
    "contradictory": _("Contradicts itself"),
}
# What contradicts itself, by the name of the annotation that says so.
CONTRADICTIONS: dict[str, Any] = {
    "is_incomplete_now": _("It counts as submitted, but points, words or the moment are missing."),
    "is_of_other_rubric": _("It has points by another rubric than the work is marked by."),
    "is_by_no_student": _("The reviewer does not take the course, or has withdrawn from it."),
    "has_other_points": _("It has points that are not those of the chosen level."),
}


def with_contradictions(reviews: models.QuerySet[PeerReview]) -> models.QuerySet[PeerReview]:
    """Reviews that say of themselves what is contradictory about them."""
    marking = Coalesce("submission__rubric", "submission__assessment__rubric")
    own = PeerReviewScore._base_manager.filter(review=OuterRef("pk"))
    reviews = reviews.annotate(marking=marking)
    criteria = RubricCriterion._base_manager.filter(rubric=OuterRef("marking"))
    scored = PeerReviewScore._base_manager.filter(
        review=OuterRef(OuterRef("pk")), criterion=OuterRef("pk")
    )
    lacks = Exists(criteria.exclude(Exists(scored)))
    has_no_words = ~Exists(criteria) & Q(feedback="")
    taking = Enrollment._base_manager.filter(
        PeerReview.presence_rules[0].among,
        student=OuterRef("reviewer"),
        course=OuterRef("submission__assessment__course"),
    )
    foreign = own.exclude(criterion__rubric=OuterRef("marking"))
    return reviews.annotate(
        is_incomplete_now=_boolean(
            Q(status=Status.SUBMITTED) & (Q(submitted_at=None) | Q(lacks) | Q(has_no_words))
        ),
        is_of_other_rubric=Exists(foreign),
        is_by_no_student=~Exists(taking),
        has_other_points=Exists(_not_of_their_level(own)),
    )


def _boolean(condition: Q) -> models.ExpressionWrapper:
    return models.ExpressionWrapper(condition, models.BooleanField())


def _not_of_their_level(scores: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """The rule of `levels.is_broken`, asked of many rows at once."""
    lower = RubricLevel._base_manager.filter(
        criterion=OuterRef("criterion"), points__lt=OuterRef("level__points")
    )
    levels = RubricLevel._base_manager.filter(criterion=OuterRef("criterion"))
    below = Coalesce(
        Subquery(lower.order_by("-points").values("points")[:1]), models.Value(Decimal(-1))
    )
    best = F("level__points")
    is_in_range = Q(criterion__has_ranges=True, points__lt=best, points__gt=F("below"))
    is_of_level = Q(points=best) | is_in_range
    wrong: models.QuerySet[Any] = scores.annotate(below=below).filter(
        Q(level=None) & Exists(levels) | Q(level__isnull=False) & ~is_of_level
    )
    return wrong


@dataclass(frozen=True)
class ReviewLine:
    """A review in the list, with what its points come to and what is wrong with it."""

    review: Any  # with the annotations of `with_contradictions`
    now: Any

    @property
    def reviewer(self) -> str:
        return participant_name(self.review.reviewer, self.review.submission.assessment_id)

    @property
    def author(self) -> str:
        submission = self.review.submission
        return participant_name(submission.student, submission.assessment_id)

    @property
    def points(self) -> str:
        """The points given, of the maximum; blank before any is."""
        scores = list(self.review.scores.all())
        if not scores:
            return ""
        points = {each.criterion_id: each.points for each in scores}
        maximum = self.review.submission.maximum
        total = score_of(points, [each.criterion for each in scores], maximum)
        return f"{plain(total)} / {plain(maximum)}"

    @property
    def is_late(self) -> bool:
        due = self.review.due_date
        return due is not None and (self.review.submitted_at or self.now) > due

    @property
    def contradictions(self) -> list[Any]:
        return [text for name, text in CONTRADICTIONS.items() if getattr(self.review, name)]


class ReviewOverview:
    """The reviews of an assessment that a person may see; `only` names one of the filters."""

    def __init__(self, assessment: Assessment, user: Any, values: Mapping[str, Any]) -> None:
        self.assessment, self.user = assessment, user
        only = str(values.get("only", ""))
        self.only = only if only in FILTERS else ""
        self.number = str(values.get("page", ""))
        self.now = timezone.now()

    @cached_property
    def whole(self) -> models.QuerySet[PeerReview]:
        rows = PeerReview.objects.visible_to(self.user).order_by()
        return with_contradictions(rows.filter(submission__assessment=self.assessment))

    def _condition_of(self, name: str) -> Q:
        late = Q(due_date__lt=Coalesce("submitted_at", models.Value(self.now)))
        wrong = Q(*((each, True) for each in CONTRADICTIONS), _connector=Q.OR)
        return {
            "": Q(pk__isnull=False),
            "missing": ~Q(status=Status.SUBMITTED),
            "late": late,
            "submitted": Q(status=Status.SUBMITTED),
            "contradictory": wrong,
        }[name]

    def filters(self) -> list[tuple[Any, str, int, bool]]:
        """The filters: title, the address' query, how many, and whether it is the chosen one."""
        counts = self.whole.aggregate(
            **{name or "whole": Count("pk", filter=self._condition_of(name)) for name in FILTERS}
        )
        return [
            (title, self.query(only=name), counts[name or "whole"], name == self.only)
            for name, title in FILTERS.items()
        ]

    def query(self, **changes: Any) -> str:
        chosen = {k: v for k, v in ({"only": self.only} | changes).items() if v}
        return f"?{urlencode(chosen)}" if chosen else ""

    @property
    def rows(self) -> models.QuerySet[PeerReview]:
        """Those that are asked for, in their order: no order gives a name away."""
        rows = self.whole.filter(self._condition_of(self.only))
        if not are_names_known(self.assessment.pk):
            return rows.order_by("pk")
        person = "submission__student"
        return rows.order_by(f"{person}__last_name", f"{person}__first_name", "submission", "pk")

    def page(self) -> Page:
        scores = PeerReviewScore._base_manager.select_related("criterion")
        rows = self.rows.select_related("reviewer", "submission__student")
        rows = rows.prefetch_related(Prefetch("scores", queryset=scores))
        return Paginator(rows, PER_PAGE).get_page(self.number)

    def lines(self, page: Page) -> list[ReviewLine]:
        return [ReviewLine(review, self.now) for review in page.object_list]

    def without_review(self) -> int:
        """How many pieces of work were handed in and nobody reviews."""
        handed_in = AssessmentSubmission.objects.visible_to(self.user).filter(
            assessment=self.assessment, peer_reviews=None
        )
        return handed_in.exclude(status=AssessmentSubmission.Status.IN_PROGRESS).count()
