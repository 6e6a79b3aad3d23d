"""The rows of a kind and the columns that a user may export."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext as _

from backoffice.admin_site.permissions.roles import may, visible_fields
from backoffice.admin_site.permissions.visibility import permitted
from backoffice.bulk.kinds.column import Column, fields_along
from backoffice.bulk.kinds.resource import ImportKind, exported_kinds, kinds
from backoffice.bulk.values.refusals import ExportRefused


@dataclass(frozen=True)
class Selection:
    """Rows of a kind and the columns of the file they go into.

    `user` is None for the operator at the command line; `course` is code and presentation of the
    one course that was chosen.
    """

    resource: type[ImportKind]
    rows: models.QuerySet[Any]
    columns: tuple[Column, ...]
    user: Any = None
    course: tuple[str, ...] = ()

    @classmethod
    def of_all(cls, resource: type[ImportKind]) -> Self:
        return cls(resource, resource.exportable(), tuple(resource.exported_columns()))

    @classmethod
    def for_user(cls, resource: type[ImportKind], user: Any) -> Self:
        rows = permitted(resource.exportable(), user, "export")
        return cls(resource, rows, tuple(visible_columns(resource, user)), user)

    @property
    def header(self) -> list[str]:
        return [column.header for column in self.columns]

    @property
    def fields(self) -> list[models.Field]:
        model = self.resource.model()
        return [column.model_field(model) for column in self.columns]

    @property
    def ordered(self) -> models.QuerySet[Any]:
        return self.rows.order_by(*self.resource.export_order())

    def of_course(self, course: str, presentation: str, *, may_be_empty: bool = False) -> Self:
        """The rows of one course, or all of them where none is named.

        Raises ExportRefused for a kind without courses, for half a course, and for a course without
        rows unless it may be empty.
        """
        if not course and not presentation:
            return self
        _refuse_without_courses(self.resource)
        paths = self.resource.course_paths()
        if not (course and presentation):
            raise ExportRefused(_("Give both a course code and a presentation."))
        named = (course, presentation)
        chosen = self.rows.filter(**dict(zip(paths, named, strict=True)))
        if not (may_be_empty or chosen.exists()):
            raise nothing_of(named)
        return replace(self, rows=chosen, course=named)

    def of_courses(self, courses: Sequence[models.Model], *, may_be_empty: bool = False) -> Self:
        """The rows of these courses, or all of them where none is named.

        Raises ExportRefused as `of_course` does.
        """
        names = [tuple(str(part) for part in each.natural_key()) for each in courses]  # type: ignore[attr-defined]  # of the courses
        if len(names) < 2:
            return self.of_course(*(names[0] if names else ("", "")), may_be_empty=may_be_empty)
        _refuse_without_courses(self.resource)
        reference = self.resource.course_paths()[0].rpartition("__")[0]
        chosen = self.rows.filter(**{f"{reference or 'pk'}__in": [each.pk for each in courses]})
        if not chosen.exists():
            raise ExportRefused(_("There is nothing to export for these courses."))
        return replace(self, rows=chosen)

    def related_rows(self, kind: str) -> models.QuerySet[Any]:
        """The rows of another kind in the selected course, as far as the user sees them."""
        paths, rows = kinds[kind].course_paths(), kinds[kind].exportable()
        visible = rows if self.user is None else permitted(rows, self.user, "view")
        return visible.filter(**dict(zip(paths, self.course, strict=True)))

    def among(self, listed_rows: models.QuerySet[Any]) -> Self:
        lookup = self.resource.listed or "pk"
        chosen = self.rows.filter(**{f"{lookup}__in": listed_rows.order_by().values("pk")})
        return replace(self, rows=chosen)


def _refuse_without_courses(resource: type[ImportKind]) -> None:
    if not resource.course_paths():
        message = _("The rows of a file of %(kind)s belong to no course. Choose no course.")
        raise ExportRefused(message % {"kind": resource.label})


def course_reference() -> models.ForeignKey[Any, Any]:
    """The foreign key by which the rows of some kind belong to a course."""
    paths = ((resource, resource.course_paths()) for resource in kinds.values())
    steps = [list(fields_along(each.model(), own[0])) for each, own in paths if own]
    reference = min((each for each in steps if len(each) > 1), key=len)[-2]
    assert isinstance(reference, models.ForeignKey)
    return reference


def nothing_of(course: tuple[str, ...]) -> ExportRefused:
    message = _("There is nothing to export for course %(course)s, presentation %(presentation)s.")
    return ExportRefused(message % dict(zip(("course", "presentation"), course, strict=True)))


def visible_columns(resource: type[ImportKind], user: Any) -> list[Column]:
    return [
        column
        for column in resource.exported_columns()
        if all(
            (visible := visible_fields(user, field.model)) is None or field.name in visible
            for field in fields_along(resource.model(), column.attribute)
        )
    ]


def exportable_kinds(user: Any) -> dict[str, type[ImportKind]]:
    allowed = exported_kinds(lambda model: may(user, "export", model))
    return {name: resource for name, resource in allowed.items() if visible_columns(resource, user)}
