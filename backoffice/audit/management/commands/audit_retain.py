"""Remove from the record what need not be kept any longer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.audit.management.options import add_reason, as_command, day_of
from backoffice.audit.seal.retention import DAY, remove_before
from backoffice.audit.seal.seal import seal


class Command(BaseCommand):
    """Says how many rows of each table went; the removal is recorded and sealed."""

    help = "Removes sealed history older than a day; the newest row of every object stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--before", required=True, metavar="YYYY-MM-DD", help="the day, UTC")
        add_reason(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        before = day_of(options["before"])
        if before > timezone.now() + DAY:
            raise CommandError(f"“{options['before']}” has not come yet.")
        with as_command("audit_retain", options["reason"]):
            done = remove_before(before)
        seal()
        for table, count in sorted(done.items()):
            self.stdout.write(f"{table}: {count}")
        self.stdout.write(f"{sum(done.values())} rows from before {before:%Y-%m-%d} were removed.")
