"""An outcome that withdraws or changes too much waits for a second person.

It is counted course by course, in percent of the stored rows; a kind without courses as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.kinds.column import field_at, related_model
from backoffice.bulk.models import Batch
from backoffice.bulk.plan.missing_rows import MissingRows
from backoffice.bulk.plan.planner import Planner

FEW = 20  # stored rows below which there is no limit
MOST_NAMED = 3


@dataclass(frozen=True)
class Share:
    """How many of a scope's stored rows an import would withdraw, and how many change."""

    scope: int | None
    stored: int
    changed: int
    withdrawn: int


def reasons_to_hold(
    cursor: CursorWrapper, batch: Batch, planner: Planner, missing_rows: MissingRows | None
) -> list[str]:
    """Why the outcome waits for a second person, in sentences; empty where it does not."""
    if not batch.updated + batch.withdrawn:
        return []
    shares = _shares(cursor, planner, missing_rows)
    # Which changes are withdrawals is asked only where it matters: it reads every staged row.
    if any(100 * (s.changed + s.withdrawn) > batch.max_withdrawn * s.stored for s in shares):
        shares = _shares(cursor, planner, missing_rows, *_withdrawn_by_row(planner))
    shares = [s for s in shares if s.stored >= FEW]
    reasons = [
        *_over_limit(shares, "withdrawn", batch.max_withdrawn, _("withdraws"), planner),
        *_over_limit(shares, "changed", batch.max_changed, _("changes"), planner),
    ]
    final = _held_rows(cursor, planner)
    if final:
        message = ngettext(
            "It replaces %(count)d final grade.", "It replaces %(count)d final grades.", final
        )
        reasons.append(message % {"count": final})
    return reasons


def _over_limit(
    shares: list[Share], name: str, most: float, verb: str, planner: Planner
) -> Iterator[str]:
    over = [s for s in shares if 100 * getattr(s, name) > most * s.stored]
    over.sort(key=lambda s: (-getattr(s, name) / s.stored, s.scope or 0))
    for share in over[:MOST_NAMED]:
        count = getattr(share, name)
        yield _(
            "It %(verb)s %(count)d of %(stored)d %(rows)s%(place)s: %(percent).1f %%, and at most "
            "%(most)g %% go in without a second person."
        ) % {
            "verb": verb,
            "count": count,
            "stored": share.stored,
            "rows": planner.layout.model._meta.verbose_name_plural,
            "place": _place(share, planner),
            "percent": 100 * count / share.stored,
            "most": most,
        }
    if len(over) > MOST_NAMED:
        further = len(over) - MOST_NAMED
        yield ngettext(
            "So it is with %(count)d more course.", "So it is with %(count)d more courses.", further
        ) % {"count": further}


def _place(share: Share, planner: Planner) -> str:
    path = planner.layout.resource.scope
    if share.scope is None or not path:
        return ""
    courses = related_model(planner.layout.model, path)._base_manager
    return _(" of %(course)s") % {"course": courses.get(pk=share.scope)}


def _shares(
    cursor: CursorWrapper,
    planner: Planner,
    missing_rows: MissingRows | None,
    withdrawn_sql: str = "0",
    stage_join: str = "",
) -> list[Share]:
    """By course, or of all rows. A changed row counts as withdrawn by `withdrawn_sql` alone."""
    table, plan = planner.layout.table, planner.tables.plan
    scope, join = _scope_of(planner)
    touched = (
        f"SELECT {scope} AS scope, count(*) AS changed, {withdrawn_sql} AS withdrawn FROM {plan} p "
        f"JOIN {table} t ON t.id = p.target_id {stage_join} {join} WHERE p.state = 'u' GROUP BY 1"
    )
    if missing_rows:
        touched += f" UNION ALL SELECT scope_id, 0, count(*) FROM {missing_rows.table} GROUP BY 1"
    cursor.execute(f"SELECT scope, sum(changed), sum(withdrawn) FROM ({touched}) x GROUP BY scope")
    rows = cursor.fetchall()
    stored = _stored(cursor, planner, [row[0] for row in rows])
    return [Share(s, stored[s], int(changed), int(withdrawn)) for s, changed, withdrawn in rows]


def _withdrawn_by_row(planner: Planner) -> tuple[str, str]:
    """SQL: how many rows are withdrawn because their own row says so, and the join it needs."""
    layout = planner.layout
    policy = layout.resource.missing_rows
    column = next((c for c in layout.written if policy and c.attribute == policy.by), None)
    if not (policy and column):
        return "0", ""
    value = layout.update_value(column)
    is_withdrawn = f"NOT ({policy.has_left}) AND {value} = {policy.changes[policy.by]}"
    stage_join = f"JOIN {planner.tables.stage} s ON s.row_no = p.row_no"
    return f"sum(CASE WHEN {is_withdrawn} THEN 1 ELSE 0 END)", stage_join


def _stored(
    cursor: CursorWrapper, planner: Planner, scopes: list[int | None]
) -> dict[int | None, int]:
    if not scopes:
        return {}
    scope, join = _scope_of(planner)
    where = "" if None in scopes else f"WHERE {scope} IN ({', '.join(map(str, scopes))})"
    cursor.execute(
        f"SELECT {scope}, count(*) FROM {planner.layout.table} t {join} {where} GROUP BY 1"
    )
    return dict(cursor.fetchall())


def _scope_of(planner: Planner) -> tuple[str, str]:
    """SQL: the course of a stored row `t`, and the join that leads there."""
    layout = planner.layout
    head, _separator, tail = layout.resource.scope.partition("__")
    if not head:
        return "CAST(NULL AS bigint)", ""
    column = field_at(layout.model, head).column
    if not tail:
        return f"t.{column}", ""
    other = related_model(layout.model, head)
    join = f"JOIN {other._meta.db_table} o ON o.id = t.{column}"
    return f"o.{field_at(other, tail).column}", join


def _held_rows(cursor: CursorWrapper, planner: Planner) -> int:
    """How many rows would change in a way that always takes two people."""
    mask = sum(planner.bit(check) for check in planner.checks if check.holds)
    if not mask:
        return 0
    cursor.execute(
        f"SELECT count(*) FROM {planner.tables.plan} WHERE state = 'u' AND flags & {mask} <> 0"
    )
    return int(cursor.fetchone()[0])
