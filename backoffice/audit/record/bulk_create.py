"""Many new rows at once, some thousand to a statement.

Nothing is checked but by the database, which also writes the history: this is for rows a program
makes, not for what people type.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)
CHUNK = 1_000


def create_all(rows: Iterable[Row]) -> list[Row]:
    """Store new rows of one model; returns them with their keys."""
    made = list(rows)
    return type(made[0])._base_manager.bulk_create(made, batch_size=CHUNK) if made else []
