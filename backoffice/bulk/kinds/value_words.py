"""Words of other systems in columns of choices: in which columns, and what they may stand for."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.header_names import Objection, nearest
from backoffice.bulk.kinds.resource import ImportKind, kinds, kinds_for
from backoffice.bulk.values.cells import plain_word

TYPING_ERROR = 0.8  # a word as near as that to a known one is meant to be that
LEFT_OUT = "-"  # in place of a value: rows with the word are left out on purpose
LEFT_OUT_LABEL = gettext_lazy("left out")


def word_columns(resource: type[ImportKind]) -> dict[str, Column]:
    """The columns in which a word may stand for one of the values: roles, states."""
    return {
        name: column
        for name, column in resource.columns().items()
        if not (column.reference or column.role) and column.model_field(resource.model()).choices
    }


def choices_of(kind: str, column: str) -> list[str]:
    """The values of such a column."""
    columns = word_columns(kinds[kind])
    field = columns[column].model_field(kinds[kind].model()) if column in columns else None
    return [str(value) for value, _label in field.flatchoices] if field else []


def is_typing_error(word: str, known: Iterable[str]) -> bool:
    """Whether a word is nearly a known one, and none of the school's own."""
    return bool(nearest(plain_word(word), map(plain_word, known), TYPING_ERROR))


def word_kinds() -> list[tuple[str, str]]:
    """The kinds that have such columns."""
    every = kinds_for(lambda _model: True).items()
    return [(name, resource.label) for name, resource in every if word_columns(resource)]


def word_column_choices() -> list[tuple[str, str]]:
    labels_by_column: dict[str, list[str]] = {}
    for kind, label in word_kinds():
        for column in word_columns(kinds[kind]):
            labels_by_column.setdefault(column, []).append(str(label))
    return [(name, f"{name} ({', '.join(labels)})") for name, labels in labels_by_column.items()]


def meaning_choices() -> list[tuple[str, str]]:
    """Every value of every such column, and “left out”."""
    values = {
        value: value
        for kind, _label in word_kinds()
        for column in word_columns(kinds[kind])
        for value in choices_of(kind, column)
    }
    return [*values.items(), (LEFT_OUT, LEFT_OUT_LABEL)]


def meanings_for(kind: str, column: str) -> list[tuple[str, str]]:
    return [*((value, value) for value in choices_of(kind, column)), (LEFT_OUT, LEFT_OUT_LABEL)]


def word_objections(kind: str, column: str, word: str, meaning: str) -> Iterator[Objection]:
    """The objections to a mapping of a value: field, code and message of each."""
    values = choices_of(kind, column)
    params = {"kind": kinds[kind].label, "column": column, "word": word, "meaning": meaning}
    if not values:
        message = _("Files of %(kind)s have no column “%(column)s” with values of its own.")
        yield "column", "unknown_column", message % params
        return
    if plain_word(word) in map(plain_word, values):
        message = _("“%(word)s” is a value here already and keeps its meaning.")
        yield "word", "known_value", message % params
    if meaning not in (*values, LEFT_OUT):
        message = _("The column %(column)s has no value “%(meaning)s”. Choose one of: %(known)s.")
        yield "meaning", "unknown_value", message % (params | {"known": ", ".join(values)})
