"""The tables of all formats: which one a header is, and which one an export writes."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from backoffice.bulk.formats.base import SourceTable
from backoffice.bulk.formats.canvas import (
    CanvasCourses,
    CanvasEnrollments,
    CanvasStudentIDs,
    CanvasUsers,
)
from backoffice.bulk.formats.gradebooks import GRADEBOOKS, MappedTable
from backoffice.bulk.formats.moodle import MoodleCourses, MoodleFlatFile, MoodleUsers
from backoffice.bulk.formats.oneroster import (
    OneRosterClasses,
    OneRosterEnrollments,
    OneRosterLineItems,
    OneRosterResults,
    OneRosterUsers,
)
from backoffice.bulk.kinds.header_names import known_name
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch

TABLES: tuple[type[SourceTable], ...] = (
    CanvasStudentIDs,
    CanvasUsers,
    CanvasCourses,
    CanvasEnrollments,
    MoodleUsers,
    MoodleFlatFile,
    MoodleCourses,
    OneRosterUsers,
    OneRosterClasses,
    OneRosterEnrollments,
    OneRosterLineItems,
    OneRosterResults,
    *GRADEBOOKS,
)


def table_of(dialect: str, kind: str) -> type[SourceTable]:
    """The table that an export writes. Raises ValueError where the format has none."""
    for table in TABLES:
        if (table.dialect, table.kind) == (dialect, kind) and table.written:
            return table
    for table in TABLES:
        is_of_kind = (table.dialect, table.kind) == (dialect, kind)
        if is_of_kind and issubclass(table, MappedTable) and table.not_written:
            raise ValueError(str(table.not_written))
    name = Batch.SourceFormat(dialect).label
    raise ValueError(
        _("There is no file of %(kind)s to write for %(format)s. Choose another format.")
        % {"format": name, "kind": kind}
    )


def recognised(header: Sequence[str], dialect: str, kind: str) -> type[SourceTable] | None:
    """The format of a file with this header; None for our own columns."""
    if dialect == Batch.SourceFormat.NATIVE or dialect in kinds[kind].shared_with:
        return None
    if dialect == Batch.SourceFormat.AUTO and _is_native(header, kind):
        return None
    tables = readable_as(header, dialect)
    return next((table for table in tables if table.kind == kind), next(iter(tables), None))


def readable_as(
    header: Sequence[str], dialect: str = Batch.SourceFormat.AUTO
) -> list[type[SourceTable]]:
    of = (dialect,) if dialect != Batch.SourceFormat.AUTO else tuple(Batch.SourceFormat)
    return [table for table in TABLES if table.dialect in of and table.recognises(header)]


def _is_native(header: Sequence[str], kind: str) -> bool:
    names = set(map(known_name, header))
    key = {name for name, column in kinds[kind].columns().items() if column.key}
    # A format may have our own columns, and others.
    beyond = any(t.extends(key) and t.kind == kind and t.recognises(header) for t in TABLES)
    return key <= names and not beyond
