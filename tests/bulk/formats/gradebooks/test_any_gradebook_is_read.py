"""Whatever names people and assessments have, each maker's file gives each score exactly once."""

import csv
import io
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backoffice.bulk.formats.gradebooks import GRADEBOOKS
from backoffice.bulk.formats.tables import readable_as
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.readers import Row
from tests.bulk.formats.gradebooks.makers import MAKERS, Book, Person, plain

# Letters of many scripts, and all that headers use as signs of their own.
SIGNS = st.sampled_from("()[]|<>:;,-–—#=+@'\"%&/\\{}$0123456789.")
LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Zs"])
NAMES = st.text(LETTERS | SIGNS, min_size=1, max_size=25).map(lambda text: " ".join(text.split()))
IDS = st.from_regex(r"[A-Za-z]{0,4}[0-9]{3,12}", fullmatch=True)
CENTS = st.integers(1, 100_000).map(lambda cents: Decimal(cents) / 100)
# What makers call their own columns: of an assessment with such a name nobody could tell it apart.
TAKEN = {
    *("uid", "uin", "username", "name", "role", "group name", "usernames", "total", "average"),
    *("weighted total", "running total", "running weighted total", "overall grade"),
    *("minimum", "maximum", "minimum/maximum", "first name", "last name", "sid", "email"),
    *("sections", "scores at export"),
}


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Up to four people and five assessments; some scores are missing, some are 0."""
    ids = draw(st.lists(IDS, min_size=1, max_size=4, unique_by=str.casefold))
    people = [Person(each, draw(NAMES), draw(NAMES)) for each in ids]
    names = draw(st.lists(NAMES.filter(bool), min_size=1, max_size=5, unique_by=column_name))
    assume(all(column_name(name) and column_name(name) not in TAKEN for name in names))
    assume(not any(name.startswith("'") for name in names))
    book = Book(people, {name: draw(CENTS) for name in names})
    for one in people:
        for name, most in book.most.items():
            if draw(st.booleans()):
                cents = draw(st.integers(0, int(most * 100)))
                book.scores[one.student_id, name] = Decimal(cents) / 100
    return book


def decoded(content: bytes) -> list[list[str]]:
    is_wide = content.startswith(b"\xff\xfe")
    text = content.decode("utf-16" if is_wide else "utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if is_wide else ","))


def read(file: str, book: Book) -> tuple[Counter[tuple[str, ...]], int]:
    """What comes out, by student, text of the assessment, score and maximum; and what is left."""
    header, *lines = decoded(MAKERS[file](book))
    table_class = next(iter(readable_as(header)))
    assert table_class in GRADEBOOKS
    table = table_class(header)
    table.narrow(frozenset())  # no section has the name of a course
    names = table.active_sources
    rows = [row for at, cells in enumerate(lines, 2) for row in table.translated(Row(at, cells))]
    good = [dict(zip(names, row.cells, strict=True)) for row in rows if not row.is_left_out]
    found = ("student_id", "assessment_id", "score", "max_score")
    return Counter(tuple(row.get(n, "") for n in found) for row in good), len(rows) - len(good)


def expected_name(file: str, book: Book, name: str) -> str:
    return {"canvas.csv": str(book.number(name)), "moodle.csv": f"Assignment: {name}"}.get(
        file, name
    )


def expected_most(file: str, most: Decimal) -> str:
    if file in ("gradescope.csv", "nbgrader.csv"):
        return str(float(most))
    return {"canvas.csv": f"{most:.2f}"}.get(
        file, "" if file in ("moodle.csv", "prairielearn.csv") else plain(most)
    )


@pytest.mark.parametrize("file", [each for each in MAKERS if each != "prairielearn.csv"])
@given(book=books())
def test_each_score_comes_out_once_with_its_student_its_assessment_and_its_maximum(
    file: str, book: Book
):
    found, _left = read(file, book)
    values = Counter(
        (
            who,
            expected_name(file, book, name),
            Decimal(score),
            expected_most(file, book.most[name]),
        )
        for (who, name), score in book.scores.items()
    )
    assert Counter((w, n, Decimal(s), m) for w, n, s, m in found.elements()) == values


@given(book=books())
def test_percent_of_prairielearn_come_out_once_each(book: Book):
    """In points they are only where the assessment is known; see the round trips."""
    found, left = read("prairielearn.csv", book)
    keys = Counter((who, name) for (who, name) in book.scores)
    assert Counter((who, name) for who, name, _s, _m in found.elements()) == keys
    assert left == 1  # the teacher's line


@pytest.mark.parametrize("file", MAKERS)
@given(book=books())
def test_a_makers_header_is_taken_for_no_other_makers(file: str, book: Book):
    header = decoded(MAKERS[file](book))[0]
    dialects = {table.dialect for table in readable_as(header)}
    named = "blackboard" if file.startswith("gc_") else file.partition(".")[0]
    assert dialects == {"prairielearn" if named == "instances" else named}


@given(book=books())
def test_who_handed_nothing_in_has_no_grade_of_nbgrader(book: Book):
    _found, left = read("nbgrader.csv", book)
    assert left == len(book.people) * len(book.most) - len(book.scores)
