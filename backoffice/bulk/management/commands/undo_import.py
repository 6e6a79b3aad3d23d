"""Take an applied import back."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.cli.command_errors import command_error
from backoffice.bulk.cli.imports import undo_batch


class Command(BaseCommand):
    """Exits 0 when it was undone, rows changed since left alone; 1 when not; 2 on wrong usage."""

    help = (
        "Gives every row an import wrote its former values; a row changed since is left alone and "
        "listed. Exit status: 0 undone, 1 refused, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("batch", type=int, help="the number of the import")
        for option in ("--actor", "--reason"):
            parser.add_argument(option, default="")
        parser.add_argument("--report", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            # Nobody logs in here: whom the options name is claimed.
            with recording(source=ChangeSet.Source.COMMAND, is_claimed=True):
                result = undo_batch(
                    options["batch"], options["actor"], options["reason"], options["report"]
                )
        except (OSError, ValueError, DatabaseError) as error:
            raise command_error(error, returncode=2) from error
        result.close(self)
