"""An assessment in one text, as OneRoster names it: the class and our code."""

from functools import cached_property
from typing import NamedTuple

from backoffice.admin_site.spreadsheets import formula_safe
from backoffice.bulk.formats.course_names import Course, joined
from backoffice.bulk.kinds.resource import kinds

NAMES = ("course_code", "presentation", "assessment_id", "title")


class Known(NamedTuple):
    """A stored assessment."""

    course: Course
    code: str
    title: str


def named_in_full(course: Course, code: str) -> str:
    # The code alone may be that of assessments of several courses.
    return f"{next(joined(course))}/{code}"


class AssessmentNames:
    """The stored assessments, loaded once, with one query."""

    @cached_property
    def known(self) -> dict[str, list[Known]]:
        """By every text that may stand for them: the code, and what an export writes."""
        paths = kinds["assessments"].attributes(*NAMES)
        by_text: dict[str, list[Known]] = {}
        for *course, code, title in kinds["assessments"].exportable().values_list(*paths):
            each = Known((course[0], course[1]), code, title)
            for text in (code, named_in_full(each.course, code)):
                for written in {text, formula_safe(text)}:
                    by_text.setdefault(written, []).append(each)
        return by_text

    def of_course(self, text: str, course: Course) -> Known | None:
        # A code counts before a full name that happens to be the same.
        matches = [each for each in self.known.get(text, ()) if each.course == course]
        return next((each for each in matches if each.code == text), next(iter(matches), None))

    def is_plain(self, text: str) -> bool:
        """Whether the text is the code of exactly one assessment, or of none."""
        return [each.code for each in self.known.get(text, ())] in ([], [text])
