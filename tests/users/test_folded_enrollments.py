"""Two enrollments of one person in one course become one, whatever they say and in either order."""

from datetime import date
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.merging.policies import FoldRefused, Pair
from backoffice.apps.users.merging.relations import fold_enrollments
from backoffice.apps.users.models import Enrollment

ORDER = ["active", "completed", "failed", "withdrawn"]
days = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
rows = st.fixed_dictionaries(
    {
        "status": st.sampled_from(ORDER),
        "enrolled_on": days,
        "withdrawn_on": days,
        "final_result": st.sampled_from(["", "Pass", "Fail"]),
        "final_grade": st.sampled_from([None, 40, 90]),
        "progress_percent": st.integers(0, 100),
        "role": st.sampled_from(["student", "student", "observer"]),
    }
)


def folded(first: dict[str, Any], second: dict[str, Any]) -> Enrollment | None:
    """What the rule makes of the two; None where it refuses."""
    course = Course(code="BIO101", presentation="2026J")
    own, other = (Enrollment(course=course, **values) for values in (first, second))
    try:
        return fold_enrollments(Pair(own, other))
    except FoldRefused:
        return None


@given(rows, rows)
def test_the_rule_stands_whatever_the_two_say(first: dict[str, Any], second: dict[str, Any]):
    row = folded(first, second)
    contradict = first["role"] != second["role"] or any(
        first[name] != second[name] and first[name] and second[name]
        for name in ("final_result", "final_grade")
    )
    assert (row is None) == contradict
    if row is None:
        return
    pair = (first, second)
    expected = next(status for status in ORDER if status in [each["status"] for each in pair])
    assert row.status == expected
    begun = [each["enrolled_on"] for each in pair if each["enrolled_on"]]
    assert row.enrolled_on == (sorted(begun)[0] if begun else None)
    ends = sorted(each["withdrawn_on"] for each in pair if each["withdrawn_on"])
    if len(ends) == 2:
        assert row.withdrawn_on == ends[1]
    elif len(ends) == 1 and expected == "withdrawn":
        # Of two withdrawals one is dated; an enrollment that began later has another end.
        is_later = row.enrolled_on is not None and row.enrolled_on > ends[0]
        assert row.withdrawn_on == (None if is_later else ends[0])
    else:
        assert row.withdrawn_on is None
    assert row.final_result == (first["final_result"] or second["final_result"])
    assert row.progress_percent == max(each["progress_percent"] for each in pair)


@given(rows, rows)
def test_it_makes_no_difference_which_of_the_two_remains(
    first: dict[str, Any], second: dict[str, Any]
):
    one, other = folded(first, second), folded(second, first)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        for name in first:
            assert getattr(one, name) == getattr(other, name), name


@given(rows, rows)
def test_two_rows_that_keep_the_rules_make_one_that_keeps_them(
    first: dict[str, Any], second: dict[str, Any]
):
    for values in (first, second):
        begun, end = values["enrolled_on"], values["withdrawn_on"]
        assume(begun is None or end is None or begun <= end)
    row = folded(first, second)
    if row is not None and row.enrolled_on and row.withdrawn_on:
        assert row.enrolled_on <= row.withdrawn_on
