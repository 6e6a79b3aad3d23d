"""Forget a person: names, addresses and own texts go, grades stay, the record still verifies."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from backoffice.audit.management.options import add_reason, as_command
from backoffice.audit.seal.erasure import Forgotten, forget
from backoffice.audit.seal.seal import seal


class Command(BaseCommand):
    """Says how much was blanked. There is no way back."""

    help = "Blanks everything personal of somebody whose account is off, in the record too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        add_reason(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        model: Any = get_user_model()  # its records may be merged: see apps/users/accounts.py
        person = model.known_as(options["username"])
        if person is None:
            raise CommandError(f"There is nobody with the username “{options['username']}”.")
        try:
            with as_command("forget_person", options["reason"]):
                done = forget(person)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if done == Forgotten():
            self.stdout.write(
                f"Person {person.pk} was forgotten already, and nothing of them came back: nothing "
                "was changed."
            )
            return
        seal()
        self.stdout.write(
            f"Person {person.pk} is forgotten: {done.rows} rows and {done.recorded} rows of the "
            f"record were blanked, {done.files} files removed."
        )
