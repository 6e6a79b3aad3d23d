"""Rows a program makes go in like a file somebody brings: through the engine, once."""

import csv
import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from backoffice.bulk.cli.imports import ImportOptions, import_file
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied


def feed(
    kind: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    actor: str = "",
    reason: str = "",
) -> str:
    """Import the rows; returns the closing message, blank if the same file was applied before.

    Raises NotApplied when the file is refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.csv"
        _write(path, header, rows)
        if _is_applied(kind, path):
            return ""
        batch = {"kind": kind, "reason": reason}
        result = import_file(ImportOptions(path, batch, actor, False, "", None, None))
    if result.is_refused:
        raise NotApplied(result.message)
    return result.message


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def _is_applied(kind: str, path: Path) -> bool:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    applied = Batch.objects.filter(kind=kind, file_hash=digest, state=Batch.State.APPLIED)
    return applied.exists()
