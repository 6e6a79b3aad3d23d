"""The columns of one file, its model and the tables it refers to, as SQL.

Aliases: `s` is a staged row, `t` the stored row with the same natural key, `r_<foreign key>` the
row that a reference leads to, `p` a row of the plan (see `kinds/sql_names.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models

from backoffice.admin_site.permissions.visibility import permitted
from backoffice.audit.models import Audited
from backoffice.bulk.kinds.column import Column, OnChange, Role, field_at, foreign_key
from backoffice.bulk.kinds.conditions import Sql, is_true, literal, with_literals
from backoffice.bulk.kinds.resource import ImportKind
from backoffice.bulk.kinds.sql_names import cell, planned, referred
from backoffice.bulk.sql.dialects import SqlDialect
from backoffice.bulk.sql.references import Reference
from backoffice.bulk.values.cells import has_plain_default


@dataclass(frozen=True)
class UniqueValue:
    """A value that only one record may have, and how to find the record that has it."""

    alias: str
    field: models.Field
    condition: models.Q | None
    column: Column | None  # None: the value is derived from the key
    owner: Reference | None  # the companion's, where the value stands on the companion

    @property
    def join(self) -> str:
        """SQL: find that record; at most one, so the join adds no rows."""
        value = f"{self.alias}.{self.field.column}"
        match = f"{value} = {cell(self.column.column_name if self.column else self.field.name)}"
        if self.condition is not None:
            # Without the condition PostgreSQL could not use the partial unique index.
            condition = is_true(self.condition, {self.field.name: (value, self.field)})
            match += f" AND {with_literals(condition)}"
        return f"LEFT JOIN {self.field.model._meta.db_table} {self.alias} ON {match}"


def unique_groups(model: type[models.Model]) -> Iterator[tuple[set[str], models.Q | None]]:
    """Fields whose values only one row may have together, with the condition for that."""
    for field in model._meta.concrete_fields:
        if field.unique and not field.primary_key:
            yield {field.name}, None
    for constraint in model._meta.constraints:
        names = set(getattr(constraint, "fields", ()))
        is_unique = isinstance(constraint, models.UniqueConstraint)
        # What is unique only because the primary key is part of it says nothing.
        if is_unique and names and model._meta.pk.name not in names:
            yield names, constraint.condition


def unique_fields(model: type[models.Model]) -> Iterator[tuple[models.Field, models.Q | None]]:
    for names, condition in unique_groups(model):
        if len(names) == 1:
            yield field_at(model, *names), condition


@dataclass(frozen=True)
class Layout:
    """The columns of a kind that a file has, and the SQL that ties them to the model."""

    resource: type[ImportKind]
    names: tuple[str, ...]
    dialect: SqlDialect
    companion_names: tuple[str, ...] = ()
    creates_companions: bool = False
    is_all_new: bool = False
    actor: Any = None  # whose rights hold; None is the operator at the command line
    has_reason: bool = False  # whether the import says why
    allows_similar: bool = False  # whether near doubles of people may be created
    is_roster: bool = False  # a whole roster: who had left and stands in it is back
    source_names: tuple[str, ...] = ()  # of which section a row is, see `folding.py`

    @property
    def model(self) -> type[Audited]:
        return self.resource.model()

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The kind's own columns that stand in the file."""
        known = self.resource.columns()
        return tuple(known[name] for name in self.names)

    @cached_property
    def key(self) -> tuple[Column, ...]:
        return tuple(self.resource.columns()[name] for name in self.resource.key_names(self.names))

    @property
    def can_create(self) -> bool:
        """Whether the file has what a new row needs."""
        return self.resource.creates and all(column.key for column in self.key)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The foreign keys the file gives, keys first, in the order of the columns."""
        parts: dict[str, list[tuple[str, Column]]] = {}
        for column in self.columns:
            if column.reference and not column.role:
                parts.setdefault(column.reference, []).append((column.target, column))
        return tuple(self._reference(name, tuple(pairs)) for name, pairs in parts.items())

    def _reference(self, name: str, parts: tuple[tuple[str, Column], ...]) -> Reference:
        field = foreign_key(self.model, name)
        narrowing = tuple(c for c in self.narrowing if c.reference == name)
        known = self.resource.columns().values()
        is_by_part = any(c.role is Role.NARROWS and c.reference == name for c in known)
        newest = self.resource.matching.newest.get(name, "")
        among = with_literals(self.importable(field.related_model)) if newest else ""
        return Reference(field, parts, narrowing, is_by_part, newest, among)

    def importable(self, model: type[models.Model]) -> Sql:
        """SQL: the ids of the rows the person's role may bring in; blank means all of them."""
        every = model._base_manager.all()
        allowed = every if self.actor is None else permitted(every, self.actor, "import")
        if allowed is every:
            return "", ()
        # With `elide_empty` no rows at all would be an error, and not a query without rows.
        query = allowed.values("pk").query
        return query.get_compiler(DEFAULT_DB_ALIAS, elide_empty=False).as_sql()

    @property
    def narrowing(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.role is Role.NARROWS)

    @property
    def identity(self) -> tuple[Column, ...]:
        """The columns in which two rows of one file that mean the same row agree."""
        return self.key + self.narrowing

    @cached_property
    def companion_columns(self) -> tuple[Column, ...]:
        known = self.resource.companion.columns_of() if self.resource.companion else {}
        return tuple(known[name] for name in self.companion_names)

    @property
    def companion_reference(self) -> Reference | None:
        """The foreign key whose row the import may create."""
        return self.companion_link if self.creates_companions else None

    @cached_property
    def companion_link(self) -> Reference | None:
        """The foreign key to the companion, where the file has columns of the companion."""
        if not self.resource.companion or not (self.creates_companions or self.companion_names):
            return None
        name = self.resource.companion.reference
        return next((each for each in self.references if each.field.name == name), None)

    @cached_property
    def own(self) -> tuple[Column, ...]:
        """The columns that may change an existing row: all but the key."""
        return tuple(c for c in self.columns if c not in self.key and not c.role)

    @property
    def new_key(self) -> Column | None:
        """The column that gives a row another key than the one by which it is found."""
        keys = {column.attribute for column in self.key}
        return next((column for column in self.own if column.attribute in keys), None)

    @property
    def joins(self) -> str:
        """SQL: the referred rows and the existing row of each staged row."""
        conditions = {self._match(column) for column in self.key}
        if self.resource.matching.counting:
            # By IN it is computed for the stored rows that fit, not for every row of the file.
            conditions.add(f"t.id IN ({self.resource.matching.counting})")
        target = f"LEFT JOIN {self.table} t ON " + " AND ".join(sorted(conditions))
        value_joins = "\n".join(each.join for each in self.unique_values)
        return "\n".join([*(each.join for each in self.references), target, value_joins])

    @cached_property
    def unique_values(self) -> tuple[UniqueValue, ...]:
        """The values of the file, or derived from it, that only one record may have."""
        keys = {column.attribute for column in self.key}
        # A column that gives rows another key is none of the key's.
        own = {c.attribute: c for c in self.columns if c in self.own or c.attribute not in keys}
        derived = self.resource.derived if self.can_create else {}
        own_values = [
            UniqueValue(self._alias(field), field, condition, own.get(field.name), None)
            for field, condition in unique_fields(self.model)
            if field.name in own or field.name in derived
        ]
        return (*own_values, *self._companion_unique_values())

    def _companion_unique_values(self) -> Iterator[UniqueValue]:
        reference, companion = self.companion_link, self.resource.companion
        if not (reference and companion):
            return
        by_target = {column.target: column for column in self.companion_columns}
        derived = companion.resource.derived if self.creates_companions else {}
        for field, condition in unique_fields(reference.field.related_model):
            if field.name in by_target or field.name in derived:
                column = by_target.get(field.name)
                yield UniqueValue(self._alias(field), field, condition, column, reference)

    def _alias(self, field: models.Field) -> str:
        # A kind and its companion may stand in one query.
        return f"{'new' if self.is_all_new else 'has'}_{field.name}"

    def _match(self, column: Column) -> str:
        if column.reference:
            field = field_at(self.model, column.reference)
            return f"t.{field.column} = {referred(field.name)}"
        return f"t.{column.target} = {cell(column.column_name)}"

    def stored(self, column: Column) -> str:
        """SQL: the value an existing row has in this column."""
        return f"t.{self.attname(column)}"

    @cached_property
    def returning(self) -> str:
        """SQL: the row makes active again who had left; blank where no row of the file can."""
        policy = self.resource.missing_rows
        if policy is None or self.is_all_new:
            return ""
        columns = (column for column in self.own if column.attribute in policy.returns)
        cells = {column.attribute: cell(column.column_name) for column in columns}
        status = cells.get(policy.by)
        tests = [f"{status} = {policy.returns[policy.by]}"] if status else []
        if self.is_roster:
            # A row with a day of withdrawal and no status says itself that they left.
            tests.append(" AND ".join(f"{each} IS NULL" for each in cells.values()) or "1=1")
        either = " OR ".join(f"({test})" for test in tests)
        return f"({policy.has_left} AND ({either}))" if tests else ""

    @cached_property
    def implied(self) -> tuple[Column, ...]:
        """The columns that the file lacks and that change where somebody is back."""
        policy, there = self.resource.missing_rows, {c.attribute for c in self.columns}
        if policy is None or not self.returning:
            return ()
        named = policy.returns.keys() - there
        return tuple(c for c in self.resource.columns().values() if c.attribute in named)

    def incoming(self, column: Column) -> str:
        """SQL: what an import stores in this column, by the rule for a differing stored value."""
        policy, is_implied = self.resource.missing_rows, column in self.implied
        value = self._as_before(column) if is_implied else self._from_file(column)
        if policy and (is_implied or (self.is_roster and column.attribute == policy.by)):
            back = policy.returns[column.attribute]
            return f"CASE WHEN {self.returning} THEN {back} ELSE {value} END"
        return value

    def _as_before(self, column: Column) -> str:
        """SQL: the stored value; of a new row the default."""
        field, stored = field_at(self.model, column.target), self.stored(column)
        if not has_plain_default(field):
            return stored
        return f"coalesce({stored}, {literal(field.get_default())})"

    def _from_file(self, column: Column) -> str:
        if column.reference:
            return referred(column.reference)
        value, stored = cell(column.column_name), self.stored(column)
        base = self.base_of(column)
        if base:
            # A value that nobody changed since the export must not undo what was stored later.
            touched = self.dialect.differs(value, cell(base.column_name))
            value = f"CASE WHEN t.id IS NULL OR {touched} THEN {value} ELSE {stored} END"
        field = field_at(self.model, column.target)
        if column.on_change is not OnChange.UPDATE:
            # It fills a blank and replaces nothing else; a check reports or refuses the rest.
            fills = f"{stored} IS NULL OR {stored} = ''"
            if column.replaced_where:
                fills += f" OR {value} <> '' AND {column.replaced_where}"
            return f"CASE WHEN {fills} THEN {value} ELSE {stored} END"
        if has_plain_default(field):
            # A blank cell keeps what is stored; only a new row gets the default.
            return f"coalesce({value}, {stored}, {literal(field.get_default())})"
        return f"coalesce({value}, {stored})" if column.blank_keeps_stored else value

    def base_of(self, column: Column) -> Column | None:
        """The column that holds what this one had when the file was exported."""
        bases = (c for c in self.columns if c.role is Role.BASE)
        return next((c for c in bases if c.attribute == column.attribute), None)

    def comparable(self, column: Column) -> str:
        """SQL: what a row would store in this column, as text, to compare rows of one file by."""
        if column.reference:
            return cell(column.column_name)
        field = field_at(self.model, column.target)
        return f"cast({self.dialect.cast_to(self.incoming(column), field)} AS text)"

    def attname(self, column: Column) -> str:
        """The database column behind a column of the file."""
        return field_at(self.model, column.reference or column.target).column

    def changes(self, column: Column) -> str:
        """SQL: the file has another value in this column than the existing row."""
        return self.dialect.differs(self.incoming(column), self.stored(column))

    def differs(self) -> str:
        """SQL: the file would change the existing row."""
        tests = [*map(self.changes, self.written), *self.besides]
        return "(t.id IS NOT NULL AND (" + (" OR ".join(tests) or "1=0") + "))"

    @property
    def adjusted_fields(self) -> frozenset[str]:
        """Fields that rules need not look at: the import itself makes them fit."""
        return frozenset()

    @property
    def besides(self) -> list[str]:
        """SQL: what the file would change of an existing row besides its columns."""
        return []

    def before(self) -> str:
        """SQL: the existing row's values of all columns as one text."""
        parts = [f"coalesce(cast({self.stored(column)} AS text), '∅')" for column in self.written]
        return " || '¦' || ".join(parts) or "''"

    @cached_property
    def written(self) -> tuple[Column, ...]:
        """The columns an update writes: the own and implied ones, each foreign key once."""
        by_attname: dict[str, Column] = {}
        for column in (*self.own, *self.implied):
            by_attname.setdefault(self.attname(column), column)
        return tuple(by_attname.values())

    def preserved_bit(self, column: Column) -> int:
        """The bit of a plan's `preserved` for this column: the stored value stays."""
        return 1 << [self.attname(each) for each in self.written].index(self.attname(column))

    def is_preserved(self, column: Column) -> str:
        """SQL, beside a plan: an edit by hand stays."""
        return f"p.preserved & {self.preserved_bit(column)} <> 0"

    def update_value(self, column: Column) -> str:
        """SQL, beside a plan: what an update writes; preserved edits by hand stay."""
        value = planned(column.reference) if column.reference else self.incoming(column)
        return f"CASE WHEN {self.is_preserved(column)} THEN {self.stored(column)} ELSE {value} END"


def staged_types(
    resource: type[ImportKind], names: Sequence[str], derived: Iterable[str], dialect: SqlDialect
) -> dict[str, str]:
    """The staging columns of these columns of the file, with their types."""
    types: dict[str, str] = {}
    for name in names:
        column, model = resource.column_named(name)
        types[f"c_{name}"] = dialect.type_of(column.model_field(model))
    return types | {f"c_{name}": "text" for name in derived}
