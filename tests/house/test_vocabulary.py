"""Names are the words of the craft, and one name means one thing."""

import ast
from collections import defaultdict

import pytest

from tests.house.source import files
from tests.house.vocabulary import NARRATIVE, count_words, identifiers, narrative_share, words_of

MOST = 3  # narrative words per 1,000 words of identifiers
BANNED = frozenset({"deed", "deeds", "hung", "said", "told"})
# Django finds these by their names, one in a module.
TWICE = {"Command", "DatabaseWrapper", "Meta", "Migration"}


def test_few_identifiers_tell_a_story():
    counts = count_words([source.tree for source in files("backoffice")])
    words = {word: count for word, count in counts.most_common() if word in NARRATIVE}
    assert narrative_share(counts) <= MOST, words


def has_banned_word(name: str) -> bool:
    """The name of a test is a sentence, and may have any word."""
    return not name.startswith("test_") and bool(BANNED & set(words_of(name)))


def test_no_identifier_has_a_banned_word():
    matches = [
        f"{source.name}:{line} {name}"
        for source in files("backoffice", "tests", "benchmarks")
        for name, line in identifiers(source.tree)
        if has_banned_word(name)
    ]
    assert not matches


def test_the_name_of_a_test_may_have_a_banned_word():
    assert has_banned_word("said_of")
    assert not has_banned_word("test_people_are_told_why")


def test_no_class_name_stands_twice():
    places = defaultdict(list)
    for source in files("backoffice"):
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in TWICE:
                places[node.name].append(source.name)
    assert not {name: sources for name, sources in places.items() if len(sources) > 1}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("RowAction", ["row", "action"]),
        ("row_action", ["row", "action"]),
        ("HTTPError", ["http", "error"]),
        ("_told_as2", ["told", "as"]),
        ("MAX_ROWS", ["max", "rows"]),
    ],
)
def test_the_words_of_a_name(name: str, words: list[str]):
    assert words_of(name) == words
