"""Rows out of PostgreSQL by COPY: the database writes the lines; formulas in them are cured."""

import csv
import re
from itertools import chain
from typing import IO

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Cast, NullIf

from backoffice.admin_site.spreadsheets import STARTS, csv_line, formula_safe
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.column import Column

AT_ONCE = 2_000  # lines
# Any byte a formula's first letter has, where a cell begins or behind its quotation mark or
# apostrophe. It finds some lines without a formula, and misses none with one.
SUSPICIOUS = re.compile(
    b"(?s)[" + re.escape(bytes(sorted({each.encode()[0] for each in STARTS}))) + b"](?<![^,\n\"'].)"
)


class Iso(Func):
    """A datetime in ISO 8601, with its offset."""

    template = "to_json(%(expressions)s) #>> '{}'"
    output_field = TextField()


class SafeLines:
    """A stream for COPY: takes lines of CSV one by one, and writes them formula-safe in blocks."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.lines: list[bytes] = []

    # COPY calls this for each line; a cell with line breaks comes in one piece.
    def write(self, line: bytes) -> None:
        self.lines.append(line)
        if len(self.lines) >= AT_ONCE:
            self.hand_on()

    def hand_on(self) -> None:
        text = b"".join(self.lines)
        # Few cells begin as a formula does: one search over many lines finds out whether any may,
        # and only such lines are parsed and written anew.
        if SUSPICIOUS.search(text):
            text = b"".join(map(_safe, self.lines))
        self.stream.write(text)
        self.lines.clear()


def _safe(line: bytes) -> bytes:
    if not SUSPICIOUS.search(line):
        return line
    cells = chain.from_iterable(csv.reader([line.decode()]))
    return csv_line(map(formula_safe, cells)).encode()


def copied_out(selection: Selection, stream: IO[bytes]) -> int:
    """Write the rows as lines of CSV; returns their number."""
    values = map(_value, selection.columns, selection.fields)
    try:
        sql, params = selection.ordered.values_list(*values).query.sql_with_params()
    except EmptyResultSet:
        return 0
    lines = SafeLines(stream)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        query = cursor.mogrify(sql, params).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)", lines)
        lines.hand_on()
        return cursor.rowcount


def _value(column: Column, field: models.Field) -> models.expressions.Combinable:
    """The SQL for what `as_text` makes of a value."""
    if isinstance(field, models.BooleanField):
        return Cast(column.attribute, models.IntegerField())
    if isinstance(field, models.DateTimeField):
        return Iso(column.attribute)
    if field.blank and isinstance(field, (models.CharField, models.TextField)):
        return NullIf(column.attribute, Value(""))  # COPY puts an empty text in quotation marks
    return F(column.attribute)
