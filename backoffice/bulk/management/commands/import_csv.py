"""Bring a CSV or XLSX file in from the command line, by the same engine as the admin."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.bulk.commanding import ImportOptions, import_file
from backoffice.bulk.models import Batch
from backoffice.bulk.resources import kinds

DIALECTS = ["auto", "native", "canvas", "moodle", "oneroster", "edx"]


class Command(BaseCommand):
    """Exits 0 when the file was applied (or, dry, could be), 1 when it was refused, 2 on wrong usage."""

    help = (
        "Imports a file: checks every row, says what it would change, and applies it in one transaction. "
        "With --dry-run nothing is written. Exit status: 0 applied, 1 refused, 2 wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(kinds))
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--mode", choices=["upsert", "create", "update", "sync"], default=Batch.Mode.UPSERT
        )
        parser.add_argument("--on-error", choices=Batch.OnError.values, default=Batch.OnError.ABORT)
        for flag in ("--dry-run", "--create-students", "--ignore-unknown-columns"):
            parser.add_argument(flag, action="store_true")
        parser.add_argument("--dialect", choices=DIALECTS, default="auto")
        for option in ("--encoding", "--actor", "--reason"):
            parser.add_argument(option, default="")
        for option, kind in (
            ("--approved-by", str),
            ("--max-withdrawn", float),
            ("--max-changed", float),
        ):
            parser.add_argument(option, type=kind)
        for option in ("--report", "--rejected"):
            parser.add_argument(option, type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            result = import_file(ImportOptions.from_command(options))
        except (OSError, ValueError) as error:
            raise CommandError(str(error), returncode=2) from error
        if options["report"]:
            options["report"].write_text(
                json.dumps(result.report, ensure_ascii=False, indent=1), encoding="utf-8"
            )
        self.stdout.write(result.sentence)
        if result.is_refused:
            sys.exit(1)
