"""Search in two steps: first the people and courses a word names, then the rows that name those.

A join over a million rows, filtered by a text of the other table, takes seconds; a thousand keys
found first take milliseconds.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any

from django.contrib.admin.utils import get_fields_from_path, get_model_from_relation
from django.db import connection, models
from django.db.models import Q, Value
from django.utils.text import smart_split, unescape_string_literal

from backoffice.admin_site.models.search_text import SearchText, folded
from backoffice.admin_site.permissions import roles

MOST_KEYS = 1_000  # keys that are handed on; a word that names more is left to the database
SHORT = 3  # letters; a shorter word is looked for at the beginnings of words only
MOST_WORDS = 8
Lookup = tuple[str, str]  # the way to a model, and a word looked for there


def words_of(term: str) -> list[str]:
    """The words of a search, quoted ones together, composed like what is stored."""
    words = []
    for bit in smart_split(unicodedata.normalize("NFC", term.replace("\0", ""))):
        is_quoted = bit[:1] in "\"'" and bit[:1] == bit[-1:] and len(bit) > 1
        words.append(unescape_string_literal(bit) if is_quoted else bit)
    return [word for word in words if word.strip()][:MOST_WORDS]


def matching(
    rows: models.QuerySet[Any], term: str, paths: Iterable[str], user: roles.Actor
) -> models.QuerySet[Any]:
    """The rows in which every word of the term is found, in any of the searched fields."""
    words, groups = words_of(term), _by_model(rows.model, paths, user)
    matches = {
        (prefix, word): reduce(or_, _lookups(model, names, word, user, is_far="__" in prefix), Q())
        for prefix, (model, names) in groups.items()
        for word in words
    }
    elsewhere = {
        place: groups[place[0]][0]._base_manager.filter(condition).order_by()
        for place, condition in matches.items()
        if place[0] and condition
    }
    matches |= {
        place: _leading_to(rows.model, place[0], keys) for place, keys in _keys(elsewhere).items()
    }
    for word in words:
        any_field = (matches[prefix, word] for prefix in groups)
        rows = rows.filter(reduce(or_, any_field, Q()) or Q(pk__in=[]))
    return rows


def visible_paths(model: type[models.Model], paths: Iterable[str], user: roles.Actor) -> list[str]:
    """Those of the searched fields that tell the person something they may see."""
    visible = roles.visible_fields(user, model)
    return [path for path in paths if visible is None or _covered(model, path) & visible]


def _covered(model: type[models.Model], path: str) -> frozenset[str]:
    field = model._meta.get_field(path.removeprefix("^").partition("__")[0])
    return field.covered if isinstance(field, SearchText) else frozenset({field.name})


def _keys(querysets: Mapping[Lookup, models.QuerySet[Any]]) -> dict[Lookup, Any]:
    """The keys each of these finds, by one statement; itself where it finds too many of them."""
    places = list(querysets)
    keys_by_place: dict[Lookup, list[int]] = {place: [] for place in querysets}
    parts = [
        querysets[place].annotate(search_place=Value(at)).values_list("search_place", "pk")
        for at, place in enumerate(places)
    ]
    for at, pk in _united([part[: MOST_KEYS + 1] for part in parts]):
        keys_by_place[places[at]].append(pk)
    return {
        place: keys if len(keys) <= MOST_KEYS else querysets[place].values("pk")
        for place, keys in keys_by_place.items()
    }


def _united(parts: list[models.QuerySet[Any]]) -> Iterable[tuple[int, int]]:
    # SQLite limits no part of a union, and is asked for each.
    if len(parts) > 1 and connection.features.supports_slicing_ordering_in_compound:
        return parts[0].union(*parts[1:], all=True)
    return chain.from_iterable(parts)


def _leading_to(model: type[models.Model], prefix: str, keys: Any) -> Q:
    """The condition of rows from which this path leads to one of the keys."""
    # Any: a foreign key, or the relation back from one.
    last: Any = get_fields_from_path(model, prefix)[-1]
    if not last.one_to_many:
        return Q(**{f"{prefix}__in": keys})
    # One row may have several such: a join would show it as many times.
    head, _separator, _relation = prefix.rpartition("__")
    rows = last.related_model._base_manager.filter(pk__in=keys)
    return Q(**{f"{head or 'pk'}__in": rows.values(last.field.name)})


def _by_model(
    model: type[models.Model], paths: Iterable[str], user: roles.Actor
) -> dict[str, tuple[type[models.Model], list[str]]]:
    """The searched fields by the way to the model they stand on; blank is the list's own."""
    groups: dict[str, tuple[type[models.Model], list[str]]] = {}
    for path in paths:
        prefix, _separator, name = path.rpartition("__")
        if prefix not in groups:
            groups[prefix] = (_end_of(model, prefix), [])
        groups[prefix][1].append(name)
        field = groups[prefix][0]._meta.get_field(name.removeprefix("^"))
        for relation in getattr(field, "further", ()):
            further = f"{prefix}__{relation}".removeprefix("__")
            if roles.may(user, "view", _end_of(model, further)):
                groups[further] = (_end_of(model, further), [name])
    return groups


def _end_of(model: type[models.Model], path: str) -> type[models.Model]:
    """The model a path of relations leads to; blank leads to the model itself."""
    return get_model_from_relation(get_fields_from_path(model, path)[-1]) if path else model


def _lookups(
    model: type[models.Model], names: list[str], word: str, user: roles.Actor, *, is_far: bool
) -> Iterator[Q]:
    """What to ask of one model; `is_far`: it is two steps away from the rows of the list."""
    # A field the person may not see is not searched either: its matches would tell the value.
    visible = roles.visible_fields(user, model)
    for path in names:
        name = path.removeprefix("^")  # the mark of a field that begins with the word
        field = model._meta.get_field(name)
        if not isinstance(field, SearchText):
            if visible is None or name in visible:
                yield Q(**{f"{name}__{'icontains' if name == path else 'istartswith'}": word})
        elif visible is None or field.covered <= visible:
            yield _in_text(field, word, is_far=is_far)
        else:
            # The column would tell hidden fields too: each visible one is searched, without index.
            yield from (Q(**{f"{each}__icontains": word}) for each in field.covered & visible)


def _in_text(field: SearchText, word: str, *, is_far: bool) -> Q:
    word = folded(word)
    # Three letters are what the index knows; shorter words it knows at a word's beginning only.
    if len(word) >= SHORT:
        return Q(**{f"{field.name}__contains": word})
    if not (is_far and word.isascii()):
        return Q(**{f"{field.name}__contains": f" {word}"})
    # Two steps away, the thousand people of a beginning are ten thousands of rows to look through.
    whole = f" {word}"
    return Q(**{f"{field.name}__contains": f"{whole} "}) | Q(**{f"{field.name}__endswith": whole})
