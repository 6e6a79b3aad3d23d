"""“Did you mean HIS210?”: the stored name that is nearest to one that names nothing.

Looked for when faults are reported, once for each unknown name and for few of them, among few
stored names: those of the same course, or with the same beginning, where there are many. Nobody
sees a name here that they may not see elsewhere.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.visibility import permitted
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column
from backoffice.bulk.kinds.header_names import nearest
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.sql.references import Reference
from backoffice.bulk.values.cells import plain_word

MOST_NAMES = 50  # unknown ones of a file for which a near one is looked for
MOST_CANDIDATES = 2_000
CLOSENESS = 0.75
BEGINNING = 2  # characters that are the same, where there are more candidates
Staged = Mapping[str, object]


class NearNames:
    """Finds near names for the unknown ones of one plan."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.known: dict[tuple[object, ...], str] = {}

    @cached_property
    def _references(self) -> dict[str, tuple[Reference, int]]:
        """By column, the reference of which it is a part, and which one."""
        people = kinds["users"]
        # Students are found by their near doubles, see the checks.
        doubles = (people.model(), *people.attributes("student_id"))
        return {
            column.column_name: (reference, at)
            for reference in self.layout.references
            for at, (target, column) in enumerate(reference.parts)
            if (reference.field.related_model, target) != doubles
        }

    def hint(self, check: Check, staged: Staged) -> str:
        """A sentence with the near name, blank without one; `staged` are the row's values."""
        if not (check.is_of_name and check.code.startswith("unknown_")):
            return ""
        if check.column not in self._references:
            return ""
        filters = dict(self._filters(check.column, staged))
        name = str(staged.get(check.column) or "")
        key = (check.column, name, *filters.items())
        if key not in self.known:
            if len(self.known) >= MOST_NAMES:
                return ""
            self.known[key] = self._nearest(check.column, name, filters)
        near = self.known[key]
        return " " + _("Did you mean “%(name)s”?") % {"name": near} if near else ""

    def _filters(self, name: str, staged: Staged) -> Iterator[tuple[str, object]]:
        """What else the row says of the same referred row, as conditions of a query."""
        reference, at = self._references[name]
        beside: list[Column] = [column for _target, column in reference.parts[:at]]
        for column in [*beside, *reference.narrowing]:
            value = staged.get(column.column_name)
            if value not in (None, ""):
                yield column.target, value

    def _nearest(self, column: str, name: str, filters: Mapping[str, object]) -> str:
        reference, at = self._references[column]
        target, _column = reference.parts[at]
        rows = self._visible(reference.field.related_model).filter(**filters)
        candidates = self._candidates(rows, target, name)
        by_word = {plain_word(each): each for each in candidates}
        return by_word.get(nearest(plain_word(name), by_word, CLOSENESS), "")

    def _candidates(self, rows: models.QuerySet[Any], target: str, name: str) -> list[str]:
        names = rows.order_by(target).values_list(target, flat=True).distinct()
        candidates = list(names[: MOST_CANDIDATES + 1])
        if len(candidates) > MOST_CANDIDATES:
            alike = names.filter(**{f"{target}__istartswith": name[:BEGINNING]})
            candidates = list(alike[:MOST_CANDIDATES])
        return candidates

    def _visible(self, model: type[models.Model]) -> models.QuerySet[Any]:
        every, actor = model._base_manager.all(), self.layout.actor
        return every if actor is None else permitted(every, actor, "view")
