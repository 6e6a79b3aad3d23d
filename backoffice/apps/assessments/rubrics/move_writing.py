"""A move to another rubric is written as one change set, and undone as one.

Locked are the assessment, its submissions in the order of their keys, and both rubrics.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
    RubricMove,
)
from backoffice.apps.assessments.models.rubrics import hold_rubric
from backoffice.apps.assessments.rubrics.moves import RubricMovePlan, plan_move
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import current_change_set_id, recording

GRADE = ("rubric", "computed_score", "score", "override_reason", "version")
MARK = ("criterion", "level", "points", "maximum")


class StaleMove(Exception):
    """The answer is not the one that was shown any more; `plan` is the one of now."""

    def __init__(self, plan: RubricMovePlan) -> None:
        super().__init__("The answer changed since it was shown.")
        self.plan = plan


class MovedSince(Exception):
    """The move cannot be undone: these grades changed since."""

    def __init__(self, works: Sequence[AssessmentSubmission]) -> None:
        super().__init__("Grades changed since the move.")
        self.works = works


def apply_move(
    assessment: Assessment, new: GradingRubric, digest: str, by: Any, reason: str
) -> RubricMove:
    """Move the assessment, and the marks of its work, to another rubric.

    `digest` is that of the plan that was shown. Raises StaleMove where it is another by now, and
    ValidationError for what is no move, and where the person's own work is among it.
    """
    with transaction.atomic(), recording(source=ChangeSet.Source.ACTION, reason=reason):
        plan = _locked_plan(assessment.pk, new)
        if plan.digest != digest:
            raise StaleMove(plan)
        if any(each.submission.student_id == by.pk for each in plan.works):
            message = _("Your own work is among it. Somebody else has to move the assessment.")
            raise ValidationError(message, code="self_graded")
        _write(plan)
        return RubricMove.objects.create(
            assessment=plan.assessment,
            old_rubric=plan.old,
            new_rubric=plan.new,
            moved_count=len(plan.works),
            incomplete_count=len(plan.incomplete),
            reason=reason,
            moved_by=by,
            moved_in=current_change_set_id(),
        )


def _locked_plan(key: int, new: GradingRubric) -> RubricMovePlan:
    assessment = _locked(key)
    refuse_move(assessment, new)
    # Submissions before rubrics, as whoever grades locks them; nobody edits what is compared.
    keys = AssessmentSubmission._base_manager.filter(assessment=key).order_by("pk")
    list(keys.select_for_update().values_list("pk"))
    for rubric in sorted((assessment.rubric_id or 0, new.pk)):
        hold_rubric(rubric)
    return plan_move(assessment, new)


def _locked(key: int) -> Assessment:
    # Not “no key”: work that comes in meanwhile would be marked by a rubric of before.
    rows = Assessment._base_manager.select_for_update(of=("self",)).select_related("rubric")
    return rows.get(pk=key)


def refuse_move(assessment: Assessment, new: GradingRubric) -> None:
    """Raise ValidationError where there is nothing to move, or no rubric to move to."""
    if assessment.rubric_id is None:
        message = _("The assessment has no rubric yet. Choose one in its form.")
        raise ValidationError(message, code="no_rubric")
    if assessment.rubric_id == new.pk:
        message = _("The assessment is marked by %(rubric)s already.")
        raise ValidationError(message % {"rubric": new}, code="same_rubric")
    if assessment.course_id != new.course_id:
        message = _("This rubric belongs to another course.")
        raise ValidationError(message, code="other_course")


def _write(plan: RubricMovePlan) -> None:
    new = plan.new.pk
    grades = [
        (each.submission.pk, new, each.computed, each.score, each.override_reason,
         each.submission.version + 1)
        for each in plan.works
    ]  # fmt: skip
    _update(AssessmentSubmission, GRADE, grades)
    _delete_marks([mark.pk for each in plan.works for mark in each.dropped])
    _update(CriterionScore, MARK, [tuple(mark) for each in plan.works for mark in each.marks])
    final = AssessmentSubmission._base_manager.filter(
        assessment=plan.assessment.pk, status=AssessmentSubmission.Status.FINALIZED
    )
    final.filter(rubric=None).update(rubric=plan.old)
    # Not `save()`: its rule is for whoever changes the rubric in place.
    Assessment._base_manager.filter(pk=plan.assessment.pk).update(rubric=plan.new)


def _update(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write these fields of many rows by one statement; a row begins with its key."""
    values = json.dumps([list(row) for row in rows], cls=DjangoJSONEncoder)
    if values == "[]":
        return
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    sets = ", ".join(f'"{each.column}" = v."{each.column}"' for each in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{model._meta.db_table}" AS t SET {sets} FROM ({_rows_of(fields)}) AS v '
            "WHERE t.id = v.row_id",
            [values],
        )


