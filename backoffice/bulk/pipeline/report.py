"""The report of a batch for scripts, and its wrong rows as a file to correct."""

import contextlib
import csv
import json
from collections.abc import Iterator, Sequence
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.admin_site.spreadsheets import FORMULA, Echo, formula_safe
from backoffice.bulk.formats.workbooks.sheets_together import places_in
from backoffice.bulk.kinds.header_names import column_name
from backoffice.bulk.kinds.resource import REJECTED_COLUMNS
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.stored_tables import (
    StoredRow,
    StoredTable,
    numbered_rows,
    stored_tables,
)
from backoffice.bulk.read.value_mapping import values_advice
from backoffice.bulk.values.cells import TEXT_FORMULA
from backoffice.bulk.values.faults import FileRefused, Issue, display_text

WRITTEN_COUNTS = ("created", "updated", "unchanged", "withdrawn", "returns", "created_students")
ISSUE_FIELDS = ("line", "row", "column", "value", "code", "message")
RowMessage = tuple[int, str]
STATES = {
    Batch.State.PREVIEWED: "previewed",
    Batch.State.APPLIED: "applied",
    Batch.State.HELD: "held",
}


def write_report(batch: Batch, stream: IO[str], *, dry_run: bool, is_begun: bool = False) -> None:
    """Write the report of imports.md as JSON; `is_begun` if the object is open already."""
    head = json.dumps(_head(batch, dry_run=dry_run), ensure_ascii=False, indent=1)
    stream.write(head.removesuffix("\n}").removeprefix("{" if is_begun else ""))
    for name, is_warning in (("errors", False), ("warnings", True)):
        stream.write(f',\n "{name}": [')
        issues = batch.issues.filter(is_warning=is_warning).values_list(*ISSUE_FIELDS, "sheet")
        for number, values in enumerate(issues.iterator()):  # a file may have millions
            issue = Issue(**dict(zip((*ISSUE_FIELDS, "sheet"), values, strict=True)))
            text = json.dumps(issue.as_dict(), ensure_ascii=False)
            stream.write(f"{',' if number else ''}\n  {text}")
        stream.write("]")
    if corrections := [each.as_dict() for each in batch.corrections.all()]:
        text = json.dumps(corrections, ensure_ascii=False, indent=1)
        stream.write(f',\n "corrections": {text}')
    stream.write("\n}\n")


def _head(batch: Batch, *, dry_run: bool) -> dict[str, Any]:
    # "refused" too for states of failure; nothing of such a file counts as written.
    state = STATES.get(Batch.State(batch.state), "refused")
    if dry_run and state == "applied":
        state = "previewed"  # applied in a transaction that is rolled back
    counts = {name: getattr(batch, name) if state != "refused" else 0 for name in WRITTEN_COUNTS}
    return {
        "batch": None if dry_run else batch.pk,
        "kind": batch.kind,
        "mode": batch.mode,
        "dry_run": dry_run,
        "state": state,
        "rows": batch.rows,
        **counts,
        "rejected": batch.rejected,
        "duplicates": batch.duplicates,
        "folded": batch.folded,
        **({"undoes": batch.undoes_id, "removed": batch.removed} if batch.undoes_id else {}),
        **({"read_as": batch.read_as} if batch.read_as else {}),
        "digest": batch.digest,
        "seconds": batch.run.seconds,
    }


def closing_message(batch: Batch, *, dry_run: bool) -> str:
    """The outcome in one sentence, for the end of a command."""
    if batch.state not in STATES:
        return batch.sentence
    if batch.state == Batch.State.HELD:
        template = (
            _("%(file)s would wait for a second person. %(why)s")
            if dry_run
            else _("Nothing was written; import %(number)d waits for a second person. %(why)s")
        )
        return template % {"file": batch.file_name, "number": batch.pk, "why": batch.sentence}
    if batch.undoes_id:
        return _undo_message(batch)
    counts = {name: getattr(batch, name) for name in (*WRITTEN_COUNTS, "rejected", "duplicates")}
    summary = _("%(created)d created, %(updated)d updated, %(unchanged)d unchanged") % counts
    if batch.returns:
        summary += _(", %(returns)d active again") % counts
    if batch.mode == Batch.Mode.SYNC:
        summary += _(", %(withdrawn)d withdrawn") % counts
    summary += _(", %(rejected)d rejected") % counts
    summary += ngettext(", %(count)d repeated.", ", %(count)d repeated.", batch.duplicates) % {
        "count": batch.duplicates
    }
    if batch.folded:
        summary = f"{summary.removesuffix('.')}, " + _("%(count)d folded.") % {
            "count": batch.folded
        }
        summary += f" {batch.folded_sentence}"
    summary = " ".join(filter(None, (summary, values_advice(batch))))
    template = _("%(file)s was applied as import %(number)d: %(summary)s")
    if dry_run:
        template = _("%(file)s could be applied: %(summary)s")
        template += f" {batch.roster_scope.replace('%', '%%')}" if batch.roster_scope else ""
    summary += _reading_message(batch)
    return template % {"file": _named_with_sheets(batch), "number": batch.pk, "summary": summary}


def _named_with_sheets(batch: Batch) -> str:
    """The name of the file, and the sheets that were read of a workbook of several."""
    names = ", ".join(f"“{display_text(name)}”" for name in batch.sheet_names)
    if not names:
        return batch.file_name
    template = ngettext(
        "%(file)s (sheet %(names)s)", "%(file)s (sheets %(names)s)", len(batch.sheet_names)
    )
    return template % {"file": batch.file_name, "names": names}


