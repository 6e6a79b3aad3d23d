"""A school's own headers: what they stand for now, and which of them a file has."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.kinds.header_names import IGNORED, has_meaning, names_of, plain_name
from backoffice.bulk.kinds.resource import ImportKind, kinds
from backoffice.bulk.models import Batch, HeaderMapping
from backoffice.bulk.values.faults import display_text

HEADER_CONFLICT = _("Somebody said in this moment what a header stands for. Look at it again.")
Own = Mapping[str, str]  # from the plain name of a header to a column, or to IGNORED


def own_headers_of(kind: str) -> dict[str, str]:
    stored = HeaderMapping.objects.filter(kind=kind).order_by("name")
    return dict(stored.values_list("name", "column"))


def all_own_headers() -> dict[str, dict[str, str]]:
    """By kind, what the school's own headers stand for."""
    by_kind: dict[str, dict[str, str]] = {}
    for kind, name, column in HeaderMapping.objects.values_list("kind", "name", "column"):
        by_kind.setdefault(kind, {})[name] = column
    return by_kind


def used_in(header: Sequence[str], resource: type[ImportKind], own: Own) -> dict[str, str]:
    """The own headers that count in a file with this header, with what they stand for."""
    if not own:
        return {}
    # A later version of the product may know the name itself, or the column no longer.
    known = {*names_of(resource), IGNORED}
    names = [name for name in map(plain_name, header) if own.get(name) in known]
    return {name: own[name] for name in names if not has_meaning(name, resource)}


def labels_of(header: Sequence[str], own: Own) -> dict[str, str]:
    """By column, the header that the file has for it; an ignored one stands for itself."""
    if not own:
        return {}
    written = {plain_name(name): name.strip() for name in header}
    return {
        name if column == IGNORED else column: written[name]
        for name, column in own.items()
        if name in written
    }


def read_as(batch: Batch) -> list[tuple[str, str]]:
    """The own headers as the file writes them, and what each was read as; blank: ignored."""
    own = {name: "" if column == IGNORED else column for name, column in batch.own_headers.items()}
    return [
        (name, own[plain_name(name)]) for name in batch.header if own and plain_name(name) in own
    ]


def headers_by_column(kind: str) -> dict[str, list[str]]:
    """By column, how the school writes it; by IGNORED, the headers that it ignores."""
    by_column: dict[str, list[str]] = {}
    for mapping in HeaderMapping.objects.filter(kind=kind):
        by_column.setdefault(mapping.column, []).append(mapping.header)
    return by_column


def unknown_headers(batch: Batch) -> dict[int, str]:
    """The headers of the file that may still get a meaning, by their position from 0."""
    resource = kinds[batch.kind]
    longest = HeaderMapping._meta.get_field("header").max_length
    own = used_in(batch.header, resource, own_headers_of(batch.kind))
    return {
        at: name
        for at, name in enumerate(batch.header)
        if 0 < len(plain := plain_name(name)) <= longest
        and plain not in own
        and not has_meaning(plain, resource)
    }


@transaction.atomic
def save_mappings(kind: str, columns: Mapping[str, str], person: object) -> None:
    """Store for the school which header stands for which column.

    Raises ValidationError for what the model refuses, and for what somebody said meanwhile.
    """
    for header, column in columns.items():
        stored = HeaderMapping.objects.filter(kind=kind, name=plain_name(header)).first()
        if stored and stored.column != column:
            raise ValidationError(HEADER_CONFLICT)
        if stored is None:
            mapping = HeaderMapping(kind=kind, header=header, column=column, made_by=person)
            store_named(mapping, header)


def store_named(mapping: Any, name: str) -> None:
    """Store a new mapping. Raises ValidationError, with the name before each of its messages."""
    try:
        mapping.full_clean()
    except ValidationError as refusal:
        named = [f"“{display_text(name)}”: {each}" for each in refusal.messages]
        raise ValidationError(named) from refusal
    mapping.save()
