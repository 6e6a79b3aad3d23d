"""Bring a CSV or XLSX file in from the command line, by the same engine as the admin."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.cli.command_errors import command_error
from backoffice.bulk.cli.deliveries import import_files
from backoffice.bulk.cli.imports import ImportOptions, add_import_arguments, import_file


class Command(BaseCommand):
    """Exits 0 when the file was applied or, dry, could be; 1 when refused; 2 on wrong usage."""

    help = (
        "Imports a file: checks every row, says what it would change, and applies it in one "
        "transaction. With --dry-run nothing is written. Of a zip file the table of the kind is "
        "read, others in it are looked up in. With the kind “auto” each of several files, or of "
        "those in a zip file, is what its header says; they go in one after the other, users "
        "first, until one is refused or held, and --report lists a report for each. Exit status: "
        "0 applied, 1 refused, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_import_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            import_options = ImportOptions.from_command(options)
            run = import_files if import_options.is_auto else import_file
            # Nobody logs in here: whom the options name is claimed.
            with recording(source=ChangeSet.Source.COMMAND, is_claimed=True):
                result = run(import_options)
        except (OSError, ValueError, DatabaseError) as error:
            raise command_error(error, returncode=2) from error
        result.close(self)
