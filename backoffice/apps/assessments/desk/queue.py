"""The queue of an assessment: its work in an order, counted by what is to be done with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Value
from django.db.models.functions import MD5, Cast, Concat
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.pages.related_links import KEY
from backoffice.apps.assessments.desk.names import are_names_known
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    GradeDraft,
    GradingPresence,
    Question,
    QuestionResponse,
)

Status = AssessmentSubmission.Status
Rows = models.QuerySet[AssessmentSubmission]
UNGRADED = Q(status=Status.SUBMITTED, score__isnull=True)
FILTERS: dict[str, Any] = {
    "": _("All"),
    "ungraded": _("Ungraded"),
    "late": _("Late"),
    "mine": _("Graded by me"),
    "flagged": _("Flagged"),
    "draft": _("My drafts"),
    "changed": _("Changed since graded"),
    "not_posted": _("Not posted"),
}
ORDERS: dict[str, Any] = {
    "random": _("Random, but fixed"),
    "time": _("Time handed in"),
    "name": _("Last name"),
}
PER_PAGE = 100  # lines of the queue's page


@dataclass(frozen=True)
class QueueChoice:
    """Which work somebody goes through, and in which order; it stands in every address."""

    order: str = "random"
    only: str = ""
    question: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "QueueChoice":
        """What an address asks for; what it cannot mean is left out."""
        order, only, question = (str(values.get(n, "")) for n in ("order", "only", "question"))
        return cls(
            order if order in ORDERS else "random",
            only if only in FILTERS else "",
            int(question) if KEY.fullmatch(question) else None,
        )

    def query(self, **changes: Any) -> str:
        """The part of an address after its path; blank for the usual choice."""
        values = {"order": self.order, "only": self.only, "question": self.question} | changes
        usual = {"order": "random"}
        chosen = {name: v for name, v in values.items() if v and usual.get(name) != v}
        return f"?{urlencode(chosen)}" if chosen else ""


@dataclass(frozen=True)
class Place:
    """A piece of work in the queue: whether it is looked for, and whether somebody is at it."""

    key: int
    is_match: bool
    is_attended: bool


class Queue:
    """The work of an assessment that a person may see and that was handed in."""

    def __init__(self, assessment: int, user: Any, choice: QueueChoice) -> None:
        self.assessment, self.user, self.choice = assessment, user, choice

    @property
    def whole(self) -> Rows:
        """All of it, without an order."""
        rows = AssessmentSubmission.objects.visible_to(self.user)
        handed_in = rows.filter(assessment=self.assessment).exclude(status=Status.IN_PROGRESS)
        return handed_in.order_by()

    @property
    def rows(self) -> Rows:
        """Those that are asked for, in their order."""
        return self.in_order(self.whole.filter(self._condition_of(self.choice.only)))

    def in_order(self, rows: Rows) -> Rows:
        """In the chosen order; where no names are known, none gives them away."""
        order = self.choice.order
        if order == "name" and are_names_known(self.assessment):
            return rows.order_by("student__last_name", "student__first_name", "pk")
        if order == "time":
            return rows.order_by(F("submitted_at").asc(nulls_last=True), "pk")
        # By a number that tells nothing, so that nobody's work is always the last to be graded.
        salted = Concat(Value(f"{self.assessment} "), Cast("pk", models.CharField()))
        return rows.order_by(MD5(salted), "pk")

    def counts(self) -> dict[str, int]:
        """How much there is of each filter's work."""
        numbers = {
            name or "whole": Count("pk", filter=self._condition_of(name) | Q(pk__in=[]))
            for name in FILTERS
        }
        counted: dict[str, int] = self.whole.aggregate(**numbers)
        return counted

    @cached_property
    def places(self) -> list[Place]:
        """Every piece of work in order. What is looked for: the filter's, or else ungraded work."""
        condition = self._waiting() & self._condition_of(self.choice.only)
        if self.choice.only not in ("", "ungraded"):
            condition = self._condition_of(self.choice.only)
        others = GradingPresence.objects.current().exclude(grader=self.user.pk)
        is_attended = Exists(others.filter(submission=OuterRef("pk")))
        rows = self.in_order(self.whole).annotate(
            is_match=models.ExpressionWrapper(condition, models.BooleanField()),
            is_attended=is_attended,
        )
        return [Place(*row) for row in rows.values_list("pk", "is_match", "is_attended")]

    def _waiting(self) -> Q:
        """What waits for a grade: the work, or its answer to the one question."""
        if self.choice.question is None:
            return UNGRADED
        answers = QuestionResponse._base_manager.filter(question=self.choice.question)
        unmarked = answers.filter(submission=OuterRef("pk"), score__isnull=True)
        return Q(Exists(unmarked)) & Q(status__in=(Status.SUBMITTED, Status.GRADED))

    def next_after(self, key: int) -> int | None:
        """The next that is looked for and that nobody else is at, from the top again at the end."""
        keys = [place.key for place in self.places]
        start = keys.index(key) + 1 if key in keys else 0
        around = [*self.places[start:], *self.places[:start]]
        free = (p.key for p in around if p.is_match and not p.is_attended and p.key != key)
        return next(free, None)

    def previous_of(self, key: int) -> int | None:
        """The one before, whatever became of it."""
        keys = [place.key for place in self.places]
        at = keys.index(key) if key in keys else 0
        return keys[at - 1] if at else None

    def position_of(self, key: int) -> int:
        """Which of all it is, counted from 1; 0 for one that is not in the queue."""
        return next((n for n, place in enumerate(self.places, 1) if place.key == key), 0)

    def questions(self) -> Iterator[Question]:
        yield from Question.objects.filter(assessment=self.assessment).order_by("position", "pk")

    def _condition_of(self, name: str) -> Q:
        return CONDITIONS[name](self.user)


def _every(_user: Any) -> Q:
    return Q(pk__isnull=False)


def _ungraded(_user: Any) -> Q:
    return UNGRADED


def _late(_user: Any) -> Q:
    return Q(is_late=True)


def _of_grader(user: Any) -> Q:
    return Q(grader=user.pk)


def _flagged(_user: Any) -> Q:
    return Q(flag__isnull=False)


def _drafted(user: Any) -> Q:
    drafts = GradeDraft.objects.filter(grader=user.pk, submission=OuterRef("pk"))
    return Q(Exists(drafts))


def _changed(_user: Any) -> Q:
    """Graded work of which a newer attempt was handed in, and is not graded."""
    newer = AssessmentSubmission._base_manager.filter(
        UNGRADED,
        assessment=OuterRef("assessment"),
        student=OuterRef("student"),
        attempt__gt=OuterRef("attempt"),
    )
    return Q(status__in=(Status.GRADED, Status.FINALIZED)) & Q(Exists(newer))


def _not_posted(_user: Any) -> Q:
    return Q(status=Status.GRADED, posted_at__isnull=True)


CONDITIONS = {
    "": _every,
    "ungraded": _ungraded,
    "late": _late,
    "mine": _of_grader,
    "flagged": _flagged,
    "draft": _drafted,
    "changed": _changed,
    "not_posted": _not_posted,
}
