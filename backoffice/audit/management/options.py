"""What commands that change the record share: a reason, the owner's rights, a day."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.core.management.base import CommandError
from django.db import Error
from django.utils.dateparse import parse_date

from backoffice.audit.admin_kit.actions import SHORTEST_REASON, is_too_short
from backoffice.audit.record.owner_role import owner_role
from backoffice.audit.record.runs import recorded_run


def add_reason(parser: ArgumentParser) -> None:
    """The option `--reason`, which stays in the record."""
    parser.add_argument(
        "--reason", required=True, help=f"why; at least {SHORTEST_REASON} characters"
    )


def refuse_short(reason: str) -> None:
    """Raise CommandError for a reason that is too short."""
    if is_too_short(reason):
        raise CommandError(f"Say why, in at least {SHORTEST_REASON} characters: --reason '...'")


@contextmanager
def as_command(name: str, reason: str) -> Iterator[None]:
    """Run as the owner of the tables, with a reason that is recorded.

    Raises CommandError for a reason that is too short, and for what the database refuses.
    """
    refuse_short(reason)
    try:
        with owner_role(), recorded_run(name, reason=reason.strip()):
            yield
    except Error as error:
        raise CommandError(f"The database refused: {str(error).strip()}") from error


def day_of(text: str) -> datetime:
    """The beginning of a day, UTC. Raises CommandError for a text that is no day."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"“{text}” is no day. Write it like 2026-01-31.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
