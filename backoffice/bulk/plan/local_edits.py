"""Fields that a person edited after the last import: a file leaves them alone until released."""

from collections import Counter
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from backoffice.audit.models import ChangeSet
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.sql_names import cell
from backoffice.bulk.plan.planner import Planner
from backoffice.bulk.read.staging_file import StagingFile
from backoffice.bulk.sql.dialects import rows_of
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.values.cell_origins import origin_of
from backoffice.bulk.values.faults import Fault, display_value

Source = ChangeSet.Source
BY_FILE = (Source.IMPORT, Source.UNDO)
BY_HAND = (Source.FORM, Source.ACTION)


@dataclass(frozen=True)
class LocalEdits:
    """Finds the values that stay in the rows of a plan that would change."""

    planner: Planner
    released: tuple[str, ...]

    def preserve(self, cursor: CursorWrapper, staging_file: StagingFile) -> dict[str, int]:
        """Mark them in the plan and report each; how many there are, by column."""
        if not self._ownable():
            return {}
        plan = self.planner.tables.plan
        cursor.execute(
            f"UPDATE {plan} SET preserved = q.preserved, "
            "state = CASE WHEN q.rest THEN 'u' ELSE 'e' END "
            f"FROM ({self._edited_rows()}) q WHERE q.row_no = {plan}.row_no AND q.preserved <> 0"
        )
        return self._report(staging_file) if cursor.rowcount else {}

    def _ownable(self) -> list[Column]:
        """The columns that change rows, are in their history, and are not released."""
        layout = self.planner.layout
        recorded = {f.column for f in layout.model.history.model._meta.concrete_fields}
        columns = (c for c in layout.written if c.column_name not in self.released)
        return [column for column in columns if layout.attname(column) in recorded]

    def _edited_rows(self) -> str:
        layout, tables = self.planner.layout, self.planner.tables
        changed, edits = {c: layout.changes(c) for c in layout.written}, Edits(layout)
        owned = self._owned(edits)
        preserved = " + ".join(
            f"CASE WHEN {changed[c]} AND {owned[c]} THEN {layout.preserved_bit(c)} ELSE 0 END"
            for c in owned
        )
        left = [f"({changed[c]} AND NOT {owned[c]})" if c in owned else changed[c] for c in changed]
        rest = " OR ".join([*left, *layout.besides])
        # Few rows were edited, mostly none: these are found first, each by its own versions.
        return f"""
            WITH edited AS MATERIALIZED (
              SELECT p.row_no FROM {tables.plan} p
              WHERE p.state = 'u' AND {edits.may_own("p.target_id")})
            SELECT s.row_no, {preserved} AS preserved, ({rest}) AS rest
            FROM edited e JOIN {tables.plan} p ON p.row_no = e.row_no
            JOIN {tables.stage} s ON s.row_no = e.row_no {layout.joins}"""

    def _owned(self, edits: "Edits") -> dict[Column, str]:
        """SQL, by column: a person entered what is stored there."""
        layout = self.planner.layout
        owned = {c: edits.owned(layout.attname(c)) for c in self._ownable()}
        policy, back = layout.resource.missing_rows, layout.returning
        if not (policy and back):
            return owned
        # A withdrawal is a status and a day: who entered one of them by hand meant both, and
        # who releases one of them releases both.
        parts = [c for c in owned if c.attribute in policy.returns]
        is_released = not policy.returns.keys().isdisjoint(self.released)
        either = " OR ".join(owned[c] for c in parts)
        for column in parts:
            is_own = "1=0" if is_released else f"({either})"
            owned[column] = f"(CASE WHEN {back} THEN {is_own} ELSE {owned[column]} END)"
        return owned

    def _report(self, staging_file: StagingFile) -> dict[str, int]:
        layout, tables = self.planner.layout, self.planner.tables
        columns = self._ownable()
        is_back = f"CASE WHEN {layout.returning or '1=0'} THEN 1 ELSE 0 END"
        cells = ", ".join(
            f"{'NULL' if c in layout.implied else cell(c.column_name)}, {layout.stored(c)}"
            for c in columns
        )
        counts: Counter[str] = Counter()
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                f"SELECT {self.planner.reported_row}, p.line_no, p.preserved, s.raws, {is_back}, "
                f"{cells} "
                f"FROM {tables.plan} p JOIN {tables.stage} s ON s.row_no = p.row_no "
                f"{layout.joins} WHERE p.preserved <> 0 ORDER BY p.row_no"
            )
            for row, line, preserved, noted, back, *values in rows_of(cursor):
                origin, template = origin_of(noted), _template(is_back=bool(back))
                for column, incoming, stored in zip(
                    columns, values[::2], values[1::2], strict=True
                ):
                    if preserved & layout.preserved_bit(column):
                        name = column.column_name
                        counts[name] += 1
                        fault = preserved_edit_warning(template, display_value(stored))
                        value = origin.cells.get(name, display_value(incoming))
                        staging_file.add_fault(fault, line, row, name, value, origin)
        return dict(counts)


