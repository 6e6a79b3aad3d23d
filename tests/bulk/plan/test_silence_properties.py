"""Whatever is stored and whatever the roster says: an oracle of its own says who stays.

It shares no line with the code: it goes through stored rows and rows of the file one by one.
"""

import io
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.jobs.tasks import read_ready, resume
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive

PEOPLE = ("p101", "p102", "p103", "p104")
COURSES = ("AAA", "BBB")
ROLES = ("student", "teaching_assistant", "observer")
STATUSES = ("active", "completed", "failed", "withdrawn")
OLD_DAY, OTHER_DAY = "2026-03-01", "2026-02-20"


class Stored(NamedTuple):
    """An enrollment as it is before; by hand if a person entered its status after a file did."""

    role: str
    status: str
    is_by_hand: bool


class Line(NamedTuple):
    """A row of the file; blank cells are blank."""

    person: str
    course: str
    role: str
    status: str


@dataclass
class Case:
    """A school, and a roster of it."""

    stored: dict[tuple[str, str], Stored]
    lines: list[Line]
    has_role: bool
    has_status: bool

    def text(self, lines: list[Line]) -> str:
        header = ["student_id", "course_code", "presentation"]
        header += ["role"] * self.has_role + ["status"] * self.has_status
        rows = [
            [each.person, each.course, "2026J"]
            + [each.role] * self.has_role
            + [each.status] * self.has_status
            for each in lines
        ]
        return "".join(",".join(cells) + "\n" for cells in [header, *rows])


KEYS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(COURSES))
STORED = st.builds(Stored, st.sampled_from(ROLES), st.sampled_from(STATUSES), st.booleans())
LINES = st.builds(
    Line,
    st.sampled_from((*PEOPLE, *PEOPLE, "p999", "N/A")),
    st.sampled_from((*COURSES, *COURSES, *COURSES, "NONE")),
    st.sampled_from(("", "student", "Student", "teaching_assistant", "observer")),
    st.sampled_from(("", "", "active", "ACTIVE", "completed", "failed", "withdrawn")),
)
CASES = st.builds(
    Case,
    st.dictionaries(KEYS, STORED, min_size=3, max_size=8),
    st.lists(LINES, min_size=1, max_size=9),
    st.booleans(),
    st.booleans(),
)


