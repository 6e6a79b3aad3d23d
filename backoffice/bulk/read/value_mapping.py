"""A school's own words for roles and states: what they stand for, and which of them a file has."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.permissions.roles import may
from backoffice.bulk.kinds.value_words import LEFT_OUT, choices_of, is_typing_error
from backoffice.bulk.models import Batch, HeaderMapping, ValueMapping
from backoffice.bulk.models.value_mapping import NAME_LENGTH, WORD_LENGTH
from backoffice.bulk.read.header_mapping import store_named
from backoffice.bulk.values.cells import plain_word
from backoffice.bulk.values.faults import Fault, display_text, listed, storable

MOST_UNKNOWN = 50  # values of one file that are remembered, and asked about
MOST_UNPLACED = 1_000
EVERYBODY = "*"  # in place of a person: it may be anybody
ROW_LEFT_OUT = "left_out"
VALUE_CONFLICT = gettext_lazy(
    "Somebody said in this moment what a value stands for. Look at it again."
)
HEADER = ""  # in place of a column: what is mapped is a header
Words = Mapping[str, Mapping[str, str]]  # by column, from a word to a value or to LEFT_OUT


class OwnWords:
    """What the school's own words stand for in one file; notes which it has, and the unknown."""

    def __init__(self, meanings: Words) -> None:
        self.meanings = meanings
        self.used: dict[str, dict[str, str]] = {}
        self.unknown: dict[str, dict[str, str]] = {}
        self.unplaced: dict[str, None] = {}

    @classmethod
    def of(cls, batch: Batch) -> "OwnWords":
        """Those that count for a batch."""
        return cls(
            {
                column: {plain_word(word): meaning for word, meaning in words.items()}
                for column, words in batch.own_values.items()
            }
        )

    def meaning(self, column: str, text: str) -> str | None:
        """The value for a text that is none; None, and noted, where nobody said it."""
        word, name = storable(" ".join(text.split())), plain_word(text)
        meaning = self.meanings.get(column, {}).get(name)
        if meaning is not None:
            self._note(self.used, column, word)[word] = meaning
        elif len(word) <= WORD_LENGTH and 0 < len(name) <= NAME_LENGTH and name != column:
            unknown = self._note(self.unknown, column, word)
            if len(unknown) < MOST_UNKNOWN:
                unknown[word] = word
        return meaning

    def note_unplaced(self, person: str) -> None:
        """Note that the row of a person, or of nobody who can be named, was left out in doubt."""
        if len(self.unplaced) < MOST_UNPLACED:
            self.unplaced.setdefault(storable(person) or EVERYBODY)
        else:
            self.unplaced.setdefault(EVERYBODY)

    def _note(self, noted: dict[str, dict[str, str]], column: str, word: str) -> dict[str, str]:
        """The words of a column, without another spelling of this one."""
        words = noted.setdefault(column, {})
        known = next((each for each in words if plain_word(each) == plain_word(word)), word)
        return words if known == word else {}


def own_mappings_of(kind: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What the school's own headers stand for in files of a kind, and by column its own words.

    Both by one query: every preview asks.
    """
    headers = HeaderMapping.objects.filter(kind=kind).order_by()
    words = ValueMapping.objects.filter(kind=kind).order_by()
    own_headers: dict[str, str] = {}
    by_column: dict[str, dict[str, str]] = {}
    named = headers.values_list(Value(HEADER), "name", "column")
    for column, name, meaning in named.union(
        words.values_list("column", "name", "meaning"), all=True
    ):
        if column == HEADER:
            own_headers[name] = meaning
        # A later version of the product may know the value no longer.
        elif meaning in (*choices_of(kind, column), LEFT_OUT):
            by_column.setdefault(column, {})[name] = meaning
    return own_headers, by_column


def note_words(batch: Batch, *readers: OwnWords) -> None:
    """Note on the batch which own words its file has, and which nobody gave a meaning."""
    batch.own_values, batch.unknown_values = {}, {}
    batch.unplaced = [person for each in readers for person in each.unplaced]
    for each in readers:
        for column, words in each.used.items():
            batch.own_values.setdefault(column, {}).update(words)
        for column, words in each.unknown.items():
            batch.unknown_values[column] = list(words)


def left_out_fault() -> Fault:
    """The warning of a row about somebody, or something, that is not stored here."""
    template = _("{column} “{value}” is not kept here; the row is left out.")
    return Fault(ROW_LEFT_OUT, template, is_warning=True)


def values_advice(batch: Batch) -> str:
    """Where a person may say what unknown values stand for; blank where there are none."""
    unknown = [
        word
        for column, words in batch.unknown_values.items()
        for word in words
        if not is_typing_error(word, choices_of(batch.kind, column))
    ]
    actor = batch.uploaded_by
    if not unknown or not (actor is None or may(actor, "add", ValueMapping)):
        return ""
    named = [f"“{display_text(word)}”" for word in unknown]
    if len(named) == 1:
        return _(
            "%(value)s may be one of your school's own values: say once under “Value mappings” "
            "what it stands for, and every file is read so."
        ) % {"value": named[0]}
    return _(
        "%(values)s may be your school's own values: say once under “Value mappings” what each "
        "stands for, and every file is read so."
    ) % {"values": listed(named)}


@transaction.atomic
def save_meanings(kind: str, meanings: Mapping[tuple[str, str], str], person: Any) -> None:
    """Store for the school which word, by column, stands for which value.

    Raises ValidationError for what the model refuses, and for what somebody said meanwhile.
    """
    for (column, word), meaning in meanings.items():
        key = {"kind": kind, "column": column, "name": plain_word(word)}
        stored = ValueMapping.objects.filter(**key).first()
        if stored and stored.meaning != meaning:
            raise ValidationError(VALUE_CONFLICT)
        if stored is None:
            mapping = ValueMapping(**key, word=word, meaning=meaning, made_by=person)
            store_named(mapping, word)


def values_read_as(batch: Batch) -> list[tuple[str, str]]:
    """The own values as the file writes them, and what each was read as; blank: left out."""
    if not batch.digest:  # its rows were not read: what is noted are all the school has
        return []
    return [
        (word, "" if meaning == LEFT_OUT else meaning)
        for words in batch.own_values.values()
        for word, meaning in words.items()
    ]
