"""`createsuperuser`: Django's own; the account is on record and its password temporary."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from backoffice.apps.users.at_the_server import add_actor, at_the_server


class Command(createsuperuser.Command):
    """Makes an account with all rights; the first login asks for a password of one's own."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_actor(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with at_the_server("createsuperuser", options.pop("actor")):
            super().handle(*args, **options)
