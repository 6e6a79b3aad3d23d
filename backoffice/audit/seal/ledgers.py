"""The sealed tables, and the digest of each of their rows.

A row's digest is the SHA-256 of its columns as text: on PostgreSQL the line COPY writes, on SQLite
the columns as `quote()` writes them. Where columns are personal it is

    SHA-256(SHA-256(the other columns) ‖ SHA-256(salt ‖ the personal columns))

so that a person can be forgotten, salt and all, while the rest stays provable.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from backoffice.audit.models import Salt
from backoffice.audit.models.personal_data import FORGOTTEN, NAMED, Personal
from backoffice.audit.record.install import append_only_models, audited_models

RECORD = 40  # bytes: the id, and the digest
ID = 8
BEFORE_ALL = -(2**63)
# The same text for the same value, whatever somebody has configured.
FIXED = (
    "SELECT set_config('datestyle', 'ISO, MDY', true), set_config('timezone', 'UTC', true), "
    "set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true), "
    "set_config('extra_float_digits', '1', true)"
)


@dataclass(frozen=True)
class Ledger:
    """A sealed table and the columns its rows' digests cover; the first is the id."""

    table: str
    public: tuple[str, ...]
    personal: tuple[str, ...] = ()
    of: str = ""  # the column that says whose the personal columns are
    scope: str = ""  # the table it points to

    def as_json(self) -> dict[str, Any]:
        """What a block stores of it."""
        return {name: value for name, value in asdict(self).items() if name != "table"}

    @classmethod
    def from_json(cls, table: str, columns: dict[str, Any]) -> "Ledger":
        """The columns as they were when a block was sealed."""
        public, personal = tuple(columns["public"]), tuple(columns["personal"])
        return cls(table, public, personal, columns["of"], columns["scope"])

    @property
    def key(self) -> str:
        return self.public[0]

    @property
    def whose(self) -> int:
        """The position, among the columns, of the one that says whose the row is."""
        return self.public.index(self.of) if self.of else 0


@dataclass(frozen=True)
class Range:
    """Rows of a table: those with after < id <= up_to, at most so many."""

    after: int
    up_to: int
    most: int | None = None


def packed(number: int) -> bytes:
    """An id as 8 bytes."""
    return number.to_bytes(ID, "big", signed=True)


def unpacked(part: bytes | bytearray | memoryview) -> int:
    """The id in the first 8 bytes."""
    return int.from_bytes(part[:ID], "big", signed=True)


def ledgers() -> list[Ledger]:
    histories = [(m.history.model, m, m.personal) for m in audited_models()]
    append_only = [
        (m, m, getattr(m, "personal", None)) for m in append_only_models() if m.is_sealed
    ]
    return [_ledger(*each) for each in (*histories, *append_only)]


def _ledger(model: Any, described: Any, personal: Personal | None) -> Ledger:
    key = model._meta.pk.column
    columns = sorted(f.column for f in model._meta.concrete_fields if f.column != key)
    if personal is None:
        return Ledger(model._meta.db_table, (key, *columns))
    hidden = personal.columns_of(described, columns)
    return Ledger(
        model._meta.db_table,
        (key, *(column for column in columns if column not in hidden)),
        tuple(hidden),
        personal.key_of(described) if hidden else "",
        personal.owner_of(described)._meta.db_table if hidden else "",
    )


def lines(cursor: Any, ledger: Ledger, id_range: Range) -> Iterator[bytes]:
    """The rows as text, by id: the columns between tabs, the public ones first."""
    if connection.vendor == "postgresql":
        yield from _copied(cursor, ledger, id_range)
    else:
        yield from _quoted(cursor, ledger, id_range)


def _where(ledger: Ledger, id_range: Range) -> str:
    limit = f" LIMIT {int(id_range.most)}" if id_range.most is not None else ""
    return (
        f'FROM "{ledger.table}" WHERE "{ledger.key}" > {int(id_range.after)} '
        f'AND "{ledger.key}" <= {int(id_range.up_to)} ORDER BY "{ledger.key}"{limit}'
    )


class _CopyBuffer(list[bytes]):
    """What COPY writes into: it hands over one row at a time."""

    write = list.append


