"""`changepassword`: Django's own; what it sets is temporary and on record."""

from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.contrib.auth.management.commands import changepassword

from backoffice.apps.users.at_the_server import add_actor, at_the_server
from backoffice.apps.users.credentials import note_password
from backoffice.apps.users.models import User


class Command(changepassword.Command):
    """Sets a temporary password; the next login asks for another one."""

    help = "Sets a temporary password; its owner chooses another one at the next login."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_actor(parser)

    def handle(self, *args: Any, **options: Any) -> str:
        with at_the_server("changepassword", options["actor"]):
            message: str = super().handle(*args, **options)
            # As Django does where nobody is named.
            note_password(User.objects.get(username=options["username"] or getuser()))
        return message
