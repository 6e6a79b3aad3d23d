"""Files of any names against any stored ones: what is alike is found, and nothing else.

The oracle folds a name letter by letter, by what Unicode says of each, and shares no line with the
product.
"""

import io
import unicodedata
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as properties
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, FormerStudentID, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from tests.school import rolled_back

# Few letters, so that many names are alike; some in the other case, wide, or with signs between.
LETTERS = [
    "0",
    "1",
    "a",
    "A",
    "1",
    "0",
    "Ａ",
    "ａ",
    "０",
    "１",
    "-",
    " ",
    "\N{NON-BREAKING HYPHEN}",
]
ENDS = [each for each in LETTERS if each not in "- \N{NON-BREAKING HYPHEN}"]
NAMES = st.builds(
    lambda first, middle, last: " ".join(f"{first}{middle}{last}".split()),
    st.sampled_from(ENDS),
    st.text(st.sampled_from(LETTERS), max_size=3),
    st.sampled_from(ENDS),
)
PATTERN = ".{1,12}"
many = properties(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


def form_of(name: str) -> str:
    """A name without what makes no difference."""
    letters = [
        unicodedata.normalize("NFKC", char).casefold()
        for char in name
        if unicodedata.category(char) not in ("Zs", "Pd")
    ]
    while letters and letters[0] == "0":
        del letters[0]
    return "".join(letters)


def is_known_as(name: str, stored: list[str]) -> bool:
    return any(form_of(name) == form_of(each) for each in stored)


def make(names: list[str]) -> list[User]:
    return [
        User.objects.create(username=name, student_id=name, role="student", password="!")
        for name in names
    ]


def read(registrar: User, kind: str, text: str, **options: Any) -> Batch:
    stream = io.BytesIO(text.encode())
    options = {"on_error": "skip", "max_changed": 100, "max_withdrawn": 100} | options
    return preview(receive(stream, f"{kind}.csv", registrar, kind=kind, **options))


def expected(stored: list[str], formers: list[str], rows: list[str]) -> dict[str, int]:
    """How many rows are created, known, refused and repeated; decided from top to bottom."""
    counts = dict.fromkeys(("created", "unchanged", "rejected", "duplicates"), 0)
    accepted: list[str] = []
    for name in rows:
        if name in accepted:
            counts["duplicates"] += 1
        elif name in stored:
            counts["unchanged"] += 1
            accepted.append(name)
        elif is_known_as(name, [*stored, *formers, *(a for a in accepted if a not in stored)]):
            counts["rejected"] += 1
        else:
            counts["created"] += 1
            accepted.append(name)
    return counts


@many
@given(
    names=st.lists(NAMES, max_size=8, unique=True),
    split=st.integers(0, 4),
    rows=st.lists(NAMES, min_size=1, max_size=8),
)
def test_whoever_is_alike_is_refused_and_nobody_else(db, registrar, settings, names, split, rows):
    settings.STUDENT_ID_PATTERN = PATTERN
    formers, stored = names[:split], names[split:]
    # What leads to a person by the former name is looked at elsewhere.
    rows = [name for name in rows if name not in formers] or ["1"]
    with rolled_back():
        make(stored)
        owner = User.objects.create(username="zz", student_id="zz", role="student", password="!")
        for name in formers:
            FormerStudentID.objects.create(user=owner, student_id=name)
        text = "student_id,timezone\n" + "".join(f"{name},UTC\n" for name in rows)
        if "1" in rows and "1" in formers:
            return
        batch = read(registrar, "users", text)
        counted = {name: getattr(batch, name) for name in expected(stored, formers, rows)}
        messages = list(batch.issues.values_list("message", flat=True))
        assert counted == expected(stored, formers, rows), messages
        assert batch.errors == batch.rejected
        allowed = read(registrar, "users", text, allow_similar=True)
        new = {name for name in rows if name not in stored}
        assert (allowed.created, allowed.rejected) == (len(new), 0)


@many
@given(
    members=st.lists(NAMES, min_size=1, max_size=6, unique=True),
    rows=st.lists(NAMES, min_size=1, max_size=6, unique=True),
    chosen=st.tuples(st.booleans(), st.booleans()),
)
def test_a_roster_withdraws_nobody_who_is_alike(db, registrar, settings, members, rows, chosen):
    settings.STUDENT_ID_PATTERN = PATTERN
    with rolled_back():
        course = Course.objects.create(code="BIO101", presentation="2026J", slug="b", title="B")
        for member in make(members):
            Enrollment.objects.create(student=member, course=course)
        text = "student_id,course_code,presentation\n"
        text += "".join(f"{name},BIO101,2026J\n" for name in rows)
        creates, allows = chosen
        options = {"create_students": creates, "allow_similar": allows}
        batch = read(registrar, "enrollments", text, mode="sync", **options)
        strangers = [name for name in rows if not is_known_as(name, members)]
        news = [name for name in rows if name not in members]
        unclear = creates and not allows and len({form_of(n) for n in strangers}) < len(strangers)
        if (strangers and not creates) or unclear:
            left: set[str] = set()  # a row that means nobody at all may mean anybody
        else:
            left = {name for name in members if not is_known_as(name, rows)}
        assert batch.withdrawn == len(left), list(batch.issues.values_list("message", flat=True))
        if batch.state != Batch.State.PREVIEWED:
            return
        apply(batch, batch.digest, registrar)
        gone = Enrollment.objects.filter(status="withdrawn")
        assert set(gone.values_list("student__student_id", flat=True)) == left
        assert not (set(news) & left)