def _copied(cursor: Any, ledger: Ledger, id_range: Range) -> list[bytes]:
    names = ", ".join(f'"{column}"' for column in (*ledger.public, *ledger.personal))
    buffer = _CopyBuffer()
    cursor.copy_expert(f"COPY (SELECT {names} {_where(ledger, id_range)}) TO STDOUT", buffer)
    return buffer


def _quoted(cursor: Any, ledger: Ledger, id_range: Range) -> Iterator[bytes]:
    names = ", ".join(f'quote("{column}")' for column in (*ledger.public, *ledger.personal))
    cursor.execute(f"SELECT {names} {_where(ledger, id_range)}")
    for row in cursor.fetchall():
        yield "\t".join(value.replace("\\", "\\\\").replace("\t", "\\t") for value in row).encode()


def digests(cursor: Any, ledger: Ledger, id_range: Range) -> bytearray:
    """The rows as a block stores them: the id and the digest of each, 40 bytes."""
    digest = Digest.of(cursor, ledger, id_range)
    records = bytearray()
    for line in lines(cursor, ledger, id_range):
        records += packed(int(line[: line.index(b"\t")]))
        records += digest(line)
    return records


class Digest:
    """Makes the digest of a row, written as a line."""

    def __init__(self, ledger: Ledger, known: dict[int, bytes]) -> None:
        self.salts, self.whose, self.count = known, ledger.whose, len(ledger.public)
        self.is_split = bool(ledger.personal)

    @classmethod
    def of(cls, cursor: Any, ledger: Ledger, id_range: Range) -> "Digest":
        return cls(ledger, salts(cursor, ledger, id_range))

    def __call__(self, line: bytes) -> bytes:
        if not self.is_split:
            return hashlib.sha256(line).digest()
        values = line.split(b"\t")
        return joined(self.public(values), self.personal(values))

    def public(self, values: list[bytes]) -> bytes:
        """The digest of the columns that are not personal."""
        return hashlib.sha256(b"\t".join(values[: self.count])).digest()

    def personal(self, values: list[bytes]) -> bytes:
        """The digest of the personal columns, salted for the person."""
        salt = self.salts.get(self.key(values) or 0, b"")
        return hashlib.sha256(salt + b"\t".join(values[self.count :])).digest()

    def key(self, values: list[bytes]) -> int | None:
        """The key of the person the row belongs to."""
        value = values[self.whose]
        return None if value in (b"\\N", b"NULL") else int(value)

    def is_blank(self, values: list[bytes]) -> bool:
        named = f"{NAMED}{self.key(values)}"
        blank = {text for each in ("", FORGOTTEN, "{}", named) for text in (each, f"'{each}'")}
        left = (value.rstrip(b"\n").decode() for value in values[self.count :])
        return all(value in blank | {"\\N", "NULL"} for value in left)


def joined(public: bytes, personal: bytes) -> bytes:
    """The digest of a row from the digests of its two parts."""
    return hashlib.sha256(public + personal).digest()


def salts(cursor: Any, ledger: Ledger, id_range: Range) -> dict[int, bytes]:
    if not ledger.personal:
        return {}
    keys = f'SELECT "{ledger.of}" {_where(ledger, id_range)}'
    cursor.execute(
        f"SELECT key, salt FROM {Salt._meta.db_table} "
        f"WHERE table_name = %s AND key IN (SELECT * FROM ({keys}) AS whose)",
        [ledger.scope],
    )
    return {key: bytes(salt) for key, salt in cursor.fetchall()}


def unsalted(cursor: Any, ledger: Ledger, id_range: Range) -> list[int]:
    """The people of these rows who have no salt yet."""
    if not ledger.personal:
        return []
    cursor.execute(
        f'SELECT DISTINCT whose."{ledger.of}" FROM (SELECT "{ledger.of}" '
        f"{_where(ledger, id_range)}) AS whose LEFT JOIN {Salt._meta.db_table} s "
        f'ON s.table_name = %s AND s.key = whose."{ledger.of}" '
        f'WHERE whose."{ledger.of}" IS NOT NULL AND s.id IS NULL',
        [ledger.scope],
    )
    return [key for (key,) in cursor.fetchall()]


def columns_of(cursor: Any, table: str) -> set[str]:
    """The columns a table has now; none where it is gone."""
    described = connection.introspection
    if table not in described.table_names(cursor):
        return set()
    return {column.name for column in described.get_table_description(cursor, table)}
