"""The courses of a larger demo school, and who takes them, as the rows of two files.

All is computed from numbers: the same scale gives the same files, which are imported once.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from math import gcd
from typing import NamedTuple

from backoffice.apps.courses.models import Course
from backoffice.apps.users.demo.crowd import instructor_of, student_id_of
from backoffice.apps.users.models import Enrollment
from backoffice.operations.demo import Scale

SUBJECTS = (
    ("BIO", "science", "Marine ecology", "Cell biology", "Genetics", "Plants and their neighbours"),
    ("HIS", "history", "Cities of the Hansa", "Africa since 1800", "The Silk Roads", "Archives"),
    ("CS", "science", "Algorithms", "Databases", "Operating systems", "Networks"),
    ("ART", "arts", "Printmaking", "Colour", "Sculpture in wood", "The museum and its public"),
    ("MAT", "science", "Linear algebra", "Probability", "Analysis", "Number theory"),
    ("PHY", "science", "Mechanics", "Optics", "Thermodynamics", "Waves and oceans"),
    ("LAW", "society", "Law of contract", "Human rights", "Law of the sea", "Evidence"),
    ("ECO", "society", "Trade and growth", "Public finance", "Labour markets", "Banking"),
    ("LIN", "arts", "Phonetics", "Languages in contact", "Syntax", "Writing systems"),
    ("PHI", "arts", "Logic", "Ethics", "Philosophy of science", "Aesthetics"),
    ("NUR", "health", "Care of the elderly", "Anatomy", "Medicines", "Community nursing"),
    ("EDU", "society", "How children read", "Assessment", "Inclusive schools", "Adult learning"),
    ("CHE", "science", "Organic chemistry", "The chemistry of food", "Catalysis", "Water"),
    ("GEO", "science", "Glaciers", "Maps and mapping", "Cities and climate", "Soils"),
    ("MUS", "arts", "Counterpoint", "Music of the Andes", "Listening", "The orchestra"),
    ("ENG", "engineering", "Bridges", "Strength of materials", "Control", "Sustainable design"),
    ("PSY", "society", "Memory", "Perception", "Groups and their members", "Development"),
    ("SOC", "society", "Migration", "Families", "Work and technology", "Field methods"),
    ("LIT", "arts", "The novel", "Poetry in translation", "Drama", "Epics"),
    ("STA", "science", "Surveys", "Regression", "Experiments", "Data and its pictures"),
    ("ARC", "engineering", "Housing", "Building in earth", "Light", "Restoration"),
    ("POL", "society", "Elections", "Federations", "Peace negotiations", "Local government"),
    ("MED", "health", "Epidemiology", "Ethics at the bedside", "Immunology", "Nutrition"),
    ("AST", "science", "Stars", "Planets", "Instruments", "Cosmology"),
    ("ENV", "science", "Rivers", "Forests", "Energy", "Waste and what becomes of it"),
)
# presentation, start, whether it is over
RUNS = (
    ("2026J", "2026-09-07", False),
    ("2026B", "2026-02-02", True),
    ("2025J", "2025-09-08", True),
    ("2027B", "2027-02-01", False),
)
NEXT_PRESENTATION = "2027B"
LENGTH = timedelta(days=140)
FIRST_LEVEL = 301
RESULTS = ("Pass", "Merit", "Distinction")
STUDENT_STEP, COURSE_STEP = 31, 17  # spread the outcomes over students and courses
COURSES = (
    *("course_code", "presentation", "title", "starts_on", "ends_on", "status", "instructor"),
    "enrollment_limit",
)
ENROLLMENTS = (
    *("student_id", "course_code", "presentation", "status", "enrolled_on", "withdrawn_on"),
    "final_result",
)


class CatalogueEntry(NamedTuple):
    """A course of the catalogue."""

    number: int
    code: str  # for example BIO301
    title: str
    tag: str
    presentation: str
    starts_on: date
    is_over: bool
    status: str


def catalogue(count: int) -> list[CatalogueEntry]:
    """The first courses: four runs of one, then the next subject's, then the next level's."""
    return [_entry(number) for number in range(count)]


def _entry(number: int) -> CatalogueEntry:
    place, run = divmod(number, len(RUNS))
    level, subject = divmod(place, len(SUBJECTS))
    prefix, tag, *topics = SUBJECTS[subject]
    again, topic = divmod(level, len(topics))
    presentation, start, is_over = RUNS[run]
    is_draft = presentation == NEXT_PRESENTATION and place % 5 == 4
    return CatalogueEntry(
        number,
        f"{prefix}{FIRST_LEVEL + level}",
        f"{topics[topic]} {again + 1}" if again else topics[topic],
        tag,
        presentation,
        date.fromisoformat(start),
        is_over,
        Course.Status.DRAFT if is_draft else Course.Status.PUBLISHED,
    )


def rows_of_courses(scale: Scale) -> Iterator[tuple[object, ...]]:
    for entry in catalogue(scale.courses):
        yield (
            *(entry.code, entry.presentation, entry.title, entry.starts_on),
            *(entry.starts_on + LENGTH, entry.status, instructor_of(entry.number)),
            _limit(entry, scale),
        )


def _limit(entry: CatalogueEntry, scale: Scale) -> object:
    """None in some courses; most have room left, some hardly any."""
    size = _size(entry.number, scale)
    if entry.number % 7 == 0:
        return size + 3
    return "" if entry.number % 3 == 0 else (size // 10 + 4) * 10


def rows_of_enrollments(scale: Scale) -> Iterator[tuple[object, ...]]:
    for entry in catalogue(scale.courses):
        course = (entry.code, entry.presentation)
        for student in takers(entry.number, scale):
            yield (student_id_of(student), *course, *_outcome(entry, student))


def takers(course: int, scale: Scale) -> Iterator[int]:
    """The numbers of a course's students, spread over the school."""
    step = 7 + course % 89 * 2
    # A step without a common divisor meets nobody twice.
    while gcd(step, scale.students) > 1:
        step += 1
    for place in range(_size(course, scale)):
        yield (course * 7_919 + place * step) % scale.students


def _size(course: int, scale: Scale) -> int:
    # What one course has more than the average its neighbour has less, so the sum is right.
    average, left = divmod(scale.enrollments, scale.courses)
    is_paired = course // 2 * 2 + 1 < scale.courses
    more = average * (course // 2 * 37 % 61) // 100 if is_paired else 0
    size = average - more if course % 2 else average + more
    return min(size + (course < left), scale.students)


def _outcome(entry: CatalogueEntry, student: int) -> tuple[object, ...]:
    status, ended = Enrollment.Status, RESULTS[student % 3]
    lot = (student * STUDENT_STEP + entry.number * COURSE_STEP) % 100
    enrolled_on = entry.starts_on - timedelta(days=3 + lot % 28)
    if lot < (14 if entry.is_over else 6) and entry.presentation != NEXT_PRESENTATION:
        return status.WITHDRAWN, enrolled_on, entry.starts_on + timedelta(days=20 + lot), ""
    if not entry.is_over:
        return status.ACTIVE, enrolled_on, "", ""
    if lot < 26:
        return status.FAILED, enrolled_on, "", "Fail"
    return status.COMPLETED, enrolled_on, "", ended
