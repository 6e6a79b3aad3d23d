"""Rows that stand within the rows of a file: the ratings of a criterion.

Each is staged and planned like a row of a file of its own kind, so that one set of rules holds; it
is told at the line and row in which it stands. What a row of the file does is what it does itself
and what its members do. Members that the file does not name stay as they are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import lines_from
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column, field_at, foreign_key
from backoffice.bulk.kinds.resource import MEMBERS, NestedRows
from backoffice.bulk.plan.local_edits import LocalEdits
from backoffice.bulk.plan.planner import Planner, RowState, Tables
from backoffice.bulk.plan.writer import Writer
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.sql.references import Reference


@dataclass(frozen=True)
class ParentLayout(Layout):
    """The layout of rows that have members; `within` are the members' tables."""

    within: Tables = Tables("", "")
    tables: Tables = Tables("", "")
    members: tuple[str, ...] = ()  # the columns of a group that the file has

    @property
    def besides(self) -> list[str]:
        """SQL: a member that is new, or another than the stored one."""
        members = self.resource.nested
        assert members
        model = members.resource.model()
        key = [column for column in members.columns.values() if column.key]
        same = [f"l.{field_at(model, members.reference).column} = t.id"]
        same += [f"l.{column.target} = b.c_{column.column_name}" for column in key]
        tests = ["l.id IS NULL"] + [
            self.dialect.differs(f"b.c_{column.column_name}", f"l.{column.target}")
            for name, column in members.columns.items()
            if column not in key and name in self.members
        ]
        return [
            f"EXISTS (SELECT 1 FROM {self.within.stage} b LEFT JOIN {model._meta.db_table} l "
            f"ON {' AND '.join(same)} WHERE b.up_no = s.row_no AND ({' OR '.join(tests)}))"
        ]

    def nested_cells(self, column: str, *, filled: bool = False, unless_preserved: str = "") -> str:
        """SQL: a query for what the rows within a row have in a column, named `value`.

        Without blank ones where they have to be `filled`; without the rows in which an edit by hand
        of the column `unless_preserved` stands.
        """
        source = f"{self.within.stage} b"
        if unless_preserved:
            nested = self.resource.nested
            assert nested
            inner = Layout(nested.resource, self.members, self.dialect)
            bit = inner.preserved_bit(nested.columns[unless_preserved])
            source += (
                f" JOIN {self.within.plan} q ON q.row_no = b.row_no AND q.preserved & {bit} = 0"
            )
        only = f" AND b.c_{column} IS NOT NULL" if filled else ""
        return f"SELECT b.c_{column} AS value FROM {source} WHERE b.up_no = s.row_no{only}"

    def nested_previous(self) -> str:
        """SQL: a query for what is stored in the lowered column of the rows within, as `value`."""
        return f"SELECT b.was AS value FROM {self.within.stage} b WHERE b.up_no = s.row_no"

    def number_among_new(self, columns: Iterable[Column]) -> str:
        """SQL, beside a plan: the how-manieth new row this is of those that agree in columns."""
        same = "".join(
            f" AND z.{name} = s.{name}" for name in (f"c_{c.column_name}" for c in columns)
        )
        return (
            f"(SELECT count(*) FROM {self.tables.plan} q JOIN {self.tables.stage} z "
            f"ON z.row_no = q.row_no WHERE q.state = 'c' AND q.row_no <= p.row_no{same})"
        )


@dataclass(frozen=True)
class ParentReference(Reference):
    """The foreign key of a member: the row it stands in."""

    plan: str = ""

    @property
    def join(self) -> str:
        """SQL: find that row, where it is stored already."""
        return (
            f"LEFT JOIN {self.plan} up ON up.row_no = s.up_no "
            f"LEFT JOIN {self.table} {self.alias} ON {self.alias}.id = up.target_id"
        )


@dataclass(frozen=True)
class MemberLayout(Layout):
    """The layout of members; `above` are the tables of the rows they stand in."""

    above: Tables = Tables("", "")
    nested: NestedRows | None = None

    @property
    def belonging(self) -> ParentReference:
        """The foreign key to the row above."""
        assert self.nested
        field = foreign_key(self.model, self.nested.reference)
        return ParentReference(field, (), plan=self.above.plan)

    @property
    def adjusted_fields(self) -> frozenset[str]:
        """What rules need not look at: the import itself makes it fit."""
        return self.nested.adjusted_fields if self.nested else frozenset()

    @property
    def references(self) -> tuple[Reference, ...]:
        """That foreign key alone."""
        return (self.belonging,)

    @property
    def joins(self) -> str:
        """SQL: the row above, and the stored member of the same name in it."""
        belonging = self.belonging
        tests = [f"t.{belonging.field.column} = {belonging.alias}.id", *map(self._match, self.key)]
        return f"{belonging.join} LEFT JOIN {self.table} t ON {' AND '.join(tests)}"


