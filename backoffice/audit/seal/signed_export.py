"""The record as CSV, with what proves it: each row's digest and block, a signature over the file.

The last line is signed: how many lines came before, their SHA-256, and the head of the chain.
`audit_verify --export FILE` checks it, and every digest, against the chain.
"""

import csv
import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.core.signing import BadSignature, Signer
from django.db import models
from django.utils.translation import gettext as _

from backoffice.admin_site.spreadsheets import Echo, formula_safe
from backoffice.audit.models import AccessRecord, BlockPart, ChangeSet
from backoffice.audit.reports.changes import kinds_of
from backoffice.audit.seal.anchors import head
from backoffice.audit.seal.ledgers import ID, RECORD, unpacked
from backoffice.audit.seal.verify import Verdict

HEADER = (
    *("change_set", "when_utc", "who", "through", "reason", "request", "address", "batch"),
    *("table", "row", "line", "kind", "values", "block", "sha256"),
)
ACCESS_FIELDS = ("actor_name", "kind", "sentence", "request_id", "address")  # who … address
LAST, SALT = "verification", "backoffice.audit.export"
AT_ONCE = 2_000  # rows
NOT_SEALED = ("", "")
WHICH = slice(HEADER.index("table"), HEADER.index("table") + 2)


def exported(pages: Iterable[list[ChangeSet]]) -> Iterator[str]:
    """The lines of the file: each change set, in the order given, then each row it wrote."""
    return _signed(_rows(pages))


def access_lines(rows: models.QuerySet[AccessRecord]) -> Iterator[str]:
    """The lines of a file of the access record; its kind stands under “through”."""
    return _signed(_access_rows(rows))


def _signed(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    write, digest, count = csv.writer(Echo()).writerow, hashlib.sha256(), 0
    for row in rows:
        line = write(row)
        digest.update(line.encode())
        count += 1
        yield line
    yield write([LAST, _statement(count, digest.hexdigest())])


def _statement(count: int, digest: str) -> str:
    anchor = head()
    statement = {"lines": count, "sha256": digest, "head": anchor.text if anchor else ""}
    text = json.dumps(statement, sort_keys=True)
    return json.dumps(statement | {"signature": Signer(salt=SALT).signature(text)})


def _rows(pages: Iterable[list[ChangeSet]]) -> Iterator[tuple[str, ...]]:
    yield HEADER
    table, seals = ChangeSet._meta.db_table, Seals()
    for page in pages:
        kinds = kinds_of(page)
        sealed = seals.of(table, [each.pk for each in page])
        for each in page:
            lead = _lead(each)
            yield (*lead, table, str(each.pk), "", "", "", *sealed.get(each.pk, NOT_SEALED))
            for kind in kinds[each.pk]:
                yield from ((*lead, *row) for row in _written(each, kind.history, seals))


def _access_rows(rows: models.QuerySet[AccessRecord]) -> Iterator[tuple[str, ...]]:
    yield HEADER
    table = AccessRecord._meta.db_table
    for row, sealed in _with_seals(rows.order_by("pk"), Seals()):
        texts = [row[name] or "" for name in ACCESS_FIELDS]
        lead = ("", row["created_at"].isoformat(), *map(formula_safe, texts), "")
        yield (*lead, table, str(row["id"]), "", "", _as_json(row), *sealed)


def _written(each: ChangeSet, history: Any, seals: "Seals") -> Iterator[tuple[str, ...]]:
    rows = history._base_manager.filter(change_set=each.pk).order_by("history_id")
    for row, sealed in _with_seals(rows, seals):
        yield (history._meta.db_table, *_history_cells(row), *sealed)


def _with_seals(
    rows: models.QuerySet[Any], seals: "Seals"
) -> Iterator[tuple[dict[str, Any], tuple[str, str]]]:
    """The values of each row, with its block and digest; both blank before it is sealed."""
    opts = rows.model._meta
    values = rows.values().iterator(chunk_size=AT_ONCE)
    while some := list(islice(values, AT_ONCE)):
        sealed = seals.of(opts.db_table, [row[opts.pk.attname] for row in some])
        yield from ((row, sealed.get(row[opts.pk.attname], NOT_SEALED)) for row in some)


def _lead(each: ChangeSet) -> tuple[str, ...]:
    texts = (each.actor_name, each.source, each.reason, each.request_id, each.address or "")
    return (
        str(each.pk),
        each.created_at.isoformat(),
        *map(formula_safe, texts),
        str(each.batch or ""),
    )


def _history_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A history row: id, line of the file, kind of change, and all values as JSON."""
    kind = f"'{row['history_type']}"
    return str(row["history_id"]), str(row["line"] or ""), kind, _as_json(row)


def _as_json(row: dict[str, Any]) -> str:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)


@dataclass
class Seals:
    """Where rows are sealed: their block and digest. Caches one part of each table."""

    parts: dict[str, BlockPart] = field(default_factory=dict)

    def of(self, table: str, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Block and digest (hex) of those rows that are sealed."""
        sealed = {}
        for number in sorted(ids):
            part = self._part(table, number)
            digest = _digest_in(part, number) if part else ""
            if part and digest:
                sealed[number] = (str(part.block_id), digest)
        return sealed

    def _part(self, table: str, number: int) -> BlockPart | None:
        known = self.parts.get(table)
        if known is None or not known.after_id < number <= known.up_to_id:
            rows = BlockPart.objects.filter(table_name=table, up_to_id__gte=number)
            known = rows.order_by("up_to_id").first()
            if known is None or known.after_id >= number:
                return None
            self.parts[table] = known
        return known


def _digest_in(part: BlockPart, number: int) -> str:
    """A row's digest in a part, by binary search; blank where the part lacks the row."""
    rows = memoryview(part.rows)
    starts = range(0, part.row_count * RECORD, RECORD)
    at = bisect_left(starts, number, key=lambda start: unpacked(rows[start:]))
    record = rows[at * RECORD : (at + 1) * RECORD]
    return bytes(record[ID:]).hex() if record and unpacked(record) == number else ""


def check_file(verdict: Verdict, path: Path) -> None:
    """Add to a verdict what an exported file says against its own signature and the chain.

    Raises OSError.
    """
    lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
    rows = list(csv.reader(lines))
    if len(rows) < 2 or rows[-1][:1] != [LAST] or len(rows[-1]) != 2:
        verdict.unchecked.append(_("%(file)s is no export of the record.") % {"file": path})
        return
    before = "".join(lines).rpartition(f"{LAST},")[0]
    if not _is_signed(rows[-1][1], len(rows) - 1, before):
        message = _("%(file)s was altered after it was exported: its signature does not fit.")
        verdict.add(message, file=path)
        return
    seals = Seals()
    for row in rows[1:-1]:
        block, digest = row[-2:]
        table, number = row[WHICH]
        if digest and seals.of(table, [int(number)]).get(int(number)) != (block, digest):
            message = _("%(file)s: %(table)s row %(row)s is not in the chain as it was exported.")
            verdict.add(message, file=path, table=table, row=number)


def _is_signed(statement: str, count: int, before: str) -> bool:
    try:
        parsed = json.loads(statement)
        signature = parsed.pop("signature")
        Signer(salt=SALT).unsign(f"{json.dumps(parsed, sort_keys=True)}:{signature}")
    except (ValueError, KeyError, TypeError, AttributeError, BadSignature):
        return False
    digest = hashlib.sha256(before.encode()).hexdigest()
    return (parsed.get("lines"), parsed.get("sha256")) == (count, digest)
