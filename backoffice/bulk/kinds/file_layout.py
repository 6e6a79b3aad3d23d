"""What a kind's hooks may ask of the file that is read: its columns, and SQL for their values."""

from collections.abc import Sequence
from typing import Any, Protocol

from backoffice.bulk.kinds.column import Column


class Comparison(Protocol):
    """How the database compares two values of which either may be blank."""

    def differs(self, left: str, right: str) -> str:
        """SQL: the two are not the same."""
        ...


class FileLayout(Protocol):
    """The columns of a kind that a file has; `sql/layout.py` ties them to the model."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the file has."""
        ...

    @property
    def actor(self) -> Any:
        """Whose rights hold; None is the operator at the command line."""
        ...

    @property
    def has_reason(self) -> bool:
        """Whether the import says why."""
        ...

    @property
    def dialect(self) -> Comparison:
        """How the database compares."""
        ...

    @property
    def columns(self) -> Sequence[Column]:
        """The kind's own columns that stand in the file."""
        ...

    @property
    def own(self) -> Sequence[Column]:
        """Those that may change an existing row: all but the key."""
        ...

    @property
    def written(self) -> Sequence[Column]:
        """Those that an update writes, each foreign key once."""
        ...

    def incoming(self, column: Column) -> str:
        """SQL: the value that the file gives this column."""
        ...

    def update_value(self, column: Column) -> str:
        """SQL, beside a plan: what an update writes."""
        ...

    def base_of(self, column: Column) -> Column | None:
        """The column that tells what this one held when the file was exported."""
        ...
