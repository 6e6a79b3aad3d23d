"""The rows that an import wrote, in a table: their versions, and why some cannot be undone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.backends.utils import CursorWrapper

from backoffice.admin_site.models.rules import names_in
from backoffice.audit.models import ChangeSet
from backoffice.bulk.kinds.conditions import is_true, with_literals
from backoffice.bulk.kinds.resource import ImportKind, kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.plan.identities.moved_values import freed, movable_columns, stuck
from backoffice.bulk.plan.writer import Part, constant, default_of
from backoffice.bulk.sql.dialects import SqlDialect, rows_of
from backoffice.bulk.sql.layout import unique_groups

CHANGED, REFERRED, VALUE_CONFLICT, REFERENCE_MISSING = "changed", "referred", "taken", "gone"
FIXED = "fixed"
TOGETHER = "together"
COLUMNS = {
    "row_id": "bigint",
    "version": "bigint",  # that the import wrote
    "operation": "text",  # + created, ~ changed, - removed; < changed, and undone before the others
    "previous": "bigint",  # the version before it
    "line": "integer",
    "reason": "text",  # why it cannot be undone, else blank
}


def _by_an_undo() -> str:
    """SQL: a query with a row if a version `a` is of an undo or of an undone import."""
    change_sets, batches = ChangeSet._meta.db_table, Batch._meta.db_table
    applied = f"u.state = '{Batch.State.APPLIED}'"
    undone = f"SELECT 1 FROM {batches} u WHERE u.undoes_id = c.batch AND {applied}"
    return (
        f"SELECT 1 FROM {change_sets} c WHERE c.id = a.change_set_id "
        f"AND (c.source = '{ChangeSet.Source.UNDO}' OR EXISTS ({undone}))"
    )


@dataclass(frozen=True)
class WrittenRows:
    """The rows of one model that a change set wrote, in a table of their own."""

    resource: type[ImportKind]
    table: str
    dialect: SqlDialect

    @property
    def model(self) -> type[models.Model]:
        return self.resource.model()

    @property
    def data(self) -> str:
        return self.model._meta.db_table

    @property
    def history(self) -> str:
        return self.model.history.model._meta.db_table

    @property
    def versioned_fields(self) -> list[models.Field]:
        """The fields that the history has; it leaves out secret ones."""
        held = {field.name for field in self.model.history.model._meta.concrete_fields}
        return [f for f in self._fields() if f.name in held]

    def _fields(self) -> list[models.Field]:
        fields = self.model._meta.concrete_fields
        return [f for f in fields if not (f.primary_key or f.generated)]

    def collect(self, cursor: CursorWrapper, change_set: int) -> None:
        """Create the table; rows that somebody changed since have their reason."""
        before, last = self._only_one() if self._movable() else ("", "")
        select = f"""
            SELECT h.id, h.history_id, h.history_type,
              (SELECT max(b.history_id) FROM {self.history} b
               WHERE b.id = h.id AND b.history_id < h.history_id{before}),
              h.line,
              CASE WHEN {self._changed_since()} THEN '{CHANGED}' ELSE '' END
            FROM {self.history} h WHERE h.change_set_id = %s{last}"""
        self.dialect.create_filled(cursor, self.table, COLUMNS, (select, (change_set,)))

    def _only_one(self) -> tuple[str, str]:
        """SQL: the version before is none of the same change set, and the version is its last.

        A value that changed hands was blank in between.
        """
        later = (
            f"SELECT 1 FROM {self.history} l WHERE l.id = h.id "
            "AND l.history_id > h.history_id AND l.change_set_id = h.change_set_id"
        )
        other = self.dialect.differs("b.change_set_id", "h.change_set_id")
        return f" AND {other}", f" AND NOT EXISTS ({later})"

    def _changed_since(self) -> str:
        """SQL: somebody changed a row after its version `h`."""
        # Undone imports, and their undos, count only if they left another value.
        columns = [field.column for field in self.versioned_fields]
        differs = " OR ".join(self.dialect.differs(f"a.{c}", f"h.{c}") for c in columns)
        newest = f"SELECT max(n.history_id) FROM {self.history} n WHERE n.id = h.id"
        return f"""EXISTS (SELECT 1 FROM {self.history} a
                WHERE a.id = h.id AND a.history_id > h.history_id
                AND (NOT EXISTS ({_by_an_undo()}) OR a.history_id = ({newest})
                  AND (a.history_type = '-' OR h.history_type = '-' OR {differs})))"""

    def lock(self, cursor: CursorWrapper) -> None:
        # In the order in which everybody locks them, so that nobody deadlocks.
        self.dialect.hold(cursor, self.data, f"SELECT row_id FROM {self.table}")

    def mark_fixed(self, cursor: CursorWrapper) -> None:
        """Mark rows that are in use by now, by the rule of their kind."""
        stays = self.resource.undo.stays
        if stays:
            self._mark(cursor, "'+', '~', '-'", [(FIXED, stays())])

    def delete_created(self, cursor: CursorWrapper) -> int:
        """Delete the rows that the import created, unless others point to them."""
        self._mark(cursor, "'+'", self._referring())
        deletable = f"SELECT row_id FROM {self.table} WHERE operation = '+' AND reason = ''"
        cursor.execute(f"DELETE FROM {self.data} WHERE id IN ({deletable})")
        return cursor.rowcount

    def restore(self, cursor: CursorWrapper, moment: Any) -> tuple[int, int]:
        """Restore changed and removed rows; returns the number of each."""
        self._mark(cursor, "'~', '-'", self._conflicts())
        for column in self._movable():
            self._move(cursor, column)
        return self._restore(cursor, moment, "~"), self._restore_rows(cursor, moment)

    def lower_first(self, cursor: CursorWrapper, moment: Any, name: str) -> int:
        """Restore changed rows in which the value of a field becomes smaller; returns how many."""
        # Removed rows are not marked yet: what they point to comes back later.
        self._mark(cursor, "'~'", self._conflicts())
        column = self.model._meta.get_field(name).column
        cursor.execute(
            f"UPDATE {self.table} AS w SET operation = '<' FROM {self.history} v, {self.data} t "
            f"WHERE w.operation = '~' AND w.reason = '' AND v.history_id = w.previous "
            f"AND t.id = w.row_id AND v.{column} < t.{column}"
        )
        return self._restore(cursor, moment, "<")

    def mark_referenced(self, cursor: CursorWrapper, other: "WrittenRows", reference: str) -> None:
        """Mark rows that stay only because an unchanged row of `other` points to them."""
        column = other.model._meta.get_field(reference).column
        cursor.execute(
            f"UPDATE {self.table} SET reason = '{TOGETHER}' WHERE reason = '{REFERRED}' "
            f"AND row_id IN (SELECT x.{column} FROM {other.data} x "
            f"JOIN {other.table} o ON o.row_id = x.id WHERE o.reason <> '')"
        )

    def _mark(
        self, cursor: CursorWrapper, operations: str, reasons: Iterable[tuple[str, str]]
    ) -> None:
        for reason, condition in reasons:
            cursor.execute(
                f"UPDATE {self.table} AS w SET reason = '{reason}' FROM {self.history} v "
                f"WHERE w.reason = '' AND w.operation IN ({operations}) "
                f"AND v.history_id = coalesce(w.previous, w.version) AND {condition}"
            )

    def _referring(self) -> Iterator[tuple[str, str]]:
        """The conditions under which others point to a created row."""
        for relation in self.model._meta.related_objects:
            field = relation.field
            if field.concrete and getattr(field, "db_constraint", False) and not field.many_to_many:
                table = field.model._meta.db_table
                exists = f"EXISTS (SELECT 1 FROM {table} x WHERE x.{field.column} = w.row_id)"
                yield REFERRED, exists
        for resource in kinds.values():
            if self.resource.kind in resource.undo.needs:
                yield REFERRED, resource.undo.needs[self.resource.kind]

    def _conflicts(self) -> Iterator[tuple[str, str]]:
        """The conditions under which the previous version cannot be restored."""
        held = {field.name for field in self.versioned_fields}
        for names, condition in unique_groups(self.model):
            if names <= held:
                columns = [self.model._meta.get_field(name).column for name in sorted(names)]
                same = " AND ".join(f"x.{column} = v.{column}" for column in columns)
                unmoved = self._unmoved(columns[0]) if columns[0] in self._movable() else ""
                others = f"x.id <> w.row_id AND {same}{unmoved}"
                exists = f"EXISTS (SELECT 1 FROM {self.data} x WHERE {others})"
                yield VALUE_CONFLICT, exists + self._where(condition)
        for field in self.versioned_fields:
            if field.is_relation:
                target = field.related_model._meta.db_table
                there = f"EXISTS (SELECT 1 FROM {target} x WHERE x.id = v.{field.column})"
                yield REFERENCE_MISSING, f"v.{field.column} IS NOT NULL AND NOT {there}"

    def _where(self, condition: models.Q | None) -> str:
        """SQL: the condition of a partial unique constraint."""
        if condition is None:
            return ""
        fields = [self.model._meta.get_field(name) for name in names_in(condition)]
        columns = {field.name: (f"v.{field.column}", field) for field in fields}
        return f" AND {with_literals(is_true(condition, columns))}"

    def _movable(self) -> list[str]:
        """The columns of values that rows may exchange."""
        return movable_columns(self.resource)

    def _changing(self, column: str) -> str:
        """SQL: rows that get another value back than they have."""
        return (
            f"SELECT g.row_id FROM {self.table} g JOIN {self.history} gv "
            f"ON gv.history_id = g.previous JOIN {self.data} t ON t.id = g.row_id "
            f"WHERE g.operation = '~' AND g.reason = '' AND gv.{column} <> t.{column}"
        )

    def _unmoved(self, column: str) -> str:
        return f" AND x.id NOT IN ({self._changing(column)})"

    def _move(self, cursor: CursorWrapper, column: str) -> None:
        """Mark rows whose former value is not given back after all, and free what changes hands."""
        taking = (
            f"FROM {self.table} w JOIN {self.history} v ON v.history_id = w.previous "
            f"JOIN {self.data} x ON x.{column} = v.{column} AND x.id <> w.row_id "
            f"WHERE w.reason = '' AND v.{column} <> ''"
        )
        cursor.execute(f"SELECT w.row_id, x.id {taking}")
        takers = cursor.fetchall()
        if not takers:
            return
        cursor.execute(self._changing(column))
        for row in sorted(stuck(takers, [(row, row) for (row,) in cursor.fetchall()])):
            conflict = f"UPDATE {self.table} SET reason = '{VALUE_CONFLICT}' WHERE row_id = %s"
            cursor.execute(conflict, [row])
        cursor.execute(freed(self.resource, column, f"SELECT x.id {taking}"))

    def _restore(self, cursor: CursorWrapper, moment: Any, operation: str) -> int:
        settings = [f'"{f.column}" = v."{f.column}"' for f in self.versioned_fields]
        params: list[Any] = []
        for field in self._fields():
            if getattr(field, "auto_now", False) and field not in self.versioned_fields:
                value, value_params = constant(self.dialect, field, default_of(field, moment))
                settings.append(f'"{field.column}" = {value}')
                params += value_params
        cursor.execute(
            f"UPDATE {self.data} AS t SET {', '.join(settings)} FROM {self.table} w, "
            f"{self.history} v WHERE t.id = w.row_id AND v.history_id = w.previous "
            f"AND w.operation = '{operation}' AND w.reason = ''",
            params,
        )
        return cursor.rowcount

    def _restore_rows(self, cursor: CursorWrapper, moment: Any) -> int:
        parts = [self._returning(field, moment) for field in self._fields()]
        columns = ", ".join(f'"{field.column}"' for field in self._fields())
        cursor.execute(
            f"INSERT INTO {self.data} (id, {columns}) "
            f"SELECT w.row_id, {', '.join(sql for sql, _params in parts)} FROM {self.table} w "
            f"JOIN {self.history} v ON v.history_id = coalesce(w.previous, w.version) "
            f"WHERE w.operation = '-' AND w.reason = ''",
            [param for _sql, params in parts for param in params],
        )
        return cursor.rowcount

    def _returning(self, field: models.Field, moment: Any) -> Part:
        """SQL of a removed row's value: from its last version, or as in a new row."""
        if field in self.versioned_fields:
            return f'v."{field.column}"', []
        if field.name in self.resource.undo.restored:
            return self.resource.undo.restored[field.name], []
        value = self.resource.fixed.get(field.name, default_of(field, moment))
        return constant(self.dialect, field, value)

    def left_alone(self, cursor: CursorWrapper) -> Iterator[tuple[Any, ...]]:
        """The rows that stay for a reason of their own: id, line, reason, newest version."""
        cursor.execute(
            f"SELECT w.row_id, w.line, w.reason, (SELECT max(a.history_id) FROM {self.history} a "
            f"WHERE a.id = w.row_id) FROM {self.table} w WHERE w.reason NOT IN ('', '{TOGETHER}') "
            "ORDER BY w.line, w.row_id"
        )
        yield from rows_of(cursor)
