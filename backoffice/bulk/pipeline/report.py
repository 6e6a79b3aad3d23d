"""The report of a batch for scripts, and its wrong rows as a file to correct."""

import contextlib
import csv
import json
from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.admin_site.spreadsheets import FORMULA, Echo, formula_safe
from backoffice.bulk.formats.open_file import disambiguated, open_stored, recognised, unpacked
from backoffice.bulk.kinds.header_names import plain_name
from backoffice.bulk.kinds.resource import REJECTED_COLUMNS, kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.readers import Row
from backoffice.bulk.values.faults import FileRefused, Issue

WRITTEN_COUNTS = ("created", "updated", "unchanged", "withdrawn", "created_students")
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
        issues = batch.issues.filter(is_warning=is_warning).values_list(*ISSUE_FIELDS)
        for number, values in enumerate(issues.iterator()):  # a file may have millions
            text = json.dumps(Issue(*values).as_dict(), ensure_ascii=False)
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
        **({"undoes": batch.undoes_id, "removed": batch.removed} if batch.undoes_id else {}),
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
    counts = {
        name: getattr(batch, name)
        for name in ("created", "updated", "unchanged", "withdrawn", "rejected", "duplicates")
    }
    summary = _("%(created)d created, %(updated)d updated, %(unchanged)d unchanged") % counts
    if batch.mode == Batch.Mode.SYNC:
        summary += _(", %(withdrawn)d withdrawn") % counts
    summary += _(", %(rejected)d rejected") % counts
    summary += ngettext(", %(count)d repeated.", ", %(count)d repeated.", batch.duplicates) % {
        "count": batch.duplicates
    }
    template = _("%(file)s was applied as import %(number)d: %(summary)s")
    if dry_run:
        template = _("%(file)s could be applied: %(summary)s")
    return template % {"file": batch.file_name, "number": batch.pk, "summary": summary}


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
    yield "\ufeff" + writer.writerow(["line", "row", "kind", "column", "value", "code", "message"])
    for issue in batch.issues.iterator():
        kind = "warning" if issue.is_warning else "error"
        texts = map(formula_safe, (issue.column, issue.value, issue.code, issue.message))
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
    with unpacked(batch.path) as stored, open_stored(batch, stored.path) as reader:
        table = recognised(reader.header, batch.dialect, batch.kind)
        header, rows = disambiguated(reader, table)
        own = [at for at, name in enumerate(header) if plain_name(name) not in REJECTED_COLUMNS]
        width, names = len(header), [*(_printable(header[at]) for at in own), *REJECTED_COLUMNS]
        has_header = table is None or table.has_header
        yield "\ufeff" + (writer.writerow(names) if has_header else "")
        columns, number = table(header) if table else None, 0
        column_lines: list[Any] = []  # as the csv module takes them
        for row in rows if pending[0] > 0 else ():
            cells = _cells_of(row, own, width, batch)
            is_data = not (columns and columns.is_about_columns(row))
            number += is_data
            if is_data and number == pending[0]:
                line = [*map(_printable, cells), row.line, " ".join(messages)]
                yield from map(writer.writerow, [*column_lines, line])
                pending, messages = _next_row(issues, pending[1])
                column_lines.clear()
                if pending[0] < 0:
                    return  # the rest of the file is good
            elif not is_data:
                column_lines.append([*map(_printable, cells), row.line, ""])


def _cells_of(row: Row, own: list[int], width: int, batch: Batch) -> list[str]:
    """The file's own cells of a row, without the two columns of an earlier correction."""
    cells = row.cells
    # A row may end before groups of columns that it does not need.
    if batch.kind in kinds and kinds[batch.kind].nested and not row.syntax_error:
        cells = cells + [""] * (width - len(cells))
    # With too few or too many cells it comes back as it is: it has to be corrected first.
    return [cells[at] for at in own] if len(cells) == width else cells


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
    return text if text.startswith("'") else formula_safe(text)  # an export escaped it already


def write_rejected(batch: Batch, stream: IO[str]) -> None:
    """Write the wrong rows as a file that imports again; nothing, if it was no table at all."""
    with contextlib.suppress(FileRefused):
        stream.writelines(rejected_rows(batch))
