"""What differs between two texts, word by word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

WORD = re.compile(r"\s+|[^\s]+")
MOST_WORDS = 4_000  # of both texts together: beyond, comparing takes longer than reading


class TextPiece(NamedTuple):
    """A piece of two compared texts: `kind` is same, old or new."""

    kind: str
    text: str


def difference(before: str, after: str) -> list[TextPiece] | None:
    """The pieces of both texts in reading order; None where they are too long to compare."""
    old, new = WORD.findall(before), WORD.findall(after)
    if len(old) + len(new) > 2 * MOST_WORDS:
        return None
    return list(_pieces(old, new))


def _pieces(old: list[str], new: list[str]) -> Iterator[TextPiece]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        before, after = "".join(old[old_start:old_end]), "".join(new[new_start:new_end])
        if kind == "equal":
            yield TextPiece("same", after)
            continue
        if before:
            yield TextPiece("old", before)
        if after:
            yield TextPiece("new", after)
