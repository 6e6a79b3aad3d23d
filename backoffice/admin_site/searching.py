"""Search in two steps: first the people and courses a word names, then the rows that name those.

A join over a million rows, filtered by a text of the other table, takes seconds; a thousand keys
found first take milliseconds.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.text import smart_split, unescape_string_literal

from backoffice.admin_site import roles
from backoffice.admin_site.search_text import SearchText, folded

MOST_KEYS = 1_000  # keys that are handed on; a word that names more is left to the database
SHORT = 3  # letters; a shorter word is looked for at the beginnings of words only
MOST_WORDS = 8


def words_of(term: str) -> list[str]:
    """The words of a search, quoted ones together, composed like what is stored."""
    words = []
    for bit in smart_split(unicodedata.normalize("NFC", term.replace("\0", ""))):
        is_quoted = bit[:1] in "\"'" and bit[:1] == bit[-1:] and len(bit) > 1
        words.append(unescape_string_literal(bit) if is_quoted else bit)
    return [word for word in words if word.strip()][:MOST_WORDS]


def found(
    rows: models.QuerySet[Any], term: str, paths: Iterable[str], user: Any
) -> models.QuerySet[Any]:
    """The rows in which every word of the term is found, in any of the searched fields."""
    groups = _by_model(rows.model, paths)
    for word in words_of(term):
        condition = Q()
        for prefix, (model, names) in groups.items():
            condition |= _matches(prefix, model, names, word, user)
        rows = rows.filter(condition)
    return rows


def told_in(model: type[models.Model], name: str) -> frozenset[str]:
    """The fields a searched field tells of: those a search text covers, or the field itself."""
    return getattr(model._meta.get_field(name), "covered", frozenset({name}))


def _by_model(
    model: type[models.Model], paths: Iterable[str]
) -> dict[str, tuple[type[models.Model], list[str]]]:
    """The searched fields by the way to the model they stand on; blank is the list's own."""
    groups: dict[str, tuple[type[models.Model], list[str]]] = {}
    for path in paths:
        prefix, _separator, name = path.rpartition("__")
        if prefix not in groups:
            groups[prefix] = (_model_at(model, prefix), [])
        groups[prefix][1].append(name)
    return groups


def _model_at(model: type[models.Model], path: str) -> type[models.Model]:
    for name in filter(None, path.split("__")):
        model = model._meta.get_field(name).related_model
    return model


def _matches(prefix: str, model: type[models.Model], names: list[str], word: str, user: Any) -> Q:
    condition = Q()
    for lookup in _lookups(model, names, word, user):
        condition |= lookup
    if not prefix or not condition:
        return condition if condition else Q(pk__in=[])
    rows = model._base_manager.filter(condition).order_by().values_list("pk", flat=True)
    keys = list(rows[: MOST_KEYS + 1])
    return Q(**{f"{prefix}__in": keys if len(keys) <= MOST_KEYS else rows})


def _lookups(model: type[models.Model], names: list[str], word: str, user: Any) -> Iterator[Q]:
    """What to ask of one model; a field the person may not see is not searched either."""
    shown = roles.shown_fields(user, model)
    for name in names:
        field = model._meta.get_field(name)
        if not isinstance(field, SearchText):
            if shown is None or name in shown:
                yield Q(**{f"{name}__icontains": word})
        elif shown is None or field.covered <= shown:
            yield _in_text(field, word)
        else:
            yield from (Q(**{f"{each}__icontains": word}) for each in field.covered & shown)


def _in_text(field: SearchText, word: str) -> Q:
    word = folded(word)
    # Three letters are what the index knows; shorter words it knows at a word's beginning only.
    return Q(**{f"{field.name}__contains": word if len(word) >= SHORT else f" {word}"})
