"""Rosters, corrections, left-out rows, own words, near doubles, sections, holds and undos at once.

Whatever files come one after the other: nobody leaves of whom a file speaks, a file that is read
again changes nothing, an undo gives every table back, and the record is what the tables are. The
oracle goes by what stands in the lines; it shares no line with the code.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.users.models import Enrollment
from backoffice.audit.record.recording import recording
from backoffice.bulk.models import Batch, ValueMapping
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.approval import agree
from backoffice.bulk.pipeline.corrections import Edit, correct
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.plan import change_limits
from backoffice.bulk.undo.undo import undo
from tests.bulk.plan.sections import canvas_file
from tests.stored_rows import stored_rows

PEOPLE = ("s1001", "s1002", "00123", "s1004")
TABLES = (
    *("users_user", "users_enrollment", "users_sectionmembership"),
    *("users_formerstudentid", "courses_course"),
)
RIGHT_IDS = {"123": "00123", "S1001": "s1001", "s9999": "s1004"}
RIGHT_WORDS = {"actve": "active", "W?": "withdrawn"}
ENDS = ("Dropped", "withdrawn", "deleted", "W?")
COUNTS = ("created", "updated", "unchanged", "rejected", "duplicates", "folded")
EXAMPLES = 40 if connection.vendor == "postgresql" else 30


class Line(NamedTuple):
    """A row of a file: who, what is said of them, and, in Canvas, of which section."""

    person: str
    word: str
    section: str


class File(NamedTuple):
    """A file, how it is brought in, and whether that is undone."""

    lines: tuple[Line, ...]
    is_canvas: bool
    is_roster: bool
    is_corrected: bool
    creates: bool
    is_undone: bool

    def text(self) -> str:
        if self.is_canvas:
            return canvas_file(*(f"{who} {where} {word}" for who, word, where in self.lines))
        rows = [f"{who},BIO101,2026J,{word}\n" for who, word, _where in self.lines]
        return "".join(["student_id,course_code,presentation,status\n", *rows])

    def edits(self, wrong: set[int]) -> Iterator[Edit]:
        """What somebody corrects in the wrong lines of a file of ours."""
        for at, line in enumerate(self.lines, 2):
            if at in wrong and line.person in RIGHT_IDS:
                yield Edit(at, 0, line.person, RIGHT_IDS[line.person])
            if at in wrong and line.word in RIGHT_WORDS:
                yield Edit(at, 3, line.word, RIGHT_WORDS[line.word])


class Story(NamedTuple):
    """Who is in the course before any file comes, what comes, and how many changes are few."""

    beginning: dict[str, str]
    events: list[Any]
    few: int


class ByHand(NamedTuple):
    """Somebody leaves, or is back, on a form."""

    person: str
    status: str


@st.composite
def files(draw: Any) -> File:
    is_canvas = draw(st.booleans())
    words = ("active", "deleted", "completed")
    if not is_canvas:
        words = ("", "active", "active", "Dropped", "completed", "actve", "W?")
    people = (*PEOPLE, *PEOPLE, "123", "S1001", "s9999")
    line = st.builds(Line, *map(st.sampled_from, (people, words, ("S1", "S2"))))
    lines = draw(st.lists(line, min_size=1, max_size=6))
    return File(tuple(lines), is_canvas, *(draw(st.booleans()) for _each in range(4)))


BEGINNINGS = st.dictionaries(
    st.sampled_from(PEOPLE), st.sampled_from(("active", "active", "withdrawn", "completed"))
)
EVENTS = st.one_of(
    *(files() for _each in range(4)),
    st.builds(ByHand, st.sampled_from(PEOPLE), st.sampled_from(("active", "withdrawn"))),
)

STORIES = st.builds(
    Story, BEGINNINGS, st.lists(EVENTS, min_size=1, max_size=5), st.sampled_from((2, 20))
)


def folded(name: str) -> str:
    return name.lower().lstrip("0")


def tables() -> dict[str, list[tuple[Any, ...]]]:
    return stored_rows(TABLES)


def those(status: str) -> set[str]:
    rows = Enrollment.objects.filter(status=status)
    return set(rows.values_list("student__student_id", flat=True))


def may_leave(file: File, active: set[str]) -> set[str]:
    """Of the active ones, whom the file may end by what it says, or by what it does not say."""
    ended = {folded(line.person) for line in file.lines if line.word in ENDS}
    # Whoever corrects a name speaks of another person.
    ended |= {folded(RIGHT_IDS.get(x.person, x.person)) for x in file.lines if x.word in ENDS}
    named = {folded(line.person) for line in file.lines}
    if file.is_corrected:
        named -= {"s9999"}  # a correction makes somebody else of it
    known = {folded(name) for name in (*PEOPLE, *active)}
    is_safe = file.is_corrected or file.creates or named <= known
    silent = {who for who in active if folded(who) not in named} if is_safe else set()
    return {who for who in active if folded(who) in ended} | (silent if file.is_roster else set())


@pytest.fixture
def bring_in(upload: Any, registrar: Any, registrar2: Any) -> Callable[[File], Batch]:
    """Brings a file in as far as it goes: corrected, approved and applied."""

    def bring(file: File) -> Batch:
        options = {"mode": "sync" if file.is_roster else "upsert", "on_error": "skip"}
        options |= {"create_students": file.creates, "allow_similar": file.creates}
        batch = upload("enrollments", file.text(), **options)
        wrong = set(batch.issues.filter(is_warning=False).values_list("line", flat=True))
        edits = list(file.edits(wrong)) if file.is_corrected and not file.is_canvas else []
        if edits:
            correct(batch, edits, registrar)
            batch = preview(Batch.objects.get(pk=batch.pk))
        if batch.state == "held":
            assert agree(batch, batch.digest, registrar2)
        assert batch.state == "previewed", batch.sentence
        return apply(batch, batch.digest, registrar) if batch.writes else batch

    return bring


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=STORIES)
def test_all_parts_together_lose_nobody(
    student: Callable[..., Any],
    registrar: Any,
    bring_in: Callable[[File], Batch],
    courses: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    story: Story,
):
    monkeypatch.setattr(change_limits, "FEW", story.few)
    with transaction.atomic():
        begin(story.beginning, student, courses["BIO101"])
        mapping = {"kind": "enrollments", "column": "status", "made_by": registrar}
        ValueMapping.objects.create(word="Dropped", meaning="withdrawn", **mapping)
        for event in story.events:
            if isinstance(event, ByHand):
                change_by_hand(event, registrar)
            else:
                check(event, bring_in, registrar)
        call_command("audit_reconcile", stdout=None, verbosity=0)
        transaction.set_rollback(True)


def begin(beginning: dict[str, str], student: Callable[..., Any], course: Any) -> None:
    for name in PEOPLE:
        person, status = student(name), beginning.get(name)
        if status:
            day = "2026-04-01" if status == "withdrawn" else None
            days = {"enrolled_on": "2026-02-01", "withdrawn_on": day}
            Enrollment.objects.create(student=person, course=course, status=status, **days)


def change_by_hand(event: ByHand, actor: Any) -> None:
    day = "2026-05-01" if event.status == "withdrawn" else None
    rows = Enrollment.objects.filter(student__student_id=event.person)
    with recording(actor=actor, source="form", reason="As they asked for it."):
        rows.exclude(status=event.status).update(status=event.status, withdrawn_on=day)


def check(file: File, bring_in: Callable[[File], Batch], actor: Any) -> None:
    before, active = tables(), those("active")
    batch = bring_in(file)
    assert sum(getattr(batch, name) for name in COUNTS) == batch.rows == len(file.lines)
    assert those("withdrawn") & active <= may_leave(file, active), batch.roster_scope
    if file.is_undone and batch.writes:
        assert undo(batch, actor).rejected == 0
        assert tables() == before
        return
    after = tables()
    again = bring_in(file)
    assert (again.writes, tables()) == (0, after)
