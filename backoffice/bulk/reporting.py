"""What a batch gives back: the report for scripts, and the wrong rows as a file to correct."""

import csv
from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.exporting import Echo, formula_safe
from backoffice.bulk.faults import Issue
from backoffice.bulk.models import Batch, BatchIssue
from backoffice.bulk.readers import Row, open_table

WRITTEN_COUNTS = ("created", "updated", "unchanged", "withdrawn", "created_students")
Told = tuple[int, str]
STATES = {Batch.State.PREVIEWED: "previewed", Batch.State.APPLIED: "applied"}


def report_of(batch: Batch, *, dry_run: bool) -> dict[str, Any]:
    """The report of imports.md; of a refused file nothing counts as written."""
    state = STATES.get(Batch.State(batch.state), "refused")
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
        "digest": batch.digest,
        "seconds": batch.seconds,
        "errors": [_issue(each) for each in batch.issues.filter(is_warning=False).iterator()],
        "warnings": [_issue(each) for each in batch.issues.filter(is_warning=True).iterator()],
    }


def _issue(issue: BatchIssue) -> dict[str, str | int]:
    return Issue(
        issue.line, issue.row, issue.column, issue.value, issue.code, issue.message
    ).as_dict()


def closing_sentence(batch: Batch, *, dry_run: bool) -> str:
    """One sentence that says what came of the file."""
    if batch.state not in STATES:
        return batch.sentence
    counts = {
        name: getattr(batch, name)
        for name in ("created", "updated", "unchanged", "rejected", "duplicates")
    }
    told = (
        _(
            "%(created)d created, %(updated)d updated, %(unchanged)d unchanged, %(rejected)d "
            "rejected"
        )
        % counts
    )
    told += ngettext(", %(count)d repeated.", ", %(count)d repeated.", batch.duplicates) % {
        "count": batch.duplicates
    }
    if dry_run:
        return _("%(file)s could be applied: %(told)s") % {"file": batch.file_name, "told": told}
    return _("%(file)s was applied as import %(number)d: %(told)s") % {
        "file": batch.file_name,
        "number": batch.pk,
        "told": told,
    }


def issue_lines(batch: Batch) -> Iterator[str]:
    """All errors and warnings as CSV lines, safe to open in a spreadsheet."""
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(["line", "row", "kind", "column", "value", "code", "message"])
    for issue in batch.issues.iterator():
        kind = "warning" if issue.is_warning else "error"
        texts = map(formula_safe, (issue.column, issue.value, issue.code, issue.message))
        yield writer.writerow([issue.line, issue.row, kind, *texts])


def rejected_rows(batch: Batch) -> Iterator[str]:
    """The wrong rows as CSV lines: the file's header and cells, then the line and the errors.

    The file is read once more beside its issues, so that nothing is kept in memory.
    """
    writer = csv.writer(Echo(), delimiter=batch.delimiter)
    issues = (
        batch.issues.filter(is_warning=False)
        .order_by("row", "pk")
        .values_list("row", "message")
        .iterator()
    )
    wanted, messages = _next_row(issues, next(issues, None))
    with open_table(batch.path, batch.encoding) as reader:
        yield "\ufeff" + writer.writerow([*reader.header, "line", "errors"])
        for number, row in enumerate(reader.rows(), 1):
            if number == wanted[0]:
                cells = _fitted(row, len(reader.header), batch.delimiter)
                yield writer.writerow([*map(_printable, cells), row.line, " ".join(messages)])
                wanted, messages = _next_row(issues, wanted[1])


def _next_row(
    issues: Iterator[Told], first: Told | None
) -> tuple[tuple[int, Told | None], list[str]]:
    """The number of the next wrong row, the issue after it, and its messages."""
    if first is None:
        return (-1, None), []
    messages, following = [first[1]], next(issues, None)
    while following and following[0] == first[0]:
        messages.append(following[1])
        following = next(issues, None)
    return (first[0], following), list(dict.fromkeys(messages))


def _fitted(row: Row, width: int, delimiter: str) -> list[str]:
    """As many cells as the header has; what is too much stays readable in the last one."""
    if len(row.cells) <= width:
        return row.cells + [""] * (width - len(row.cells))
    return [*row.cells[: width - 1], delimiter.join(row.cells[width - 1 :])]


def _printable(cell: str) -> str:
    """Bytes that did not decode become the replacement sign, which no import takes either."""
    return formula_safe(
        "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in cell)
    )


def write_rejected(batch: Batch, stream: IO[str]) -> None:
    """Write the wrong rows as a file that imports again after correction."""
    stream.writelines(rejected_rows(batch))
