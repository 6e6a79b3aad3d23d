"""A row of everything that graders have at their desk, for the school of the crawls."""

from typing import Any

from backoffice.apps.assessments.final_grades import ask_to_reopen
from backoffice.apps.assessments.models import (
    Annotation,
    GradingNote,
    RubricMove,
    SavedComment,
    SubmissionFlag,
)
from backoffice.apps.users.models import Enrollment

Rows = dict[str, Any]


def at_the_desk(rows: Rows, teacher: Any) -> Rows:
    """A saved comment, a passage, a note and a flag of the teacher's, about the work."""
    work, course = rows["work"], rows["course"]
    if helper := _helper(course):
        GradingNote.objects.create(submission=work, author=helper, text="Who reads this with me?")
    passage = {"start": 0, "end": 3, "quoted": "The"}
    return {
        "move": RubricMove.objects.create(
            assessment=work.assessment,
            old_rubric=rows["rubric"],
            new_rubric=rows["rubric"],
            reason="Back and forth.",
            moved_by=teacher,
        ),
        "saved": SavedComment.objects.create(
            owner=helper or teacher, course=course, text=f"Well seen in {course.code}."
        ),
        "passage": Annotation.objects.create(
            submission=work, author=teacher, comment="Which herring?", **passage
        ),
        "note": GradingNote.objects.create(submission=work, author=teacher, text="Read again."),
        "flag": SubmissionFlag.objects.create(
            submission=work, flagged_by=teacher, text="Is it long enough?"
        ),
    }


def _helper(course: Any) -> Any:
    row = Enrollment.objects.filter(course=course, role="teaching_assistant").first()
    return row and row.student


def about_final_work(rows: Rows, people: Rows) -> Rows:
    """What an assistant has about work whose grade is final, and what waits for agreement."""
    work, assistant = rows["work"], people["assistant"]
    passage = {"start": 0, "end": 3, "quoted": "The", "comment": "Which herring?"}
    return {
        "wish": ask_to_reopen(work, people["admin"], "Because of an appeal."),
        "passage": Annotation.objects.create(submission=work, author=assistant, **passage),
        "note": GradingNote.objects.create(submission=work, author=assistant, text="Read again."),
        "flag": SubmissionFlag.objects.create(submission=work, flagged_by=assistant, text="Why?"),
    }
