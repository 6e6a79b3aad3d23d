"""What the other files of a delivery mean for a whole roster: all of them speak together.

The last file that carries rows of the kind speaks for all: only then is known who stands in none.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.bulk.formats.open_file import open_file
from backoffice.bulk.kinds.resource import ImportKind, kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.models.batch_state import BatchState as State
from backoffice.bulk.plan.missing_rows import RestOfDelivery
from backoffice.bulk.read.header import match_header
from backoffice.bulk.read.row_cleaner import RowCleaner, read_into
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import SqlDialect
from backoffice.bulk.sql.layout import staged_types
from backoffice.bulk.values.faults import FileRefused, display_text

STAGED_BEFORE = 4  # values of a staged line before its columns: row, line, bad cells, origin


def rest_of_delivery(batch: Batch, table: str) -> RestOfDelivery:
    """What came with a roster; `table` is where the others' rows are staged."""
    objection = _objection(batch)
    if objection or batch.delivery is None:
        return RestOfDelivery(objection=objection)
    others = _others(batch)
    last = max([batch, *others], key=lambda each: each.position)
    if last.pk != batch.pk:
        message = _(
            "Who is missing is found with “%(name)s”, the last file of the delivery that carries "
            "%(kind)s: all of them speak together. Nobody is withdrawn before."
        )
        params = {"name": _short_name(last.file_name), "kind": kinds[batch.kind].label}
        return RestOfDelivery(deferral=message % params)
    return RestOfDelivery(len(others), table) if others else RestOfDelivery()


def _others(batch: Batch) -> list[Batch]:
    """The other files of the delivery that carry rows of the same kind."""
    same = Batch.objects.filter(delivery=batch.delivery, kind=batch.kind)
    return list(same.exclude(pk=batch.pk).order_by("position"))


def _objection(batch: Batch) -> str:
    """Why nobody may leave: a table that came along may be another part of the roster."""
    delivered = batch.delivery.left_out if batch.delivery else []
    unknown = [
        *batch.left_out,
        *batch.unknown_sheets,
        *(each["name"] for each in delivered if not each["is_known"]),
    ]
    if unknown:
        message = _(
            "nobody is withdrawn: “%(name)s” came with the file, is not known here, and may be "
            "another part of the roster. Bring all of them in again once it is known, or "
            "without it."
        )
        return message % {"name": _short_name(unknown[0])}
    lost = next(filter(_is_lost, _before(batch)), None)
    if lost is None:
        return ""
    message = _(
        "nobody is withdrawn: “%(name)s” came with the file, was not taken, and may be another "
        "part of the roster. Correct it, and bring all of them in again."
    )
    return message % {"name": _short_name(lost.file_name)}


def _before(batch: Batch) -> list[Batch]:
    """The files of the delivery that go in before this one, or carry rows of the same kind."""
    if batch.delivery is None:
        return []
    files = batch.delivery.batches.exclude(pk=batch.pk).order_by("position")
    return [f for f in files if f.position < batch.position or f.kind == batch.kind]


def _is_lost(other: Batch) -> bool:
    """Whether nobody knows what the file would have said."""
    if other.state in (State.REFUSED, State.FAILED):
        return True
    return bool(kinds[other.kind].missing_rows) and not other.file


def _short_name(name: str) -> str:
    return display_text(PurePosixPath(name).name)


def stage_rest(cursor: CursorWrapper, dialect: SqlDialect, batch: Batch, table: str) -> None:
    """Stage whom the other files name, and as what."""
    resource = kinds[batch.kind]
    names = _names(resource)
    columns = staged_types(resource, names, (), dialect)
    dialect.create(cursor, table, columns)
    with StagingFile(batch.pk) as staged:
        for other in _others(batch):
            try:
                staged.rows.writelines(_lines(other, resource, names))
            except (FileRefused, OSError):
                # It was read before. Whom it names nobody knows now: a row of nobody keeps all.
                staged.rows.write("\t".join(["\\N"] * len(names)) + "\n")
        dialect.load(cursor, table, columns, staged.rows)


def _names(resource: type[ImportKind]) -> list[str]:
    """The columns that say who is meant where, and as what."""
    policy = resource.missing_rows
    columns = resource.columns().items()
    return [name for name, c in columns if c.key or (policy and c.attribute == policy.sort)]


def _lines(other: Batch, resource: type[ImportKind], names: Sequence[str]) -> Iterator[str]:
    """A file's values in these columns, as COPY reads them. Raises FileRefused."""
    with StagingFile(other.pk) as staging_file:
        with open_file(other) as reader:
            header = match_header(reader.header, resource, other)
            cleaner = RowCleaner(header, resource, reader.delimiter)
            read_into(staging_file, reader, cleaner, lambda _fraction, _rows: None)
        places = [
            STAGED_BEFORE + cleaner.staged.index(name) if name in cleaner.staged else None
            for name in names
        ]
        staging_file.rows.seek(0)
        for line in staging_file.rows:
            # A tab within a value is written as two signs there.
            values = line.rstrip("\n").split("\t")
            yield "\t".join("\\N" if at is None else values[at] for at in places) + "\n"
