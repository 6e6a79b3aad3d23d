"""The form in which identities are compared to find near doubles: one rule, in Python and in SQL.

Letter case, full width, blanks and hyphens inside, and zeros in front make no difference there.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func

SQLITE_FUNCTION = "folded_identity"
ZERO = "0"
USUAL = "0123456789abcdefghijklmnopqrstuvwxyz"
# Latin, Greek and Cyrillic; the blanks and hyphens of typesetters; full width. No code point here
# was assigned lately: a newer Python must make the same table, which indexes are built of.
RANGES = (
    *((0x20, 0x7F), (0xA0, 0x250), (0x370, 0x530), (0x2000, 0x2030), (0x2212, 0x2213)),
    *((0x3000, 0x3001), (0xFE58, 0xFE64), (0xFF01, 0xFF5F)),
)
SIGNS = "@.+_"  # what a username has besides letters and digits
LEFT_OUT = ("Zs", "Pd", "Cf")  # blanks, hyphens, invisible signs
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Identity:
    """A field by which files name the rows of a model; two that differ in nothing else are alike.

    `former` is the relation back from rows with former values, in a field of the same name: these
    lead to the row, too. `among` are the rows that count; an index on the folded form finds them.
    `named_by` are the fields that say who it is.
    """

    field: str
    former: str = ""
    among: models.Q = models.Q()
    named_by: tuple[str, ...] = ()


def _fold_table() -> dict[str, str]:
    """Each character that changes, with what becomes of it; most frequent ones first."""
    table = {}
    for char in (chr(code) for first, end in RANGES for code in range(first, end)):
        plain = unicodedata.normalize("NFKC", char).lower()
        if char == MINUS or unicodedata.category(plain[0]) in LEFT_OUT:
            table[char] = ""
        elif len(plain) == 1 and plain != char and (plain.isalnum() or plain in SIGNS):
            table[char] = plain
    return table


TABLE = _fold_table()
TRANSLATION = str.maketrans(TABLE)


def folded_identity(text: str | None) -> str | None:
    """An identity in the form in which near doubles are equal; None, as in SQL, of None."""
    return None if text is None else text.translate(TRANSLATION).lstrip(ZERO)


def folded_identity_sql(value: str) -> str:
    """SQL: the same of a text; on PostgreSQL of nothing but immutable functions."""
    if connection.vendor == "postgresql":
        return _postgresql(value)
    return f"{SQLITE_FUNCTION}({value})"


def _postgresql(value: str) -> str:
    changed = {char: plain for char, plain in TABLE.items() if plain}
    dropped = [char for char in TABLE if char not in changed]
    # TRANSLATE looks through the list for each letter: what identities are made of comes first.
    source = "".join([USUAL, *changed, *dropped])
    target = "".join([USUAL, *changed.values()])
    return f"ltrim(translate({value}, '{source}', '{target}'), '{ZERO}')"


class FoldedIdentity(Func):
    """A field in this form, for indexes and queries."""

    function = SQLITE_FUNCTION
    arity = 1
    output_field = models.TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = _postgresql("%(expressions)s")
        return super().as_sql(compiler, connection, template=template, **context)


def near_doubles(row: models.Model, identity: Identity) -> models.QuerySet[Any]:
    """Other stored rows whose value, or former one, differs from this row's in its form alone."""
    model, name = type(row), identity.field
    value = getattr(row, name)
    rows = model._base_manager.exclude(pk=row.pk)
    alike = _alike(rows.filter(identity.among), name, value).values("pk")
    if not identity.former:
        return rows.filter(pk__in=alike)
    relation: Any = model._meta.get_field(identity.former)
    owners = _alike(relation.related_model._base_manager.all(), name, value)
    owners = owners.values(relation.field.attname)
    return rows.filter(models.Q(pk__in=alike) | models.Q(pk__in=owners))


def _alike(rows: models.QuerySet[Any], name: str, value: str | None) -> models.QuerySet[Any]:
    rows = rows.annotate(folded=FoldedIdentity(name)).filter(folded=folded_identity(value))
    return rows.exclude(**{name: value})


def add_to_sqlite(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Give a connection the function: SQLite has none that replaces many letters at once."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(
            SQLITE_FUNCTION, 1, folded_identity, deterministic=True
        )
