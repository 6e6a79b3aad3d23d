"""SQL over the source rows of a file and of earlier ones: see `folding.py`.

Aliases: `a` and `b` are rows of the file with the keys `k0`, `k1`… of the row that they are, `e` is
a staged source row, `m` a stored one, `f` a row of the file with the row that stands for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from backoffice.bulk.kinds.column import field_at
from backoffice.bulk.kinds.conditions import literal
from backoffice.bulk.kinds.resource import SourceRows
from backoffice.bulk.kinds.sql_names import cell, planned
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.sql.dialects import SqlDialect

ACCEPTED = "a.state NOT IN ('r', 'd')"


@dataclass(frozen=True)
class SourceQueries:
    """The statements about the source rows of one plan.

    `folded`: the columns that take what all say together, as far as the file has them. `is_whole`:
    an active source row that the file does not name has ended.
    """

    main: Planner
    planner: Planner
    folds: str
    folded: tuple[str, ...]
    is_whole: bool

    @property
    def source(self) -> SourceRows:
        source = self.main.layout.resource.source_rows
        assert source
        return source

    @property
    def dialect(self) -> SqlDialect:
        return self.main.layout.dialect

    @property
    def has_alike(self) -> bool:
        return self.source.alike in self.main.layout.names

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"k{at}" for at, _sql in enumerate(self._key_values()))

    def _key_values(self) -> list[str]:
        """SQL: what rows that mean the same stored row have in common."""
        layout, by_reference = self.main.layout, dict[str, list[str]]()
        for column in layout.identity:
            name = column.reference or column.column_name
            by_reference.setdefault(name, []).append(f"cast({cell(column.column_name)} AS text)")
        known = {reference.field.name for reference in layout.references}
        # By the row that the cells lead to: a person may stand there under two names.
        return [
            f"coalesce('#' || cast({planned(name)} AS text), {text})" if name in known else text
            for name, text in ((name, " || '¦' || ".join(cs)) for name, cs in by_reference.items())
        ]

    def _named(self, name: str) -> str:
        """SQL: a name of the source row; a blank is a name, too."""
        return f"coalesce({cell(name)}, '')"

    @property
    def rows(self) -> str:
        """SQL: the rows of the file whose keys could be read."""
        tables, layout = self.main.tables, self.main.layout
        values = dict(zip(self.keys, self._key_values(), strict=True))
        values |= {f"n_{name}": self._named(name) for name in self.source.named_by}
        values |= {f"c_{each.column_name}": cell(each.column_name) for each in layout.own}
        columns = ", ".join(f"{sql} AS {name}" for name, sql in values.items())
        readable = " AND ".join(f"{sql} IS NOT NULL" for sql in self._key_values())
        return (
            f"(SELECT s.row_no, s.line_no, p.state, p.target_id, {columns} FROM {tables.stage} s "
            f"JOIN {tables.plan} p ON p.row_no = s.row_no WHERE {readable})"
        )

    def has_several(self, cursor: CursorWrapper) -> bool:
        """Whether any two rows of the file mean the same row."""
        keys = ", ".join(self.keys)
        cursor.execute(f"SELECT 1 FROM {self.rows} a GROUP BY {keys} HAVING count(*) > 1 LIMIT 1")
        return cursor.fetchone() is not None

    def _firsts(self, keys: Sequence[str], more: str = "") -> str:
        """SQL: accepted rows, each with its place among those that agree, and the first of them."""
        window = f"OVER (PARTITION BY {', '.join(f'a.{key}' for key in keys)} ORDER BY a.row_no)"
        return (
            f"(SELECT a.*, row_number() {window} AS place, first_value(a.line_no) {window} AS other"
            f"{more.format(window=window)} FROM {self.rows} a WHERE {ACCEPTED}) a"
        )

    def repeats(self) -> str:
        """SQL: rows that say again what an earlier one says."""
        names = [f"n_{name}" for name in self.source.named_by]
        own = [f"c_{column.column_name}" for column in self.main.layout.own]
        return (
            f"SELECT a.row_no, a.other FROM {self._firsts([*self.keys, *names, *own])} "
            "WHERE a.place > 1"
        )

    def of_other_role(self) -> str:
        """SQL: rows that are no fold with the first of theirs."""
        alike = f"c_{self.source.alike}"
        firsts = self._firsts(self.keys, f", first_value(a.{alike}) {{window}} AS first_alike")
        differs = self.dialect.differs(f"a.{alike}", "a.first_alike")
        return f"SELECT a.row_no, a.other FROM {firsts} WHERE {differs}"

    def with_refused(self) -> str:
        """SQL: rows of which another one was refused."""
        same = " AND ".join(f"b.{key} = a.{key}" for key in self.keys)
        if self.has_alike:
            alike = f"c_{self.source.alike}"
            same += f" AND (b.{alike} IS NULL OR b.{alike} = a.{alike})"
        return (
            f"SELECT a.row_no, min(b.line_no) AS other FROM {self.rows} a "
            f"JOIN {self.rows} b ON b.state = 'r' AND {same} WHERE {ACCEPTED} GROUP BY a.row_no"
        )

    @property
    def _stored(self) -> str:
        """SQL: the table of stored source rows."""
        return self.planner.layout.table

    @property
    def _key(self) -> str:
        return str(field_at(self.planner.layout.model, self.source.reference).column)

    def _value(self, alias: str, name: str) -> str:
        """SQL: the database column of a stored row, here or of another system."""
        layout = self.main.layout if alias == "t" else self.planner.layout
        return f"{alias}.{layout.attname(layout.resource.columns()[name])}"

    def against_stored(self) -> str:
        """SQL: rows of another role than a stored row, of which another section goes on."""
        source, active = self.source, literal(self.source.order[0])
        same = [f"{self._value('m', name)} = b.n_{name}" for name in source.named_by]
        named = " AND ".join(["b.target_id = a.target_id", "b.state NOT IN ('r', 'd')", *same])
        return (
            f"SELECT a.row_no, min({self._value('m', source.named_by[-1])}) AS other "
            f"FROM {self.rows} a JOIN {self.main.layout.table} t ON t.id = a.target_id "
            f"JOIN {self._stored} m ON m.{self._key} = t.id "
            f"WHERE {ACCEPTED} AND a.c_{source.alike} <> {self._value('t', source.alike)} "
            f"AND {self._value('t', source.state)} = {active} "
            f"AND {self._value('m', source.state)} = {active} "
            f"AND NOT EXISTS (SELECT 1 FROM {self.rows} b WHERE {named}) GROUP BY a.row_no"
        )

    def rank(self, state: str) -> str:
        """SQL: the place of a state in their order; without one it is the first."""
        places = " ".join(
            f"WHEN {literal(each)} THEN {at}" for at, each in enumerate(self.source.order)
        )
        return f"CASE {state} {places} ELSE 0 END"

    def state_at(self, rank: str) -> str:
        places = " ".join(
            f"WHEN {at} THEN {literal(each)}" for at, each in enumerate(self.source.order)
        )
        return f"CASE {rank} {places} END"

    def stage(self, cursor: CursorWrapper) -> None:
        """Make the table of folds and that of source rows, of the file's and of the stored ones."""
        source, dialect, model = self.source, self.dialect, self.planner.layout.model
        ranked = self.rank(f"a.c_{source.state}") if source.state in self.folded else "0"
        keys = ", ".join(f"a.{key}" for key in self.keys)
        rows = (
            f"SELECT a.row_no, first_value(a.row_no) OVER (PARTITION BY {keys} "
            f"ORDER BY {ranked}, a.row_no) AS up_no, count(*) OVER (PARTITION BY {keys}) AS lines "
            f"FROM {self.rows} a WHERE {ACCEPTED}"
        )
        select = f"SELECT x.row_no, x.up_no FROM ({rows}) x WHERE x.lines > 1"
        dialect.create_filled(
            cursor, self.folds, {"row_no": "integer", "up_no": "integer"}, (select, ())
        )
        columns = {"row_no": "integer", "line_no": "integer", "up_no": "integer", "bad": "bigint"}
        columns |= {"is_stored": "integer", "lines": "integer"}
        for name in (*source.named_by, *self.folded):
            column = source.resource.columns()[name]
            columns[f"c_{name}"] = dialect.type_of(column.model_field(model))
        dialect.create_filled(cursor, self.planner.tables.stage, columns, (self._of_file(), ()))
        cursor.execute(f"INSERT INTO {self.planner.tables.stage} {self._of_others()}")

    def _folded_values(self, alias: str) -> Iterator[str]:
        """SQL: what several rows say together, in each of the columns that take it."""
        source = self.source
        for name in self.folded:
            value = f"{alias}.c_{name}"
            if name == source.state:
                yield self.state_at(f"min({self.rank(value)})")
            elif name == source.begin:
                yield f"min({value})"
            else:
                yield f"CASE WHEN count({value}) = count(*) THEN max({value}) END"

    def _of_file(self) -> str:
        """SQL: the source rows of the file; several rows may be of one section."""
        names = [f"n_{name}" for name in self.source.named_by]
        columns = ", ".join(f"a.{name}" for name in names)
        folded = "".join(f", {sql}" for sql in self._folded_values("a"))
        return (
            f"SELECT min(a.row_no), min(a.line_no), a.up_no, CAST(0 AS bigint), "
            f"CAST(0 AS integer), CAST(count(*) AS integer), {columns}{folded} "
            f"FROM (SELECT a.*, coalesce(f.up_no, a.row_no) AS up_no FROM {self.rows} a "
            f"LEFT JOIN {self.folds} f ON f.row_no = a.row_no WHERE {ACCEPTED}) a "
            f"GROUP BY a.up_no, {columns}"
        )

    def _of_others(self) -> str:
        """SQL: the stored source rows that the file does not name."""
        source, stage = self.source, self.planner.tables.stage
        names = [self._value("m", name) for name in source.named_by]
        unnamed = " AND ".join(
            f"e.c_{name} = {sql}" for name, sql in zip(source.named_by, names, strict=True)
        )
        values = "".join(f", {sql}" for sql in self._present_values())
        return f"""
            SELECT (SELECT max(s.row_no) FROM {self.main.tables.stage} s)
                + row_number() OVER (ORDER BY u.row_no, m.id), u.line_no, u.row_no,
              CAST(0 AS bigint), 1, 1,
              {", ".join(names)}{values}
            FROM {self.main.tables.plan} u
            JOIN {self.main.layout.table} t ON t.id = u.target_id
            JOIN {self._stored} m ON m.{self._key} = t.id
            WHERE u.row_no IN (SELECT e.up_no FROM {stage} e)
              AND NOT EXISTS (SELECT 1 FROM {stage} e WHERE e.up_no = u.row_no AND {unnamed})"""

    def _ends_unnamed(self) -> str:
        """SQL: a stored source row ends because a whole file does not name it."""
        active = f"{self._value('m', self.source.state)} = {literal(self.source.order[0])}"
        return active if self.is_whole else "1=0"

    def _present_values(self) -> Iterator[str]:
        """SQL: what a stored source row says now.

        Somebody may have ended the row here since, by hand or with another file: so ended its
        source rows then. Those that a whole file does not name ended today.
        """
        source, over = self.source, literal(self.source.order[-1])
        own, here = self._value("m", source.state), self._value("t", source.state)
        ended = f"{self.rank(here)} > {self.rank(own)}"
        for name in self.folded:
            value = self._value("m", name)
            if name == source.state:
                value = f"CASE WHEN {ended} THEN {here} ELSE {own} END"
                yield f"CASE WHEN {self._ends_unnamed()} THEN {over} ELSE {value} END"
            elif name == source.end:
                value = f"CASE WHEN {ended} THEN {self._value('t', name)} ELSE {value} END"
                yield f"CASE WHEN {self._ends_unnamed()} THEN {self._today()} ELSE {value} END"
            else:
                yield value

    def _today(self) -> str:
        """SQL: the day of this reading; nobody leaves before they came."""
        column = self.source.resource.columns()[self.source.end]
        field = column.model_field(self.planner.layout.model)
        day = self.dialect.cast_to(literal(timezone.now().date().isoformat()), field)
        begin = self._value("m", self.source.begin)
        return f"CASE WHEN {begin} > {day} THEN {begin} ELSE {day} END"

    def folded_rows(self) -> str:
        """SQL: the rows that take what several source rows say."""
        return (
            f"SELECT e.up_no FROM {self.planner.tables.stage} e "
            "GROUP BY e.up_no HAVING sum(e.lines) > 1"
        )

    def fold(self, cursor: CursorWrapper) -> bool:
        """Give these rows what all say together; whether there were any."""
        stage, columns = self.main.tables.stage, [f"c_{name}" for name in self.folded]
        values = list(self._folded_values("e"))
        new_values = ", ".join(
            f"{sql} AS {name}" for name, sql in zip(columns, values, strict=True)
        )
        settings = ", ".join(f"{name} = x.{name}" for name in columns)
        cursor.execute(
            f"UPDATE {stage} SET {settings} FROM (SELECT e.up_no, {new_values} "
            f"FROM {self.planner.tables.stage} e "
            f"WHERE e.up_no IN ({self.folded_rows()}) GROUP BY e.up_no) x "
            f"WHERE x.up_no = {stage}.row_no"
        )
        return bool(cursor.rowcount)

    def outlasted(self) -> str:
        """SQL: rows whose source rows of the file end, while a stored one goes on."""
        stage, ranked = self.planner.tables.stage, self.rank(f"e.c_{self.source.state}")
        own = f"SELECT e.up_no, min({ranked}) AS best FROM {stage} e WHERE e.is_stored = 0"
        return (
            f"SELECT e.up_no AS row_no, min(e.c_{self.source.named_by[-1]}) AS other "
            f"FROM {stage} e JOIN ({own} GROUP BY e.up_no) o ON o.up_no = e.up_no "
            f"WHERE e.is_stored = 1 AND {ranked} < o.best GROUP BY e.up_no"
        )

    def of_refused(self) -> str:
        """SQL: rows of a fold of which another row was refused since."""
        plan = self.main.tables.plan
        return (
            f"SELECT f.row_no, min(u.line_no) AS other FROM {self.folds} f "
            f"JOIN {plan} p ON p.row_no = f.row_no AND p.state <> 'r' "
            f"JOIN {self.folds} g ON g.up_no = f.up_no "
            f"JOIN {plan} u ON u.row_no = g.row_no AND u.state = 'r' GROUP BY f.row_no"
        )

    def of_left_out_rows(self) -> str:
        """SQL: the source rows of rows that are refused."""
        return (
            f"SELECT e.row_no FROM {self.planner.tables.stage} e "
            f"JOIN {self.main.tables.plan} p ON p.row_no = e.up_no WHERE p.state = 'r'"
        )

    def totals(self) -> str:
        """SQL: how many rows of the file are several of one, and of how many."""
        return (
            f"SELECT count(*), count(DISTINCT f.up_no) FROM {self.folds} f "
            f"JOIN {self.main.tables.plan} p ON p.row_no = f.row_no WHERE p.state <> 'r'"
        )

    def has_all(self) -> str:
        """SQL: every stored source row of these rows is in the plan."""
        known = f"SELECT q.target_id FROM {self.planner.tables.plan} q"
        return (
            f"(NOT EXISTS (SELECT 1 FROM {self._stored} m "
            f"JOIN {self.main.tables.plan} p ON p.target_id = m.{self._key} "
            "AND p.state NOT IN ('r', 'd') "
            f"WHERE m.id NOT IN ({known} WHERE q.target_id IS NOT NULL)))"
        )
