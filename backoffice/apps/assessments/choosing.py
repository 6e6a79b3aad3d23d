"""Which of two works counts when two records of one person are merged: its instructor chooses."""

from collections.abc import Collection, Iterator
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
    requests = [each for each in waiting_merges() if submission.student_id in keys_of(each)]
    place = {"assessment": submission.assessment_id, "attempt": submission.attempt}
    return next(_doubles(requests, **place), None) if requests else None


def open_doubles(user: Any) -> Iterator[AssessmentSubmission]:
    """Of each two works that this person has to choose from, the survivor's."""
    doubles = list(_doubles(list(waiting_merges())))
    rows = AssessmentSubmission.objects.filter(pk__in=[pair.own.pk for _approval, pair in doubles])
    own = set(rows.permitted_to(user, "finalize").values_list("pk", flat=True)) if doubles else ()
    for approval, pair in doubles:
        if pair.own.pk in own and chosen_of(approval, pair) is None:
            yield pair.own


def chosen_of(approval: Approval, pair: Pair) -> int | None:
    """The key of the work that was chosen; None where nobody did, or a grade changed since."""
    choice = approval.payload["choices"].get(pair.key)
    is_valid = choice is not None and choice["versions"] == versions_of(pair.own, pair.other)
    return choice["chosen"] if is_valid else None


def _doubles(requests: Collection[Approval], **where: Any) -> Iterator[tuple[Approval, Pair]]:
    """The works at the same attempt of the same assessment of which each says something."""
    if not requests:
        return
    rows = AssessmentSubmission._base_manager.select_related("assessment__course", "student")
    people = {key for approval in requests for key in keys_of(approval)}
    works: dict[int, dict[Any, AssessmentSubmission]] = {}
    for row in rows.filter(student__in=people, **where).order_by("pk"):
        works.setdefault(row.student_id, {})[row.assessment_id, row.attempt] = row
    for approval in requests:
        own, other = (
            works.get(key, {}) for key in (approval.payload["survivor"], approval.subject_id)
        )
        for place in own:
            pair = Pair(own[place], other.get(place))
            if pair.other is not None and is_work(pair.own) and is_work(pair.other):
                yield approval, pair


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
