"""Fields that a person edited after the last import: a file leaves them alone until released.

A field is owned by whoever edited it when its value is not the one the last import (or undo) left,
and a form or an action wrote the row since.
"""

from collections import Counter
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.audit.models import ChangeSet
from backoffice.bulk.columns import Column
from backoffice.bulk.dialects import rows_of
from backoffice.bulk.faults import Fault, said
from backoffice.bulk.origins import origin_of
from backoffice.bulk.planning import Planner
from backoffice.bulk.reading import Spool

Source = ChangeSet.Source
BY_FILE = (Source.IMPORT, Source.UNDO)
BY_HAND = (Source.FORM, Source.ACTION)


@dataclass(frozen=True)
class LocalEdits:
    """Finds, in the rows of a plan that would change, the values that stay."""

    planner: Planner
    released: tuple[str, ...]

    def keep(self, cursor: CursorWrapper, spool: Spool) -> dict[str, int]:
        """Mark them in the plan and tell each; how many there are, by column."""
        if not self._ownable():
            return {}
        found = self._found()
        plan = self.planner.tables.plan
        cursor.execute(
            f"UPDATE {plan} SET kept = q.kept, state = CASE WHEN q.rest THEN 'u' ELSE 'e' END "
            f"FROM ({found}) q WHERE q.row_no = {plan}.row_no AND q.kept <> 0"
        )
        return self._tell(spool) if cursor.rowcount else {}

    def _ownable(self) -> list[Column]:
        """The columns that change rows, are in their history, and are not released."""
        layout = self.planner.layout
        held = {f.column for f in layout.model.history.model._meta.concrete_fields}
        return [
            column
            for column in layout.written
            if layout.attname(column) in held and column.column_name not in self.released
        ]

    def _found(self) -> str:
        layout, tables = self.planner.layout, self.planner.tables
        history = layout.model.history.model._meta.db_table
        changed = {
            c: layout.dialect.differs(layout.given(c), layout.stored(c)) for c in layout.written
        }
        owned = {
            c: layout.dialect.differs(f"b.{layout.attname(c)}", layout.stored(c))
            for c in self._ownable()
        }
        kept = " + ".join(
            f"CASE WHEN {changed[c]} AND {owned[c]} THEN {layout.kept_bit(c)} ELSE 0 END"
            for c in owned
        )
        left = [
            f"({changed[c]} AND NOT ({owned[c]}))" if c in owned else changed[c] for c in changed
        ]
        rest = " OR ".join([*left, *layout.besides])
        # Few rows were edited, mostly none: they are found first, each by its own versions.
        return f"""
            WITH changing AS MATERIALIZED (
              SELECT p.row_no, {newest_versions(history, "p.target_id")}
              FROM {tables.plan} p WHERE p.state = 'u'),
            edited AS MATERIALIZED (SELECT * FROM changing WHERE by_hand > by_file)
            SELECT s.row_no, {kept} AS kept, ({rest}) AS rest
            FROM edited e JOIN {tables.plan} p ON p.row_no = e.row_no
            JOIN {tables.stage} s ON s.row_no = e.row_no {layout.joins}
            JOIN {history} b ON b.history_id = e.by_file"""

    def _tell(self, spool: Spool) -> dict[str, int]:
        """One warning for each value that stays."""
        layout, tables = self.planner.layout, self.planner.tables
        columns = self._ownable()
        cells = ", ".join(f"s.c_{c.column_name}, {layout.stored(c)}" for c in columns)
        counts: Counter[str] = Counter()
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                f"SELECT {self.planner.told_row}, p.line_no, p.kept, s.raws, {cells} "
                f"FROM {tables.plan} p "
                f"JOIN {tables.stage} s ON s.row_no = p.row_no {layout.joins} "
                "WHERE p.kept <> 0 ORDER BY p.row_no"
            )
            for row, line, kept, noted, *values in rows_of(cursor):
                origin = origin_of(noted)
                for at, column in enumerate(columns):
                    if kept & layout.kept_bit(column):
                        counts[column.column_name] += 1
                        given, stored = values[2 * at : 2 * at + 2]
                        fault = _fault(said(stored))
                        name = column.column_name
                        value = origin.cells.get(name, said(given))
                        spool.tell(fault, line, row, name, value, origin)
        return dict(counts)


def _fault(stored: str) -> Fault:
    sentence = _(
        "{column} “{value}” is not taken: {other} was entered by hand since the last import. "
        "Release the column to take the file's."
    )
    return Fault("local_edit_kept", sentence, is_warning=True, other=shown_value(stored))


def shown_value(stored: str) -> str:
    """A stored value as a sentence names it."""
    return _("“%(value)s”") % {"value": stored} if stored else _("a blank")


def newest_versions(history: str, row: str) -> str:
    """SQL: the newest version of a stored row that came by a file, and that came by hand."""
    by_file, by_hand = _newest(history, row, BY_FILE), _newest(history, row, BY_HAND)
    return f"({by_file}) AS by_file, ({by_hand}) AS by_hand"


def _newest(history: str, row: str, sources: tuple[str, ...]) -> str:
    change_sets = ChangeSet._meta.db_table
    named = ", ".join(f"'{source}'" for source in sources)
    return (
        f"SELECT max(x.history_id) FROM {history} x JOIN {change_sets} c ON c.id = x.change_set_id "
        f"WHERE x.id = {row} AND c.source IN ({named})"
    )
