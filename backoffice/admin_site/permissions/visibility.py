"""Who sees which rows: every list, form, popup, history and export starts from here.

A model says in `course_path` where its course is ("" for the course itself, "assessment__course"
for a submission), and in `person_path` whose data a row is: a look at that is recorded.
"""

from collections.abc import Callable, Hashable
from typing import Any, Self, TypeVar

from django.contrib.admin.utils import get_fields_from_path
from django.db import models
from django.db.models import Q

from backoffice.admin_site.permissions import roles

Rows = TypeVar("Rows", bound=models.QuerySet[Any])
Model = type[models.Model]


class VisibleQuerySet(models.QuerySet):
    """A queryset that knows what a person may see."""

    def visible_to(self, user: roles.Actor) -> Self:
        """The rows this person may see."""
        return permitted(self, user, "view")

    def permitted_to(self, user: roles.Actor, verb: str) -> Self:
        """The rows this person may view, change, delete, export… according to the roles' table."""
        return permitted(self, user, verb)


def offered(rows: Rows) -> Rows:
    """Those of the rows that lists, choices and files offer: see `Audited.offered_where`."""
    condition = getattr(rows.model, "offered_where", Q())
    return rows.filter(condition) if condition else rows


def permitted(rows: Rows, user: roles.Actor, verb: str) -> Rows:
    """Those of the rows with which the person may do this."""
    return within(rows, user, verb, rows.model)


def within(rows: Rows, user: roles.Actor, verb: str, subject: Model) -> Rows:
    """Those of the rows that lie where the person may do this with a `subject`.

    For a question's assessment: `within(assessments, user, "add", Question)`.
    """
    if not user.is_active:
        return rows.none()
    if user.is_superuser:
        return rows
    grants = roles.grants(user, verb, subject)
    is_place = rows.model is not subject
    boundless = {"*", *OF_THE_ROW} if is_place else {"*"}
    if any(grant.scope in boundless for grant in grants):
        return rows
    if not grants:
        return rows.none()
    condition = Q()
    for grant in grants:
        scope = PLACES.get(grant.scope, grant.scope) if is_place else grant.scope
        condition |= SCOPES[scope](rows.model, user, grant.role)
    rows = rows.filter(condition)
    return _of_others(rows, user) if _marks(subject, verb) else rows


def reach(user: roles.Actor, verb: str, subject: Model) -> Hashable:
    """What an answer of `within()` depends on: verbs of the same reach are one question."""
    scopes = frozenset((grant.role, grant.scope) for grant in roles.grants(user, verb, subject))
    return scopes, _marks(subject, verb)


def _marks(subject: Model, verb: str) -> bool:
    """Whether doing this is marking somebody's work."""
    # Points for a criterion are marks too, and those are added.
    marked = any(grant.verb == "grade" for grant in roles.grants_of(subject._meta.label_lower))
    return marked and verb in ("grade", "add")


def _of_others(rows: Rows, user: roles.Actor) -> Rows:
    # Nobody grades their own work.
    path = getattr(rows.model, "person_path", "")
    return rows.exclude(**{path: user.pk}) if path else rows


def is_permitted(
    instance: models.Model, user: roles.Actor, verb: str, subject: Model | None = None
) -> bool:
    """Whether the person may do this with this stored row, or with a `subject` that lies there."""
    rows = type(instance)._base_manager.filter(pk=instance.pk)
    allowed = within(rows, user, verb, subject or rows.model)
    # Unchanged rows mean no condition: nothing to ask the database.
    return allowed is rows or allowed.exists()


def _own(model: Model, user: roles.Actor, role: str) -> Q:
    path = getattr(model, "course_path", None)
    if path is None:
        return Q(pk__in=[])
    condition = Q(**{f"{path}__in" if path else "pk__in": roles.own_courses(user, role)})
    fields = get_fields_from_path(model, path) if path else []
    if not any(field.one_to_many or field.many_to_many for field in fields):
        return condition
    # One person is in many courses: a join would show the person as many times.
    return Q(pk__in=model._base_manager.filter(condition).values("pk"))


def _students(model: Model, user: roles.Actor, role: str) -> Q:
    path = getattr(model, "person_path", "")
    return Q(**{f"{path}__role" if path else "role": roles.STUDENT})


def _authored(model: Model, user: roles.Actor, role: str) -> Q:
    return Q(**{getattr(model, "author_path", "author"): user.pk})


def _uploaded(model: Model, user: roles.Actor, role: str) -> Q:
    return Q(uploaded_by=user.pk)


def _held(model: Model, user: roles.Actor, role: str) -> Q:
    return Q(state="held")  # what waits for a second person


def _merging(model: Model, user: roles.Actor, role: str) -> Q:
    return Q(action__in=("merge", "undo_merge"))  # of students' records: see users/merging


def _party(model: Model, user: roles.Actor, role: str) -> Q:
    condition = Q()
    for path in getattr(model, "party_paths", ("sender", "recipient")):
        condition |= Q(**{path: user.pk})
    return condition


def _draft(model: Model, user: roles.Actor, role: str) -> Q:
    return _own(model, user, role) & Q(status="draft")


def _open(model: Model, user: roles.Actor, role: str) -> Q:
    # A grade that is final is the instructor's alone.
    path = getattr(model, "submission_path", "")
    return _own(model, user, role) & ~Q(**{f"{path}__status" if path else "status": "finalized"})


# What these say is about the row itself: they limit no place in which it may lie.
OF_THE_ROW = ("authored", "uploaded", "held", "merging", "party")
# These say something about the row besides its course; the place need only be one's own.
PLACES = {"draft": "own", "open": "own"}
SCOPES: dict[str, Callable[[Model, roles.Actor, str], Q]] = {
    "own": _own,
    "students": _students,
    "authored": _authored,
    "uploaded": _uploaded,
    "held": _held,
    "merging": _merging,
    "party": _party,
    "draft": _draft,
    "open": _open,
}
