"""Match the header of a file with the columns of a kind."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.admin_site.permissions.roles import may
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.header_names import IGNORED, known_name, nearest, plain_name
from backoffice.bulk.kinds.repeated_columns import Group, groups_in
from backoffice.bulk.kinds.resource import REJECTED_COLUMNS, ImportKind
from backoffice.bulk.models import Batch, HeaderMapping
from backoffice.bulk.read.value_mapping import OwnWords
from backoffice.bulk.values.faults import FileRefused, display_text

FORBIDDEN_COLUMN = "forbidden_column"
MOST_NAMED = 10
VALUE = re.compile(r"@|[0-9]{3}|^[0-9.,]+$")  # what stands in a row, and in few headers


class ForbiddenColumn(FileRefused):
    """The file has a column that no file may set; the record keeps the attempt."""


@dataclass(frozen=True)
class Placed:
    """A known column and the position of its cells in a row, counted from 0."""

    column: Column
    position: int


@dataclass(frozen=True)
class MatchedHeader:
    """The columns of the kind, of its companion and of its source rows in a file, and where."""

    names: tuple[str, ...]
    own: tuple[Placed, ...]
    companion: tuple[Placed, ...]
    creates_companions: bool = False
    groups: tuple[Group, ...] = ()  # of members, from left to right
    words: OwnWords = field(default_factory=lambda: OwnWords({}))  # of the school
    sources: tuple[Placed, ...] = ()
    unnamed: int = 0  # columns behind the last with a name, in which nothing may stand

    @property
    def placed(self) -> tuple[Placed, ...]:
        """All known columns, in the order of the file."""
        return tuple(
            sorted(self.own + self.companion + self.sources, key=lambda placed: placed.position)
        )


def match_header(header: list[str], resource: type[ImportKind], batch: Batch) -> MatchedHeader:
    """Find the kind's columns in the header, also by the school's own names for them.

    Raises FileRefused, naming them, for forbidden, repeated, unknown or missing columns.
    """
    names = [plain_name(name) for name in header]
    companion = resource.companion
    has_companion = bool(companion and companion.is_created_by(batch))
    companions = companion.columns_of() if companion and has_companion else {}
    # Only another system has sections; a file of our own columns has none.
    sources = resource.source_columns() if batch.read_as else {}
    known = resource.columns() | companions | sources
    members = resource.nested_columns()
    refuse_forbidden(names, resource)
    refuse_repeated([name for name in names if name not in members])
    ignored = {name for name in names if batch.own_headers.get(name) == IGNORED}
    names = _mapped_names(header, names, batch.own_headers, members)
    if not batch.ignore_unknown_columns:
        own = [name for name in without_unnamed(names) if name not in ignored]
        _refuse_unknown(own, known | members, resource, batch)
    _refuse_missing(names, resource)
    placed = [Placed(known[name], position) for position, name in enumerate(names) if name in known]
    return MatchedHeader(
        tuple(names),
        _among(placed, known.keys() - companions.keys() - sources.keys()),
        _among(placed, companions),
        creates_companions=has_companion and batch.mode != Batch.Mode.UPDATE,
        groups=groups_in(names, members) if members else (),
        words=OwnWords.of(batch),
        sources=_among(placed, sources),
        unnamed=0 if batch.ignore_unknown_columns else len(names) - len(without_unnamed(names)),
    )


def _among(placed: Iterable[Placed], names: Container[str]) -> tuple[Placed, ...]:
    return tuple(each for each in placed if each.column.column_name in names)


def number_places(
    header: Sequence[str], resource: type[ImportKind], own: Mapping[str, str]
) -> dict[int, bool]:
    """Where in a row of a file with this header a number is due, and whether it is a day."""
    sorts = resource.number_sorts()
    names = [own.get(name, name) for name in map(known_name, header)]
    return {at: sorts[name] for at, name in enumerate(names) if name in sorts}


def without_unnamed(names: Sequence[str]) -> Sequence[str]:
    """The names up to the last that is not blank: spreadsheets write empty columns behind it."""
    filled = (at for at, name in enumerate(names, 1) if name.strip())
    return names[: max(filled, default=len(names))]


def refuse_forbidden(names: list[str], resource: type[ImportKind]) -> None:
    """Raise ForbiddenColumn for a column that no file of the kind may set."""
    forbidden = [name for name in names if name in resource.forbidden]
    if forbidden:
        message = _(
            "No file may set %(names)s. Remove the column and upload again; this attempt "
            "is on record."
        ) % {"names": _listed(map(display_text, forbidden))}
        raise ForbiddenColumn(FORBIDDEN_COLUMN, message, line=1, column=forbidden[0])


def _listed(names: Iterable[str]) -> str:
    """The first of these names, and how many more there are."""
    listed = list(dict.fromkeys(names))
    more = len(listed) - MOST_NAMED
    if more > 0:
        listed[MOST_NAMED:] = [_("%(count)d more") % {"count": more}]
    return ", ".join(listed)


def refuse_repeated(names: list[str]) -> None:
    """Raise FileRefused for a column that stands in the header twice."""
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        message = _("The header names %(names)s more than once. Keep one of them.")
        message %= {"names": _listed(map(display_text, repeated))}
        raise FileRefused("duplicate_column", message, line=1, column=repeated[0])


def _mapped_names(
    header: Sequence[str], names: list[str], own: Mapping[str, str], repeated: Container[str]
) -> list[str]:
    """The names, with our columns for the school's own ones.

    Raises FileRefused where two headers mean the same column.
    """
    mapped = [name if own.get(name, IGNORED) == IGNORED else own[name] for name in names]
    single = {name for name in mapped if name and name not in repeated}
    twice = sorted(name for name in single if mapped.count(name) > 1)
    if twice:
        written = [raw for raw, name in zip(header, mapped, strict=True) if name == twice[0]]
        headers = ", ".join(f"“{each.strip()}”" for each in written)
        message = _("The header has %(column)s more than once, as %(headers)s. Keep one of them.")
        message %= {"column": twice[0], "headers": headers}
        raise FileRefused("duplicate_column", message, line=1, column=twice[0])
    return mapped


def _advice(batch: Batch) -> str:
    actor = batch.uploaded_by
    if actor is None or may(actor, "add", HeaderMapping):
        return _(
            "Rename or remove it, say under “Header mappings” what it stands for, or choose to "
            "ignore unknown columns."
        )
    return _("Rename or remove it, or choose to ignore unknown columns.")


def _refuse_unknown(
    names: list[str], known: dict[str, Column], resource: type[ImportKind], batch: Batch
) -> None:
    passed_over = resource.ignored.union(REJECTED_COLUMNS)
    unknown = [name for name in names if name not in known and name not in passed_over]
    if not unknown:
        return
    _refuse_companions(unknown, resource)
    suggested = [_suggested(name, [*known, *resource.ignored], resource) for name in unknown]
    message = _("The kind “%(kind)s” has no column %(names)s. %(advice)s")
    message %= {"kind": resource.kind, "names": _listed(suggested), "advice": _advice(batch)}
    if unknown == names and any(map(VALUE.search, names)):
        message += " " + _("If this is the first row, the file has no header: add one above it.")
    raise FileRefused("unknown_column", message, line=1, column=unknown[0])


def _refuse_companions(unknown: list[str], resource: type[ImportKind]) -> None:
    """Raise FileRefused with the option under which all unknown columns would be known."""
    companion = resource.companion
    if not companion or not set(companion.names).issuperset(unknown):
        return
    message = ngettext(
        "The column %(names)s is for people who are not known yet. Turn on “%(option)s”, "
        "or choose to ignore unknown columns.",
        "The columns %(names)s are for people who are not known yet. Turn on “%(option)s”, "
        "or choose to ignore unknown columns.",
        len(unknown),
    )
    option = companion.option.replace("_", " ").capitalize()
    message %= {"names": _listed(map(display_text, unknown)), "option": option}
    raise FileRefused("unknown_column", message, line=1, column=unknown[0])


def _suggested(name: str, known: list[str], resource: type[ImportKind]) -> str:
    companion = resource.companion
    if companion and name in companion.names:
        option = companion.option.replace("_", " ")
        return _("“%(name)s” (only with “%(option)s”)") % {"name": name, "option": option}
    if not name:
        return _("with an empty name")
    near, name = nearest(name, known), display_text(name)
    if near:
        return _("“%(name)s” (did you mean “%(near)s”?)") % {"name": name, "near": near}
    return _("“%(name)s”") % {"name": name}


def _refuse_missing(names: list[str], resource: type[ImportKind]) -> None:
    labels = resource.labels()
    missing = [labels.get(name, name) for name in resource.key_names(names) if name not in names]
    if missing:
        message = _(
            "The file has no column %(names)s, which every row needs. Add it, or choose the "
            "right kind of file."
        ) % {"names": ", ".join(missing)}
        raise FileRefused("missing_column", message, line=1, column=missing[0])
