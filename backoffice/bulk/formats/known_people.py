"""Who is stored with a name already: a name that a format can only guess does not replace it."""

from functools import cached_property

from backoffice.bulk.kinds.resource import kinds


class KnownPeople:
    """The students with a name, looked up once and only where a file makes somebody guess."""

    def has_name(self, student_id: str) -> bool:
        return student_id in self._named

    @cached_property
    def _named(self) -> frozenset[str]:
        rows = kinds["users"].exportable().exclude(first_name="", last_name="")
        return frozenset(rows.order_by().values_list("student_id", flat=True).iterator())
