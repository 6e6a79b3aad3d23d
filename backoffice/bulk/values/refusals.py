"""Why a file is not written."""

from collections.abc import Iterator
from contextlib import contextmanager

from backoffice.admin_site.models.full_disk import full_disk_sentence, is_full_disk


class ExportRefused(ValueError):
    """What was asked for cannot be made; the sentence says what to do instead."""


@contextmanager
def full_disk_refused() -> Iterator[None]:
    """Raises ExportRefused in place of the error of a full disk."""
    try:
        yield
    except Exception as error:
        if is_full_disk(error):
            raise ExportRefused(full_disk_sentence()) from error
        raise