def _reading_message(batch: Batch) -> str:
    """As what, and as of which course, a file of another system was read; blank for others."""
    if not batch.read_as:
        return ""
    params = {"title": batch.read_as, "course": " ".join(batch.own_assessments.get("course", ()))}
    template = _("It was read as “%(title)s” of %(course)s.")
    if not params["course"]:
        template = _("It was read as “%(title)s”.")
    return f" {template % params}"


def _undo_message(batch: Batch) -> str:
    message = _(
        "Import %(undone)d was undone as import %(number)d: %(removed)d removed, %(updated)d given "
        "their former values, %(created)d brought back."
    ) % {
        "undone": batch.undoes_id,
        "number": batch.pk,
        "removed": batch.removed,
        "updated": batch.updated,
        "created": batch.created,
    }
    if not batch.rejected:
        return message
    unchanged = ngettext(
        "%(count)d row was changed since and stays as it is.",
        "%(count)d rows were changed since and stay as they are.",
        batch.rejected,
    )
    return f"{message} {unchanged % {'count': batch.rejected}}"


def issue_lines(batch: Batch) -> Iterator[str]:
    """All errors and warnings as CSV lines, safe to open in a spreadsheet."""
    writer = csv.writer(Echo())
    # Where a workbook has several, the sheet too, behind the columns that scripts know.
    names = ["column", "value", "code", "message", *(["sheet"] if batch.sheets else [])]
    yield "\ufeff" + writer.writerow(["line", "row", "kind", *names])
    for issue in batch.issues.iterator():
        kind = "warning" if issue.is_warning else "error"
        texts = (formula_safe(getattr(issue, name)) for name in names)
        yield writer.writerow([issue.line, issue.row, kind, *texts])


def rejected_rows(batch: Batch) -> Iterator[str]:
    """The wrong rows as CSV lines: the file's header and cells, then the line and the errors."""
    # The file is read again beside its issues, both in order, so that neither is held in memory.
    writer = csv.writer(Echo(), delimiter=batch.delimiter)
    issues = (
        batch.issues.filter(is_warning=False, row__gt=0)
        .order_by("row", "pk")
        .values_list("row", "message")
        .iterator()
    )
    pending, messages = _next_row(issues, next(issues, None))
    with stored_tables(batch) as tables:
        columns = UnitedColumns(tables)
        header = [*map(_printable, columns.names), *REJECTED_COLUMNS]
        yield "\ufeff" + (writer.writerow(header) if tables[0].has_header else "")
        column_lines: list[Any] = []  # as the csv module takes them
        for stored in numbered_rows(tables) if pending[0] > 0 else ():
            line = [*map(_printable, columns.cells_of(stored)), stored.row.line]
            if not stored.number:
                column_lines.append([*line, ""])
            elif stored.number == pending[0]:
                yield from map(writer.writerow, [*column_lines, [*line, " ".join(messages)]])
                pending, messages = _next_row(issues, pending[1])
                column_lines.clear()
                if pending[0] < 0:
                    return  # the rest of the file is good


class UnitedColumns:
    """The columns of all tables of a file, as rows of wrong rows have them."""

    def __init__(self, tables: Sequence[StoredTable]) -> None:
        self.names, known = list[str](), list[str]()
        self.places: dict[StoredTable, list[int]] = {}
        for table in tables:
            own = list(map(column_name, table.names))
            for name, header in zip(own, table.names, strict=True):
                if own.count(name) > known.count(name):
                    known.append(name)
                    self.names.append(header)
            self.places[table] = places_in(known, own)

    def cells_of(self, stored: StoredRow) -> list[str]:
        """The cells of a row below the header of all; as it is, if it is not whole."""
        cells, is_whole = stored.table.own_cells(stored.now)
        if not is_whole:
            return cells
        united = [""] * len(self.names)
        for place, cell in zip(self.places[stored.table], cells, strict=True):
            united[place] = cell
        return united


def _next_row(
    issues: Iterator[RowMessage], first: RowMessage | None
) -> tuple[tuple[int, RowMessage | None], list[str]]:
    """The number of the next wrong row, the issue after it, and its messages."""
    if first is None:
        return (-1, None), []
    messages, following = [first[1]], next(issues, None)
    while following and following[0] == first[0]:
        messages.append(following[1])
        following = next(issues, None)
    return (first[0], following), list(dict.fromkeys(messages))


def _printable(cell: str) -> str:
    """A cell that is safe in a spreadsheet and reads back as the same value."""
    # Bytes that did not decode; an import refuses the replacement sign as well.
    text = "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in cell)
    if not FORMULA.match(text):
        return text
    text = text.strip()
    constant = TEXT_FORMULA.match(text)
    if constant:
        # It keeps zeros in front, and computes nothing.
        inner = constant.group(1)
        return text if inner.isascii() and inner.isalnum() else formula_safe(inner)
    return text if text.startswith("'") else formula_safe(text)  # an export escaped it already


def write_rejected(batch: Batch, stream: IO[str]) -> None:
    """Write the wrong rows as a file that imports again; nothing, if it was no table at all."""
    with contextlib.suppress(FileRefused):
        stream.writelines(rejected_rows(batch))
