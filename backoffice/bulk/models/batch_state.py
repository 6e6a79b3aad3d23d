"""The states of an import, and which may follow which."""

from collections.abc import Collection

from django.db import models
from django.utils.translation import gettext_lazy as _


class BatchState(models.TextChoices):
    """The state of an import; progress within a state is in `BatchRun`."""

    RECEIVED = "received", _("Uploaded")
    QUEUED = "queued", _("Waiting to be read")
    READING = "reading", _("Being read")
    PREVIEWED = "previewed", _("Waiting for your decision")
    HELD = "held", _("Waiting for a second person")
    REFUSED = "refused", _("Refused")
    ORDERED = "ordered", _("Waiting to be applied")
    APPLYING = "applying", _("Being applied")
    APPLIED = "applied", _("Applied")
    FAILED = "failed", _("Failed")
    DISCARDED = "discarded", _("Discarded")


_S = BatchState
_READ_ANEW = (_S.RECEIVED, _S.QUEUED, _S.READING)  # e.g. with another option
# Only `Batch.move` changes a state. docs/developer.md has this table, too.
TRANSITIONS: dict[BatchState, tuple[BatchState, ...]] = {
    # To itself: somebody else is bringing in the same file; the sentence says who.
    _S.RECEIVED: (*_READ_ANEW, _S.DISCARDED),
    # To itself: the order was lost, and is given again.
    _S.QUEUED: (*_READ_ANEW, _S.DISCARDED),
    _S.READING: (_S.PREVIEWED, _S.HELD, _S.REFUSED, _S.FAILED, _S.DISCARDED),
    # Failed: at the command line, where nobody looks at a preview that was made anew.
    _S.PREVIEWED: (*_READ_ANEW, _S.ORDERED, _S.APPLYING, _S.FAILED, _S.DISCARDED),
    _S.HELD: (*_READ_ANEW, _S.PREVIEWED, _S.FAILED, _S.DISCARDED),
    _S.REFUSED: _READ_ANEW,
    # Previewed: cancelled. Discarded: an undo that was cancelled is over.
    _S.ORDERED: (_S.APPLYING, _S.PREVIEWED, _S.DISCARDED),
    # Reading: the data changed since the preview, which is made anew.
    _S.APPLYING: (_S.APPLIED, _S.READING, _S.PREVIEWED, _S.FAILED, _S.DISCARDED),
    _S.APPLIED: (),
    _S.FAILED: _READ_ANEW,
    _S.DISCARDED: (),
}


def states_before(after: str) -> tuple[str, ...]:
    return tuple(state for state, following in TRANSITIONS.items() if after in following)


def refuse_impossible(before: Collection[str], after: str) -> None:
    """Raise ValueError for a transition that the table does not have."""
    impossible = [state for state in before if after not in TRANSITIONS[BatchState(state)]]
    if impossible:
        raise ValueError(f"An import does not go from {', '.join(impossible)} to {after}.")
