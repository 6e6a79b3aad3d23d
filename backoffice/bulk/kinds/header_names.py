"""Names of columns: how a header's are compared, and what a school's own ones may stand for."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.bulk.kinds.resource import REJECTED_COLUMNS, ImportKind, kinds, kinds_for
from backoffice.bulk.values.cells import CellRefused, normalised
from backoffice.bulk.values.faults import FileRefused, display_text

# What stands in the place of a column for a header that is passed over on purpose.
IGNORED = "-"
IGNORED_LABEL = gettext_lazy("ignored on purpose")
Objection = tuple[str, str, str]


def plain_name(name: str) -> str:
    """A column's name as files of all habits write it: “ Student ID” is `student_id`.

    Raises FileRefused for a name that holds what no name may.
    """
    try:
        return normalised(name).casefold().replace(" ", "_")
    except CellRefused as refusal:
        fault = refusal.fault
        raise FileRefused(
            fault.code,
            fault.template.format(column=_("The header"), value=display_text(name)),
            line=1,
        ) from None


def known_name(name: str) -> str:
    """The plain name; blank for one that holds what no name may."""
    return column_name(name).replace(" ", "_")


def column_name(name: str) -> str:
    """A name in a header of another system, as it is compared; blank where it cannot be."""
    try:
        return normalised(name).casefold()
    except CellRefused:
        return ""


def nearest(name: str, known: Iterable[str], closeness: float = 0.6) -> str:
    """Which of the known names may be meant; blank where none is near."""
    return next(iter(get_close_matches(name, list(known), 1, closeness)), "")


def names_of(resource: type[ImportKind]) -> list[str]:
    """Every column that a file of the kind may have, those of its companion included."""
    companion = resource.companion.names if resource.companion else ()
    return list(dict.fromkeys([*resource.columns(), *companion]))


def has_meaning(name: str, resource: type[ImportKind]) -> bool:
    """Whether the name says something in a file of the kind already; it keeps its meaning."""
    known = {*names_of(resource), *resource.member_columns(), *resource.ignored}
    return name in known.union(resource.forbidden, REJECTED_COLUMNS)


def kind_choices() -> list[tuple[str, str]]:
    """The kinds of files, in the order in which people meet them."""
    return [(name, resource.label) for name, resource in kinds_for(lambda _model: True).items()]


def column_choices() -> list[tuple[str, str]]:
    """The columns of all kinds, each with the kinds that have it; and none, on purpose."""
    labels_by_column: dict[str, list[str]] = {}
    for _name, resource in kinds_for(lambda _model: True).items():
        for column in names_of(resource):
            labels_by_column.setdefault(column, []).append(str(resource.label))
    choices = [(name, f"{name} ({', '.join(labels)})") for name, labels in labels_by_column.items()]
    return [*choices, (IGNORED, IGNORED_LABEL)]


def columns_for(kind: str) -> list[tuple[str, str]]:
    """The columns of one kind to choose from; and none, on purpose."""
    return [*((name, name) for name in names_of(kinds[kind])), (IGNORED, IGNORED_LABEL)]


def objections(kind: str, name: str, column: str) -> Iterator[Objection]:
    """Why a header (as it is compared) may not stand for a column: field, code and sentence."""
    resource = kinds[kind]
    params = {"name": name, "column": column, "kind": resource.label}
    if name in resource.forbidden:
        message = _("No file of %(kind)s may set “%(name)s”, so no header of this name is taken.")
        yield "header", "forbidden_column", message % params
    elif has_meaning(name, resource):
        message = _("In files of %(kind)s “%(name)s” has its own meaning and keeps it.")
        yield "header", "known_column", message % params
    if column in resource.forbidden:
        message = _("No file of %(kind)s may set “%(column)s”. Choose another column.")
        yield "column", "forbidden_column", message % params
    elif column != IGNORED and column not in names_of(resource):
        known = {"known": ", ".join(names_of(resource))}
        message = _("Files of %(kind)s have no column “%(column)s”. Choose one of: %(known)s.")
        yield "column", "unknown_column", message % (params | known)