def _template(*, is_back: bool) -> str:
    if is_back:
        return _(
            "{column} stays {other}, which was entered by hand since the last import: this person "
            "is not made active again. Release the column to take them back."
        )
    return _(
        "{column} “{value}” is not taken: {other} was entered by hand since the last import. "
        "Release the column to take the file's."
    )


def preserved_edit_warning(template: str, stored: str) -> Fault:
    """The warning that a stored value stays, which the template names as `{other}`."""
    other = _("“%(value)s”") % {"value": stored} if stored else _("a blank")
    return Fault("local_edit_kept", template, is_warning=True, other=other)


class Edits:
    """SQL that finds what a person entered in stored rows that came by a file."""

    # No joins: planned for many rows, they would read the whole history for each row.

    def __init__(self, layout: Layout) -> None:
        self.history = layout.model.history.model._meta.db_table
        self.differs = layout.dialect.differs

    def may_own(self, row: str) -> str:
        """SQL: a person wrote this row after a file did."""
        versions = f"FROM {self.history} x WHERE x.id = {row}"
        by_hand = f"SELECT max(x.history_id) {versions} AND {_is_by('x', BY_HAND)}"
        by_file = f"SELECT min(x.history_id) {versions} AND {_is_by('x', BY_FILE)}"
        return f"({by_hand}) > ({by_file})"

    def owned(self, column: str) -> str:
        """SQL: a person entered what a stored row `t` has here, after a file left another value."""
        earlier = f"FROM {self.history} x WHERE x.id = h.id AND x.history_id < h.history_id"
        left = f"{earlier} AND {_is_by('x', BY_FILE)} ORDER BY x.history_id DESC LIMIT 1"
        before = f"SELECT x.{column} {earlier} ORDER BY x.history_id DESC LIMIT 1"
        # A later version counts only where it has another value in this column: files may have
        # written other columns since.
        later = f"FROM {self.history} x WHERE x.id = h.id AND x.history_id > h.history_id"
        return (
            f"EXISTS (SELECT 1 FROM {self.history} h WHERE h.id = t.id AND {_is_by('h', BY_HAND)} "
            f"AND {self.differs(f'h.{column}', f'({before})')} "
            f"AND EXISTS (SELECT 1 {left}) "
            f"AND {self.differs(f't.{column}', f'(SELECT x.{column} {left})')} "
            f"AND NOT EXISTS (SELECT 1 {later} AND {self.differs(f'x.{column}', f'h.{column}')}))"
        )


def _is_by(version: str, sources: tuple[str, ...]) -> str:
    """SQL: the version came by one of these ways."""
    named = ", ".join(f"'{source}'" for source in sources)
    # Files of the demo school are files, too.
    source = (
        f"SELECT CASE WHEN c.source = '{Source.DEMO}' AND c.batch IS NOT NULL "
        f"THEN '{Source.IMPORT}' ELSE c.source END "
        f"FROM {ChangeSet._meta.db_table} c WHERE c.id = {version}.change_set_id"
    )
    return f"({source}) IN ({named})"
