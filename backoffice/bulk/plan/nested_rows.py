"""Rows that stand within the rows of a file, called members: the ratings of a criterion.

Each is staged and planned like a row of a file of its own kind: one set of rules holds. Members
that the file does not name stay as they are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import lines_from
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column, field_at, foreign_key
from backoffice.bulk.kinds.resource import NESTED, NestedRows, SourceRows
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.plan.local_edits import LocalEdits
from backoffice.bulk.plan.planner import Planner, RowState, Tables
from backoffice.bulk.plan.writer import Writer
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.sql.references import Reference


@dataclass(frozen=True, kw_only=True)
class ParentLayout(Layout):
    """The layout of rows that have members."""

    within: Tables  # the members'
    tables: Tables
    members: tuple[str, ...]  # the columns of a group that the file has

    @property
    def besides(self) -> list[str]:
        """SQL: a member is new, or differs from the stored one."""
        nested = self.resource.nested
        assert nested
        model = nested.resource.model()
        same = [f"l.{field_at(model, nested.reference).column} = t.id"]
        tests = ["l.id IS NULL"]
        for name, column in nested.columns.items():
            if column.key:
                same.append(f"l.{column.target} = b.c_{name}")
            elif name in self.members:
                tests.append(self.dialect.differs(f"b.c_{name}", f"l.{column.target}"))
        return [
            f"EXISTS (SELECT 1 FROM {self.within.stage} b LEFT JOIN {model._meta.db_table} l "
            f"ON {' AND '.join(same)} WHERE b.up_no = s.row_no AND ({' OR '.join(tests)}))"
        ]

    def nested_cells(self, column: str, *, filled: bool = False, unless_preserved: str = "") -> str:
        """SQL: a query for what the members of a row have in a column, named `value`.

        With `filled` without blanks; without members whose column `unless_preserved` was edited by
        hand.
        """
        source = f"{self.within.stage} b"
        nested = self.resource.nested
        if unless_preserved and nested:
            inner = Layout(nested.resource, self.members, self.dialect)
            bit = inner.preserved_bit(nested.columns[unless_preserved])
            source += f" JOIN {self.within.plan} q ON q.row_no = b.row_no"
            source += f" AND q.preserved & {bit} = 0"
        only = f" AND b.c_{column} IS NOT NULL" if filled else ""
        return f"SELECT b.c_{column} AS value FROM {source} WHERE b.up_no = s.row_no{only}"

    def nested_previous(self) -> str:
        """SQL: a query for what members had stored in the lowered column, named `value`."""
        return f"SELECT b.was AS value FROM {self.within.stage} b WHERE b.up_no = s.row_no"

    def number_among_new(self, columns: Iterable[Column]) -> str:
        """SQL, beside a plan: the number of a new row, from 1, among those equal in columns."""
        same = "".join(f" AND z.c_{c.column_name} = {cell(c.column_name)}" for c in columns)
        return (
            f"(SELECT count(*) FROM {self.tables.plan} q JOIN {self.tables.stage} z "
            f"ON z.row_no = q.row_no WHERE q.state = 'c' AND q.row_no <= p.row_no{same})"
        )


@dataclass(frozen=True, kw_only=True)
class ParentReference(Reference):
    """The foreign key from a member to the row it stands in."""

    plan: str

    @property
    def join(self) -> str:
        return (
            f"LEFT JOIN {self.plan} up ON up.row_no = s.up_no "
            f"LEFT JOIN {self.table} {self.alias} ON {self.alias}.id = up.target_id"
        )


@dataclass(frozen=True, kw_only=True)
class NestedLayout(Layout):
    """The layout of members."""

    above: Tables  # of the rows they stand in
    nested: NestedRows | SourceRows

    @property
    def belonging(self) -> ParentReference:
        field = foreign_key(self.model, self.nested.reference)
        return ParentReference(field, (), plan=self.above.plan)

    @property
    def adjusted_fields(self) -> frozenset[str]:
        return self.nested.adjusted_fields

    @property
    def references(self) -> tuple[Reference, ...]:
        return (self.belonging,)

    @property
    def joins(self) -> str:
        belonging = self.belonging
        tests = [f"t.{belonging.field.column} = {belonging.alias}.id", *map(self._match, self.key)]
        return f"{belonging.join} LEFT JOIN {self.table} t ON {' AND '.join(tests)}"


class NestedPlanner(Planner):
    """Plans members; each is reported at the row in which it stands."""

    def __init__(self, layout: NestedLayout, tables: Tables, staged: tuple[str, ...]) -> None:
        super().__init__(layout, "upsert", tables, staged)
        self.checks.append(self._repeated(layout))

    def _repeated(self, layout: NestedLayout) -> Check:
        """The model's own rule, among the members of one row: two have the same name."""
        names = {layout.belonging.field.name, *(column.target for column in layout.key)}
        rules = (rule for rule in layout.model._meta.constraints if hasattr(rule, "fields"))
        rule = next(rule for rule in rules if set(rule.fields) == names)
        reads = tuple(column.column_name for column in layout.key)
        same = " AND ".join(f"b.c_{name} = {cell(name)}" for name in reads)
        is_repeated = (
            f"EXISTS (SELECT 1 FROM {self.tables.stage} b WHERE b.up_no = s.up_no "
            f"AND b.row_no < s.row_no AND {same})"
        )
        template = "{column} “{value}”: " + str(rule.violation_error_message)
        code = rule.violation_error_code or "taken"
        return Check(code, reads[0], template, (is_repeated, ()), reads)

    @property
    def reported_row(self) -> str:
        return "s.up_no"


