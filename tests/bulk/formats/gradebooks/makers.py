"""Gradebooks as their makers write them, made here from nothing but their own descriptions."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

MOODLE_PROFILE = ["First name", "Last name", "ID number", "Institution", "Department"]


@dataclass(frozen=True)
class Person:
    """A student as a learning platform has them."""

    student_id: str
    first: str = "Ada"
    last: str = "Byron"

    @property
    def email(self) -> str:
        return f"{self.student_id}@students.example.org"


@dataclass
class Book:
    """A course elsewhere: its students, its assessments with their maxima, and the scores."""

    people: list[Person]
    most: dict[str, Decimal]
    scores: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def score(self, person: Person, name: str) -> Decimal | None:
        return self.scores.get((person.student_id, name))

    def cells(self, person: Person, blank: str = "") -> list[str]:
        found = [self.score(person, name) for name in self.most]
        return [blank if score is None else f"{score:.2f}" for score in found]

    def number(self, name: str) -> int:
        return 456_780 + list(self.most).index(name)


def text_of(rows: list[list[str]], **options: str) -> str:
    stream = io.StringIO()
    csv.writer(stream, **options).writerows(rows)  # type: ignore[arg-type]
    return stream.getvalue()


def canvas(book: Book) -> bytes:
    """A number of Canvas' own in brackets behind each name."""
    own = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    names = [f"{name} ({book.number(name)})" for name in book.most]
    points = [
        "    Points Possible",
        "",
        "",
        "",
        "",
        *(f"{most:.2f}" for most in book.most.values()),
    ]
    rows = [
        [*own, *names, "Final Score"],
        ["", "", "", "", "", *["Manual Posting"] * len(names), ""],
    ]
    rows.append([*points, "(read only)"])
    for number, one in enumerate(book.people):
        known = [f"{one.last}, {one.first}", str(number), one.student_id, "login", "A1 [13805]"]
        rows.append([*known, *book.cells(one), "88.1"])
    return text_of(rows).encode()


def moodle(book: Book) -> bytes:
    """A dash where there is no grade, totals behind, the moment at the end."""
    names = [f"Assignment: {name} (Real)" for name in book.most]
    behind = ["Homework total (Real)", "Course total (Real)", "Last downloaded from this course"]
    rows = [[*MOODLE_PROFILE, "Email address", *names, *behind]]
    for one in book.people:
        own = [one.first, one.last, one.student_id, "", "", one.email]
        rows.append([*own, *book.cells(one, "-"), "-", "12.00", "1764370000"])
    return text_of(rows).encode()


def gradescope(book: Book) -> bytes:
    """Four columns for each assignment."""
    ends = ("", " - Max Points", " - Submission Time", " - Lateness (H:M:S)")
    names = [f"{name}{end}" for name in book.most for end in ends]
    own = ["First Name", "Last Name", "SID", "Email", "Sections"]
    rows = [[*own, *names, "Total Lateness (H:M:S)"]]
    for one in book.people:
        cells: list[str] = []
        for name, most in book.most.items():
            score = book.score(one, name)
            handed_in = "" if score is None else "2026-02-20 10:00:00 -0800"
            cells += ["" if score is None else str(float(score)), str(float(most))]
            cells += [handed_in, "" if score is None else "01:02:03"]
        rows.append([one.first, one.last, one.student_id, one.email, "A1", *cells, "09:00:00"])
    return text_of(rows).encode()


def brightspace(book: Book) -> bytes:
    """Number signs before the keys and at the end of each line."""
    tag = " Points Grade <Numeric MaxPoints:{} Weight:10 Category:Papers CategoryWeight:40>"
    names = [f"{name}{tag.format(plain(most))}" for name, most in book.most.items()]
    behind = ["Papers Subtotal Numerator", "Papers Subtotal Denominator"]
    behind += ["Calculated Final Grade Numerator", "Calculated Final Grade Denominator"]
    own = ["OrgDefinedId", "Username", "Last Name", "First Name", "Email"]
    rows = [[*own, *names, *behind, "End-of-Line Indicator"]]
    for one in book.people:
        known = [f"#{one.student_id}", f"#login.{one.student_id}", one.last, one.first, one.email]
        rows.append([*known, *book.cells(one), "30", "40", "61.5", "100", "#"])
    return text_of(rows).encode()