class MemberPlanner(Planner):
    """Plans members."""

    def __init__(
        self, layout: MemberLayout, mode: str, tables: Tables, staged: tuple[str, ...] = ()
    ) -> None:
        super().__init__(layout, mode, tables, staged)
        self.checks.append(self._repeated(layout))

    def _repeated(self, layout: MemberLayout) -> Check:
        """The model's own rule, between members of one row: two of them have the same name."""
        names = {layout.belonging.field.name, *(column.target for column in layout.key)}
        rules = (rule for rule in layout.model._meta.constraints if hasattr(rule, "fields"))
        rule = next(rule for rule in rules if set(rule.fields) == names)
        cells = [f"c_{column.column_name}" for column in layout.key]
        same = " AND ".join(f"b.{cell} = s.{cell}" for cell in cells)
        is_repeated = (
            f"EXISTS (SELECT 1 FROM {self.tables.stage} b WHERE b.up_no = s.up_no "
            f"AND b.row_no < s.row_no AND {same})"
        )
        template = "{column} “{value}”: " + str(rule.violation_error_message)
        name = layout.key[0].column_name
        code = rule.violation_error_code or "taken"
        return Check(
            code, name, template, (is_repeated, ()), tuple(c.column_name for c in layout.key)
        )

    @property
    def reported_row(self) -> str:
        """SQL: the row of the file they stand in."""
        return "s.up_no"


class NestedPlan:
    """The members of a file beside its rows: their tables, their plan, their writing."""

    def __init__(self, main: Planner, tables: Tables, names: tuple[str, ...]) -> None:
        members, layout = main.layout.resource.nested, main.layout
        assert members
        self.main, self.members, self.tables = main, members, tables
        own = MemberLayout(
            *(members.resource, names, layout.dialect),
            actor=layout.actor,
            has_reason=layout.has_reason,
            above=main.tables,
            nested=members,
        )
        self.planner = MemberPlanner(own, "upsert", tables, tuple(members.columns))
        self.reference = own.belonging

    @property
    def link(self) -> str:
        """SQL: join each staged member to the plan of the row it stands in."""
        return f"LEFT JOIN {self.main.tables.plan} np ON np.row_no = s.up_no"

    def stage(self, cursor: CursorWrapper) -> None:
        """Unfold the staged rows into their members."""
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
            FROM {self.main.tables.stage} s, {dialect.elements(f"s.c_{MEMBERS}")}"""
        columns = {"row_no": "integer", "line_no": "integer", "up_no": "integer", "bad": "bigint"}
        columns |= {"raws": "text", "was": "numeric"}
        columns |= {f"c_{name}": dialect.type_of(field) for name, field in fields.items()}
        dialect.create_filled(cursor, self.tables.stage, columns, (select, ()))

    def plan(
        self, cursor: CursorWrapper, released: tuple[str, ...], staging_file: StagingFile
    ) -> dict[str, int]:
        """Plan the members, and what they mean for their rows; the local edits that are kept."""
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
        """Keep what is stored: when the rows are written some of it has been changed already."""
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
            f"(NOT ({layout.is_preserved(column)}) AND "
            f"{layout.dialect.differs(layout.incoming(column), layout.stored(column))})"
            for column in layout.written
        ]
        return (
            f"SELECT p.row_no FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no "
            f"{layout.joins} WHERE {' OR '.join(tests) or '1=0'}"
        )

    def reject_members(self, cursor: CursorWrapper) -> None:
        """A row that is refused or repeated writes no members."""
        cursor.execute(
            f"UPDATE {self.tables.plan} SET state = '{RowState.REJECTED}' WHERE row_no IN ("
            f"SELECT b.row_no FROM {self.tables.stage} b JOIN {self.main.tables.plan} p "
            f"ON p.row_no = b.up_no "
            f"WHERE p.state IN ('{RowState.REJECTED}', '{RowState.DUPLICATE}'))"
        )

    def write(
        self, cursor: CursorWrapper, change_set: ChangeSet, write_rows: Callable[[], int]
    ) -> int:
        """Write rows and members, each where the other lets it; how many rows were written.

        Raises LookupError when other members were written than planned.
        """
        writer, plan, layout = Writer(self.planner, change_set, self), self.tables.plan, self.layout
        lowered_column = layout.resource.columns()[self.members.lowered_column]
        with lines_from(plan):
            writer.update(
                cursor,
                f"AND {layout.update_value(lowered_column)} < {layout.stored(lowered_column)}",
            )
        written = write_rows()
        with lines_from(plan):
            members = writer.insert(cursor) + writer.update(cursor)
        layout.dialect.note_lines(cursor, layout.model, plan, change_set.pk)
        cursor.execute(f"SELECT count(*) FROM {plan} WHERE state IN ('c', 'u')")
        if cursor.fetchone()[0] != members:
            raise LookupError
        return written

    @property
    def layout(self) -> MemberLayout:
        """The layout of the members."""
        return self.planner.layout  # type: ignore[return-value]
