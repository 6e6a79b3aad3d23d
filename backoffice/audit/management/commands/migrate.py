"""`migrate`, as the owner of the tables; what it makes, the application's role may then use."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from backoffice.audit.record.grants import grant
from backoffice.audit.record.owner_role import owner_role


class Command(migrate.Command):
    """Django's own, with DATABASE_OWNER_USER where that is set."""

    def handle(self, *args: Any, **options: Any) -> None:
        using = options["database"]
        with owner_role(using):
            super().handle(*args, **options)
            # Tables made just now are not granted yet.
            is_done = not options["plan"] and not options["check_unapplied"]
            if is_done and connections[using].settings_dict.get("OWNER"):
                grant(using)
