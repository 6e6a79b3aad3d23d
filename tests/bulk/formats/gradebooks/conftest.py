"""A course of 300 students, whose assessments have namesakes in another year."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.record.recording import recording
from backoffice.bulk.models import AssessmentMapping
from tests.bulk.formats.gradebooks.makers import Book, Person

STUDENTS = 300
PAPERS = {
    "TMA01": ("First essay", "100"),
    "TMA02": ("Essay, second: “half” | (draft)", "40"),
    "Q-1": ("=Quiz (1)", "12.5"),
    "LAB": ("", "7"),
    "Prüfung 2": ("Prüfung total", "60"),
}


@dataclass
class Class300:
    """The course here, and the same as another system has it, by code or by title."""

    course: Course
    book: Book
    rng: random.Random

    def named(self, name_of: Callable[[str], str]) -> Book:
        """The book with other names of the assessments."""
        most = {name_of(code): most for code, most in self.book.most.items()}
        scores = {(who, name_of(code)): s for (who, code), s in self.book.scores.items()}
        return Book(self.book.people, most, scores)

    def map_columns(self, dialect: str, headers: dict[str, str]) -> None:
        """Say what columns are, by code."""
        for code, header in headers.items():
            paper = Assessment.objects.get(course=self.course, code=code)
            mapping = AssessmentMapping(
                course=self.course, dialect=dialect, header=header, assessment=paper
            )
            mapping.full_clean()
            mapping.save()

    def some(self, count: int) -> list[tuple[str, str]]:
        return self.rng.sample(sorted(self.book.scores), count)

    def other_score(self, key: tuple[str, str], *than: Decimal) -> Decimal:
        most = self.book.most[key[1]]
        while True:
            score = Decimal(self.rng.randrange(int(most * 100) + 1)) / 100
            if score not in (*than, self.book.scores.get(key)):
                return score


def title_of(code: str) -> str:
    return PAPERS[code][0] or code


def stored_scores() -> dict[tuple[str, str], Decimal]:
    rows = AssessmentSubmission.objects.filter(score__isnull=False)
    names = ("student__student_id", "assessment__code", "score")
    return {(who, code): score for who, code, score in rows.values_list(*names)}


def enter_by_hand(course: Course, scores: dict[tuple[str, str], Decimal]) -> None:
    with recording(source="form"):
        for (who, code), score in scores.items():
            work = AssessmentSubmission.objects.get(
                student__student_id=who, assessment__code=code, assessment__course=course
            )
            work.score = score
            work.save()


@pytest.fixture
def class300(db: None, import_file: Any) -> Class300:
    """300 students with scores of 5 assessments; a sixth has none of them."""
    rng = random.Random(19)
    courses = [
        Course.objects.create(code="BIO101", presentation=term, slug=f"bio101-{term.lower()}")
        for term in ("2025J", "2026J")
    ]
    for course in courses:
        for code, (title, most) in PAPERS.items():
            Assessment.objects.create(course=course, code=code, title=title, max_score=most)
    people = [Person(f"s{number:05}", f"Zoë {number}", "O'Moore, B.") for number in range(STUDENTS)]
    User.objects.bulk_create(
        User(
            username=one.student_id, student_id=one.student_id, role="student", password="!",
            first_name=one.first, last_name=one.last, email=one.email,
        )
        for one in people
    )  # fmt: skip
    known = dict(User.objects.filter(role="student").values_list("student_id", "pk"))
    Enrollment.objects.bulk_create(
        Enrollment(student_id=known[one.student_id], course=course)
        for one in people
        for course in courses
    )
    book = Book(people, {code: Decimal(most) for code, (_title, most) in PAPERS.items()})
    for one in people:
        for code, most in book.most.items():
            if rng.random() < 0.8:
                score = Decimal(rng.randrange(int(most * 100) + 1)) / 100
                book.scores[one.student_id, code] = score
    lines = [f"{who},{code},BIO101,2026J,{score}" for (who, code), score in book.scores.items()]
    header = "student_id,assessment_id,course_code,presentation,score\n"
    import_file("grades", header + "\n".join(lines))
    return Class300(courses[1], book, rng)