def _rows_of(fields: Sequence[Any]) -> str:
    """SQL: the rows of a JSON list as a table."""
    if connection.vendor == "postgresql":
        columns = ", ".join(
            f'(value->>{number})::{each.db_type(connection)} AS "{each.column}"'
            for number, each in enumerate(fields, 1)
        )
        return (
            f"SELECT (value->>0)::bigint AS row_id, {columns} FROM jsonb_array_elements(%s::jsonb)"
        )
    columns = ", ".join(
        f"json_extract(value, '$[{number}]') AS \"{each.column}\""
        for number, each in enumerate(fields, 1)
    )
    return f"SELECT json_extract(value, '$[0]') AS row_id, {columns} FROM json_each(%s)"


def _delete_marks(keys: Sequence[int]) -> None:
    """Take away marks that stand for nothing any more; the history keeps them."""
    if not keys:
        return
    listed = "SELECT value::bigint FROM jsonb_array_elements_text(%s::jsonb)"
    if connection.vendor != "postgresql":
        listed = "SELECT value FROM json_each(%s)"
    with connection.cursor() as cursor:
        table = CriterionScore._meta.db_table
        cursor.execute(f'DELETE FROM "{table}" WHERE id IN ({listed})', [json.dumps(list(keys))])


def undo_move(key: int, by: Any, reason: str) -> RubricMove:
    """Give every grade of a move the value it had before, in one change set.

    Raises MovedSince where a moved grade changed since, and ValidationError where the move is
    undone already, is not the latest, or is too old for the record.
    """
    found = RubricMove._base_manager.get(pk=key)
    with transaction.atomic(), recording(source=ChangeSet.Source.UNDO, reason=reason):
        assessment = _locked(found.assessment_id)
        move = RubricMove._base_manager.select_for_update(of=("self",)).get(pk=key)
        _refuse_undo(move, assessment)
        _Restoring(move).write()
        move.undone_by, move.undone_at = by, timezone.now()
        move.save()
        return move


def _refuse_undo(move: RubricMove, assessment: Assessment) -> None:
    if move.undone_at is not None:
        raise ValidationError(_("This move is undone already."), code="undone")
    if assessment.rubric_id != move.new_rubric_id:
        message = _("The assessment is marked by another rubric by now. Undo that first.")
        raise ValidationError(message, code="moved_on")


