"""Two grades of one piece of work: what both began with, what is stored, and what was typed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backoffice.apps.assessments.desk.work import plain
from backoffice.apps.assessments.grading.marked_work import MarkedWork
from backoffice.apps.assessments.models import (
    AssessmentSubmission,
    CriterionScore,
    Question,
    QuestionResponse,
)
from backoffice.audit.models import ChangeSet

Fields = dict[str, str]


@dataclass(frozen=True)
class ConflictingValue:
    """A value of the grade in its three forms; `fields` would put the stored one into the form."""

    label: str
    base: str
    stored: str
    typed: str
    fields: Fields

    @property
    def json(self) -> str:
        return json.dumps(self.fields)

    @property
    def is_same(self) -> bool:
        return self.stored == self.typed

    @property
    def is_different(self) -> bool:
        """Whether the three are not all one."""
        return len({self.base, self.stored, self.typed}) > 1


@dataclass(frozen=True)
class GradeConflict:
    """Whose grade is in the way of whose."""

    values: list[ConflictingValue]
    who: str
    when: datetime | None
    base_who: str
    base_when: datetime | None
    grader: str
    version: str
    is_other_rubric: bool


def conflict_of(work: MarkedWork, typed: Mapping[str, str], grader: Any) -> GradeConflict:
    """What stands against what, for the grader to choose."""
    history: Any = AssessmentSubmission.history.model._base_manager
    rows = history.filter(id=work.submission.pk).select_related("change_set")
    opened = change_number(typed.get("version", ""))
    base = rows.filter(version__lte=opened).order_by("-history_id").first()
    later = rows.filter(version__gt=opened).order_by("history_id").first()
    latest = rows.order_by("-history_id").first()
    comparison = _Comparison(work, typed, base, later)
    return GradeConflict(
        values=[
            each for each in comparison.values() if not each.is_same or each.base != each.typed
        ],
        who=author_of_change(latest),
        when=latest.history_date if latest else None,
        base_who=author_of_change(base),
        base_when=base.history_date if base else None,
        grader=str(grader),
        version=work.version,
        is_other_rubric=opened == work.submission.version,
    )


def change_number(text: str) -> int:
    """The number before the dash in a form's version; 0 for one that was forged."""
    number = text.partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0


def author_of_change(row: Any) -> str:
    """Who made a version in a history, as text."""
    # Of SQL the change set names a database role, not a person.
    change_set = row.change_set if row else None
    if change_set is None or change_set.source == ChangeSet.Source.SQL:
        return _("Somebody")
    return change_set.actor_name or _("The system")


class _Comparison:
    """The three forms of every value."""

    def __init__(self, work: MarkedWork, typed: Mapping[str, str], base: Any, later: Any) -> None:
        self.work, self.typed, self.base = work, typed, base
        self.before = getattr(later, "change_set_id", None)

    def values(self) -> Iterator[ConflictingValue]:
        row = self.work.submission
        for name, label in (("score", _("Score")), ("feedback", _("Feedback"))):
            yield self._of_grade(name, label, row)
        yield self._of_grade("override_reason", _("Why the score differs"), row)
        yield from self._of_criteria()
        yield from self._of_answers()

    def _of_grade(self, name: str, label: str, row: AssessmentSubmission) -> ConflictingValue:
        stored = _as_text(getattr(row, name))
        base = _as_text(getattr(self.base, name, ""))
        return ConflictingValue(label, base, stored, self.typed.get(name, ""), {name: stored})

    def _of_criteria(self) -> Iterator[ConflictingValue]:
        base = self._then(CriterionScore, "criterion_id")
        return conflicting_marks(self.work, base, self.typed)

    def _of_answers(self) -> Iterator[ConflictingValue]:
        if not self.work.responses:
            return
        base = self._then(QuestionResponse, "question_id")
        positions = dict(
            Question._base_manager.filter(pk__in=self.work.responses).values_list("pk", "position")
        )
        for key, stored in self.work.responses.items():
            name, old = f"response-{key}", base.get(key)
            fields = {f"{name}-score": plain(stored.score), f"{name}-feedback": stored.feedback}
            yield ConflictingValue(
                _("Question %(number)d") % {"number": positions[key]},
                _joined(plain(old.score), old.feedback) if old else "",
                _joined(*fields.values()),
                _joined(*(self.typed.get(each, "") for each in fields)),
                fields,
            )

    def _then(self, model: Any, key: str) -> dict[int, Any]:
        """The parts as they stood in the version that the form was opened with, by key."""
        history = model.history.model._base_manager
        rows: QuerySet[Any] = history.filter(submission=self.work.submission.pk)
        if self.before is not None:
            rows = rows.filter(change_set__lt=self.before)
        last = {getattr(row, key): row for row in rows.order_by("history_id")}
        return {number: row for number, row in last.items() if row.history_type != "-"}


def conflicting_marks(
    work: MarkedWork, base: Mapping[int, Any], typed: Mapping[str, str]
) -> Iterator[ConflictingValue]:
    """What stands against what, criterion by criterion."""
    for criterion in work.criteria:
        levels = {level.pk: level.title for level in criterion.levels.all()}
        stored, name = work.scores.get(criterion.pk), f"criterion-{criterion.pk}"
        fields = {
            f"{name}-level": str(stored.level_id or "") if stored else "",
            f"{name}-points": plain(stored.points) if stored else "",
            f"{name}-comment": stored.comment if stored else "",
        }
        yield ConflictingValue(
            criterion.title,
            marks_text(base.get(criterion.pk), levels),
            marks_text(stored, levels),
            typed_marks_text(typed, name, levels),
            fields,
        )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else plain(value)


def _joined(*parts: str) -> str:
    return " – ".join(part for part in parts if part)


def marks_text(row: Any, levels: dict[int, str]) -> str:
    """Level, points and comment of a mark in one line; blank for none."""
    if row is None:
        return ""
    return _joined(levels.get(row.level_id, ""), plain(row.points), row.comment)


def typed_marks_text(typed: Mapping[str, str], name: str, levels: dict[int, str]) -> str:
    """The same of what was typed."""
    level = typed.get(f"{name}-level", "")
    title = next((title for key, title in levels.items() if str(key) == level), "")
    return _joined(title, typed.get(f"{name}-points", ""), typed.get(f"{name}-comment", ""))
