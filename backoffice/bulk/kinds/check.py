"""A condition over the rows of a file, and the message for the rows it finds."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from backoffice.bulk.kinds.conditions import Sql

NEVER = "1=0"


@dataclass(frozen=True)
class Check:
    """An SQL condition over staged rows, with the code, column and message of its issues."""

    code: str
    column: str
    template: StrOrPromise
    condition: Sql = (NEVER, ())
    reads: tuple[str, ...] = ()  # its columns: a row with a refused cell in one is passed over
    is_warning: bool = False
    other: str = ""  # SQL for `{other}` of the message
    other_column: str = ""  # for `{beside}` of the message
    holds: bool = False  # the rows go in only when a second person agrees
    is_of_name: bool = False  # reported where the name stands, in whichever row
    is_quiet: bool = False  # its rows are counted, and no issue is made of them


def names_nothing(model: type[models.Model]) -> str:
    """The message, with its value open, about a name that no row has."""
    template = _("{column} “{value}” names no %(model)s that exists. Check it, or add it first.")
    return template % {"model": model._meta.verbose_name}