def blackboard_rows(book: Book) -> list[list[str]]:
    own = ["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability"]
    own += [
        "Weighted Total [Total Pts: up to 100 Percentage] |11",
        "Total [Total Pts: 200 Score] |12",
    ]
    names = [
        f"{name} [Total Pts: {plain(most)} Score] |{book.number(name)}"
        for name, most in book.most.items()
    ]
    rows = [[*own, *names]]
    for one in book.people:
        known = [one.last, one.first, f"login.{one.student_id}", one.student_id]
        known += ["2026-09-01 20:20:47", "Yes", "61.5", "120.00"]
        rows.append([*known, *book.cells(one)])
    return rows


def blackboard_learn(book: Book) -> bytes:
    """Tabs, UTF-16, and called .xls."""
    text = text_of(blackboard_rows(book), delimiter="\t", lineterminator="\r\n")
    return b"\xff\xfe" + text.encode("utf-16-le")


def blackboard_ultra(book: Book) -> bytes:
    """Commas, every cell in quotation marks, a byte order mark."""
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(blackboard_rows(book))
    return stream.getvalue().encode("utf-8-sig")


def nbgrader(book: Book) -> bytes:
    """A line for each assignment and student; who handed nothing in has 0.0 and no time."""
    header = [
        "assignment",
        "duedate",
        "timestamp",
        "student_id",
        "last_name",
        "first_name",
        "email",
    ]
    rows = [[*header, "raw_score", "late_submission_penalty", "score", "max_score"]]
    for name, most in book.most.items():
        for one in book.people:
            score = book.score(one, name)
            known = [one.student_id, one.last, one.first, one.email]
            points = Decimal(0) if score is None else score
            late = "0.0" if score is None else "1.5"
            raw = float(points) if score is None else float(points) + 1.5
            moment = "" if score is None else "2026-02-20 10:00:00.250000"
            own = [name, "2026-02-19 22:00:00", moment]
            rows.append([*own, *known, str(raw), late, str(float(points)), str(float(most))])
    return text_of(rows).encode()


def prairielearn(book: Book) -> bytes:
    """Percent, as JavaScript writes them."""
    rows = [["UID", "UIN", "Name", "Role", *book.most]]
    for one in book.people:
        found = [(book.score(one, name), most) for name, most in book.most.items()]
        cells = ["" if score is None else percent(score, most) for score, most in found]
        rows.append([one.email, one.student_id, f"{one.first} {one.last}", "Student", *cells])
    rows.append(["staff@example.org", "", "A Teacher", "Staff", *["100"] * len(book.most)])
    return text_of(rows).encode()


def prairielearn_instances(book: Book) -> bytes:
    """A line for each instance of an assessment."""
    rows = [
        [
            *("UID", "UIN", "Username", "Name", "Role", "Assessment", "Instance", "Started"),
            *("Remaining", "Score (%)", "Points", "Max points", "Duration (min)", "Highest score"),
        ]
    ]
    for name, most in book.most.items():
        for one in book.people:
            score = book.score(one, name)
            if score is not None:
                own = [one.email, one.student_id, one.student_id, one.first, "Student", name, "1"]
                points = [percent(score, most), str(float(score)), str(float(most))]
                rows.append([*own, "2026-02-20T10:00:00-06", "Closed", *points, "33.1", "true"])
    return text_of(rows).encode()


def percent(score: Decimal, most: Decimal) -> str:
    share = float(score) / float(most) * 100
    return str(int(share)) if share.is_integer() else repr(share)


def plain(most: Decimal) -> str:
    text = f"{most:.2f}"
    return text.rstrip("0").rstrip(".")


Maker = Callable[[Book], bytes]
# By the name a person gives the file.
MAKERS: dict[str, Maker] = {
    "canvas.csv": canvas,
    "moodle.csv": moodle,
    "gradescope.csv": gradescope,
    "brightspace.csv": brightspace,
    "gc_learn.xls": blackboard_learn,
    "gc_ultra.csv": blackboard_ultra,
    "nbgrader.csv": nbgrader,
    "prairielearn.csv": prairielearn,
    "instances.csv": prairielearn_instances,
}
