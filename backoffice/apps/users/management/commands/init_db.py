"""`init_db`: accounts for every role and a believable school of the size one asks for."""

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.audit.record.demo_data import source_of_demo_data
from backoffice.audit.record.owner_role import owner_role
from backoffice.audit.record.runs import recorded_run
from backoffice.operations.demo import SIZES, parts


class Command(BaseCommand):
    """Puts demo data in; running it again changes nothing."""

    help = "Puts in demo accounts and a school. Known passwords: never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--size", default="small", help=f"One of {', '.join(SIZES)}.")
        for part in parts():
            parser.add_argument(f"--skip-{part.name}", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DJANGO_ENV == "production":
            raise CommandError("Demo accounts have known passwords; production gets none.")
        if not parts():
            raise CommandError("Demo data needs Faker: pip install -r requirements-dev.txt.")
        if options["size"] not in SIZES:
            raise CommandError(f"There is no size “{options['size']}”: say {', '.join(SIZES)}.")
        scale = replace(SIZES[options["size"]], log=self.stdout.write)
        built = [part for part in parts() if not options[f"skip_{part.name}"]]
        with owner_role():
            source = source_of_demo_data()
            with recorded_run("init_db", source=source, reason="Demo data"):
                for part in built:
                    part.build(scale)
        names = ", ".join(part.name for part in built) or "nothing"
        self.stdout.write(f"Demo data ({options['size']}): {names}.")
