"""Write the rows of a kind as CSV or XLSX, formula-safe, in the shape an import reads."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.bulk.formats.exporting import writer_for
from backoffice.bulk.formats.whole_exports import write_whole
from backoffice.bulk.models import Batch
from backoffice.bulk.resources import kinds
from backoffice.bulk.selecting import ExportRefused, Selection


class Command(BaseCommand):
    """Writes to standard output, or to a file with one closing sentence."""

    help = (
        "Exports all rows of a kind, or of one course, as a file that import_csv reads again. "
        "Without a kind, all of them go into a zip file, which import_csv auto reads again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(kinds), nargs="?")
        parser.add_argument("--course", default="", help="course code; needs --presentation")
        parser.add_argument("--presentation", default="")
        parser.add_argument("--dialect", choices=Batch.Dialect.values, default="auto")
        parser.add_argument("--output", type=Path, help="a workbook if the name ends with .xlsx")

    def handle(self, *_args: Any, **options: Any) -> None:
        output = options["output"]
        if options["kind"] is None or (output and output.suffix.lower() == ".zip"):
            self._write_all(options)
            return
        everything = Selection.of_all(kinds[options["kind"]])
        ending = output.suffix.lower().removeprefix(".") if output else "csv"
        try:
            chosen = everything.of_course(options["course"], options["presentation"])
            write = writer_for(ending, options["dialect"], options["kind"])
        except ExportRefused as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        if not output:
            write(chosen, sys.stdout.buffer)
            return
        try:
            with output.open("wb") as stream:
                rows = write(chosen, stream)
        except ExportRefused as refusal:
            output.unlink()
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{rows} {chosen.resource.label} written to {output}.")

    def _write_all(self, options: dict[str, Any]) -> None:
        """A zip file of all kinds; the closing sentence says what is in it."""
        output = options["output"]
        is_zip = output is not None and output.suffix.lower() == ".zip"
        if options["kind"] or options["course"] or options["presentation"] or not is_zip:
            said = (
                "Name a kind, or else an --output that ends with .zip, for all rows of all kinds."
            )
            raise CommandError(said, returncode=2)
        try:
            with output.open("wb") as stream:
                written = write_whole(options["dialect"], stream)
        except ExportRefused as refusal:
            output.unlink()
            raise CommandError(str(refusal), returncode=2) from refusal
        told = ", ".join(f"{rows} {kinds[kind].label}" for kind, rows in written.items())
        self.stdout.write(f"{told} written to {output}.")
