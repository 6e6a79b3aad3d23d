"""`test_models`: whether every model does what it promises, on the database that is configured."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.operations.health import check_database_health
from backoffice.operations.model_trial.trials import try_models


class Command(BaseCommand):
    """Exits 1 when a model is broken. Everything is done in a transaction that is taken back."""

    help = (
        "Tries every model: makes a row, finds it by its natural key, changes it, looks at its "
        "history, walks its relations, breaks its constraints, and asks who sees it. Nothing is "
        "kept, so it may run beside people at work."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--verbose", action="store_true", help="say what was counted")
        parser.add_argument("--test-queries", action="store_true", help="time typical lists too")

    def handle(self, *_args: Any, **options: Any) -> None:
        missing = check_database_health().get("pending_migrations")
        if missing:
            raise CommandError(f"{missing} migrations are not applied. Run migrate first.")
        trials = try_models(with_lists=options["test_queries"])
        for trial in trials:
            has_details = options["verbose"] and not trial.fault
            self.stdout.write(f"{trial}; {trial.details}" if has_details else str(trial))
            for timing in trial.timings:
                self.stdout.write(f"    {timing}")
        broken = [trial.model._meta.label for trial in trials if trial.fault]
        if broken:
            raise CommandError(
                f"{len(broken)} of {len(trials)} models are broken: {', '.join(broken)}."
            )
        self.stdout.write(f"All {len(trials)} models work; nothing was kept.")
