"""Whatever lies beside a roster: it stops nothing, and only what nobody knows keeps everybody."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.pipeline.deliveries import files_of
from tests.bulk.pipeline.test_rosters_of_a_delivery import (  # noqa: F401  fixtures
    DOCUMENTS,
    HEADER,
    bring,
    left,
    lines,
    roster,
)
from tests.bulk.readers.test_zip_files import packed

STUDENTS = ("s001", "s002", "s003", "s004")
IDLE: dict[str, str | bytes] = {
    "terms.csv": "term_id,name,status\n1,Autumn,active\n",
    "logins.csv": "login_id,user_id,existing_user_id\nx,y,z\n",
    "demographics.csv": "",
    "demographics2.csv": "sourcedId,status,dateLastModified,birthDate,sex\nd,,,2001-01-01,male\n",
    **DOCUMENTS,
}
UNKNOWN: dict[str, str | bytes] = {
    "odd.csv": "kennung,kurs\n1,2\n",
    "group_b.csv": "",
    "list.csv": "who\ns002\n",
    "group_c.xlsx": b"PK\x03\x04 cut off",
}


class Case(NamedTuple):
    """Who stands in each roster, what lies beside them, and how all of it comes."""

    groups: list[set[str]]
    idle: set[str]
    unknown: set[str]
    order: random.Random
    is_packed: bool

    @property
    def idle_here(self) -> set[str]:
        # An archive in an archive is refused, whatever it holds; a document of Word is one.
        return self.idle - {"letter.docx"} if self.is_packed else self.idle

    @property
    def unknown_here(self) -> set[str]:
        # What begins like an archive counts as one.
        return self.unknown - {"group_c.xlsx"} if self.is_packed else self.unknown

    def files(self) -> dict[str, str | bytes]:
        rosters: dict[str, str | bytes] = {
            f"group{number}.csv": HEADER + lines("BIO101", *sorted(group))
            for number, group in enumerate(self.groups)
        }
        beside = {**IDLE, **UNKNOWN}
        files = [
            *rosters.items(),
            *((name, beside[name]) for name in self.idle_here | self.unknown_here),
        ]
        self.order.shuffle(files)
        return {"all.zip": packed(dict(files))} if self.is_packed else dict(files)


CASES = st.builds(
    Case,
    groups=st.lists(st.sets(st.sampled_from(STUDENTS), min_size=1), min_size=1, max_size=3),
    idle=st.sets(st.sampled_from(sorted(IDLE))),
    unknown=st.one_of(st.just(set()), st.sets(st.sampled_from(sorted(UNKNOWN)), max_size=2)),
    order=st.randoms(use_true_random=False),
    is_packed=st.booleans(),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_only_what_nobody_knows_keeps_everybody(
    roster: Any,  # noqa: F811
    bring: Callable[..., Any],  # noqa: F811
    case: Case,
):
    with transaction.atomic():
        delivery = bring(case.files())
        batches = files_of(delivery)
        # A roster in which everything stands already has nothing to write.
        assert {batch.state for batch in batches if batch.writes} <= {"applied"}
        assert {batch.state for batch in batches} <= {"applied", "previewed"}
        assert len(batches) == len(case.groups)
        missing = set(STUDENTS) - set().union(*case.groups)
        assert left() == (set() if case.unknown_here else missing)
        assert left("ART200") == set()
        stay = Enrollment.objects.filter(status="active", role="teaching_assistant")
        assert stay.count() == 4
        listed = {each["name"].rpartition("/")[2]: each["is_known"] for each in delivery.left_out}
        assert listed == dict.fromkeys(case.idle_here, True) | dict.fromkeys(
            case.unknown_here, False
        )
        transaction.set_rollback(True)
