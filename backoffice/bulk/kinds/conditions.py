"""Compiles the condition of a rule (a Q) to SQL over staged rows instead of the model's table."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query

Sql = tuple[str, tuple[Any, ...]]  # parameters of any type that the driver takes
Columns = Mapping[str, tuple[str, models.Field]]


def is_false(condition: models.Q, columns: Columns) -> Sql:
    """SQL that is true where the condition is false.

    `columns` has the SQL and the model field of each name in the condition.
    """
    # NULL passes, as in a check constraint.
    sql, params = is_true(condition, columns)
    return f"({sql}) IS FALSE", params


def is_true(condition: models.Q, columns: Columns) -> Sql:
    """SQL of the condition, compiled like the model's own constraints and partial indexes."""
    query = Query(None)
    for name, (sql, field) in columns.items():
        query.add_annotation(
            RawSQL(_as_number(sql, field), (), output_field=field), name, select=False
        )
    query.add_q(condition)
    compiled, params = query.get_compiler(connection=connection).compile(query.where)
    return compiled, tuple(params)


def _as_number(sql: str, field: models.Field) -> str:
    # SQLite compares an expression without a type with a parameter as texts.
    return f"CAST({sql} AS numeric)" if isinstance(field, models.DecimalField) else sql


def literal(value: object) -> str:
    """A constant as SQL text, for places that take no parameter."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''").replace("%", "%%") + "'"
    return "NULL" if value is None else str(value)


def with_literals(sql: Sql) -> str:
    """SQL text with the parameters written into it."""
    return sql[0] % tuple(map(literal, sql[1]))
