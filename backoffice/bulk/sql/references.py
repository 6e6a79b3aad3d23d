"""Foreign keys that a file gives by what people call the row they point to.

Aliases as in `layout`: `s` the staged rows, `r_<foreign key>` the row a reference points to.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models

from backoffice.bulk.kinds.column import Column


@dataclass(frozen=True)
class Reference:
    """A foreign key given by the natural key of the row it points to."""

    field: models.ForeignKey
    parts: tuple[tuple[str, Column], ...]
    narrowing: tuple[Column, ...] = ()
    is_by_part: bool = False  # the parts alone may name several rows
    newest: str = ""  # the field that numbers versions; a file speaks of the last
    among: str = ""  # SQL of the ids of the rows it may speak of; blank means all of them

    @property
    def alias(self) -> str:
        """The SQL alias of the referred row."""
        return f"r_{self.field.name}"

    @property
    def table(self) -> str:
        """The table of the referred rows."""
        return self.field.related_model._meta.db_table

    @property
    def join(self) -> str:
        """SQL: find the referred row of a staged row."""
        match = [f"{self.alias}.{target} = s.c_{c.column_name}" for target, c in self.parts]
        if not self.is_by_part:
            return f"LEFT JOIN {self.table} {self.alias} ON {' AND '.join(match)}"
        match += [f'{self.alias}."{c.target}" = s.c_{c.column_name}' for c in self.narrowing]
        if len(self.narrowing) < len(self.naming_paths):
            match.append(f"{self.alias}.namesakes = 1")
        return f"LEFT JOIN {self.named_rows} {self.alias} ON {' AND '.join(match)}"

    @property
    def naming_paths(self) -> tuple[str, ...]:
        """The paths from the referred row to what tells it from its namesakes."""
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
        """SQL: the rows that a file may speak of."""
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
        """SQL: the staged row names something."""
        return " AND ".join(
            f"s.c_{column.column_name} IS NOT NULL" for _target, column in self.parts
        )


def _naming_paths(model: type[models.Model], known: set[str]) -> Iterator[str]:
    """The parts of a natural key that are not given, each as the way to a plain field."""
    for name in model.natural_key_fields:
        field = model._meta.get_field(name)
        if field.is_relation and name not in known:
            yield from (f"{name}__{path}" for path in _naming_paths(field.related_model, set()))
        elif name not in known:
            yield name
