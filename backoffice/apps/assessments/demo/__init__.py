"""The assessments of the demo school, what was handed in, and how it was marked."""

from backoffice.apps.assessments.demo.term_work import add_work, hand_in
from backoffice.apps.courses.demo import running_courses
from backoffice.apps.courses.models import Course
from backoffice.bulk.models import AssessmentMapping
from backoffice.operations.demo import Scale, demo_part, ensure

SUBMISSIONS = 24  # of a course of the small school
MAPPED = ("TMA01", "TMA02")  # columns that Canvas knows by numbers of its own
FIRST_NUMBER = 48_213


@demo_part("assessments", order=3)
def assessments(scale: Scale) -> None:
    """Essays and a quiz for each course that has begun, with work handed in; and more of it."""
    for course in running_courses():
        add_work(course, SUBMISSIONS, is_over=False)
        _map_columns(course)
    if scale.submissions:
        hand_in(scale)


def _map_columns(course: Course) -> None:
    for paper in course.assessments.filter(code__in=MAPPED):
        header = f"{paper.title} ({FIRST_NUMBER + paper.pk})"
        key = {"course": course, "dialect": "canvas", "header": header}
        ensure(AssessmentMapping, key, assessment=paper, made_by=course.instructor)
