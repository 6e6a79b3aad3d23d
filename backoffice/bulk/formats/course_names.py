"""A course in one text, as other systems name it: our code and presentation together."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from django.utils.translation import gettext as _

from backoffice.admin_site.spreadsheets import formula_safe
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.values.faults import Fault

SEPARATORS = "-_"
Course = tuple[str, str]


class NoCourse(Exception):
    """The text does not say which course is meant."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.template)
        self.fault = fault


class CourseNames:
    """Splits `CODE-PRESENTATION`. The stored courses are loaded once, with one query."""

    def __init__(self) -> None:
        self.split: dict[str, Course] = {}

    @cached_property
    def titles(self) -> dict[Course, str]:
        paths = kinds["courses"].attributes("course_code", "presentation", "title")
        rows = kinds["courses"].exportable().values_list(*paths)
        return {(code, presentation): title for code, presentation, title in rows}

    @cached_property
    def known(self) -> dict[str, set[Course]]:
        """The stored courses by every text that may stand for them."""
        by_text: dict[str, set[Course]] = {}
        for course in self.titles:
            for text in (*joined(course), course[0]):
                by_text.setdefault(text, set()).add(course)
        return by_text

    def course_of(self, text: str, term: str = "") -> Course:
        """Code and presentation; the term, where the file has it, is the presentation.

        Otherwise a stored course of that name, or the only one with that code. An unknown course is
        split at its last separator. Raises NoCourse.
        """
        if not text:
            return "", term
        if term:
            return re.sub(f"[{SEPARATORS}]{re.escape(term)}$", "", text) or text, term
        if text not in self.split:
            self.split[text] = self._lookup(text)
        return self.split[text]

    def named_in_full(self, text: str) -> Course | None:
        """The stored course of which this is the code with the presentation, if there is one."""
        matches = [course for course in self.known.get(text, ()) if text in joined(course)]
        return matches[0] if len(matches) == 1 else None

    def own_title(self, title: str, course: Course) -> str:
        """The title, or blank where it only repeats code and presentation."""
        return own_title(title, [" ".join(course)], self.titles.get(course, ""))

    def _lookup(self, text: str) -> Course:
        matches = self.known.get(text, set())
        if len(matches) > 1:
            named = " / ".join(" ".join(course) for course in sorted(matches))
            template = _("{column} “{value}” may be any of these courses: {other}.")
            raise NoCourse(Fault("ambiguous_course", template, other=named))
        if matches:
            return next(iter(matches))
        # A course nobody knows yet.
        at = max(text.rfind(separator) for separator in SEPARATORS)
        if 0 < at < len(text) - 1:
            return text[:at], text[at + 1 :]
        template = _(
            "{column} “{value}” does not say which presentation of the course is meant. Write it "
            "like BIO101-2026J."
        )
        raise NoCourse(Fault("course_without_presentation", template))


def joined(course: Course) -> Iterator[str]:
    """The texts that stand for a course; the first is the one an export writes."""
    for separator in SEPARATORS:
        yield separator.join(course)


def own_title(title: str, names: Iterable[str], stored: str) -> str:
    """The title, or blank where it only repeats a name and is not the stored title."""
    is_stored = title in (stored, formula_safe(stored))
    return title if is_stored or title not in names else ""
