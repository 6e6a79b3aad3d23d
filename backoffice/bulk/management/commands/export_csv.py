"""Write the rows of a kind as CSV or XLSX, formula-safe, in the shape an import reads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from backoffice.bulk.cli.command_errors import command_error
from backoffice.bulk.cli.exports import action_of, write_to
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.values.refusals import ExportRefused


class Command(BaseCommand):
    """Writes to standard output, or to a file with one closing sentence."""

    help = (
        "Exports a kind, or all into a .zip, as a file that import_csv (auto) reads again. Exit "
        "status: 0 written, 1 refused, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(kinds), nargs="?")
        parser.add_argument("--course", default="", help="course code; needs --presentation")
        parser.add_argument("--presentation", default="")
        parser.add_argument("--dialect", choices=Batch.SourceFormat.values, default="auto")
        mark = "a byte order mark in front, by which Excel knows UTF-8"
        parser.add_argument("--excel", action="store_true", help=mark)
        parser.add_argument("--output", type=Path, help="a workbook if the name ends with .xlsx")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            row_action = action_of(options)
        except ValueError as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        try:
            message = write_to(options["output"], row_action)
        except (ExportRefused, OSError, DatabaseError) as error:
            raise command_error(error, returncode=1) from error
        if message:
            self.stdout.write(message)
