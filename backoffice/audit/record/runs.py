"""Running a command under the record: a row of the access record says that it ran."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backoffice.audit.models import AccessRecord, ChangeSet
from backoffice.audit.record.recording import Record, name_of, recording


@contextmanager
def recorded_run(name: str, **fields: Any) -> Iterator[Record]:
    """Record what a command changes, and that it ran: its change sets have the run's request id.

    Takes what `recording` takes. The run stays in the record whatever becomes of the changes, if it
    begins outside of a transaction.
    """
    fields = {"source": ChangeSet.Source.COMMAND, "actor_name": name} | fields
    with recording(**fields) as record:
        actor = record.known_actor
        AccessRecord.objects.create(
            kind=AccessRecord.Kind.COMMAND,
            actor_id=actor.pk if actor else None,
            actor_name=name_of(actor) if actor else "",
            path=f"manage.py {name}",
            request_id=record.request_id,
        )
        yield record