class _Restoring:
    """The rows of a move as they are, as it left them, and as they were before it."""

    def __init__(self, move: RubricMove) -> None:
        self.move = move
        rows = AssessmentSubmission._base_manager.filter(assessment=move.assessment_id)
        locked = rows.select_related("student").order_by("pk").select_for_update(of=("self",))
        self.works = {row.pk: row for row in locked}
        self.grades = _versions(AssessmentSubmission, move)
        self.marks = _versions(CriterionScore, move)

    def write(self) -> None:
        """Restore all rows, or raise what stands against it."""
        moved = {key: pair for key, pair in self.grades.items() if self._is_moved(pair)}
        changed = [key for key, (after, _before) in moved.items() if self._is_changed(key, after)]
        changed += self._with_other_marks(set(moved))
        if changed or not moved.keys() <= self.works.keys():
            keys = sorted(set(changed) & self.works.keys())
            raise MovedSince([self.works[key] for key in keys])
        pairs = [*self.grades.values(), *self.marks.values()]
        if any(before is None for _after, before in pairs) or len(moved) != self.move.moved_count:
            message = _("The record does not reach back to what these grades were before.")
            raise ValidationError(message, code="no_record")
        self._restore_grades(moved)
        self._restore_marks()
        self._pin()
        Assessment._base_manager.filter(pk=self.move.assessment_id).update(
            rubric=self.move.old_rubric_id
        )

    def _is_moved(self, pair: tuple[Any, Any]) -> bool:
        # The others are final ones, which then only got the name of their rubric.
        return bool(pair[0].rubric_id == self.move.new_rubric_id)

    def _is_changed(self, key: int, after: Any) -> bool:
        names = [AssessmentSubmission._meta.get_field(name).attname for name in GRADE]
        names += [each for each in ("status", "posted_at") if hasattr(after, each)]
        row = self.works.get(key)
        return row is None or any(getattr(row, name) != getattr(after, name) for name in names)

    def _with_other_marks(self, moved: set[int]) -> list[int]:
        """The moved submissions whose marks are not those that the move left."""
        names = ("pk", "submission_id", "criterion_id", "level_id", "points", "comment")
        stored = CriterionScore._base_manager.filter(submission__assessment=self.move.assessment_id)
        rows = {values for values in stored.values_list(*names) if values[1] in moved}
        left = {
            (key, *(getattr(after, name) for name in names[1:]))
            for key, (after, _before) in self.marks.items()
            if after.history_type != "-"
        }
        return [values[1] for values in rows ^ left]

    def _restore_grades(self, moved: dict[int, tuple[Any, Any]]) -> None:
        names = [AssessmentSubmission._meta.get_field(name).attname for name in GRADE]
        rows = [
            (key, *(getattr(before, name) for name in names))
            for key, (_after, before) in moved.items()
        ]
        _update(AssessmentSubmission, GRADE, rows)
        others = [
            key for key in self.grades.keys() - moved.keys()
            if key in self.works and self.works[key].status == AssessmentSubmission.Status.FINALIZED
        ]  # fmt: skip
        named = AssessmentSubmission._base_manager.filter(pk__in=others)
        named.filter(rubric=self.move.old_rubric_id).update(rubric=None)

    def _restore_marks(self) -> None:
        criteria = RubricCriterion._base_manager.filter(rubric=self.move.old_rubric_id)
        maxima = dict(criteria.values_list("pk", "max_points"))
        carried, deleted = [], []
        for key, (after, before) in self.marks.items():
            if after.history_type == "-":
                deleted.append(_mark_of(key, before, maxima))
            else:
                values = (before.criterion_id, before.level_id, before.points)
                carried.append((key, *values, maxima.get(before.criterion_id)))
        _update(CriterionScore, MARK, carried)
        CriterionScore._base_manager.bulk_create(deleted)

    def _pin(self) -> None:
        """Work that was marked since stays with the rubric that it was marked by."""
        marks = CriterionScore._base_manager.filter(
            submission=OuterRef("pk"), criterion__rubric=self.move.new_rubric_id
        )
        rows = AssessmentSubmission._base_manager.filter(
            assessment=self.move.assessment_id, rubric=None
        )
        rows.filter(Exists(marks)).update(rubric=self.move.new_rubric_id)


def _mark_of(key: int, before: Any, maxima: dict[int, Any]) -> CriterionScore:
    return CriterionScore(
        pk=key,
        submission_id=before.submission_id,
        criterion_id=before.criterion_id,
        level_id=before.level_id,
        points=before.points,
        comment=before.comment,
        maximum=maxima.get(before.criterion_id),
    )


def _versions(model: Any, move: RubricMove) -> dict[int, tuple[Any, Any]]:
    """By key of a row: its version that the move wrote, and the one before; two statements."""
    past = model.history.model._base_manager
    earlier = past.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
    rows = past.filter(change_set=move.moved_in).annotate(
        previous=Subquery(earlier.order_by("-history_id").values("history_id")[:1])
    )
    written = {row.id: row for row in rows.order_by("history_id")}
    keys = rows.order_by().values("previous")
    before = {row.history_id: row for row in past.filter(history_id__in=keys)}
    return {key: (row, before.get(row.previous)) for key, row in written.items()}