class Oracle:
    """What a registrar would do with the roster and a pencil."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.after = {key: (s.role, s.status) for key, s in case.stored.items()}
        self.dated = {key for key, s in case.stored.items() if s.status == "withdrawn"}
        self.counts: Counter[str] = Counter()
        accepted: dict[tuple[str, str], tuple[str, str]] = {}
        for line in case.lines:
            self._take(line, accepted)
        self._withdraw()

    def _take(self, line: Line, accepted: dict[tuple[str, str], tuple[str, str]]) -> None:
        key = (line.person, line.course)
        if line.person not in PEOPLE or line.course not in COURSES:
            self.counts["rejected"] += 1
            return
        values = self._read(line)
        if key in accepted:
            self.counts["duplicates" if accepted[key] == values else "rejected"] += 1
            return
        accepted[key] = values
        before = self.case.stored.get(key)
        if before is None:
            self.counts["created"] += 1
            self.after[key] = values
            return
        role, status = values
        if before.is_by_hand and status != before.status:
            status = before.status
        self.after[key] = (role, status)
        self.counts["updated" if (role, status) != before[:2] else "unchanged"] += 1
        if before.status == "withdrawn" and status == "active":
            self.counts["returns"] += 1
            self.dated.discard(key)

    def _read(self, line: Line) -> tuple[str, str]:
        before = self.case.stored.get((line.person, line.course))
        role = line.role.lower() if self.case.has_role else ""
        status = line.status.lower() if self.case.has_status else ""
        if before is None:
            return role or "student", status or "active"
        silent = "active" if before.status == "withdrawn" else before.status
        return role or before.role, status or silent

    def _withdraw(self) -> None:
        lines, named = self.case.lines, {"student"}
        if self.case.has_role:
            named |= {line.role.lower() for line in lines if line.role}
        strangers = [line for line in lines if line.person not in PEOPLE]
        if any(line.course not in COURSES for line in lines):
            return  # a row that may be about any course
        unsafe = {line.course for line in strangers}
        courses = {line.course for line in lines} - unsafe
        on_file = {(line.person, line.course) for line in lines}
        for key, before in self.case.stored.items():
            is_spoken_of = before.status == "active" and before.role in named and key[1] in courses
            if is_spoken_of and key not in on_file and not before.is_by_hand:
                self.after[key] = (before.role, "withdrawn")
                self.dated.add(key)
                self.counts["withdrawn"] += 1


def put_in(case: Case) -> None:
    courses = {
        code: Course.objects.create(code=code, presentation="2026J", slug=code.lower(), title=code)
        for code in COURSES
    }
    people = {
        name: User.objects.create(username=name, student_id=name, password="!", role="student")
        for name in PEOPLE
    }
    source = ChangeSet.Source
    with recording(source=source.IMPORT):
        for (person, course), each in case.stored.items():
            status, day = each.status, OLD_DAY
            if each.is_by_hand:
                status, day = ("active" if status == "withdrawn" else "withdrawn"), OTHER_DAY
            Enrollment.objects.create(
                student=people[person],
                course=courses[course],
                role=each.role,
                status=status,
                withdrawn_on=day if status == "withdrawn" else None,
            )
    with recording(source=source.ACTION):
        for (person, course), each in case.stored.items():
            row = Enrollment.objects.get(student=people[person], course=courses[course])
            if each.is_by_hand:
                row.status = each.status
                row.withdrawn_on = OLD_DAY if each.status == "withdrawn" else None
                row.save()


def stored_now() -> tuple[dict[tuple[str, str], tuple[str, str]], set[tuple[str, str]]]:
    rows = Enrollment.objects.select_related("student", "course")
    keyed = {(row.student.student_id, row.course.code): row for row in rows}
    states = {key: (row.role, row.status) for key, row in keyed.items()}
    return states, {key for key, row in keyed.items() if row.withdrawn_on}


def counts_of(batches: list[Batch]) -> Counter[str]:
    names = ("created", "updated", "unchanged", "returns", "withdrawn", "rejected", "duplicates")
    return Counter({name: n for name in names if (n := sum(getattr(b, name) for b in batches))})


def bring_in(case: Case, actor: Any) -> list[Batch]:
    text = io.BytesIO(case.text(case.lines).encode())
    options = {"kind": "enrollments", "mode": "sync", "on_error": "skip"}
    batch = preview(receive(text, "roster.csv", actor, **options))
    return [apply(batch, batch.digest, actor) if batch.writes else batch]


def bring_in_parts(case: Case, parts: int, actor: Any) -> list[Batch]:
    """The same rows in several files of a delivery; rows about one person stay together."""
    files = [
        [line for line in case.lines if number_of(line.person) % parts == number]
        for number in range(parts)
    ]
    uploads = [
        (io.BytesIO(case.text(lines).encode()), f"part{number}.csv")
        for number, lines in enumerate(files)
        if lines
    ]
    delivery = deliver(uploads, actor, mode="sync", on_error="skip")
    read_ready(delivery)
    while waiting := [b for b in files_of(delivery) if b.state == "previewed" and b.writes]:
        resume(apply(waiting[0], waiting[0].digest, actor))
    return files_of(delivery)


def number_of(text: str) -> int:
    return sum(map(ord, text))


@pytest.mark.parametrize("parts", [0, 2, 3])
@given(case=CASES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_roster_does_what_the_oracle_says(registrar, parts: int, case: Case):
    with transaction.atomic():
        put_in(case)
        batches = bring_in_parts(case, parts, registrar) if parts else bring_in(case, registrar)
        states, dated = stored_now()
        transaction.set_rollback(True)
    oracle = Oracle(case)
    # Whom the file itself withdraws without a day has none.
    assert (states, dated) == (oracle.after, oracle.dated)
    assert counts_of(batches) == oracle.counts
    assert sum(batch.returns for batch in batches) <= sum(batch.updated for batch in batches)
