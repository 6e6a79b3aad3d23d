"""Whether a gradebook is of the course that knows its columns, where it names no course itself.

The names of columns are alike from year to year, and from course to course: what was said of one
run may fit the file of the next one. A doubt is asked about, and nothing is taken until then.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.formats.course_names import Course
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.values.faults import display_text, listed

Run = tuple[str, date | None, date | None]  # presentation, first day and last day


class CourseDoubt(NamedTuple):
    """What speaks against a course, as the end of a sentence, and which courses it may be."""

    reason: str
    courses: list[Course]


@dataclass
class CourseGuess:
    """The course that knows more columns of a file than any other does.

    `rivals` know some of them; `is_whole`: it knows all. `is_mapped`: somebody said once what they
    are there, other than by giving an assessment the code. `students` reads whom the file is about.
    """

    course: Course
    rivals: Sequence[Course]
    is_whole: bool
    is_mapped: bool
    students: Callable[[], set[str]]

    def doubt(self) -> CourseDoubt | None:
        """The first that there is."""
        return self._of_runs() or self._of_days() or self._of_students()

    @cached_property
    def runs(self) -> list[Run]:
        """Every run of the course's code."""
        names = ("course_code", "presentation", "starts_on", "ends_on")
        code, *paths = kinds["courses"].attributes(*names)
        rows = kinds["courses"].exportable().filter(**{code: self.course[0]}).order_by(paths[0])
        return list(rows.values_list(*paths))

    @property
    def own(self) -> Run:
        return next(run for run in self.runs if run[0] == self.course[1])

    def _of_runs(self) -> CourseDoubt | None:
        code, term = self.course
        others = [run for run in self.runs if run[0] != term]
        newer = [(code, run[0]) for run in others if not _is_older(run, self.own)]
        if not newer:
            return None
        reason = _("but the course has runs that are no older: %(courses)s.")
        return CourseDoubt(reason % {"courses": _listed(map(" ".join, newer))}, self._any(newer))

    def _of_days(self) -> CourseDoubt | None:
        last = self.own[2]
        if not self.is_mapped or last is None or last >= timezone.now().date():
            return None
        reason = _("which ended on %(day)s.") % {"day": last.isoformat()}
        return CourseDoubt(reason, self._any([]))

    def _of_students(self) -> CourseDoubt | None:
        students = self.students()
        strangers = students - self._enrolled(self.course)
        runs = [(self.course[0], run[0]) for run in self.runs]
        elsewhere = {course: strangers & self._enrolled(course) for course in runs}
        if any(elsewhere.values()):
            named = [course for course, people in elsewhere.items() if people]
            return CourseDoubt(_in_another_run(set().union(*elsewhere.values())), self._any(named))
        if strangers and not self.is_whole:
            return CourseDoubt(_not_enrolled(strangers), self._any([]))
        fitting = [course for course in self.rivals if students <= self._enrolled(course)]
        if fitting:
            reason = _(
                "but some of them also from courses in which all of its students are: %(courses)s."
            ) % {"courses": _listed(map(" ".join, fitting))}
            return CourseDoubt(reason, self._any(fitting))
        return None

    def _enrolled(self, course: Course) -> set[str]:
        return self._people_by_course.get(course, set())

    @cached_property
    def _people_by_course(self) -> dict[Course, set[str]]:
        """Who has been in a run of this course, or of a rival; by one query."""
        code, term, student = kinds["enrollments"].attributes(
            "course_code", "presentation", "student_id"
        )
        codes = {self.course[0], *(course[0] for course in self.rivals)}
        rows = kinds["enrollments"].exportable().filter(**{f"{code}__in": codes}).order_by()
        by_course: dict[Course, set[str]] = {}
        for known_code, known_term, one in rows.values_list(code, term, student):
            by_course.setdefault((known_code, known_term), set()).add(one)
        return by_course

    def _any(self, others: Iterable[Course]) -> list[Course]:
        return sorted({self.course, *others, *self.rivals})


def _is_older(run: Run, than: Run) -> bool:
    """Whether a run is surely older: by its first day, by its name where a day is missing."""
    if run[1] and than[1]:
        return run[1] < than[1]
    return run[0] < than[0]


def _in_another_run(people: set[str]) -> str:
    return ngettext(
        "but %(count)d of its students is not enrolled there, and is in another run of the "
        "course: %(people)s.",
        "but %(count)d of its students are not enrolled there, and are in another run of the "
        "course: %(people)s.",
        len(people),
    ) % {"count": len(people), "people": _listed(people)}


def _not_enrolled(people: set[str]) -> str:
    return ngettext(
        "but not all of them, and %(count)d of its students is not enrolled there: %(people)s.",
        "but not all of them, and %(count)d of its students are not enrolled there: %(people)s.",
        len(people),
    ) % {"count": len(people), "people": _listed(people)}


def _listed(names: Iterable[str]) -> str:
    return listed(sorted(map(display_text, names)))
