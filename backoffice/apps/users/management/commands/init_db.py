"""`init_db`: accounts for every role and a small believable school."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from backoffice.audit.models import ChangeSet
from backoffice.audit.recording import recording
from backoffice.operations.demo import parts


class Command(BaseCommand):
    """Puts demo data in; running it again changes nothing."""

    help = "Puts in demo accounts and a small school. Known passwords: never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for part in parts():
            parser.add_argument(f"--skip-{part.name}", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DJANGO_ENV == "production":
            raise CommandError("Demo accounts have known passwords; production gets none.")
        built = []
        with (
            transaction.atomic(),
            recording(source=ChangeSet.Source.COMMAND, actor_name="init_db", reason="Demo data"),
        ):
            for part in parts():
                if not options[f"skip_{part.name}"]:
                    part.build()
                    built.append(part.name)
        self.stdout.write(f"Demo data: {', '.join(built) or 'nothing'}.")
