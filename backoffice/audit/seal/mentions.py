"""Texts that may name anybody, such as cells of files: where they name the forgotten, they go.

Such a row belongs to nobody. It names a person by an identifier they have or had, by their whole
name, or as a cell that holds nothing but a part of it; or it is about a line of a file by which a
row of theirs came.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models
from django.db.models import Q

from backoffice.audit.models import Audited
from backoffice.audit.models.personal_data import FORGOTTEN, NAMED, Mentions

Place = tuple[int, int]  # an import and a line of its file


@dataclass(frozen=True)
class Names:
    """What somebody was ever called: what is theirs alone, and parts of names."""

    whole: frozenset[str]
    parts: frozenset[str]

    @classmethod
    def of(cls, records: Sequence[Any]) -> "Names":
        """By the records of a person and all versions of them."""
        person: Any = type(records[0])
        keys = [each.pk for each in records]
        versions = [*records, *person.history.filter(**{f"{person._meta.pk.attname}__in": keys})]
        fields = (*person.personal.names, person.get_email_field_name())
        whole = {getattr(each, name) for each in versions for name in fields}
        parts: set[str | None] = set()
        for identity in person.identities:
            if identity.former:
                rows = person._base_manager.filter(pk__in=keys)
                whole |= set(rows.values_list(f"{identity.former}__{identity.field}", flat=True))
            for each in versions:
                names = [text for name in identity.named_by if (text := getattr(each, name))]
                parts |= set(names)
                whole |= {f"“{text}”" for text in names}  # quoted in a message
                if len(names) > 1:
                    *first, last = names
                    given = " ".join(first)
                    whole |= {f"{given} {last}", f"{last} {given}", f"{last}, {given}"}
        return cls(frozenset(_names(whole)), frozenset(_names(parts)))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.whole, key=len, reverse=True)
        names = "|".join(map(re.escape, longest_first))
        return re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)

    @cached_property
    def _folded_parts(self) -> frozenset[str]:
        return frozenset(part.casefold() for part in self.parts)

    def are_in(self, value: Any) -> bool:
        """Whether a text, or a text within JSON, names the person."""
        if isinstance(value, str):
            is_part = value.strip().casefold() in self._folded_parts
            return is_part or bool(self.whole and self._pattern.search(value))
        if isinstance(value, dict):
            return any(map(self.are_in, (*value, *value.values())))
        return isinstance(value, list) and any(map(self.are_in, value))

    def without(self, value: Any) -> Any:
        """JSON without the texts that name the person."""
        if isinstance(value, dict):
            return {self.without(name): self.without(each) for name, each in value.items()}
        if isinstance(value, list):
            return list(map(self.without, value))
        return FORGOTTEN if self.are_in(value) else value

    def likely(self, field: str) -> Q:
        """The condition of rows that may name the person in a field."""
        found = Q(pk__in=[])
        for text in self.whole | self.parts:
            found |= Q(**{f"{field}__icontains": text})
        return found


def _names(texts: Iterable[str | None]) -> Iterator[str]:
    """Without what a person is called who was forgotten already."""
    return (text for text in texts if text and text != FORGOTTEN and not text.startswith(NAMED))


def places_of(keys: set[int]) -> set[Place]:
    """The lines of files by which rows of a person came."""
    places: set[Place] = set()
    for model in apps.get_models():
        path = getattr(model, "person_path", None)
        if not issubclass(model, Audited) or path is None or "__" in path:
            continue
        field: Any = model._meta.get_field(path) if path else model._meta.pk
        rows = model.history.filter(line__isnull=False, **{f"{field.attname}__in": keys})
        places |= set(rows.values_list("change_set__batch", "line"))
    return places


class Mention(NamedTuple):
    """A row that names somebody, and what it says without."""

    row: models.Model
    values: dict[str, Any]


def blank(mentions: Sequence[Mention]) -> int:
    """Write what is left of these rows; returns their number."""
    for row, values in mentions:
        type(row)._base_manager.filter(pk=row.pk).update(**values)
    return len(mentions)


def mentions_of(names: Names, places: set[Place]) -> Iterator[Mention]:
    """Every row of a model with `mentions` that names the person."""
    for model in apps.get_models():
        mentions: Mentions | None = getattr(model, "mentions", None)
        if mentions is None:
            continue
        for row in _likely(model, mentions, names, places):
            is_there = tuple(getattr(row, name) for name in mentions.place) in places
            if values := _blanked(row, mentions, names, is_there=is_there):
                yield Mention(row, values)


def _likely(
    model: type[models.Model], mentions: Mentions, names: Names, places: set[Place]
) -> models.QuerySet[Any]:
    found = Q(pk__in=[])
    for field in mentions.fields:
        found |= names.likely(field)
    if mentions.place:
        batch, line = mentions.place
        batches, lines = ({place[at] for place in places} for at in (0, 1))
        found |= Q(**{f"{batch}__in": batches, f"{line}__in": lines})
    return model._base_manager.filter(found).order_by("pk")


def _blanked(row: Any, mentions: Mentions, names: Names, *, is_there: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for group in mentions.groups:
        texts = {name: getattr(row, name) for name in group}
        if not (is_there and group is mentions.groups[0]) and not names.are_in([*texts.values()]):
            continue
        for name, text in texts.items():
            blank = FORGOTTEN if isinstance(text, str) and text else names.without(text)
            if blank != text:
                values[name] = blank
    return values
