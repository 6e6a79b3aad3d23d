"""What posting the grades of an assessment would do, as it was shown and as it is now."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature, Signer
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.visibility import within
from backoffice.apps.assessments.grading.posting import post_rows
from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradeDraft,
    RubricCriterion,
    SubmissionFlag,
)
from backoffice.apps.courses.models import Course

Status = AssessmentSubmission.Status
SALT = "backoffice.assessments.posting"
ALL, READY = "all", "ready"


@dataclass(frozen=True)
class WorkToPost:
    """What posting asks of one piece of work."""

    key: int
    version: int
    status: str
    posted_at: datetime | None
    has_score: bool
    is_overridden: bool
    is_flagged: bool
    is_unmarked: bool  # some criterion of its rubric has no points

    @property
    def is_to_post(self) -> bool:
        return self.status == Status.GRADED and self.has_score and self.posted_at is None

    @property
    def is_ready(self) -> bool:
        return self.is_to_post and not (self.is_flagged or self.is_unmarked)


@dataclass(frozen=True)
class PostingCounts:
    """How much work of an assessment is in which state; `graded` is graded and not posted."""

    graded: int
    ready: int
    ungraded: int
    flagged: int
    unmarked: int
    overridden: int
    posted: int
    final: int


class PostingPlan:
    """The work of an assessment that was handed in, and what would be posted of it."""

    def __init__(self, assessment: Assessment, rows: Iterable[WorkToPost]) -> None:
        self.assessment, self.rows = assessment, list(rows)

    @classmethod
    def of(cls, assessment: Assessment, *, is_locked: bool = False) -> "PostingPlan":
        """As it stands now: one statement, and one more to lock the work."""
        if is_locked:
            held = _handed_in(assessment).order_by("pk").select_for_update(of=("self",))
            list(held.values_list("pk", flat=True))
        return cls(assessment, _work_of(assessment))

    @cached_property
    def counts(self) -> PostingCounts:
        waiting = [row for row in self.rows if row.is_to_post]
        posted = [row for row in self.rows if row.posted_at is not None]
        return PostingCounts(
            graded=len(waiting),
            ready=sum(row.is_ready for row in waiting),
            ungraded=sum(row.status == Status.SUBMITTED for row in self.rows),
            flagged=sum(row.is_flagged for row in waiting),
            unmarked=sum(row.is_unmarked for row in waiting),
            overridden=sum(row.is_overridden for row in waiting),
            posted=sum(row.status != Status.FINALIZED for row in posted),
            final=sum(row.status == Status.FINALIZED for row in self.rows),
        )

    @cached_property
    def version(self) -> str:
        """A digest that changes with any of the work."""
        whole = repr((self.assessment.pk, self.rows))
        return salted_hmac(SALT, whole, algorithm="sha256").hexdigest()[:20]

    @property
    def seen(self) -> str:
        """The plan as a page carries it."""
        values = {"version": self.version, "counts": asdict(self.counts)}
        return Signer(salt=SALT).sign_object(values)

    def keys(self, what: str) -> list[int]:
        """The work that is posted: all that is graded, or what is ready."""
        chosen = (row for row in self.rows if (row.is_ready if what == READY else row.is_to_post))
        return [row.key for row in chosen]


class StalePosting(Exception):
    """The work changed since the page was opened; `plan` is as it is, `before` what was shown."""

    def __init__(self, plan: PostingPlan, before: Mapping[str, int]) -> None:
        super().__init__("The work changed since the page was opened.")
        self.plan, self.before = plan, before


def may_post(user: Any, assessment: Assessment) -> bool:
    """Whether the person makes grades of the course final, and so posts them."""
    course = Course._base_manager.filter(pk=assessment.course_id)
    return within(course, user, "finalize", AssessmentSubmission).exists()


def drafts_of_others(assessment: Assessment, user: Any) -> int:
    """How many drafts of grades others have at work of the assessment."""
    drafts = GradeDraft.objects.exclude(grader=user.pk)
    return drafts.filter(submission__in=_handed_in(assessment).values("pk")).count()


def post_assessment(assessment: Assessment, what: str, seen: str, user: Any) -> int:
    """Post all graded work of an assessment, or what is ready, and return how many.

    Raises StalePosting where it is not what was shown, PermissionDenied for whoever may not post,
    ValidationError where there is nothing to post.
    """
    with transaction.atomic():
        _lock(assessment)
        if not may_post(user, assessment):
            raise PermissionDenied
        plan, shown = PostingPlan.of(assessment, is_locked=True), _shown(seen)
        if shown.get("version") != plan.version:
            raise StalePosting(plan, shown.get("counts", {}))
        keys = plan.keys(what)
        if not keys:
            raise ValidationError(_("There is no grade to post."), code="nothing")
        return post_rows(keys)


def set_time(assessment: Assessment, at: datetime | None, user: Any) -> None:
    """Say when the grades that are ready then are posted by themselves; None for never.

    Raises ValidationError for a time that is over, PermissionDenied for whoever may not post.
    """
    if at is not None and at <= timezone.now():
        message = _("This time is over. Choose a later one, or post the grades now.")
        raise ValidationError({"post_at": ValidationError(message, code="over")})
    with transaction.atomic():
        _lock(assessment)
        if not may_post(user, assessment):
            raise PermissionDenied
        Assessment._base_manager.filter(pk=assessment.pk).update(post_at=at)
    assessment.post_at = at


def post_at_its_time(key: int, now: datetime) -> int:
    """Post what is ready of an assessment whose time has come, once; returns how many."""
    with transaction.atomic():
        due = Assessment.objects.to_post(now).select_for_update(skip_locked=True)
        assessment = due.filter(pk=key).first()
        if assessment is None:
            return 0  # another worker has it, or the time was moved
        posted = post_rows(PostingPlan.of(assessment, is_locked=True).keys(READY))
        Assessment._base_manager.filter(pk=key).update(posting_done_at=now)
        return posted


def _lock(assessment: Assessment) -> None:
    list(Assessment._base_manager.select_for_update().filter(pk=assessment.pk).values_list("pk"))


def _shown(seen: str) -> dict[str, Any]:
    """What the page said; nothing where it was not written by us."""
    try:
        shown: dict[str, Any] = Signer(salt=SALT).unsign_object(seen)
    except (BadSignature, ValueError):
        return {}
    return shown


def _handed_in(assessment: Assessment) -> models.QuerySet[AssessmentSubmission]:
    rows = AssessmentSubmission._base_manager.filter(assessment=assessment.pk)
    return rows.exclude(status=Status.IN_PROGRESS)


def _work_of(assessment: Assessment) -> list[WorkToPost]:
    points = CriterionScore._base_manager.filter(
        submission=OuterRef(OuterRef("pk")), criterion=OuterRef("pk")
    )
    unmarked = RubricCriterion._base_manager.filter(
        ~Exists(points), rubric=Coalesce(OuterRef("rubric"), OuterRef("assessment__rubric"))
    )
    flags = SubmissionFlag._base_manager.filter(submission=OuterRef("pk"))
    rows = _handed_in(assessment).order_by("pk")
    boolean = models.BooleanField()
    overridden = Q(computed_score__isnull=False) & ~Q(score=F("computed_score"))
    return [
        WorkToPost(*values)
        for values in rows.values_list(
            *("pk", "version", "status", "posted_at"),
            models.ExpressionWrapper(Q(score__isnull=False), boolean),
            models.ExpressionWrapper(Q(score__isnull=False) & overridden, boolean),
            Exists(flags),
            Exists(unmarked),
        )
    ]
