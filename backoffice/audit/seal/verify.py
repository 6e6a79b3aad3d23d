"""Verifying the record: every sealed row is there as it was, and the chain is whole."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from backoffice.admin_site.snapshot import one_moment
from backoffice.audit.models import Block, BlockPart, ChangeSet
from backoffice.audit.seal.disposals import Disposals, block_of
from backoffice.audit.seal.ledgers import (
    BEFORE_ALL,
    FIXED,
    ID,
    RECORD,
    Digest,
    Ledger,
    Range,
    columns_of,
    digests,
    joined,
    lines,
    unpacked,
)
from backoffice.audit.seal.seal import hash_of

MAX_MESSAGES = 100  # findings in full; the rest are counted
AT_ONCE = 100  # blocks
BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass
class Verdict:
    """What verifying found; `altered` and `unchecked` hold the first messages of each."""

    blocks: int = 0
    rows: int = 0
    removed: int = 0  # rows that audit_retain took away
    forgotten: int = 0  # rows that forget_person blanked
    alteration_count: int = 0  # alterations, of which `altered` tells the first
    altered: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    head: Block | None = None

    @property
    def status(self) -> int:
        """The exit status: 0 intact, 1 altered, 2 could not check."""
        return 1 if self.alteration_count else 2 if self.unchecked else 0

    @property
    def summary(self) -> str:
        named: dict[str, int | str] = {
            "blocks": self.blocks,
            "rows": self.rows,
            "found": self.alteration_count,
        }
        if self.alteration_count:
            return _("Altered: %(found)s findings in %(blocks)s blocks, %(rows)s rows.") % named
        if self.unchecked:
            return _("Could not check everything in %(blocks)s blocks, %(rows)s rows.") % named
        if not self.head:
            return _("Nothing is sealed yet. Run: python manage.py audit_seal")
        named |= {"removed": self.removed, "forgotten": self.forgotten, "hash": self.head.hash}
        message = _(
            "Intact: %(rows)s rows in %(blocks)s blocks, of which %(removed)s were removed when "
            "their time was over and %(forgotten)s are of people forgotten. Head: %(hash)s"
        )
        return message % named

    def add(self, message: Any, **named: Any) -> None:
        self.alteration_count += 1
        if len(self.altered) < MAX_MESSAGES:
            self.altered.append(str(message) % named)


def verify(report_progress: Callable[[int, int], None] = lambda _done, _all: None) -> Verdict:
    """Check the whole chain, and every sealed row against it; reports blocks done and in all."""
    with _one_moment(), connection.cursor() as cursor:
        checking, count = _Checking(cursor), Block.objects.count()
        for block in Block.objects.order_by("number").iterator(chunk_size=AT_ONCE):
            checking.block(block)
            report_progress(checking.verdict.blocks, count)
        checking.lost_parts()
        checking.disposals_of_all()
        checking.actors()
    return checking.verdict


def verify_block(block: Block) -> Verdict:
    """Check one block and its rows, and that it follows the block before."""
    with _one_moment(), connection.cursor() as cursor:
        checking = _Checking(cursor)
        checking.verdict.head = Block.objects.filter(number=block.number - 1).first()
        for part in block.parts.defer("rows"):
            before = BlockPart.objects.filter(
                table_name=part.table_name, block_id__lt=block.number
            ).order_by("-block_id")
            end = before.values_list("up_to_id", flat=True).first()
            if end is not None:
                checking.ends[part.table_name] = end
        checking.block(block)
    return checking.verdict


@contextmanager
def _one_moment() -> Iterator[None]:
    with one_moment(), connection.cursor() as cursor:
        # Digests are made of text: the same settings as when it was sealed.
        if connection.vendor == "postgresql":
            cursor.execute(FIXED)
        yield


class _Checking:
    """One walk along the chain."""

    def __init__(self, cursor: Any) -> None:
        self.cursor, self.verdict = cursor, Verdict()
        self.disposals, self.blanked = Disposals(), set[tuple[str, int]]()
        self.ends: dict[str, int] = {}
        self.columns: dict[str, set[str]] = {}
        self.unread, self.bereft = set[str](), set[str]()

    def block(self, block: Block) -> None:
        parts = list(block.parts.order_by("table_name"))
        self._link(block)
        is_counted = block.row_count == sum(part.row_count for part in parts)
        if hash_of(block, parts) != block.hash or not is_counted:
            message = _("Block %(number)s was altered: its content does not have its hash.")
            self.verdict.add(message, number=block.number)
        for part in parts:
            self._part(part)
        self.verdict.head = block
        self.verdict.blocks += 1

    def _link(self, block: Block) -> None:
        head = self.verdict.head
        expected = head.number + 1 if head else 1
        if block.number != expected:
            last = block.number - 1
            missing = str(expected) if last == expected else f"{expected}–{last}"
            self.verdict.add(_("Block %(number)s is missing."), number=missing)
        elif block.previous != (head.hash if head else ""):
            message = _("Block %(number)s does not follow the block before it; one was replaced.")
            self.verdict.add(message, number=block.number)

    def _part(self, part: BlockPart) -> None:
        named = {"block": part.block_id, "table": part.table_name}
        if part.after_id != self.ends.get(part.table_name, BEFORE_ALL):
            message = _("Block %(block)s leaves out rows of %(table)s up to %(id)s.")
            self.verdict.add(message, id=part.after_id, **named)
        self.ends[part.table_name] = part.up_to_id
        if hashlib.sha256(part.rows).hexdigest() != part.digest:
            message = _(
                "Block %(block)s was altered: the digests of %(table)s are not those sealed."
            )
            self.verdict.add(message, **named)
        self.verdict.rows += part.row_count
        self._rows(part, Ledger.from_json(part.table_name, part.columns))

    def _rows(self, part: BlockPart, ledger: Ledger) -> None:
        missing = {*ledger.public, *ledger.personal} - self._columns(ledger.table)
        if missing:
            message = _(
                "Block %(block)s: %(table)s has no column %(columns)s; %(rows)s rows unread."
            )
            named = {"block": part.block_id, "table": ledger.table, "rows": part.row_count}
            self.unread.add(ledger.table)
            self.verdict.unchecked.append(
                message % (named | {"columns": ", ".join(sorted(missing))})
            )
            return
        id_range = Range(part.after_id, part.up_to_id)
        # Computed here, in Python: the database is asked for rows and for nothing else.
        current = bytes(digests(self.cursor, ledger, id_range))
        if current != bytes(part.rows):
            _Difference(self, part, ledger).report(_by_id(bytes(part.rows)), _by_id(current))

    def _columns(self, table: str) -> set[str]:
        if table not in self.columns:
            self.columns[table] = columns_of(self.cursor, table)
        return self.columns[table]

    def lost_parts(self) -> None:
        lost = BlockPart.objects.exclude(block_id__in=Block.objects.values("number"))
        for number in lost.order_by("block_id").values_list("block_id", flat=True).distinct():
            message = _("Block %(number)s was deleted; its digests are still there.")
            self.verdict.add(message, number=number)

    def disposals_of_all(self) -> None:
        """What removals and erasures say against rows that are there."""
        # Of a table with a row that is plainly gone that row was named already.
        for message in self.disposals.faults(but=self.bereft, unread=self.unread):
            self.verdict.add("%(sentence)s", sentence=message)
        for table, row in sorted(self.disposals.erased.keys() - self.blanked):
            # Rows that nobody could read were said to be unread.
            is_removed = row in self.disposals.removed.get(table, {})
            if not is_removed and table not in self.unread:
                message = _("%(table)s row %(row)s was not blanked, and an erasure names it.")
                self.verdict.add(message, table=table, row=row)

    def actors(self) -> None:
        """Change sets behind whose actor nothing stands, and demo data where others had been."""
        nobody = ChangeSet.objects.unaccounted(BEGINNING).order_by("pk")
        for row in nobody.only("pk", "actor_name", "source").iterator():
            message = _(
                "%(where)s, %(table)s row %(row)s: no login, command or file of that time stands "
                "behind %(who)s."
            )
            who = row.actor_name or _("its %(source)s") % {"source": row.get_source_display()}
            self._add_change_set(row.pk, message, who=who)
        for key in _without_transaction():
            message = _("%(where)s, %(table)s row %(row)s: it is of no transaction.")
            self._add_change_set(key, message)
        used = ChangeSet.objects.exclude(source=ChangeSet.Source.DEMO).order_by("pk").first()
        late = ChangeSet.objects.filter(source=ChangeSet.Source.DEMO)
        for key in late.filter(pk__gt=used.pk).values_list("pk", flat=True) if used else ():
            message = _(
                "%(where)s, %(table)s row %(row)s: called demo data, in a database that was in use."
            )
            self._add_change_set(key, message)

    def _add_change_set(self, key: int, message: str, **named: Any) -> None:
        table = ChangeSet._meta.db_table
        block = block_of(table, key)
        where = _("Block %(block)s") % {"block": block} if block else _("Not sealed yet")
        self.verdict.add(message, where=where, table=table, row=key, **named)


class _Difference:
    """The rows of a part that are not as they were sealed, and what the record says of them."""

    def __init__(self, checking: _Checking, part: BlockPart, ledger: Ledger) -> None:
        self.verdict, self.part, self.ledger = checking.verdict, part, ledger
        self.disposals, self.blanked = checking.disposals, checking.blanked
        self.bereft = checking.bereft
        self.removed = self.disposals.removed.get(part.table_name, {})
        self.digest = Digest(ledger, {})
        id_range = Range(part.after_id, part.up_to_id)
        self.lines = {
            int(line[: line.index(b"\t")]): line
            for line in lines(checking.cursor, ledger, id_range)
        }

    def report(self, sealed: dict[int, bytes], current: dict[int, bytes]) -> None:
        for row in sorted(sealed.keys() | current.keys()):
            if row not in current:
                self._deleted(row)
            elif row not in sealed:
                self._add(row, _("Block %(block)s, %(table)s row %(row)s: put in afterwards."))
            elif sealed[row] != current[row]:
                self._altered(row, sealed[row])

    def _deleted(self, row: int) -> None:
        if row not in self.removed:
            self.bereft.add(self.part.table_name)
            self._add(row, _("Block %(block)s, %(table)s row %(row)s: deleted."))
        elif why := self.disposals.why_not_removed(self.part.table_name, row):
            message = _(
                "Block %(block)s, %(table)s row %(row)s: removed by a removal that %(why)s."
            )
            self._add(row, message, why=why)
        else:
            self.verdict.removed += 1

    def _altered(self, row: int, sealed: bytes) -> None:
        erased = self.disposals.digest_of(self.part.table_name, row)
        self.blanked.add((self.part.table_name, row))
        values = self.lines[row].split(b"\t")
        # Only personal columns changed, to nothing, and the record has their digest.
        is_forgotten = (
            erased is not None
            and self.digest.is_blank(values)
            and joined(self.digest.public(values), erased) == sealed
        )
        if not is_forgotten:
            self._add(row, _("Block %(block)s, %(table)s row %(row)s: altered."))
        elif why := self._why_not_forgotten(row, values):
            message = _(
                "Block %(block)s, %(table)s row %(row)s: blanked by an erasure that %(why)s."
            )
            self._add(row, message, why=why)
        else:
            self.verdict.forgotten += 1

    def _why_not_forgotten(self, row: int, values: list[bytes]) -> str:
        key = self.digest.key(values)
        return self.disposals.why_not_forgotten(self.part.table_name, row, self.ledger.scope, key)

    def _add(self, row: int, message: str, **named: Any) -> None:
        place = {"block": self.part.block_id, "table": self.part.table_name, "row": row}
        self.verdict.add(message, **place, **named)


def _without_transaction() -> Iterator[int]:
    """Change sets that say they are from before transactions were noted, and come after."""
    rows = ChangeSet.objects.order_by("pk").values_list("pk", flat=True)
    first = rows.filter(transaction_id__isnull=False).first()
    if first is not None:
        yield from rows.filter(transaction_id__isnull=True, pk__gt=first)


def _by_id(rows: bytes) -> dict[int, bytes]:
    records = (rows[at : at + RECORD] for at in range(0, len(rows), RECORD))
    return {unpacked(each): each[ID:] for each in records}
