"""Remove previews nobody decided on; run it once an hour."""

from typing import Any

from django.core.management.base import BaseCommand

from backoffice.bulk.jobs.cleanup import discard_abandoned, sweep_orphans


class Command(BaseCommand):
    """Previews go, too, whenever somebody opens the list of imports; files without a row here."""

    help = "Discards imports uploaded more than a day ago and never applied, with their files."

    def handle(self, *_args: Any, **_options: Any) -> None:
        count = discard_abandoned()
        sweep_orphans()
        self.stdout.write(f"{count} abandoned imports discarded.")
