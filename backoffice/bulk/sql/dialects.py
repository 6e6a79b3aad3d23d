"""What PostgreSQL and SQLite write differently; all other SQL of the engine runs on both."""

import hashlib
import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, ClassVar

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

from backoffice.audit.record.postgres_triggers import WORK
from backoffice.bulk.kinds.conditions import Sql
from backoffice.bulk.sql.sqlite_locks import SqliteLocks

MANY_ROWS = 2_000
UNESCAPED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
ESCAPED = re.compile(r"\\[\\tnr]")


class SqlDialect(ABC):
    """One database's way of staging, of taking numbers and of holding a batch."""

    types: ClassVar[dict[type[models.Field], str]]
    place: ClassVar[str] = ""  # what stands before the name of a batch's table
    # SQLite lets one connection write: the work itself has to; elsewhere its heartbeat does.
    shows_progress: ClassVar[bool] = False
    # Ends a subquery, so that its values are computed once, however often they are used.
    fence: ClassVar[str] = ""

    def type_of(self, field: models.Field) -> str:
        """The type of a staging column for values of this model field."""
        return next((name for kind, name in self.types.items() if isinstance(field, kind)), "text")

    @abstractmethod
    def create(self, cursor: CursorWrapper, table: str, columns: dict[str, str]) -> None:
        """Make a table that need not survive a crash, of these columns and types."""

    def create_filled(
        self, cursor: CursorWrapper, table: str, columns: dict[str, str], select: Sql
    ) -> None:
        """Make such a table and put in what a query finds."""
        self.create(cursor, table, columns)
        sql, params = select
        cursor.execute(f"INSERT INTO {table} {sql}", params)

    @abstractmethod
    def prepare(self, cursor: CursorWrapper, rows: int) -> None:
        """Set what a large statement needs, for this transaction only."""

    @abstractmethod
    def load(self, cursor: CursorWrapper, table: str, names: Iterable[str], lines: IO[str]) -> None:
        """Copy a file in COPY's text format into these columns of a table."""

    @abstractmethod
    def differs(self, left: str, right: str) -> str:
        """SQL: the two values differ, null being a value."""

    @abstractmethod
    def cast_to(self, sql: str, field: models.Field) -> str:
        """SQL: the value in the form in which the model's column holds it."""

    @abstractmethod
    def elements(self, array: str) -> str:
        """SQL: the elements of an array of JSON beside each row, with their place as `key`."""

    @abstractmethod
    def element(self, value: str, at: int) -> str:
        """SQL: the text that stands at a place of an array of JSON."""

    @abstractmethod
    def noted(self, raws: str, column: str, value: str) -> str:
        """SQL: a row's noted cells with one more, unless that one is noted already."""

    @abstractmethod
    def typed(self, type_name: str) -> str:
        """SQL: a parameter of this type."""

    @abstractmethod
    def new_id(self, table: str) -> str:
        """SQL: a fresh primary key for a row of the plan."""

    @abstractmethod
    def has_stale_ids(self, table: str, plan: str) -> str:
        """SQL: another row has got a planned primary key since."""

    @abstractmethod
    def outcome_hash(self, text: str) -> str:
        """SQL aggregate: a number that changes with any row's text, whatever their order."""

    @abstractmethod
    def lock(self, cursor: CursorWrapper, number: int) -> bool:
        """Hold the batch until the transaction ends; False if another process holds it."""

    def is_held(self, number: int) -> bool:
        """Whether a batch is held, where asking for its lock would mean to wait first."""
        return False

    @abstractmethod
    def release(self, number: int) -> None:
        """Release the batch, where the end of the transaction does not."""

    @abstractmethod
    def interrupt(self, number: int) -> None:
        """End the statement under way, where its connection does not find out by itself."""

    @abstractmethod
    def has_tables(self, cursor: CursorWrapper, tables: Sequence[str]) -> bool:
        """Whether all the tables are there."""

    @abstractmethod
    def drop_tables(self, cursor: CursorWrapper, tables: Sequence[str]) -> None:
        """Remove the tables that are there."""

    @abstractmethod
    def note_lines(
        self, cursor: CursorWrapper, model: type[models.Model], plan: str, change_set: int
    ) -> None:
        """Note in the history just written which line of the file each row comes from."""

    @abstractmethod
    def hold(self, cursor: CursorWrapper, table: str, ids: str, strength: str = "UPDATE") -> None:
        """Keep rows as they are until the transaction ends; `ids` is a query for their keys.

        With "UPDATE" nobody else may hold them, with "SHARE" nobody may change them.
        """


