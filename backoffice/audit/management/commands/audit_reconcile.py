"""Compare every audited table with what its history says."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from backoffice.audit.record.install import audited_models
from backoffice.audit.record.reconcile import TableComparison, compare


class Command(BaseCommand):
    """One line for each table, and one for each of the first rows that differ."""

    help = (
        "Compares every audited table with the newest versions in its history. Exit status 0: all "
        "as recorded; 1: something is not; 2: it could not be compared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--table", action="append", default=[], help="only this; repeatable")
        parser.add_argument("--limit", type=int, default=20, help="rows named for each table")

    def handle(self, *_args: Any, **options: Any) -> None:
        models = {model._meta.db_table: model for model in audited_models()}
        unknown = sorted(set(options["table"]) - set(models))
        if unknown:
            raise CommandError(f"No audited table is called {', '.join(unknown)}.", returncode=2)
        comparisons = [self._compared(models[name], options) for name in options["table"] or models]
        differing = sum(one.differing for one in comparisons)
        if differing:
            raise CommandError(f"{differing:,} rows are not what the record says.", returncode=1)
        rows = sum(one.rows for one in comparisons)
        self.stdout.write(f"{rows:,} rows of {len(comparisons)} tables are what the record says.")

    def _compared(self, model: Any, options: dict[str, Any]) -> TableComparison:
        try:
            comparison = compare(model, max(options["limit"], 1))
        except DatabaseError as error:
            message = f"{model._meta.db_table} could not be compared: {error}"
            raise CommandError(message, returncode=2) from error
        self.stdout.write(str(comparison))
        for difference in comparison.first:
            self.stdout.write(f"  {difference}")
        return comparison
