"""Two people store the same in the same moment: the form of the later one is looked at again."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, models
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse

UNIQUE_VIOLATION = "23505"  # of PostgreSQL
TRIES = 5  # people who store the same in one moment wait for each other, one after the other
SAVED_FORMS = "_saved_forms"


def note_form(request: HttpRequest, form: Any) -> None:
    """Say that a form is about to be stored, with the files sent with it."""
    request.__dict__.setdefault(SAVED_FORMS, []).append(form)


def run_again_on_collision(
    request: HttpRequest, tables: Iterable[type[models.Model]], view: Callable[[], HttpResponse]
) -> HttpResponse:
    """Call a view that stores rows of `tables` in one transaction, and again after a collision.

    The second run's validation finds what the other person stored, and says so at its field, or a
    row takes the next place. Raises every other IntegrityError as it is. On SQLite nobody writes
    between the validation and the save, so there is no second run.
    """
    storage: Any = messages.get_messages(request)
    queued = len(storage._queued_messages)
    names = {each._meta.db_table for each in tables}
    for tries_left in reversed(range(TRIES)):
        try:
            return view()
        except IntegrityError as error:
            # The transaction took back the rows; what the run did besides is taken back here.
            del storage._queued_messages[queued:]
            _remove_files(request)
            if not tries_left or not _is_collision(error, names):
                raise
            _rewind_uploads(request)
    raise AssertionError("The last try returns or raises.")


def _is_collision(error: IntegrityError, tables: set[str]) -> bool:
    """Whether a row with the same values, which the validation did not see, is stored meanwhile."""
    cause: Any = error.__cause__
    if getattr(cause, "pgcode", "") != UNIQUE_VIOLATION:
        return False
    table, constraint = cause.diag.table_name, cause.diag.constraint_name
    # No form says which number a row gets: there the sequence is wrong, and stays so.
    return table in tables and constraint != f"{table}_pkey"


def _remove_files(request: HttpRequest) -> None:
    for form in request.__dict__.pop(SAVED_FORMS, []):
        for name, sent in form.cleaned_data.items():
            file = getattr(form.instance, name, None)
            if isinstance(sent, UploadedFile) and isinstance(file, FieldFile) and file._committed:
                file.storage.delete(file.name)


def _rewind_uploads(request: HttpRequest) -> None:
    # The first run read them to their end.
    for _name, uploads in request.FILES.lists():
        for upload in uploads:
            upload.seek(0)
