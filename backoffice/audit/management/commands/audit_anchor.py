"""Write the head of the chain where the database cannot reach it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.audit.seal.anchors import head, write


class Command(BaseCommand):
    """Prints the anchor; also writes it to the log and to a file."""

    help = "Writes the signed head of the sealed record to a file, the log and standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--file", type=Path, default=settings.AUDIT_ANCHOR_FILE, help="added at its end"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        anchor = head()
        if anchor is None:
            raise CommandError("Nothing is sealed yet. Run: python manage.py audit_seal")
        try:
            write(anchor, options["file"])
        except OSError as error:
            raise CommandError(f"The anchor could not be written: {error}") from error
        self.stdout.write(anchor.line)
