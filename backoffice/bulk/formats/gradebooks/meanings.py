"""What the columns of another system's gradebook stand for: assessments of one course.

A column is known by a mapping that somebody made for the course, by the code of an assessment, or
by title and code as our own files have them. A title alone is only proposed, never taken.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.formats.assessment_names import AssessmentNames, Known
from backoffice.bulk.formats.base import COURSE_KEY, ColumnSource, SourceTable
from backoffice.bulk.formats.course_names import Course
from backoffice.bulk.formats.gradebooks.course_doubts import CourseGuess
from backoffice.bulk.kinds.header_names import IGNORED
from backoffice.bulk.kinds.own_columns import lasting_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.read.assessment_mapping import codes_by_course
from backoffice.bulk.readers import ReaderIssue
from backoffice.bulk.values.cells import cleaner_for
from backoffice.bulk.values.faults import CellRefused, Fault, FileRefused, display_text

MOST_NAMED = 10
ByCourse = dict[Course, dict[str, str]]


class ScoreColumn(NamedTuple):
    """What a gradebook says of one assessment: its header, and texts that may name it here.

    `titles` only propose it. `is_foreign`: unknown texts are the other system's own, so somebody
    has to say what they mean.
    """

    header: str
    texts: tuple[str, ...]
    titles: tuple[str, ...] = ()
    is_foreign: bool = True


class Meanings(NamedTuple):
    """The course of a file, as far as it is known, and what is known of its columns by mapping.

    `courses` are those among which somebody has to choose.
    """

    course: Course | None
    mapped: dict[str, str]
    courses: list[Course]
    doubt: str = ""  # why it may be another course than the one that knows the columns


class MappedTable(SourceTable):
    """A table of grades in which another system names the assessments."""

    kind = "grades"
    # Why no file is written for the system, in a sentence; blank where one is.
    not_written: ClassVar[Any] = ""

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        self.codes: dict[str, str] = {}  # by header
        self.known: dict[str, Known] = {}  # likewise, where it is exactly one assessment
        self.passed: list[ScoreColumn] = []  # unknown ones that are passed over
        self.constants: dict[str, str] = {}

    def score_columns(self) -> list[ScoreColumn]:
        """All that the file has scores of. Subclasses say so."""
        raise NotImplementedError

    def own_course(self) -> Course | None:
        """The course that the file itself names."""
        return None

    @property
    def reader_issues(self) -> tuple[ReaderIssue, ...]:
        template = _("{column} is none of the assessments here; the column is passed over.")
        fault = Fault("unknown_column", template, is_warning=True)
        return tuple(ReaderIssue(fault, column.header, "") for column in self.passed)

    def resolve(self, batch: Batch) -> None:
        """Find the assessments, as when the file was first read if it is read to be applied.

        Raises FileRefused where somebody has to say first what a column or the file is about.
        """
        columns = self.score_columns()
        if not batch.own_assessments:
            batch.own_assessments = self._noted(columns, self._meanings(batch, columns))
        course = tuple(batch.own_assessments["course"]) or None
        mapped = batch.own_assessments["mapped"]
        unknown = set(batch.own_assessments["unknown"])
        if batch.own_assessments["courses"]:
            raise self._several(batch.own_assessments)
        self._refuse_other(course)
        self._resolve_columns(columns, course, mapped)
        foreign = [each for each in columns if each.is_foreign and each.header in unknown]
        if foreign and batch.ignore_unknown_columns:
            self.passed = foreign
        elif foreign and batch.on_error == Batch.OnError.ABORT:
            raise self._refusal(foreign, course)
        if course:
            self._narrow_to(course)

    def _noted(self, columns: list[ScoreColumn], meanings: Meanings) -> dict[str, Any]:
        """What is stored with the batch: what was mapped, and what still has to be."""
        known, names = meanings.mapped, {each.header: self._name(each) for each in columns}
        mapped = {header: known[name] for header, name in names.items() if name in known}
        unknown = [
            each.header
            for each in columns
            if each.header not in mapped and not self.assessments.among(each.texts, meanings.course)
        ]
        return {
            "dialect": self.dialect,
            "course": list(meanings.course or ()),
            "mapped": mapped,
            "unknown": unknown,
            "courses": list(map(list, meanings.courses)),
            "doubt": meanings.doubt,
            "columns": columns,
        }

    def _meanings(self, batch: Batch, columns: list[ScoreColumn]) -> Meanings:
        stored = codes_by_course(self.dialect, {self._name(each) for each in columns})
        named = self._named_course(tuple(batch.gradebook_course))
        if named:
            return Meanings(named, stored.get(named, {}), [])
        if not (stored or any(each.is_foreign for each in columns)):
            return Meanings(None, {}, [])  # plain codes, which are looked up row by row
        return self._guessed(columns, stored)

    def _guessed(self, columns: list[ScoreColumn], stored: ByCourse) -> Meanings:
        """The one course that knows most of the columns, where nothing speaks against it."""
        counts = self._counts(columns, stored)
        most = max(counts.values(), default=0)
        fitting = sorted(course for course, count in counts.items() if count == most)
        if len(fitting) != 1:
            return Meanings(None, {}, fitting)
        best, mapped = fitting[0], stored.get(fitting[0], {})
        rivals = [course for course in counts if course != best]
        is_whole = most == len(columns)
        doubt = CourseGuess(best, rivals, is_whole, bool(mapped), self._students).doubt()
        if doubt:
            return Meanings(None, {}, doubt.courses, f"{' '.join(best)}, {doubt.reason}")
        return Meanings(best, mapped, [])

    def _students(self) -> set[str]:
        """The students of whom the file says anything; it is read once more to find them."""
        at = list(self.active_sources).index("student_id")
        rows = (each for row in self.read_again() for each in self.translated(row))
        texts = {row.cells[at] for row in rows if row.cells}
        field = kinds[self.kind].columns()["student_id"].model_field(kinds[self.kind].model())
        clean, students = cleaner_for(field, is_identifier=True), set()
        for text in texts:
            with suppress(CellRefused):  # of nobody; its row is refused with the reason
                students.add(clean(text) or "")
        return students - {""}

    def _named_course(self, chosen: Course | tuple[()]) -> Course | None:
        """The course that a person or the file names. Raises FileRefused where these differ."""
        if not chosen:
            return self.own_course()
        if chosen not in self.courses.titles:
            message = _("There is no course %(course)s. Check its code and presentation.")
            raise FileRefused("unknown_course", message % {"course": " ".join(chosen)}, line=1)
        self._refuse_other(chosen)
        return chosen

    def _refuse_other(self, course: Course | None) -> None:
        """Refuse a file, or one of several sheets, that names another course itself."""
        own = self.own_course()
        if course and own not in (None, course):
            message = _("The file is of the course %(own)s, not of %(chosen)s.")
            params = {"own": " ".join(own or ()), "chosen": " ".join(course)}
            raise FileRefused("other_course", message % params, line=1)

    def _counts(self, columns: list[ScoreColumn], stored: ByCourse) -> dict[Course, int]:
        """How many of its columns each course knows that the file may be of."""
        counts: dict[Course, int] = {}
        for column in columns:
            matches = {each.course for each in self.assessments.among(column.texts, None)}
            name = self._name(column)
            mapped = {course for course, codes in stored.items() if name in codes}
            for course in matches | mapped:
                counts[course] = counts.get(course, 0) + 1
        return counts

    def _name(self, column: ScoreColumn) -> str:
        return lasting_name(self.dialect, column.header)

    def _resolve_columns(
        self, columns: list[ScoreColumn], course: Course | None, mapped: dict[str, str]
    ) -> None:
        for column in columns:
            texts = (mapped[column.header],) if column.header in mapped else column.texts
            if texts == (IGNORED,):
                self.codes[column.header] = IGNORED
                continue
            matches = self.assessments.among(texts, course)
            codes = {each.code for each in matches}
            self.codes[column.header] = codes.pop() if len(codes) == 1 else texts[0]
            if len(matches) == 1:
                self.known[column.header] = matches[0]

    def _narrow_to(self, course: Course) -> None:
        """Have every row name the course, unless the file itself has columns for it."""
        if COURSE_KEY[0] not in self.active_sources:
            self.constants = dict(zip(COURSE_KEY, course, strict=True))
            self.active_sources |= dict.fromkeys(COURSE_KEY, ColumnSource((), lambda cells: ""))

    def _several(self, noted: dict[str, Any]) -> FileRefused:
        """The refusal of a file of which nobody can tell for sure which course it is of."""
        courses = ", ".join(" ".join(course) for course in noted["courses"][:MOST_NAMED])
        message = _(
            "The file reads as “%(title)s”, which names no course, and its assessments may be "
            "those of several: %(courses)s. Say on the page of this import of which course it is, "
            "or with --course and --presentation."
        )
        if noted["doubt"]:
            message = _(
                "The file reads as “%(title)s”, which names no course. Its columns are known from "
                "%(doubt)s Say on the page of this import of which course it is, or with --course "
                "and --presentation."
            )
        params = {"title": self.title, "courses": courses, "doubt": noted["doubt"]}
        return FileRefused("ambiguous_assessment", message % params, line=1)

    def _refusal(self, columns: list[ScoreColumn], course: Course | None) -> FileRefused:
        named = ", ".join(self._named(column, course) for column in columns[:MOST_NAMED])
        if len(columns) > MOST_NAMED:
            named += " " + _("and %(count)d more") % {"count": len(columns) - MOST_NAMED}
        message = ngettext(
            "The file reads as “%(title)s”, and nobody has said yet which assessment this is: "
            "%(columns)s. Say it once on the page of this import, or under “Assessment mappings”: "
            "it is remembered for the course.",
            "The file reads as “%(title)s”, and nobody has said yet which assessments these are: "
            "%(columns)s. Say it once on the page of this import, or under “Assessment mappings”: "
            "it is remembered for the course.",
            len(columns),
        ) % {"title": self.title, "columns": named}
        return FileRefused("unknown_assessment", message, line=1, column=columns[0].header)

    def _named(self, column: ScoreColumn, course: Course | None) -> str:
        name = _("“%(name)s”") % {"name": display_text(column.header)}
        near = self.assessments.similar((*column.texts, *column.titles), course)
        if near is None:
            return name
        params = {"name": name, "near": near.code, "course": " ".join(near.course)}
        return _("%(name)s (did you mean %(near)s of %(course)s?)") % params


def without_students(title: Any, column: str) -> FileRefused:
    """The refusal of a file that names students only by what is not unique, or not known here."""
    message = _(
        "The file reads as “%(title)s”, without the column “%(column)s”, and students are not "
        "matched by their names. Export it again with that column, or add it."
    )
    return FileRefused(
        "missing_column", message % {"title": title, "column": column}, line=1, column=column
    )


def columns_to_explain(batch: Batch, course: Course) -> dict[int, ScoreColumn]:
    """The columns of a file that are no known assessment of this course, by their places."""
    names, columns = AssessmentNames(), columns_of(batch)
    dialect = batch.own_assessments["dialect"]
    lasting = {each.header: lasting_name(dialect, each.header) for each in columns}
    mapped = codes_by_course(dialect, lasting.values()).get(course, {})
    return {
        at: each
        for at, each in enumerate(columns)
        if lasting[each.header] not in mapped and not names.among(each.texts, course)
    }


def columns_of(batch: Batch) -> list[ScoreColumn]:
    """The columns that were found when the file was read."""
    return [
        ScoreColumn(header, tuple(texts), tuple(titles), is_foreign)
        for header, texts, titles, is_foreign in batch.own_assessments.get("columns", ())
    ]


def likely_course(columns: Sequence[ScoreColumn]) -> Course | None:
    """The only course with an assessment of the title, or the code, of every column."""
    names = AssessmentNames()
    courses = [set(names.courses_with((*each.texts, *each.titles))) for each in columns]
    likely = set.intersection(*courses) if courses else set()
    return likely.pop() if len(likely) == 1 else None
