"""`confirm_account`: the operator met the owner of an account, who holds it now."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from backoffice.apps.users.at_the_server import at_the_server, person_named
from backoffice.apps.users.credentials import confirm_account
from backoffice.audit.management.options import add_reason, refuse_short


class Command(BaseCommand):
    """Lets the approvals of an account count that others, or the operator, set something of."""

    help = (
        "Confirms that the owner of an account holds it: you met them, and they chose their own "
        "password. A school where nobody else can confirm it does so here."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        add_reason(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        refuse_short(reason)
        person = person_named(options["username"])
        try:
            with at_the_server("confirm_account", "") as name:
                confirm_account(person, None, reason, name)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(f"{person} is confirmed: approvals of this account count.")
