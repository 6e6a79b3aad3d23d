"""Any files of sections, in any order of rows, come to what a book of all sections says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from tests.bulk.plan.sections import canvas_file, oneroster_file
from tests.bulk.readers.test_zip_files import packed

PEOPLE = ("s1001", "s1002", "s1009")
EXAMPLES = 25 if connection.vendor == "postgresql" else 15
SAYS = {
    "canvas": {
        "active": "active",
        "completed": "completed",
        "deleted": "withdrawn",
        "inactive": "withdrawn",
    },
    "oneroster": {"active": "active", "tobedeleted": "withdrawn"},
}
ENDS = {"canvas": "deleted", "oneroster": "tobedeleted"}
SECTIONS = {"canvas": ("S1", "S2", "-"), "oneroster": ("BIO101-2026J", "BIO101_2026J")}
BETTER = ("active", "completed", "withdrawn")
DAYS = ("2026-02-01", "2026-02-15", "2026-03-01", "2026-04-01")
BY_HAND = "2026-05-01"
WHOLE = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.enrollments,bulk\n"
TODAY = timezone.now().date().isoformat()


class Row(NamedTuple):
    """A row of a file; `-` is a blank cell."""

    person: str
    section: str
    word: str
    begin: str
    end: str


class State(NamedTuple):
    """What a section or an enrollment is, since when and until when."""

    state: str
    begin: str
    end: str


class Delivered(NamedTuple):
    """A file: of which system, and whether it is the whole roster."""

    system: str
    rows: tuple[Row, ...]
    is_whole: bool


class EndedByHand(NamedTuple):
    """Somebody was withdrawn here, not by a file."""

    person: str


@st.composite
def files(draw: Any) -> Delivered:
    system, is_whole = draw(st.sampled_from(list(SAYS))), draw(st.integers(0, 3)) == 0
    # Some day stands in each column: one that is blank in every row does not count.
    rows = [Row("s1009", SECTIONS[system][0], ENDS[system], DAYS[0], DAYS[-1])]
    count = draw(st.integers(1, 6))
    # A whole roster names everybody: who is missing from one is another test's.
    people = [*PEOPLE[:2], *draw(st.lists(st.sampled_from(PEOPLE), max_size=4))]
    people = people if is_whole else draw(st.lists(st.sampled_from(PEOPLE), max_size=count))
    for person in people:
        begin, end = sorted(draw(st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS))))
        section = draw(st.sampled_from(SECTIONS[system]))
        days = (draw(st.sampled_from((begin, "-"))), draw(st.sampled_from((end, "-"))))
        rows.append(Row(person, section, draw(st.sampled_from(list(SAYS[system]))), *days))
    return Delivered(system, tuple(draw(st.permutations(rows))), is_whole)


EVENTS = st.one_of(files(), files(), files(), st.builds(EndedByHand, st.sampled_from(PEOPLE)))


def together(states: list[State]) -> State:
    """What several sections are as one."""
    begins = [each.begin for each in states if each.begin != "-"]
    ends = [each.end for each in states]
    return State(
        min((each.state for each in states), key=BETTER.index),
        min(begins, default="-"),
        "-" if "-" in ends else max(ends),
    )


@dataclass
class Book:
    """What all files have said so far, by person and section, and what people are by that."""

    sections: dict[str, dict[tuple[str, str], State]] = field(default_factory=dict)
    enrolled: dict[str, State] = field(default_factory=dict)

    def end(self, person: str) -> None:
        if person in self.enrolled:
            now = self.enrolled[person]
            self.enrolled[person] = State("withdrawn", now.begin, BY_HAND)

    def read(self, file: Delivered) -> None:
        for person in {row.person for row in file.rows}:
            known = self.sections.setdefault(person, {})
            news = self._news(file, person)
            unnamed = {name: each for name, each in known.items() if name not in news}
            if file.is_whole:
                for name, each in unnamed.items():
                    if each.state == "active":
                        over = State("withdrawn", each.begin, TODAY)
                        unnamed[name] = known[name] = over
            for name, each in unnamed.items():
                now = self.enrolled[person]
                if BETTER.index(now.state) > BETTER.index(each.state):
                    unnamed[name] = known[name] = State(now.state, each.begin, now.end)
            known |= news
            self.enrolled[person] = together([*unnamed.values(), *news.values()])

    def _news(self, file: Delivered, person: str) -> dict[tuple[str, str], State]:
        rows: dict[tuple[str, str], list[State]] = {}
        for row in file.rows:
            if row.person == person:
                state = SAYS[file.system][row.word]
                end = row.end if state == "withdrawn" else "-"
                key = (file.system, row.section.strip("-") if row.section == "-" else row.section)
                rows.setdefault(key, []).append(State(state, row.begin, end))
        return {key: together(states) for key, states in rows.items()}


def day(value: Any) -> str:
    return "-" if value is None else str(value)


def stored() -> tuple[dict[str, State], dict[str, dict[tuple[str, str], State]]]:
    enrolled, sections = {}, dict[str, dict[tuple[str, str], State]]()
    for row in Enrollment.objects.select_related("student").prefetch_related("sections"):
        person = row.student.student_id
        enrolled[person] = State(row.status, day(row.enrolled_on), day(row.withdrawn_on))
        sections[person] = {
            (each.system, each.section): State(
                each.status, day(each.enrolled_on), day(each.withdrawn_on)
            )
            for each in row.sections.all()
        }
    return enrolled, sections


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=st.lists(EVENTS, min_size=1, max_size=6))
def test_whatever_files_say_of_sections_adds_up(
    courses: Any,
    student: Callable[..., Any],
    registrar: Any,
    upload: Any,
    events: list[Delivered | EndedByHand],
):
    with transaction.atomic():
        for name in PEOPLE:
            student(name)
        book = Book()
        for event in events:
            if isinstance(event, EndedByHand):
                rows = Enrollment.objects.filter(student__student_id=event.person)
                rows.update(status="withdrawn", withdrawn_on=BY_HAND)
                book.end(event.person)
                continue
            batch = bring_in(upload, registrar, event)
            check_counts(batch, event)
            book.read(event)
            assert stored() == (book.enrolled, book.sections)
            assert bring_in(upload, registrar, event).writes == 0  # the same file again
        transaction.set_rollback(True)


def bring_in(upload: Any, registrar: Any, file: Delivered) -> Batch:
    write = canvas_file if file.system == "canvas" else oneroster_file
    content, name = write(*map(" ".join, file.rows)), "a.csv"
    mode = Batch.Mode.SYNC if file.is_whole else Batch.Mode.UPSERT
    if file.is_whole and file.system == "oneroster":
        # Rows with a status are changes, unless the manifest says that the file is whole.
        content, name = packed({"manifest.csv": WHOLE, "enrollments.csv": content}), "all.zip"
    batch = upload("enrollments", content, name=name, mode=mode)
    assert batch.state == "previewed", [str(issue) for issue in batch.issues.all()]
    return apply(batch, batch.digest, registrar) if batch.writes else batch


def check_counts(batch: Batch, file: Delivered) -> None:
    names = ("created", "updated", "unchanged", "rejected", "duplicates", "folded")
    counts = {name: getattr(batch, name) for name in names}
    assert sum(counts.values()) == batch.rows == len(file.rows)
    assert counts["created"] + counts["updated"] + counts["unchanged"] == len(
        {row.person for row in file.rows}
    )
    assert (counts["rejected"], batch.withdrawn) == (0, 0)
