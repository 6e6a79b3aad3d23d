"""What becomes of people, enrollments and profiles, and of what the record says of people."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.apps.users.merging.policies import FoldRefused, Pair, declare, folds
from backoffice.apps.users.models import Enrollment, Profile

RECORD = _("The record says who it was then.")
ACCOUNT = _("It is about the account, with which nobody logs in any more.")

Status = Enrollment.Status
# The first of two that applies is the status of the enrollment that remains.
STATUSES = (Status.ACTIVE, Status.COMPLETED, Status.FAILED, Status.WITHDRAWN)

ENROLLED = ("role", "status", "enrolled_on", "withdrawn_on", "final_result", "final_grade")
PERSONAL = Profile.personal.fields if Profile.personal else ()

declare("users.user", "merged_into", moves=True)
declare("users.formerstudentid", "user", moves=True)
declare("users.groupmembership", "user", why=ACCOUNT)
declare("users.permissiongrant", "user", why=ACCOUNT)
declare("admin.logentry", "user", why=RECORD)
declare("audit.accessrecord", "actor", "person", why=RECORD)
declare("audit.approval", "requested_by", "decided_by", why=RECORD)
declare("audit.changeset", "actor", why=RECORD)
declare("audit.credentialchange", "account", "setter", why=RECORD)
declare("audit.accountconfirmation", "account", "confirmer", why=RECORD)
declare("bulk.batch", "uploaded_by", "approved_by", why=RECORD)
declare("bulk.correction", "made_by", why=RECORD)
declare("bulk.delivery", "uploaded_by", why=RECORD)
declare("bulk.headermapping", "made_by", why=RECORD)
declare("bulk.valuemapping", "made_by", why=RECORD)
declare("bulk.assessmentmapping", "made_by", why=RECORD)


@folds("users.enrollment", "student", agreed=ENROLLED)
def fold_enrollments(pair: Pair) -> Enrollment:
    """The survivor's: active before completed, failed and withdrawn; earliest begin, latest end.

    As in a file whose rows are one enrollment: no end is the latest. Raises FoldRefused where role
    or result differ.
    """
    own, other = pair.own, pair.other
    rows = (own, other)
    _refuse_two_results(own, other)
    _unite_spells(own, other)
    own.final_result = own.final_result or other.final_result
    if own.final_grade is None:
        own.final_grade = other.final_grade
    own.progress_percent = max(row.progress_percent for row in rows)
    activities = [row.last_activity_at for row in rows if row.last_activity_at]
    own.last_activity_at = max(activities, default=None)
    return own


@folds("users.sectionmembership", "enrollment")
def fold_sections(pair: Pair) -> Any:
    """The survivor's, by the rule of enrollments: what a file said of a section goes on there."""
    _unite_spells(pair.own, pair.other)
    return pair.own


def _unite_spells(own: Any, other: Any) -> None:
    """Status and days of two rows that are one, in the first of them."""
    rows = (own, other)
    own.status = min((row.status for row in rows), key=STATUSES.index)
    own.enrolled_on = min((row.enrolled_on for row in rows if row.enrolled_on), default=None)
    ends = [row.withdrawn_on for row in rows]
    own.withdrawn_on = max(ends) if None not in ends else None
    if own.status == Status.WITHDRAWN and own.withdrawn_on is None:
        own.withdrawn_on = _known_end(own.enrolled_on, ends)


def _known_end(begin: date | None, ends: list[date | None]) -> date | None:
    """Of two withdrawals the dated one's day, unless the other one began after it."""
    return next((end for end in ends if end and (begin is None or end >= begin)), None)


def _refuse_two_results(own: Enrollment, other: Enrollment) -> None:
    values = {"course": own.course}
    if own.role != other.role:
        message = _(
            "%(course)s: the two records are enrolled there in different roles. Correct one of the "
            "two enrollments first."
        )
        raise FoldRefused(message % values)
    for name in ("final_result", "final_grade"):
        results = {getattr(row, name) for row in (own, other)} - {None, ""}
        if len(results) > 1:
            message = _(
                "%(course)s: the two enrollments have different final results. Correct one of them "
                "first, as its instructor says."
            )
            raise FoldRefused(message % values)


@folds("users.profile", "user", agreed=PERSONAL)
def fold_profiles(pair: Pair) -> Profile:
    """The survivor's, whose blanks the other one fills; who took no e-mail in one takes none."""
    own, other = pair.own, pair.other
    for name in PERSONAL:
        if getattr(own, name) in (None, ""):
            setattr(own, name, getattr(other, name))
    own.receives_email = own.receives_email and other.receives_email
    own.created_at = min(own.created_at, other.created_at)
    return own
