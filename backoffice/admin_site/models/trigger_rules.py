"""Rules and derived values that triggers keep, because a check constraint cannot.

A `TriggerRule` looks at other rows, and a `LenientRowRule` at its own. Both are asked of a new row,
and of one in which something changes that the rule speaks of: rows from before the rule stay, and
can be changed in everything else. What an undo brings back stood there before and is not asked.
A `DerivedColumn` has the value that follows from other columns, whoever writes the row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from backoffice.admin_site.models.rules import Message, RowRule


class LenientRowRule(RowRule):
    """A rule about one row that came when there were rows already, some of which may break it.

    A number in its condition is a `Value` with a field: SQLite compares a text with no number.
    """

    plain_path = "backoffice.admin_site.models.trigger_rules.LenientRowRule"

    def __init__(
        self,
        *,
        condition: models.Q,
        name: str,
        field: str = "",
        message: Message = "",
        code: str = "",
    ) -> None:
        super().__init__(field=field, condition=condition, name=name, message=message, code=code)

    # Any below: the schema editor of either database, which makes none: see triggers.py.
    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        return None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return None

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return None


@dataclass(frozen=True)
class TriggerRule:
    """What must hold between a row and others, asked when one of `watches` is written.

    `broken` is SQL, true of a row `{row}` that breaks it; `is_broken` says the same of an instance.
    The database does not ask it of a new row where that `comes_first`, before what it needs.
    """

    name: str
    field: str
    watches: tuple[str, ...]
    broken: str
    is_broken: Callable[[Any], bool]
    message: Message
    code: str
    comes_first: bool = False


@dataclass(frozen=True)
class DerivedColumn:
    """A column with the value of `value`, SQL over the row `{row}`.

    `watches` are the fields from which it follows, `sources` the foreign keys to rows with others:
    (("assessment", ("due_date",)),).
    """

    name: str
    field: str
    watches: tuple[str, ...]
    value: str
    sources: tuple[tuple[str, tuple[str, ...]], ...] = ()
