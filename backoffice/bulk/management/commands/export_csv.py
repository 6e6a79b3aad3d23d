"""Write the rows of a kind as CSV, formula-safe, in the shape an import reads."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.bulk.exporting import exported_selection
from backoffice.bulk.formats.exporting import lines_in
from backoffice.bulk.models import Batch
from backoffice.bulk.resources import kinds


class Command(BaseCommand):
    """Streams to standard output, or to a file with one closing sentence."""

    help = "Exports all rows of a kind, or of one course, as CSV that import_csv reads again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(kinds))
        parser.add_argument("--course", default="", help="course code; needs --presentation")
        parser.add_argument("--presentation", default="")
        parser.add_argument("--dialect", choices=Batch.Dialect.values, default="auto")
        parser.add_argument("--output", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        resource = kinds[options["kind"]]
        try:
            rows = exported_selection(
                resource, resource.exportable(), options["course"], options["presentation"]
            )
            lines = lines_in(options["dialect"], resource, rows)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        if not options["output"]:
            sys.stdout.writelines(lines)
            return
        with options["output"].open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
        self.stdout.write(f"{rows.count()} {resource.label} written to {options['output']}.")
