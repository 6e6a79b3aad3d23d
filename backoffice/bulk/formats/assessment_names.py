"""An assessment in one text, as other systems name it, and as our files for them do."""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from backoffice.admin_site.spreadsheets import formula_safe
from backoffice.bulk.formats.course_names import Course, joined
from backoffice.bulk.kinds.header_names import column_name, nearest
from backoffice.bulk.kinds.resource import kinds

NAMES = ("course_code", "presentation", "assessment_id", "title", "max_score")

ALIKE = 0.8  # two names as near as that are meant to be the same
MOST_COMPARED = 2_000  # names, which takes milliseconds


class Known(NamedTuple):
    """A stored assessment."""

    course: Course
    code: str
    title: str
    most: str


def named_in_full(course: Course, code: str) -> str:
    # The code alone may be that of assessments of several courses.
    return f"{next(joined(course))}/{code}"


def titled(code: str, title: str) -> str:
    """Title and code in one text, as gradebooks for systems without codes have them."""
    return code if title in ("", code) else f"{title} ({code})"


class AssessmentNames:
    """The stored assessments, loaded once, with one query."""

    @cached_property
    def stored(self) -> list[Known]:
        paths = kinds["assessments"].attributes(*NAMES)
        rows = kinds["assessments"].exportable().values_list(*paths)
        return [Known((row[0], row[1]), row[2], row[3], str(row[4])) for row in rows]

    @cached_property
    def known(self) -> dict[str, list[Known]]:
        """By every text that may stand for them: the code, and what an export writes."""
        by_text: dict[str, list[Known]] = {}
        for each in self.stored:
            for text in (each.code, named_in_full(each.course, each.code)):
                for written in {text, formula_safe(text)}:
                    by_text.setdefault(written, []).append(each)
        return by_text

    @cached_property
    def in_gradebooks(self) -> dict[str, list[Known]]:
        """By the code, and by title and code in one text."""
        by_text: dict[str, list[Known]] = {}
        for each in self.stored:
            texts = {each.code, titled(each.code, each.title)}
            for text in texts | set(map(formula_safe, texts)):
                by_text.setdefault(text, []).append(each)
        return by_text

    @cached_property
    def by_plain_name(self) -> dict[str, list[Known]]:
        """By code or title, as headers are compared: not sure enough to be taken unasked."""
        by_name: dict[str, list[Known]] = {}
        for each in self.stored:
            for name in {column_name(each.code), column_name(each.title)} - {""}:
                by_name.setdefault(name, []).append(each)
        return by_name

    def of_course(self, text: str, course: Course) -> Known | None:
        # A code counts before a full name that happens to be the same.
        matches = [each for each in self.known.get(text, ()) if each.course == course]
        return next((each for each in matches if each.code == text), next(iter(matches), None))

    def is_plain(self, text: str) -> bool:
        """Whether the text is the code of exactly one assessment, or of none."""
        return [each.code for each in self.known.get(text, ())] in ([], [text])

    def among(self, texts: Iterable[str], course: Course | None) -> list[Known]:
        """The assessments, of the course or of all, that the first of these texts means."""
        for text in texts:
            matches = self.in_gradebooks.get(text, ())
            if here := [each for each in matches if course in (None, each.course)]:
                exact = [each for each in here if each.code == text]
                return exact or here
        return []

    def similar(self, texts: Collection[str], course: Course | None) -> Known | None:
        """The only one, of the course or of all, whose code or title is one of these texts.

        Where none is, the only one with the name that is nearest to one of them.
        """
        own = {
            name: here
            for name, rows in self.by_plain_name.items()
            if (here := [each for each in rows if course in (None, each.course)])
        }
        names = own.keys() & set(map(column_name, texts))
        if not names and len(own) <= MOST_COMPARED:
            names = {nearest(column_name(text), own, ALIKE) for text in texts} - {""}
        matches = {each for name in names for each in own[name]}
        return matches.pop() if len(matches) == 1 else None

    def courses_with(self, texts: Collection[str]) -> Iterator[Course]:
        """The courses of the assessments whose code or title is one of these texts."""
        return (each.course for each in self._alike(texts))

    def _alike(self, texts: Collection[str]) -> Iterator[Known]:
        for name in set(map(column_name, texts)):
            yield from self.by_plain_name.get(name, ())
