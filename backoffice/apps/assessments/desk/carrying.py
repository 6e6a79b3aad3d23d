"""The marks of an earlier attempt, carried over to a newer one: as a draft, to be looked at."""

from typing import Any

from backoffice.apps.assessments.desk import drafts
from backoffice.apps.assessments.desk.work import DeskWork, plain
from backoffice.apps.assessments.models import AssessmentSubmission, CriterionScore


def carry_over(submission: AssessmentSubmission, user: Any) -> bool:
    """Make a draft of the marks of the attempt that was graded before; whether there is one.

    The graded attempt keeps its grade. Marks by another rubric are not carried over.
    """
    work = DeskWork(submission, user)
    before = work.graded_before
    if before is None:
        return False
    typed = {"version": work.marked.version, "feedback": before.feedback}
    own = {criterion.pk for criterion in work.marked.criteria}
    scores = CriterionScore._base_manager.filter(submission=before.pk, criterion__in=own)
    for each in scores:
        name = f"criterion-{each.criterion_id}"
        typed |= {
            f"{name}-level": str(each.level_id or ""),
            f"{name}-points": plain(each.points),
            f"{name}-comment": each.comment,
        }
    if not own:
        typed["score"] = plain(before.score)
    drafts.store(submission, user, typed)
    return True
