"""Words that do not name anything in this craft, and how often identifiers use them.

A reader who knows Django looks for `values`, `matches`, `message` or `action`. A name that tells a
story instead (`said`, `told`, `deed`) has to be learned first, and soon means eight things.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator

STORIES = {
    "say": "say says saying said sayings",
    "tell": "tell tells telling told",
    "keep": "keep keeps keeping kept",
    "give": "give gives giving given",
    "ask": "ask asks asking asked",
    "show": "shows showing shown",
    "find": "found finding",
    "do": "deed deeds",
    "hang": "hang hangs hung",
    "write": "letter letters",
    "turn": "turn turns",
    "take": "take takes taken",
    "want": "want wants wanted",
    "see": "seen",
    "hold": "mine ours theirs",
    "leave": "leavers leaver leaving newcomer newcomers staying stays",
    "stand": "stand stands standing beside room rooms",
    "come": "come comes came go goes gone going fall falling way ways",
    "look": "look looks looked looking",
    "bring": "bring brought settle settled letting soon",
    "speak": "sentence prose news rival flaw remark remarks complaint complaints",
    "make": "spool memo meant",
}
NARRATIVE = frozenset(word for words in STORIES.values() for word in words.split())
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words_of(identifier: str) -> list[str]:
    """The words of a name: of `RowAction` and `row_action`, `row` and `action`."""
    return [word.lower() for word in WORD.findall(identifier)]


def identifiers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name a module makes or uses, with its line; a name used twice comes twice."""
    line = 1
    for node in ast.walk(tree):
        line = getattr(node, "lineno", line)
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, line
            case ast.ClassDef(name=name) | ast.Name(id=name) | ast.Attribute(attr=name):
                yield name, line
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name, line
            case ast.alias(name=name, asname=asname):
                yield from ((part, line) for part in (asname or name).split("."))


def count_words(trees: list[ast.Module]) -> Counter[str]:
    """How often each word stands in the identifiers of these modules."""
    return Counter(
        word for tree in trees for name, _line in identifiers(tree) for word in words_of(name)
    )


def narrative_share(counts: Counter[str]) -> float:
    """Narrative words per 1,000 words of identifiers."""
    return 1000 * sum(counts[word] for word in NARRATIVE) / counts.total()
