"""Write the rows of a kind as CSV or XLSX, formula-safe, in the shape an import reads."""

import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.bulk.formats.exporting import is_gradebook, writer_for
from backoffice.bulk.formats.whole_exports import export_whole
from backoffice.bulk.models import Batch
from backoffice.bulk.resources import kinds
from backoffice.bulk.selecting import ExportRefused, Selection


class Command(BaseCommand):
    """Writes to standard output, or to a file with one closing sentence."""

    help = "Exports a kind, or all into a .zip, as a file that import_csv (auto) reads again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(kinds), nargs="?")
        parser.add_argument("--course", default="", help="course code; needs --presentation")
        parser.add_argument("--presentation", default="")
        parser.add_argument("--dialect", choices=Batch.Dialect.values, default="auto")
        parser.add_argument("--output", type=Path, help="a workbook if the name ends with .xlsx")

    def handle(self, *_args: Any, **options: Any) -> None:
        output, kind, dialect, course = map(options.get, ("output", "kind", "dialect", "course"))
        ending = output.suffix.lower().removeprefix(".") if output else "csv"
        try:
            if kind is None or ending == "zip":
                self.stdout.write(export_whole(output, kind, dialect, course))
                return
            everything, wide = Selection.of_all(kinds[kind]), is_gradebook(dialect, kind)
            chosen = everything.of_course(course, options["presentation"], may_be_empty=wide)
            write = writer_for(ending, dialect, kind)
        except ExportRefused as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        try:
            with output.open("wb") if output else nullcontext(sys.stdout.buffer) as stream:
                rows = write(chosen, stream)
        except ExportRefused as refusal:
            if output:
                output.unlink()
            raise CommandError(str(refusal)) from refusal
        if output:
            self.stdout.write(f"{rows} {chosen.resource.label} written to {output}.")
