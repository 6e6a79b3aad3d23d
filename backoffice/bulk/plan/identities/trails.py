"""What changed rows leave behind, such as former names: written beside them, in one transaction."""

from datetime import datetime
from typing import Any

from django.db.backends.utils import CursorWrapper

from backoffice.bulk.kinds.column import field_at
from backoffice.bulk.kinds.resource import Trail
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.plan.writer import constant, default_of


def leave_trail(cursor: CursorWrapper, planner: Planner, trail: Trail, moment: datetime) -> None:
    """Write the trail of the rows that a plan changes; a value left once more changes hands."""
    model, tables = trail.resource.model(), planner.tables
    owner, value = (str(field_at(model, name).column) for name in (trail.reference, trail.field))
    table = model._meta.db_table
    rows = f"FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no WHERE p.state = 'u'"
    cursor.execute(
        f"UPDATE {table} AS f SET {owner} = q.owner FROM (SELECT p.target_id AS owner, "
        f"{trail.value} AS value {rows}) q WHERE f.{value} = q.value AND f.{owner} <> q.owner"
    )
    known = {owner: "p.target_id", value: trail.value}
    params: list[Any] = []
    for field in model._meta.concrete_fields:
        if not (field.primary_key or field.generated or field.column in known):
            sql, own = constant(planner.layout.dialect, field, default_of(field, moment))
            known[str(field.column)] = sql
            params += own
    there = f"SELECT 1 FROM {table} f WHERE f.{value} = {trail.value}"
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(known)}) SELECT {', '.join(known.values())} {rows} "
        f"AND NOT EXISTS ({there})",
        params,
    )
