"""Foreign keys that a file gives by the natural key of the row they point to; aliases as in
`layout`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models

from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.sql_names import cell


@dataclass(frozen=True)
class Reference:
    """A foreign key given by the natural key of the row it points to."""

    field: models.ForeignKey
    parts: tuple[tuple[str, Column], ...]
    narrowing: tuple[Column, ...] = ()  # columns that tell rows of the same name apart
    is_by_part: bool = False  # the parts alone may name several rows
    newest: str = ""  # the field that numbers versions; a file means the last one
    among: str = ""  # SQL: the ids of the rows it may mean; blank means all of them

    @property
    def alias(self) -> str:
        return f"r_{self.field.name}"

    @property
    def table(self) -> str:
        return self.field.related_model._meta.db_table

    @property
    def join(self) -> str:
        """SQL: find the referred row of a staged row."""
        match = [f"{self.alias}.{target} = {cell(c.column_name)}" for target, c in self.parts]
        if not self.is_by_part:
            return f"LEFT JOIN {self.table} {self.alias} ON {' AND '.join(match)}"
        match += [f'{self.alias}."{c.target}" = {cell(c.column_name)}' for c in self.narrowing]
        # Without all columns that tell rows apart, a name counts where one row has it.
        if len(self.narrowing) < len(self.naming_paths):
            match.append(f"{self.alias}.namesakes = 1")
        return f"LEFT JOIN {self.named_rows} {self.alias} ON {' AND '.join(match)}"

    @property
    def naming_paths(self) -> tuple[str, ...]:
        """The paths from the referred row to the fields that tell it from its namesakes."""
        known = {self.newest, *(part for part, _column in self.parts)}
        return tuple(_naming_paths(self.field.related_model, known))

    @property
    def named_rows(self) -> str:
        """SQL: the rows with what tells them apart, and how many have the same name."""
        names = ", ".join(f"x.{target}" for target, _column in self.parts)
        heads = dict.fromkeys(path.partition("__")[0] for path in self.naming_paths)
        joins = "".join(self._joined(head) for head in heads)
        path_columns = "".join(
            f', {path.replace("__", "_x.", 1)} AS "{path}"' for path in self.naming_paths
        )
        return (
            f"(SELECT x.*{path_columns}, count(*) OVER (PARTITION BY {names}) AS namesakes "
            f"FROM {self.table} x{joins} WHERE {self._choice()})"
        )

    def _choice(self) -> str:
        """SQL: the condition for the rows that a file may mean."""
        tests = [f"x.id IN ({self.among})"] if self.among else []
        if self.newest:
            meta = self.field.related_model._meta
            names = set(meta.model.natural_key_fields) - {self.newest}
            columns = sorted(meta.get_field(name).column for name in names)
            same = " AND ".join(f"n.{column} = x.{column}" for column in columns)
            later = f"n.{self.newest} > x.{self.newest}"
            tests.append(f"NOT EXISTS (SELECT 1 FROM {self.table} n WHERE {same} AND {later})")
        return " AND ".join(tests) or "1=1"

    def _joined(self, head: str) -> str:
        field = self.field.related_model._meta.get_field(head)
        table = field.related_model._meta.db_table
        return f" JOIN {table} {head}_x ON {head}_x.id = x.{field.column}"

    @property
    def has_cells(self) -> str:
        """SQL: the staged row has all parts of the key."""
        return " AND ".join(f"{cell(c.column_name)} IS NOT NULL" for _target, c in self.parts)


def _naming_paths(model: type[models.Model], known: set[str]) -> Iterator[str]:
    """The parts of a natural key that are not known, each as a path to a plain field."""
    for name in model.natural_key_fields:
        field = model._meta.get_field(name)
        if field.is_relation and name not in known:
            yield from (f"{name}__{path}" for path in _naming_paths(field.related_model, set()))
        elif name not in known:
            yield name
