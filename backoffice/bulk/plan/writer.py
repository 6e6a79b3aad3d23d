"""Writing what a plan says: new rows and changed rows, each by one statement.

The database writes their history, with the line of the file, which it reads from the plan.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import lines_from
from backoffice.bulk.kinds.column import field_at
from backoffice.bulk.kinds.conditions import literal
from backoffice.bulk.kinds.sql_names import NOW, cell
from backoffice.bulk.plan.companions import CompanionRows, companion_row_of
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.sql.dialects import SqlDialect
from backoffice.bulk.values.cells import has_plain_default

Part = tuple[str, list[Any]]
NOTHING: Part = ("NULL", [])


class Writer:
    """Writes one plan into its model's table, under a change set and at its time."""

    def __init__(
        self, planner: Planner, change_set: ChangeSet, companions: CompanionRows | None = None
    ) -> None:
        self.planner, self.layout = planner, planner.layout
        self.moment, self.change_set_id = change_set.created_at, change_set.pk
        self.companions = companions
        self.written = self.layout.resource.written(self.layout)

    def write(self, cursor: CursorWrapper) -> int:
        """Write new and changed rows; how many were written."""
        plan = self.planner.tables.plan
        with lines_from(plan):
            written = self.insert(cursor) + self.update(cursor)
        self.layout.dialect.note_lines(cursor, self.layout.model, plan, self.change_set_id)
        return written

    def insert(self, cursor: CursorWrapper) -> int:
        """Write the rows to be created; how many were written."""
        fields = [f for f in self.layout.model._meta.concrete_fields if not f.generated]
        parts = [self._new_value(field) for field in fields]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        values = ", ".join(sql for sql, _params in parts)
        cursor.execute(
            f"INSERT INTO {self.layout.table} ({columns}) SELECT {values} {self._source()}",
            _params_of(parts),
        )
        return int(cursor.rowcount)

    def _source(self) -> str:
        link = self.companions.link if self.companions else ""
        stage, plan = self.planner.tables.stage, self.planner.tables.plan
        return f"FROM {plan} p JOIN {stage} s ON s.row_no = p.row_no {link} WHERE p.state = 'c'"

    def _new_value(self, field: models.Field) -> Part:
        """SQL and parameters of a new row's value in a field."""
        resource = self.layout.resource
        if field.primary_key:
            return "p.new_id", []
        for reference in self.layout.references:
            if reference.field == field:
                return companion_row_of(reference, self.companions), []
        if field.name in self.written:
            return self._computed(field, self.written[field.name].new)
        own = (each for each in self.layout.columns if not each.role)
        column = next((each for each in own if each.attribute == field.name), None)
        if column and has_plain_default(field):
            value, params = self._constant(field, field.get_default())
            return f"coalesce({cell(column.column_name)}, {value})", params
        if field.name in self.layout.model.stamps:
            name, _value = self.layout.model.stamps[field.name]
            return self._stamped(field, self._new_value(field_at(self.layout.model, name)))
        if column or field.name in resource.derived:
            return cell(column.column_name if column else field.name), []
        return self._constant(field, resource.fixed.get(field.name, default_of(field, self.moment)))

    def _computed(self, field: models.Field, sql: str) -> Part:
        """SQL and parameters of a value that no column gives."""
        if NOW not in sql:  # the field need not be one of times
            return sql, []
        now, params = self._constant(field, _in(field, self.moment))
        return sql.replace(NOW, now), params * sql.count(NOW)

    def _stamped(self, field: models.Field, source: Part) -> Part:
        """SQL and parameters: the moment, where another field takes the value that sets this."""
        _name, value = self.layout.model.stamps[field.name]
        now, params = self._constant(field, self.moment)
        return f"CASE WHEN {source[0]} = {literal(value)} THEN {now} END", [*source[1], *params]

    def _constant(self, field: models.Field, value: object) -> Part:
        return constant(self.layout.dialect, field, value)

    def update(self, cursor: CursorWrapper, only: str = "") -> int:
        """Write the rows to be changed, `only` these of them (SQL); how many were written."""
        layout, tables = self.layout, self.planner.tables
        incoming: dict[str, Part] = {
            each.attribute: (layout.update_value(each), []) for each in layout.written
        }
        values = {f'"{layout.attname(c)}"': incoming[c.attribute] for c in layout.written}
        for field in layout.model._meta.concrete_fields:
            if getattr(field, "auto_now", False):
                values[f'"{field.column}"'] = self._constant(field, self.moment)
        changes = {name: each.changed for name, each in self.written.items() if each.changed}
        values |= self._changed_values(changes)
        for name, (by, _value) in layout.model.stamps.items():
            sql, params = self._stamped(field_at(layout.model, name), incoming.get(by, NOTHING))
            # It is the time when the field first took the value: a stamp that is set stays.
            values[f'"{name}"'] = f'coalesce(t."{name}", {sql})', params
        rows = (
            f"FROM {tables.plan} p, {tables.stage} s "
            f"WHERE t.id = p.target_id AND p.state = 'u' AND s.row_no = p.row_no {only}"
        )
        return self._update(cursor, values, rows) if values else 0

    def withdraw(self, cursor: CursorWrapper, missing_rows: MissingRows) -> int:
        """Write what becomes of the rows that leave; how many there were."""
        values = self._changed_values(missing_rows.policy.changes)
        return self._update(cursor, values, f"WHERE t.id IN ({missing_rows.ids})")

    def _changed_values(self, changes: Mapping[str, str]) -> dict[str, Part]:
        """The values, by quoted column, of fields for which a kind gives SQL."""
        fields = {field_at(self.layout.model, name): sql for name, sql in changes.items()}
        return {f'"{field.column}"': self._computed(field, sql) for field, sql in fields.items()}

    def _update(self, cursor: CursorWrapper, values: Mapping[str, Part], rows: str) -> int:
        settings = ", ".join(f"{column} = {sql}" for column, (sql, _params) in values.items())
        params = _params_of(values.values())
        cursor.execute(f"UPDATE {self.layout.table} AS t SET {settings} {rows}", params)
        return int(cursor.rowcount)


def _params_of(parts: Iterable[Part]) -> list[Any]:
    return [param for _sql, params in parts for param in params]


def _cast_type(field: models.Field) -> str:
    if isinstance(field, models.ForeignKey):
        return str(field.target_field.db_type(connection))
    return str(field.cast_db_type(connection))


def constant(dialect: SqlDialect, field: models.Field, value: object) -> Part:
    """SQL and parameters of a value, in the form in which the field's column takes it."""
    if value is None:
        return NOTHING
    return dialect.typed(_cast_type(field)), [field.get_db_prep_save(value, connection)]


def default_of(field: models.Field, moment: datetime) -> object:
    """What Django would store in a field that nobody has set."""
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return _in(field, moment)
    return field.get_default()


def _in(field: models.Field, moment: datetime) -> object:
    is_day = isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField)
    return moment.date() if is_day else moment
