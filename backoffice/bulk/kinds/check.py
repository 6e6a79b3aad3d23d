"""One thing to look for in every row of a file."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from backoffice.bulk.kinds.conditions import Sql

NEVER = "1=0"


@dataclass(frozen=True)
class Check:
    """One thing to look for in every row.

    `column` and `sentence` are where and how it is told; `other` is SQL for what the sentence names
    besides, `beside` another column it names as `{beside}`; `reads` are the columns whose cells it
    looks at, so that nothing is said of a cell that was refused already.
    """

    code: str
    column: str
    template: StrOrPromise
    condition: Sql = (NEVER, ())
    reads: tuple[str, ...] = ()
    is_warning: bool = False
    other: str = ""
    other_column: str = ""
    holds: bool = False  # what is found goes in only when a second person agrees
    is_of_name: bool = False  # a name is wrong, in whichever row: told where the name stands


def names_nothing(model: type[models.Model]) -> str:
    """What is said of a name that no row has."""
    template = _("{column} “{value}” names no %(model)s that exists. Check it, or add it first.")
    return template % {"model": model._meta.verbose_name}
