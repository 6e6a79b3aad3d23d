"""By what a person can tell in which encoding a file is: some of its own values."""

from backoffice.bulk.formats.encoding_question import ENCODING_QUESTION, values_of
from backoffice.bulk.models import Batch


def waits_for_encoding(batch: Batch) -> bool:
    """Whether the file waits for somebody to say in which encoding it is."""
    is_refused = batch.state == Batch.State.REFUSED and bool(batch.file)
    return is_refused and batch.issues.filter(code=ENCODING_QUESTION).exists()


def values_to_tell_by(batch: Batch) -> list[str]:
    """Values of a file that waits, as they read in Windows-1252; none for other files."""
    return values_of(batch.path) if waits_for_encoding(batch) and batch.path.exists() else []
