"""Errors of commands as sentences on standard error."""

from django.core.management.base import CommandError
from django.db import DatabaseError

from backoffice.admin_site.models.full_disk import full_disk_sentence, is_full_disk


def command_error(error: Exception, returncode: int) -> CommandError:
    """The error to end a command with. Raises an error of the database, unless a disk is full."""
    if is_full_disk(error):
        return CommandError(full_disk_sentence(), returncode=returncode)
    if isinstance(error, DatabaseError):
        raise error
    return CommandError(str(error), returncode=returncode)