class Postgres(SqlDialect):
    """COPY, unlogged tables, sequences and advisory locks."""

    place = f"{WORK}."
    fence = " OFFSET 0"

    types: ClassVar[dict[type[models.Field], str]] = {
        models.BooleanField: "boolean",
        models.DateTimeField: "timestamptz",
        models.DateField: "date",
        models.DecimalField: "numeric",
        models.IntegerField: "bigint",
    }
    LOCK_SPACE = 0x1B17

    def create(self, cursor: CursorWrapper, table: str, columns: dict[str, str]) -> None:
        cursor.execute(*self._made(table, columns))

    def create_filled(
        self, cursor: CursorWrapper, table: str, columns: dict[str, str], select: Sql
    ) -> None:
        making, table_params = self._made(table, columns)
        sql, params = select
        # In one statement: one way to the server and back.
        cursor.execute(f"{making}; INSERT INTO {table} {sql}", [*table_params, *params])

    def _made(self, table: str, columns: dict[str, str]) -> tuple[str, list[Any]]:
        # The application's role may write rows there and nothing else (see the bulk migrations).
        params = [table.removeprefix(self.place), list(columns), list(columns.values())]
        return f"SELECT {WORK}.make_table(%s, %s, %s)", params

    def prepare(self, cursor: CursorWrapper, rows: int) -> None:
        # Tables filled a moment ago have no statistics: a nested loop over them can take minutes.
        loops = "off" if rows > MANY_ROWS else "on"
        cursor.execute(
            "SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true), "
            "set_config('enable_nestloop', %s, true)",
            [loops],
        )

    def load(self, cursor: CursorWrapper, table: str, names: Iterable[str], lines: IO[str]) -> None:
        lines.seek(0)
        cursor.copy_expert(f"COPY {table} ({_quoted(names)}) FROM STDIN", lines)

    def differs(self, left: str, right: str) -> str:
        return f"{left} IS DISTINCT FROM {right}"

    def cast_to(self, sql: str, field: models.Field) -> str:
        return f"CAST({sql} AS {field.db_type(connection)})"

    def elements(self, array: str) -> str:
        return f"json_array_elements(CAST({array} AS json)) WITH ORDINALITY AS m (value, key)"

    def element(self, value: str, at: int) -> str:
        return f"({value} ->> {at})"

    def noted(self, raws: str, column: str, value: str) -> str:
        noted = f"coalesce(CAST({raws} AS jsonb), '{{}}')"
        return f"CAST(jsonb_build_object('{column}', {value}) || {noted} AS text)"

    def typed(self, type_name: str) -> str:
        return f"CAST(%s AS {type_name})"

    def new_id(self, table: str) -> str:
        return f"nextval((SELECT pg_get_serial_sequence('{table}', 'id')::regclass))"

    def has_stale_ids(self, table: str, plan: str) -> str:
        return "FALSE"  # nobody else gets a number the sequence gave us

    def outcome_hash(self, text: str) -> str:
        return f"sum(hashtextextended({text}, 0))::text"  # of bigints it is a numeric

    def lock(self, cursor: CursorWrapper, number: int) -> bool:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)", [self.LOCK_SPACE, number % 2**31]
        )
        return bool(cursor.fetchone()[0])

    def release(self, number: int) -> None:
        """The lock ends with the transaction."""

    def interrupt(self, number: int) -> None:
        """The heartbeat of the work finds out, and cancels the statement."""

    def has_tables(self, cursor: CursorWrapper, tables: Sequence[str]) -> bool:
        cursor.execute("SELECT count(to_regclass(name)) FROM unnest(%s) AS name", [list(tables)])
        return cursor.fetchone()[0] == len(tables)

    def drop_tables(self, cursor: CursorWrapper, tables: Sequence[str]) -> None:
        names = [table.removeprefix(self.place) for table in tables]
        cursor.execute(f"SELECT {WORK}.drop_tables(%s)", [names])

    def note_lines(
        self, cursor: CursorWrapper, model: type[models.Model], plan: str, change_set: int
    ) -> None:
        """The trigger has noted them: a history row is never written again."""

    def hold(self, cursor: CursorWrapper, table: str, ids: str, strength: str = "UPDATE") -> None:
        # Everybody locks in the order of the keys: two imports cannot wait for each other.
        cursor.execute(
            f"SELECT count(*) FROM (SELECT id FROM {table} WHERE id IN ({ids}) "
            f"ORDER BY id FOR {strength}) x"
        )


class HashSum:
    """SQLite aggregate: the sum of 64-bit hashes of texts, as PostgreSQL computes one."""

    def __init__(self) -> None:
        self.total = 0

    def step(self, text: str) -> None:
        self.total += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def finalize(self) -> str:
        return str(self.total)  # it outgrows SQLite's integers


