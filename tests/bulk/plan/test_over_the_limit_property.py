"""Whatever a file adds and ends: beyond the limit its last adding lines are refused, no others."""

from typing import Any, NamedTuple

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment
from tests.bulk.plan.test_over_the_limit import roster

PEOPLE = tuple(f"s100{number}" for number in range(1, 8))
STATES = ("active", "completed", "withdrawn")
ENDED = {"withdrawn": {"withdrawn_on": "2026-04-01"}}


class Case(NamedTuple):
    """The limit, who is in the course before, and what the lines of the file make of whom."""

    limit: int
    before: dict[str, str]
    rows: dict[str, tuple[str, str]]  # in the order of the file: role and state

    @property
    def adding(self) -> list[int]:
        """The lines that make somebody an active student who was none."""
        return [
            line
            for line, (name, (role, state)) in enumerate(self.rows.items(), 2)
            if (role, state) == ("student", "active") and self.before.get(name) != "active"
        ]

    @property
    def refused(self) -> list[int]:
        ending = sum(
            self.before.get(name) == "active" and (role, state) != ("student", "active")
            for name, (role, state) in self.rows.items()
        )
        active = [*self.before.values()].count("active") + len(self.adding) - ending
        over = max(0, active - self.limit) if self.limit else 0
        return self.adding[len(self.adding) - min(over, len(self.adding)) :]


CASES = st.builds(
    Case,
    limit=st.integers(0, 5),
    before=st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(STATES)),
    rows=st.dictionaries(
        st.sampled_from(PEOPLE),
        st.tuples(st.sampled_from(("student", "student", "observer")), st.sampled_from(STATES)),
        min_size=1,
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_the_last_adding_lines_beyond_the_limit_are_refused(
    upload: Any, courses: dict[str, Course], student: Any, case: Case
):
    course = courses["BIO101"]
    with transaction.atomic():
        people = {name: student(name) for name in PEOPLE}
        for name, state in case.before.items():
            fields = {"status": state, "enrolled_on": "2026-02-01", **ENDED.get(state, {})}
            Enrollment.objects.create(student=people[name], course=course, **fields)
        Course.objects.filter(pk=course.pk).update(enrollment_limit=case.limit)
        rows = [f"{name} {role} {state}" for name, (role, state) in case.rows.items()]
        batch = upload("enrollments", roster(*rows))
        found = batch.issues.filter(code="over_limit", is_warning=False).order_by("line")
        assert list(found.values_list("line", flat=True)) == case.refused
        assert (batch.state == "refused") == bool(case.refused)
        reasoned = upload(
            "enrollments", roster(*rows), allow_over_limit=True, reason="The dean wants them"
        )
        warned = reasoned.issues.filter(code="over_limit", is_warning=True).order_by("line")
        assert list(warned.values_list("line", flat=True)) == case.refused
        assert reasoned.state == "previewed"
        transaction.set_rollback(True)
