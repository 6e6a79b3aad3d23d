"""Sealing the record: hash-chained blocks over every history row and change set.

A row is sealed once nothing can be inserted before it any more.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from backoffice.audit.models import Block, BlockPart, ChangeSet, Salt
from backoffice.audit.seal.ledgers import (
    BEFORE_ALL,
    FIXED,
    RECORD,
    Ledger,
    Range,
    digests,
    ledgers,
    unpacked,
    unsalted,
)

MOST_ROWS = 100_000  # of one table in a block: 4 MB
LOCK = 0x5EA1
PAUSE = 0.05  # seconds


@dataclass(frozen=True)
class Sealed:
    """What a run did: blocks written, rows sealed, transactions it still had to wait for."""

    blocks: int = 0
    rows: int = 0
    waiting_for: int = 0


def seal(patience: float | None = 60, is_stopped: Callable[[], bool] = lambda: False) -> Sealed:
    """Seal what was written up to now; with nothing new, no block is made.

    Waits up to `patience` seconds (None: as long as it takes) for transactions that may still
    insert a row before; if they do not end, nothing is sealed this time.
    """
    all_ledgers = ledgers()
    if connection.vendor != "postgresql":
        return _write(all_ledgers, {ledger.table: 2**63 - 1 for ledger in all_ledgers})
    # Ids are assigned in order, but transactions end in any order: so first the last ids,
    # then the transactions that may still write lower ones.
    tables = [ledger.table for ledger in all_ledgers]
    marks, writers = _last_ids(all_ledgers), writers_of(tables)
    until = None if patience is None else time.monotonic() + patience
    while writers := writers & writers_of(tables):
        if is_stopped() or (until is not None and time.monotonic() > until):
            return Sealed(waiting_for=len(writers))
        time.sleep(PAUSE)
    return _write(all_ledgers, marks)


def _last_ids(all_ledgers: list[Ledger]) -> dict[str, int]:
    # Of the sequences: a table shows only what has been committed.
    selects = [
        f"SELECT '{each.table}', coalesce(pg_sequence_last_value("
        f"pg_get_serial_sequence('{each.table}', '{each.key}')::regclass), 0)"
        for each in all_ledgers
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects))
        return dict(cursor.fetchall())


def writers_of(tables: list[str]) -> set[str]:
    """The other transactions that have written to one of these tables and not ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' "
            "AND mode = 'RowExclusiveLock' AND relation = ANY(%s::regclass[]) "
            "AND pid IS DISTINCT FROM pg_backend_pid() "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [tables],
        )
        return {number for (number,) in cursor.fetchall()}


def _write(all_ledgers: list[Ledger], marks: dict[str, int]) -> Sealed:
    blocks = rows = 0
    while count := _write_block(all_ledgers, marks):
        blocks, rows = blocks + 1, rows + count
    return Sealed(blocks, rows)


def _write_block(all_ledgers: list[Ledger], marks: dict[str, int]) -> int:
    """Write one block; the number of rows in it."""
    with transaction.atomic(), connection.cursor() as cursor:
        alone(cursor)
        done = sealed_up_to(cursor)
        parts = [
            part
            for ledger in all_ledgers
            for part in _part(cursor, ledger, done.get(ledger.table, BEFORE_ALL), marks)
        ]
        if not parts:
            return 0
        block = _block(parts)
        block.save(force_insert=True)
        for part in parts:
            part.block = block
        BlockPart.objects.bulk_create(parts)
        return block.row_count


def alone(cursor: Any) -> None:
    """Until the transaction ends nobody else seals, forgets or removes; and text is fixed."""
    if connection.vendor == "postgresql":
        cursor.execute(FIXED)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def sealed_up_to(cursor: Any) -> dict[str, int]:
    """The last sealed id of each table that has any."""
    cursor.execute(
        f"SELECT table_name, max(up_to_id) FROM {BlockPart._meta.db_table} GROUP BY table_name"
    )
    return dict(cursor.fetchall())


def _part(cursor: Any, ledger: Ledger, after: int, marks: dict[str, int]) -> Iterator[BlockPart]:
    up_to = marks[ledger.table]
    if up_to <= after:
        return
    id_range = Range(after, up_to, MOST_ROWS)
    missing = unsalted(cursor, ledger, id_range)
    Salt.objects.bulk_create(
        Salt(table_name=ledger.scope, key=key, salt=secrets.token_bytes(32)) for key in missing
    )
    rows = digests(cursor, ledger, id_range)
    if not rows:
        return
    yield BlockPart(
        table_name=ledger.table,
        columns=ledger.as_json(),
        after_id=after,
        up_to_id=unpacked(rows[-RECORD:]),
        row_count=len(rows) // RECORD,
        digest=hashlib.sha256(rows).hexdigest(),
        rows=bytes(rows),
    )


def _block(parts: list[BlockPart]) -> Block:
    last = Block.head()
    block = Block(
        number=last.number + 1 if last else 1,
        previous=last.hash if last else "",
        sealed_at=timezone.now(),
        row_count=sum(part.row_count for part in parts),
    )
    block.hash = hash_of(block, parts)
    return block


def hash_of(block: Block, parts: list[BlockPart]) -> str:
    """The SHA-256 of a block: of its number, time, parts and the hash of the block before."""
    content = {
        "number": block.number,
        "previous": block.previous,
        "sealed_at": block.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "parts": [
            {
                "table": part.table_name,
                "columns": part.columns,
                "after": part.after_id,
                "up_to": part.up_to_id,
                "rows": part.row_count,
                "digest": part.digest,
            }
            for part in sorted(parts, key=lambda part: part.table_name)
        ],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def unsealed_since() -> datetime | None:
    """When the oldest change happened that no block holds yet."""
    with connection.cursor() as cursor:
        done = sealed_up_to(cursor).get(ChangeSet._meta.db_table, 0)
    waiting = ChangeSet.objects.filter(pk__gt=done).order_by("pk")
    return waiting.values_list("created_at", flat=True).first()
