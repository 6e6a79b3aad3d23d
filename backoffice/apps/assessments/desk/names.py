"""By what a piece of work is called at the desk: the one place where a code may stand instead."""

from backoffice.apps.assessments.models import AssessmentSubmission


def display_name(submission: AssessmentSubmission) -> str:
    """The name of the student, as whoever grades the work may read it."""
    return str(submission.student)


def first_name_in(submission: AssessmentSubmission) -> str:
    """What takes the place of a saved comment's {first_name}; blank where no name is known."""
    first_name: str = submission.student.first_name
    return first_name


def are_names_known(_assessment_id: int) -> bool:
    """Whether the work of an assessment may be put in the order of last names."""
    return True
