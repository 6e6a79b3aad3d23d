"""Bring a CSV or XLSX file in from the command line, by the same engine as the admin."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.bulk.commanding import (
    ImportOptions,
    add_import_arguments,
    import_file,
)


class Command(BaseCommand):
    """Exits 0 when the file was applied or, dry, could be; 1 when refused; 2 on wrong usage."""

    help = (
        "Imports a file: checks every row, says what it would change, and applies it in one "
        "transaction. With --dry-run nothing is written. Exit status: 0 applied, 1 refused, "
        "2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_import_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            result = import_file(ImportOptions.from_command(options))
        except (OSError, ValueError) as error:
            raise CommandError(str(error), returncode=2) from error
        for complaint in result.complaints:
            self.stderr.write(complaint)
        self.stdout.write(result.sentence)
        if result.is_refused:
            sys.exit(1)
