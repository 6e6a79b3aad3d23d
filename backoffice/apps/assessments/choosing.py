"""Which of two works counts when two records of one person are merged: its instructor chooses."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.apps.assessments.merging import is_work, versions_of
from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.users.merging.policies import Pair
from backoffice.apps.users.merging.requests import choose, keys_of, waiting_merges
from backoffice.audit.models import Approval
from backoffice.audit.record.recording import name_of, note

NOT_DOUBLE = gettext_lazy("Nobody has asked to merge two records that both have this work.")


def double_of(submission: AssessmentSubmission) -> tuple[Approval, Pair] | None:
    """The request to merge two records that both have this work, and the two works."""
    for approval in waiting_merges():
        keys = keys_of(approval)
        if submission.student_id in keys:
            place = {"assessment": submission.assessment_id, "attempt": submission.attempt}
            return next(_doubles(approval, **place), None)
    return None


def other_work(submission: AssessmentSubmission) -> AssessmentSubmission | None:
    """The work that goes if this one is chosen."""
    double = double_of(submission)
    if double is None:
        return None
    _approval, pair = double
    works: tuple[AssessmentSubmission, AssessmentSubmission] = (pair.own, pair.other)
    return next(each for each in works if each != submission)


def open_doubles(user: Any) -> Iterator[AssessmentSubmission]:
    """Of each two works that this person has to choose from, the survivor's."""
    for approval in waiting_merges():
        for _approval, pair in _doubles(approval):
            rows = AssessmentSubmission.objects.filter(pk=pair.own.pk)
            if chosen_of(approval, pair) is None and rows.permitted_to(user, "finalize").exists():
                yield pair.own


def chosen_of(approval: Approval, pair: Pair) -> int | None:
    """The key of the work that was chosen; None where nobody did, or a grade changed since."""
    choice = approval.payload["choices"].get(pair.key)
    is_valid = choice is not None and choice["versions"] == versions_of(pair.own, pair.other)
    return choice["chosen"] if is_valid else None


def _doubles(approval: Approval, **where: Any) -> Iterator[tuple[Approval, Pair]]:
    """The works at the same attempt of the same assessment of which each says something."""
    rows = AssessmentSubmission._base_manager.select_related("assessment__course", "student")
    rows = rows.filter(student__in=keys_of(approval), **where).order_by("pk")
    survivor = approval.payload["survivor"]
    by_place: dict[Any, dict[int, AssessmentSubmission]] = {}
    for row in rows:
        by_place.setdefault((row.assessment_id, row.attempt), {})[row.student_id] = row
    for works in by_place.values():
        if len(works) > 1 and all(map(is_work, works.values())):
            yield approval, Pair(works.pop(survivor), works.popitem()[1])


def choose_work(submission: AssessmentSubmission, by: Any, reason: str) -> None:
    """This work counts once the two records are one; the other one goes, and stays on record.

    Raises ValidationError where nobody has asked for a merge that both works are in the way of.
    """
    double = double_of(submission)
    if double is None:
        raise ValidationError(NOT_DOUBLE, code="not_double")
    approval, pair = double
    choice = {"chosen": submission.pk, "versions": versions_of(pair.own, pair.other)}
    choose(approval, pair.key, choice | {"by": name_of(by), "reason": reason})
    # By number: a name would outlive the person in the record.
    values = {"number": submission.pk, "reason": reason}
    note(_("Chose submission %(number)d of two for a merge: %(reason)s") % values)