class NestedPlan:
    """The members of a file: their tables, their plan, and how they are written."""

    def __init__(self, main: Planner, tables: Tables, names: tuple[str, ...]) -> None:
        members, layout = main.layout.resource.nested, main.layout
        assert members
        self.main, self.members, self.tables = main, members, tables
        self.layout = NestedLayout(
            *(members.resource, names, layout.dialect),
            actor=layout.actor,
            has_reason=layout.has_reason,
            above=main.tables,
            nested=members,
        )
        self.planner = NestedPlanner(self.layout, tables, tuple(members.columns))
        self.reference = self.layout.belonging

    @property
    def link(self) -> str:
        """SQL: join each staged member `s` to the plan `np` of the row it stands in."""
        return f"LEFT JOIN {self.main.tables.plan} np ON np.row_no = s.up_no"

    def stage(self, cursor: CursorWrapper) -> None:
        """Make a staged row of each member of the staged rows."""
        dialect, model = self.main.layout.dialect, self.members.resource.model()
        fields = {name: c.model_field(model) for name, c in self.members.columns.items()}
        cells = "".join(
            f", {dialect.cast_to(dialect.element('m.value', at), field)} AS c_{name}"
            for at, (name, field) in enumerate(fields.items(), 1)
        )
        select = f"""
            SELECT row_number() OVER (ORDER BY s.row_no, m.key) AS row_no, s.line_no,
                s.row_no AS up_no, CAST({dialect.element("m.value", 0)} AS bigint) AS bad,
                CAST(NULL AS text) AS raws, CAST(NULL AS numeric) AS was{cells}
            FROM {self.main.tables.stage} s, {dialect.elements(f"s.c_{NESTED}")}"""
        columns = {"row_no": "integer", "line_no": "integer", "up_no": "integer", "bad": "bigint"}
        columns |= {"raws": "text", "was": "numeric"}
        columns |= {f"c_{name}": dialect.type_of(field) for name, field in fields.items()}
        dialect.create_filled(cursor, self.tables.stage, columns, (select, ()))

    def plan(
        self, cursor: CursorWrapper, released: tuple[str, ...], staging_file: StagingFile
    ) -> dict[str, int]:
        """Plan the members and adapt the plan of their rows; local edits that stay, by column."""
        self.planner.create(cursor)
        self._store_previous(cursor)
        preserved = LocalEdits(self.planner, released).preserve(cursor, staging_file)
        plan = self.main.tables.plan
        cursor.execute(
            f"UPDATE {plan} SET state = '{RowState.REJECTED}' "
            f"WHERE row_no IN ({self._rows_with(RowState.REJECTED)})"
        )
        if preserved:
            changing = self._rows_with(RowState.CREATED, RowState.UPDATED)
            cursor.execute(
                f"UPDATE {plan} SET state = '{RowState.UNCHANGED}' "
                f"WHERE state = '{RowState.UPDATED}' "
                f"AND row_no NOT IN ({changing}) AND row_no NOT IN ({self._changed_themselves()})"
            )
        return preserved

    def _store_previous(self, cursor: CursorWrapper) -> None:
        # `write` lowers some of these values before it needs them.
        lowered_column = self.layout.resource.columns()[self.members.lowered_column]
        stage, stored = self.tables.stage, self.layout.stored(lowered_column)
        cursor.execute(
            f"UPDATE {stage} SET was = (SELECT {stored} FROM {self.tables.plan} p "
            f"JOIN {self.layout.table} t ON t.id = p.target_id WHERE p.row_no = {stage}.row_no)"
        )

    def _rows_with(self, *states: RowState) -> str:
        """SQL: the rows of the file that have a member in one of these states."""
        named = ", ".join(f"'{state}'" for state in states)
        return (
            f"SELECT b.up_no FROM {self.tables.stage} b JOIN {self.tables.plan} q "
            f"ON q.row_no = b.row_no WHERE q.state IN ({named})"
        )

    def _changed_themselves(self) -> str:
        """SQL: the rows whose own columns change."""
        layout, tables = self.main.layout, self.main.tables
        tests = [
            f"(NOT ({layout.is_preserved(column)}) AND {layout.changes(column)})"
            for column in layout.written
        ]
        return (
            f"SELECT p.row_no FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no "
            f"{layout.joins} WHERE {' OR '.join(tests) or '1=0'}"
        )

    def reject_nested(self, cursor: CursorWrapper) -> None:
        """Reject the members of rows that are refused or repeated."""
        left_out = f"'{RowState.REJECTED}', '{RowState.DUPLICATE}'"
        cursor.execute(
            f"UPDATE {self.tables.plan} SET state = '{RowState.REJECTED}' WHERE row_no IN ("
            f"SELECT b.row_no FROM {self.tables.stage} b JOIN {self.main.tables.plan} p "
            f"ON p.row_no = b.up_no WHERE p.state IN ({left_out}))"
        )

    def write(
        self, cursor: CursorWrapper, change_set: ChangeSet, write_rows: Callable[[], int]
    ) -> int:
        """Write rows and members; how many rows were written.

        Raises LookupError when other members were written than planned.
        """
        writer, plan, layout = Writer(self.planner, change_set, self), self.tables.plan, self.layout
        column = layout.resource.columns()[self.members.lowered_column]
        # A member may not be above its row: what sinks goes first, what rises after the row.
        with lines_from(plan):
            writer.update(cursor, f"AND {layout.update_value(column)} < {layout.stored(column)}")
        written = write_rows()
        with lines_from(plan):
            members = writer.insert(cursor) + writer.update(cursor)
        layout.dialect.note_lines(cursor, layout.model, plan, change_set.pk)
        cursor.execute(f"SELECT count(*) FROM {plan} WHERE state IN ('c', 'u')")
        if cursor.fetchone()[0] != members:
            raise LookupError
        return written
