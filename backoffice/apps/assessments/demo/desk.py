"""What the graders of the demo school have at their desk."""

from backoffice.apps.assessments.models import (
    Annotation,
    AssessmentSubmission,
    GradingNote,
    SavedComment,
    SubmissionFlag,
)
from backoffice.apps.courses.models import Course
from backoffice.operations.demo import ensure

COMMENTS = (
    "{first_name}, the argument is clear, and each step follows from the one before.",
    "Name your sources where you use them, {first_name}; the list at the end is not enough.",
    "Please read it aloud once before you hand it in: some sentences have no verb.",
)
WORDS = 6  # of a passage


def set_the_desk(course: Course) -> None:
    """Shared comments, and a flag, a note and a comment on a passage of work that waits."""
    teacher = course.instructor
    if teacher is None:
        return
    for text in COMMENTS:
        ensure(SavedComment, {"owner": teacher, "course": course, "text": text})
    work = AssessmentSubmission.objects.filter(assessment__course=course).ungraded()
    for submission in work.exclude(text="").order_by("pk")[:1]:
        flag = {"text": "Is this within the limit of words?", "flagged_by": teacher}
        ensure(SubmissionFlag, {"submission": submission}, **flag)
        note = {"text": "Compare with the essay of last term."}
        ensure(GradingNote, {"submission": submission, "author": teacher}, **note)
        quoted = " ".join(submission.text.split(" ")[:WORDS])
        passage = {"start": 0, "end": len(quoted), "quoted": quoted}
        comment = {"comment": "A good beginning."}
        ensure(Annotation, {"submission": submission, "author": teacher}, **passage, **comment)