class Sqlite(SqlDialect):
    """Multi-row inserts, ids above the highest, and a lock file per batch."""

    shows_progress = True

    types: ClassVar[dict[type[models.Field], str]] = {
        models.BooleanField: "bool",
        models.DecimalField: "decimal",
        models.IntegerField: "bigint",
    }

    def create(self, cursor: CursorWrapper, table: str, columns: dict[str, str]) -> None:
        defined = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        cursor.execute(f"CREATE TABLE {table} ({defined})")

    def prepare(self, cursor: CursorWrapper, rows: int) -> None:
        connection.connection.create_aggregate("outcome_hash", 1, HashSum)

    def load(self, cursor: CursorWrapper, table: str, names: Iterable[str], lines: IO[str]) -> None:
        lines.seek(0)
        columns = list(names)
        marks = ", ".join(["%s"] * len(columns))
        rows = map(self._values, lines)
        while chunk := list(itertools.islice(rows, 5_000)):
            cursor.executemany(f"INSERT INTO {table} ({_quoted(columns)}) VALUES ({marks})", chunk)

    def _values(self, line: str) -> list[str | None]:
        return [
            None if cell == "\\N" else ESCAPED.sub(lambda m: UNESCAPED[m.group()], cell)
            for cell in line.rstrip("\n").split("\t")
        ]

    def differs(self, left: str, right: str) -> str:
        return f"{left} IS NOT {right}"

    def cast_to(self, sql: str, field: models.Field) -> str:
        return sql  # by its staging column's type

    def elements(self, array: str) -> str:
        return f"json_each({array}) m"

    def element(self, value: str, at: int) -> str:
        return f"json_extract({value}, '$[{at}]')"

    def noted(self, raws: str, column: str, value: str) -> str:
        return f"json_patch(json_object('{column}', {value}), coalesce({raws}, '{{}}'))"

    def typed(self, type_name: str) -> str:
        return "%s"  # SQLite's CAST would make a number of a date

    def new_id(self, table: str) -> str:
        return f"{self._last_id(table)} + z.row_no"

    def has_stale_ids(self, table: str, plan: str) -> str:
        return f"{self._last_id(table)} >= (SELECT min(new_id) FROM {plan})"

    def _last_id(self, table: str) -> str:
        # Not the highest id in the table: a deleted row's id must not come again.
        return f"(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{table}')"

    def outcome_hash(self, text: str) -> str:
        return f"outcome_hash({text})"

    def lock(self, cursor: CursorWrapper, number: int) -> bool:
        return SqliteLocks.hold(number)

    def is_held(self, number: int) -> bool:
        if not SqliteLocks.hold(number):
            return True
        SqliteLocks.release(number)
        return False

    def release(self, number: int) -> None:
        SqliteLocks.release(number)

    def interrupt(self, number: int) -> None:
        mark = SqliteLocks.mark(number)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()

    def has_tables(self, cursor: CursorWrapper, tables: Sequence[str]) -> bool:
        marks = ", ".join(["%s"] * len(tables))
        cursor.execute(
            f"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ({marks})", tables
        )
        return cursor.fetchone()[0] == len(tables)

    def drop_tables(self, cursor: CursorWrapper, tables: Sequence[str]) -> None:
        for table in tables:
            cursor.execute(f"DROP TABLE IF EXISTS {table}")

    def note_lines(
        self, cursor: CursorWrapper, model: type[models.Model], plan: str, change_set: int
    ) -> None:
        # The plus keeps SQLite from looking through the whole change set for every row of the plan.
        for kind, key in (("+", "new_id"), ("~", "target_id")):
            cursor.execute(
                f"UPDATE {model.history.model._meta.db_table} AS h SET line = p.line_no "
                f"FROM {plan} p WHERE p.{key} = h.id AND p.state IN ('c', 'u') "
                f"AND +h.change_set_id = %s AND h.history_type = %s",
                [change_set, kind],
            )

    def hold(self, cursor: CursorWrapper, table: str, ids: str, strength: str = "UPDATE") -> None:
        """Whoever writes has locked the whole database."""


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def current() -> SqlDialect:
    """The dialect of the default database."""
    return Postgres() if connection.vendor == "postgresql" else Sqlite()


def rows_of(cursor: CursorWrapper, size: int = 2_000) -> Iterator[tuple[Any, ...]]:
    """The rows of an executed cursor, a few at a time."""
    while chunk := cursor.fetchmany(size):
        yield from chunk
