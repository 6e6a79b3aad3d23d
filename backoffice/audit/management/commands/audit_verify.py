"""Verify the record: the chain, every sealed row, and what anchors say."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error

from backoffice.audit.seal.anchors import compare
from backoffice.audit.seal.signed_export import check_file
from backoffice.audit.seal.verify import verify


class Command(BaseCommand):
    """Exits 0 when intact, 1 when altered (with block and row), 2 when it could not check."""

    help = "Checks that nothing sealed was altered. Exit status: 0 intact, 1 altered, 2 unknown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="anchors kept elsewhere")
        parser.add_argument("--export", type=Path, metavar="FILE", help="a CSV of the record")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            verdict = verify(self._report_progress)
            if options["anchor"]:
                compare(verdict, options["anchor"])
            if options["export"]:
                check_file(verdict, options["export"])
        except (Error, OSError) as error:
            self.stderr.write(f"Could not check: {str(error).strip()}")
            sys.exit(2)
        for message in (*verdict.altered, *verdict.unchecked):
            self.stderr.write(message)
        self.stdout.write(verdict.summary)
        if verdict.status:
            sys.exit(verdict.status)

    def _report_progress(self, done: int, count: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} of {count} blocks ", ending="\n" if done == count else "")
