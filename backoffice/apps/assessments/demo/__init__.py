"""The assessments of the demo school, what was handed in, and how it was marked."""

from backoffice.apps.assessments.demo.term_work import add_work, hand_in
from backoffice.apps.courses.demo import running_courses
from backoffice.operations.demo import Scale, demo_part

SUBMISSIONS = 24  # of a course of the small school


@demo_part("assessments", order=3)
def assessments(scale: Scale) -> None:
    """Essays and a quiz for each course that has begun, with work handed in; and more of it."""
    for course in running_courses():
        add_work(course, SUBMISSIONS, is_over=False)
    if scale.submissions:
        hand_in(scale)
