"""All kinds in one zip file, which an import of several files reads."""

import shutil
import tempfile
import zipfile
from typing import IO

from django.utils.translation import gettext as _

from backoffice.admin_site.snapshot import one_moment
from backoffice.admin_site.spreadsheets import csv_line
from backoffice.bulk.export.other_systems import is_native, writer_for
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.formats.oneroster_manifest import ABSENT, manifest_lines
from backoffice.bulk.formats.tables import table_of
from backoffice.bulk.kinds.resource import exported_kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.values.refusals import ExportRefused


def write_whole(dialect: str, stream: IO[bytes]) -> dict[str, int]:
    """Write a file for each kind the format has one for; returns the number of rows by kind.

    Raises ExportRefused for a format without such files.
    """
    written: dict[str, int] = {}
    modes: dict[str, str] = {}
    # All rows of all files are of one moment.
    with one_moment(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, resource in exported_kinds(lambda _model: True).items():
            with tempfile.TemporaryFile() as table:
                try:
                    write = writer_for("csv", dialect, kind)
                    rows = write(Selection.of_all(resource), table)
                except ExportRefused:
                    continue  # the format has no file for it, or one for each course only
                if not rows:
                    continue  # a file without rows is none
                table.seek(0)
                name, mode = _named(dialect, kind)
                modes[name] = mode
                with archive.open(f"{name}.csv", "w", force_zip64=True) as member:
                    shutil.copyfileobj(table, member, 1 << 20)
                written[kind] = rows
        if dialect == Batch.SourceFormat.ONEROSTER:
            lines = map(csv_line, manifest_lines(modes))
            archive.writestr("manifest.csv", "".join(lines))
    if not written:
        name = Batch.SourceFormat(dialect).label
        raise ExportRefused(_("There is nothing to write for %(format)s.") % {"format": name})
    return written


def _named(dialect: str, kind: str) -> tuple[str, str]:
    """The file name of a kind without its ending, and its mode in OneRoster's manifest."""
    table = None if is_native(dialect, kind) else table_of(dialect, kind)
    return getattr(table, "file_name", kind), getattr(table, "written_mode", ABSENT)
