"""Names of columns: how headers are compared, and what the school's own may stand for."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.bulk.kinds.resource import REJECTED_COLUMNS, ImportKind, kinds, kinds_for
from backoffice.bulk.values.cells import normalised
from backoffice.bulk.values.faults import CellRefused, FileRefused, display_text

IGNORED = "-"  # in place of a column, for a header that is ignored on purpose
IGNORED_LABEL = gettext_lazy("ignored on purpose")
Objection = tuple[str, str, str]


def plain_name(name: str) -> str:
    """The name of a column in the form in which headers are compared: `Student ID`, `student_id`.

    Raises FileRefused for a name with forbidden characters.
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
    """The plain name, blank if it has forbidden characters."""
    return column_name(name).replace(" ", "_")


def column_name(name: str) -> str:
    """A name in a header of another system as it is compared, blank if it cannot be."""
    try:
        return normalised(name).casefold()
    except CellRefused:
        return ""


def nearest(name: str, known: Iterable[str], closeness: float = 0.6) -> str:
    """The known name that is most similar, blank if none is."""
    return next(iter(get_close_matches(name, list(known), 1, closeness)), "")


def names_of(resource: type[ImportKind]) -> list[str]:
    """The columns of the kind and of its companion."""
    companion = resource.companion.names if resource.companion else ()
    return list(dict.fromkeys([*resource.columns(), *companion]))


def has_meaning(name: str, resource: type[ImportKind]) -> bool:
    """Whether files of the kind use the name already, so that no mapping may change it."""
    known = {*names_of(resource), *resource.nested_columns(), *resource.ignored}
    return name in known.union(resource.forbidden, REJECTED_COLUMNS)


def kind_choices() -> list[tuple[str, str]]:
    return [(name, resource.label) for name, resource in kinds_for(lambda _model: True).items()]


def column_choices() -> list[tuple[str, str]]:
    labels_by_column: dict[str, list[str]] = {}
    for _name, resource in kinds_for(lambda _model: True).items():
        for column in names_of(resource):
            labels_by_column.setdefault(column, []).append(str(resource.label))
    choices = [(name, f"{name} ({', '.join(labels)})") for name, labels in labels_by_column.items()]
    return [*choices, (IGNORED, IGNORED_LABEL)]


def columns_for(kind: str) -> list[tuple[str, str]]:
    return [*((name, name) for name in names_of(kinds[kind])), (IGNORED, IGNORED_LABEL)]


def objections(kind: str, name: str, column: str) -> Iterator[Objection]:
    """The objections to a mapping: field, code and message of each."""
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
