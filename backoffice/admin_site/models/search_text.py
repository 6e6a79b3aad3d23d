"""One column that holds all a row is looked for by, in lower case and without accents.

The database generates it, whatever writes the row; a trigram index on it finds any part of a word.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models import Func, Value
from django.db.models.functions import Concat, Lower


def _accents() -> tuple[str, str]:
    """Latin letters that are a plain one with an accent, and these plain ones."""
    pairs = {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ħ": "h"}
    for code in (*range(0xE0, 0x180), *range(0x1E00, 0x1F00)):
        char = chr(code)
        plain = unicodedata.normalize("NFD", char)[0]
        if char.islower() and plain != char and plain.isascii():
            pairs[char] = plain
    return "".join(pairs), "".join(pairs.values())


ACCENTED, PLAIN = _accents()
TO_PLAIN = str.maketrans(ACCENTED, PLAIN)


def folded(text: str) -> str:
    """A text as the column has it. SQLite lowers A to Z only, and keeps accents."""
    if connection.vendor == "postgresql":
        return text.lower().translate(TO_PLAIN)
    return "".join(char.lower() if char.isascii() else char for char in text)


class WithoutAccents(Func):
    """Latin letters without their accents, on PostgreSQL."""

    function = "TRANSLATE"
    arity = 1

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        # Elsewhere the text stays as it is.
        return compiler.compile(self.source_expressions[0])

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Letter by letter, which is immutable, as a generated column must be.
        template = f"TRANSLATE(%(expressions)s, '{ACCENTED}', '{PLAIN}')"
        return super().as_sql(compiler, connection, template=template, **context)


class SearchText(models.GeneratedField):
    """The generated column over some text fields of a row, each word with a space before it.

    Whoever searches it searches `further` too: relations from rows that have a column like this.
    """

    def __init__(self, *covered: str, further: tuple[str, ...] = (), **options: Any) -> None:
        self.covered, self.further = frozenset(covered), further
        if covered:
            parts: list[Any] = []
            for name in covered:
                parts += [Value(" "), name]
            options["expression"] = WithoutAccents(
                Lower(Concat(*parts, output_field=models.TextField()))
            )
        options.setdefault("output_field", models.TextField())
        options.setdefault("db_persist", True)
        super().__init__(**options)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.GeneratedField", args, kwargs


class TrigramIndex(GinIndex):
    """A trigram index on PostgreSQL; elsewhere an ordinary one, which a search cannot use."""

    def __init__(self, *expressions: Any, fields: Sequence[str] = (), **options: Any) -> None:
        options["opclasses"] = ["gin_trgm_ops"] * len(fields)
        super().__init__(*expressions, fields=fields, **options)

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return models.Index(fields=self.fields, name=self.name).create_sql(model, schema_editor)
        return super().create_sql(model, schema_editor, using=using, **kwargs)
