"""Several files from the command line: one after the other, until one is refused or held."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from io import StringIO
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.cli.imports import (
    ImportOptions,
    Result,
    collect_os_errors,
    is_success,
    people,
    run_import,
)
from backoffice.bulk.jobs.cleanup import forget
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.pipeline.deliveries import REFUSED, deliver, files_of
from backoffice.bulk.pipeline.report import closing_message, write_report


def import_files(options: ImportOptions) -> Result:
    """Preview and apply the files in the order of their kinds, and write the report.

    Raises ValueError and OSError as `import_file` does.
    """
    persons = people(options)
    delivery = _delivered(options, persons[0])
    refused = [each for each in delivery.left_out if each.get(REFUSED)]
    is_refused = bool(refused) or not files_of(delivery)
    try:
        with Report.of(options, delivery) as report:
            if is_refused:
                return _refused(refused or delivery.left_out)
            message, is_done = _import_in_order(delivery, options, persons, report)
        messages = [message, *map(_about, delivery.left_out)]
        return Result("\n".join(messages), not is_done, report.output_errors)
    finally:
        if is_refused or options.dry_run:
            _forget(delivery)


def _delivered(options: ImportOptions, actor: Any) -> Delivery:
    with ExitStack() as stack:
        paths = (options.file, *options.others)
        uploads = [(stack.enter_context(path.open("rb")), path.name) for path in paths]
        return deliver(uploads, actor, **options.batch)


def _refused(left_out: list[dict[str, Any]]) -> Result:
    # A file that was to be brought in may be one that the others need.
    each = left_out[0]
    return Result(_("Nothing was written. %(name)s: %(sentence)s") % each, True, [])


def _about(left_out: dict[str, Any]) -> str:
    return _("%(name)s was left out. %(sentence)s") % left_out


def _import_in_order(
    delivery: Delivery, options: ImportOptions, persons: tuple[Any, Any], report: "Report"
) -> tuple[str, bool]:
    """The messages of all files, and whether all of them went in."""
    messages: list[str] = []
    files = files_of(delivery)
    # Dry, each file is previewed as it would be after those before it; all is rolled back.
    with _rehearsal() if options.dry_run else nullcontext():
        for batch in files:
            run_import(batch, *persons, is_applied=True)
            report.add(batch)
            messages.append(closing_message(batch, dry_run=options.dry_run))
            if not is_success(batch):
                break
    left = len(files) - len(messages)
    if left:
        template = ngettext(
            "Stopped there; %(count)d file after it was not read.",
            "Stopped there; %(count)d files after it were not read.",
            left,
        )
        messages.append(template % {"count": left})
    return "\n".join(messages), is_success(batch)


@contextmanager
def _rehearsal() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _forget(delivery: Delivery) -> None:
    # `forget` keeps an attempt to set what no file may set; its delivery stays as well.
    for batch in files_of(delivery):
        forget(batch)
    if not delivery.batches.exists():
        delivery.delete()


class Report:
    """The report of several files, written one by one: each may have millions of issues.

    Errors of the output do not stop the import; they are collected in `output_errors`.
    """

    def __init__(self, stream: IO[str], *, dry_run: bool) -> None:
        self.stream, self.dry_run, self.count = stream, dry_run, 0
        self.output_errors: list[str] = []

    @classmethod
    @contextmanager
    def of(cls, options: ImportOptions, delivery: Delivery) -> Iterator["Report"]:
        left_out = [
            {"file": each["name"], "message": each["sentence"], "is_known": each["is_known"]}
            for each in delivery.left_out
        ]
        opened = options.report.open("w", encoding="utf-8") if options.report else StringIO()
        report = cls(opened, dry_run=options.dry_run)
        with collect_os_errors(report.output_errors):
            opened.write(f'{{"left_out": {json.dumps(left_out, ensure_ascii=False)},\n"files": [')
        yield report
        with collect_os_errors(report.output_errors), opened:
            opened.write("]}\n")

    def add(self, batch: Batch) -> None:
        name = json.dumps(batch.file_name, ensure_ascii=False)
        with collect_os_errors(self.output_errors):
            self.stream.write(f',\n{{"file": {name},' if self.count else f'{{"file": {name},')
            write_report(batch, self.stream, dry_run=self.dry_run, is_begun=True)
        self.count += 1
