"""Carries out the plan of a merge, in one transaction and under one change set."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from backoffice.apps.users.merging.plan import Choices, Deletion, MergePlan, Move, Rewrite, plan_of
from backoffice.apps.users.models import FormerStudentID, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording

AT_ONCE = 1_000  # keys in one statement
# By table and key, what history leaves out of a row that goes: an undo gives it back.
Unrecorded = dict[str, dict[str, dict[str, str]]]


def locked_pair(survivor: int, duplicate: int) -> tuple[User, User]:
    """Both records, locked against every other change of them.

    A row that somebody is adding meanwhile is not seen: the health page names it (late_rows.py).
    Raises ValidationError unless both are students' records that are still in use.
    """
    rows = User._base_manager.select_for_update().order_by("pk")
    people = {person.pk: person for person in rows.filter(pk__in=(survivor, duplicate))}
    pair = people[survivor], people[duplicate]
    refuse_unfit(*pair)
    return pair


def refuse_unfit(survivor: User, duplicate: User) -> None:
    """Raise ValidationError for what is no pair of students' records in use."""
    if survivor.pk == duplicate.pk:
        message = _("This is one record already. Choose the other one of the two.")
        raise ValidationError(message, code="same_record")
    for person in (survivor, duplicate):
        if person.role != User.Role.STUDENT or person.is_staff:
            message = _("%(person)s is not a student. Only the records of students are merged.")
            raise ValidationError(message % {"person": person}, code="not_a_student")
        if person.merged_into_id is not None:
            message = _("%(person)s was merged into another record already.")
            raise ValidationError(message % {"person": person}, code="merged")


def merge(
    survivor: int, duplicate: int, choices: Choices, reason: str, agreed: dict[str, str]
) -> tuple[int, Unrecorded]:
    """Merge; returns the number of the change set, and what its history leaves out.

    `agreed` are the digests of what was asked for. Raises ValidationError where something is in
    the policy, or is not any more what was agreed to.
    """
    with recording(source=ChangeSet.Source.ACTION, reason=reason) as record:
        plan = plan_of(*locked_pair(survivor, duplicate), choices, lock=True)
        refuse_obstacles(plan)
        refuse_other_than(agreed, plan)
        unrecorded = _unrecorded(plan)
        for step in plan.steps:
            _carry_out(step)
        _lead_on(plan)
        return record.change_set_id, unrecorded


def _lead_on(plan: MergePlan) -> None:
    """The ID of the emptied record leads to the survivor."""
    # First it is a former one of the record that had it: its history says so to whoever forgets.
    former, _is_new = FormerStudentID.objects.get_or_create(
        student_id=plan.duplicate.student_id, defaults={"user": plan.duplicate}
    )
    FormerStudentID.objects.filter(pk=former.pk).update(user=plan.survivor)


def refuse_obstacles(plan: MergePlan) -> None:
    """Raise ValidationError that names all that has to be decided first."""
    if plan.obstacles:
        first = _("Nothing is merged before this is decided:")
        raise ValidationError([first, *(each.message for each in plan.obstacles)], code="open")


def refuse_other_than(agreed: dict[str, str], plan: MergePlan) -> None:
    """Raise ValidationError where what two people agree to changed since one asked for it."""
    current = plan.digests
    changed = [key for key in agreed.keys() | current.keys() if _differs(key, agreed, current)]
    if not changed:
        return
    by_key = {each.key: each.target for each in plan.foldings}
    names = [str(by_key.get(key) or plan.survivor) for key in sorted(changed)]
    message = _(
        "This changed since it was asked for: %(names)s. Refuse the request, look at the two "
        "records again, and ask for it anew."
    )
    raise ValidationError(message % {"names": "; ".join(names)}, code="stale")


def _differs(key: str, agreed: dict[str, str], current: dict[str, str]) -> bool:
    # What was open when it was asked for is decided since.
    return agreed.get(key) != "" and agreed.get(key) != current.get(key)


def _carry_out(step: Any) -> None:
    if isinstance(step, Deletion):
        type(step.row)._base_manager.filter(pk=step.row.pk).delete()
    elif isinstance(step, Rewrite):
        type(step.row)._base_manager.filter(pk=step.row.pk).update(**step.values)
    elif isinstance(step, Move):
        keys = [row.pk for row in step.rows]
        for at in range(0, len(keys), AT_ONCE):
            rows = step.reference.model._base_manager.filter(pk__in=keys[at : at + AT_ONCE])
            rows.update(**{step.reference.name: step.target})


def _unrecorded(plan: MergePlan) -> Unrecorded:
    values: Unrecorded = {}
    for row in (step.row for step in plan.steps if isinstance(step, Deletion)):
        fields = {each.name: each.value_to_string(row) for each in unrecorded_fields(type(row))}
        values.setdefault(row._meta.label_lower, {})[str(row.pk)] = fields
    return values


def unrecorded_fields(model: Any) -> list[models.Field]:
    """The columns of a model that its history leaves out."""
    recorded = {each.name for each in model.history.model._meta.concrete_fields}
    fields = model._meta.concrete_fields
    return [each for each in fields if not (each.name in recorded or each.generated)]
