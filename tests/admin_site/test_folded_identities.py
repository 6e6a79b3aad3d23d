"""Near doubles of an identity are equal in its folded form, the same in Python and in SQL."""

import unicodedata

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.admin_site.models.folded_identity import folded_identity, folded_identity_sql

ALIKE = (
    ("00712346", "712346"),
    ("ab123", "AB123"),
    ("AB-12 34", "ab1234"),
    ("AB\N{EN DASH}12\N{NO-BREAK SPACE}34", "ab1234"),
    ("\N{FULLWIDTH DIGIT ZERO}\N{FULLWIDTH DIGIT SEVEN}12", "712"),
    ("\N{FULLWIDTH LATIN CAPITAL LETTER A}b1", "ab1"),
    ("0-0712", "712"),
    ("Élodie.Roux", "élodie.roux"),
)
WIDE = st.text(
    st.one_of(
        st.sampled_from("0123456789abABzZ -_.@+\N{EN DASH}\N{SOFT HYPHEN}"),
        st.integers(0xFF01, 0xFF5E).map(chr),
        st.characters(exclude_categories=("Cs", "Cc", "Cn")),
    ),
    max_size=20,
)


def in_sql(*texts: str | None) -> list[str | None]:
    with connection.cursor() as cursor:
        columns = ", ".join(folded_identity_sql("CAST(%s AS varchar(64))") for _text in texts)
        cursor.execute(f"SELECT {columns}", texts)
        return list(cursor.fetchone())


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_looks_alike_is_equal(one: str, other: str):
    assert folded_identity(one) == folded_identity(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1001", "1010"), ("s011", "s0011"), ("a.b1", "ab1"), ("é1", "e1")]
)
def test_what_differs_otherwise_stays_apart(one: str, other: str):
    assert folded_identity(one) != folded_identity(other)


def test_nothing_stays_nothing(db: None):
    assert folded_identity(None) is None
    assert in_sql(None) == [None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WIDE)
def test_python_and_sql_agree(db: None, text: str):
    assert in_sql(text) == [folded_identity(text)]


@given(text=WIDE)
def test_folding_twice_changes_nothing(text: str):
    folded = folded_identity(text)
    assert folded_identity(folded) == folded


@given(
    text=st.from_regex(r"[A-Za-z]{0,4}[0-9]{3,12}", fullmatch=True),
    zeros=st.integers(0, 4),
    flips=st.lists(st.booleans(), min_size=16, max_size=16),
    gap=st.sampled_from(["", " ", "-", "\N{NO-BREAK SPACE}", "\N{HYPHEN}"]),
)
def test_every_disguise_of_a_student_id_is_seen_through(
    text: str, zeros: int, flips: list[bool], gap: str
):
    """Made letter by letter here: widened, in the other case, with gaps and zeros in front."""
    disguised = "0" * zeros + gap.join(
        (_wide(char) if flip else char.swapcase()) for char, flip in zip(text, flips, strict=False)
    )
    assert folded_identity(disguised) == folded_identity(text[:16])


def _wide(char: str) -> str:
    wide = chr(ord(char) + 0xFEE0)
    assert unicodedata.normalize("NFKC", wide) == char
    return wide
