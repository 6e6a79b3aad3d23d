"""The file that is read, as the hooks of a kind see it: its columns, and SQL for their values."""

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import models

from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.conditions import Sql


class Comparison(Protocol):
    """Compares values of which either may be blank."""

    def differs(self, left: str, right: str) -> str:
        """SQL: the two are not the same."""


class FileLayout(Protocol):
    """The columns of a kind that a file has; `sql/layout.py` ties them to the model."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def actor(self) -> Any:
        """The person whose rights hold; None is the operator at the command line."""

    @property
    def has_reason(self) -> bool: ...

    @property
    def dialect(self) -> Comparison: ...

    @property
    def columns(self) -> Sequence[Column]:
        """The kind's own columns that the file has."""

    @property
    def own(self) -> Sequence[Column]:
        """The columns that may change a stored row: all but the key."""

    @property
    def written(self) -> Sequence[Column]:
        """The columns that an update writes, each foreign key once."""

    def incoming(self, column: Column) -> str:
        """SQL: the value that the file gives this column."""

    def update_value(self, column: Column) -> str:
        """SQL, beside a plan: the value that an update writes."""

    def importable(self, model: type[models.Model]) -> Sql:
        """SQL: the ids of the rows the person's role may bring in; blank means all of them."""

    def base_of(self, column: Column) -> Column | None:
        """The column with the value that this one had when the file was exported."""
