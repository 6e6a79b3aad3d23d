"""Seal the record, once or again and again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from backoffice.audit.seal.background import seal_in_background
from backoffice.audit.seal.seal import seal


class Command(BaseCommand):
    """Says how much was sealed; with --every it goes on until a signal."""

    help = "Seals what was recorded since the last time into the chain of blocks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="again and again, so far apart"
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=60,
            metavar="SECONDS",
            help="for open transactions that may still write in between; default: 60",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["every"]:
            seal_in_background(options["every"])
            return
        done = seal(options["wait"])
        if done.waiting_for:
            self.stdout.write(
                f"Nothing sealed: {done.waiting_for} open transactions may still write in between. "
                f"Try again when they have ended."
            )
            return
        self.stdout.write(f"Sealed {done.rows} rows in {done.blocks} blocks.")
