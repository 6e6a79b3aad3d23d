"""A row of everything that graders have at their desk, for the school of the crawls."""

from typing import Any

from backoffice.apps.assessments.models import (
    Annotation,
    GradingNote,
    SavedComment,
    SubmissionFlag,
)

Rows = dict[str, Any]


def at_the_desk(rows: Rows, teacher: Any) -> Rows:
    """A saved comment, a passage, a note and a flag of the teacher's, about the work."""
    work = rows["work"]
    passage = {"start": 0, "end": 3, "quoted": "The"}
    return {
        "saved": SavedComment.objects.create(
            owner=teacher, course=rows["course"], text=f"Well seen in {rows['course'].code}."
        ),
        "passage": Annotation.objects.create(
            submission=work, author=teacher, comment="Which herring?", **passage
        ),
        "note": GradingNote.objects.create(submission=work, author=teacher, text="Read again."),
        "flag": SubmissionFlag.objects.create(
            submission=work, flagged_by=teacher, text="Is it long enough?"
        ),
    }
