"""`confirm_account`: the operator met the owner of an account, who holds it now."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from backoffice.apps.users.at_the_server import at_the_server
from backoffice.apps.users.credentials import confirm_account
from backoffice.apps.users.models import User
from backoffice.audit.admin_kit.actions import SHORTEST_REASON
from backoffice.audit.management.options import add_reason


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
        reason, username = options["reason"].strip(), options["username"]
        if len(reason) < SHORTEST_REASON:
            raise CommandError(f"Say why, in at least {SHORTEST_REASON} characters: --reason '...'")
        person = User.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"There is nobody with the user name “{username}”.")
        try:
            with at_the_server("confirm_account", "") as name:
                confirm_account(person, None, reason, name)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(f"{person} is confirmed: approvals of this account count.")
