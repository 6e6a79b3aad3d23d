"""What commands set of an account: by the operator at the server, whose name nobody checks."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from backoffice.apps.users.models import User
from backoffice.audit.record.recording import claimed, name_of, recording
from backoffice.audit.record.runs import recorded_run
from backoffice.audit.record.second_person import OPERATOR, Setter, operator_name, setting


def add_actor(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--actor", default="", help="who you are, by your username; recorded as claimed"
    )


def person_named(username: str) -> User:
    """The person that a command names. Raises CommandError where there is none."""
    person = User.objects.filter(username=username).first()
    if person is None:
        raise CommandError(f"There is nobody with the user name “{username}”.")
    return person


@contextmanager
def at_the_server(command: str, username: str) -> Iterator[str]:
    """Record what a command does under the operator's name, and set credentials as the operator.

    A claimed name stands beside it, and its account behind what is set. Raises CommandError for
    one that nobody has.
    """
    name, also = operator_name(), frozenset[int | None]()
    if username:
        person = person_named(username)
        also = frozenset({person.pk})
        with recording(is_claimed=True):
            name = claimed(name_of(person), 480)  # the command stands before it
    with (
        recorded_run(command, actor_name=f"{command}: {name}"[:500]),
        setting(Setter(OPERATOR, name, also)),
    ):
        yield name
