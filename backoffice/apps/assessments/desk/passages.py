"""A text with the passages that somebody commented on."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from backoffice.apps.assessments.models import Annotation


class Stretch(NamedTuple):
    """A stretch of a text, and the numbers of the comments about it."""

    text: str
    comments: tuple[int, ...]


def is_in(text: str, annotation: Annotation) -> bool:
    """Whether the text still has the passage where it was marked."""
    return text[annotation.start : annotation.end] == annotation.quoted


def stretches(text: str, annotations: Iterable[Annotation]) -> Iterator[Stretch]:
    """The text in pieces, which together are the text; comments are counted from 1."""
    marked = [(at, each) for at, each in enumerate(annotations, 1) if is_in(text, each)]
    bounds = {0, len(text)}
    for _number, each in marked:
        bounds |= {each.start, each.end}
    ordered = sorted(bounds)
    for start, end in zip(ordered, ordered[1:], strict=False):
        numbers = tuple(n for n, each in marked if each.start <= start and end <= each.end)
        yield Stretch(text[start:end], numbers)
