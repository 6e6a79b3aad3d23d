"""Undoes an import: its rows get their former values, unless they were changed since.

An undo is a batch of its own, with a change set, and can be undone like any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import DatabaseError, connection, models, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.permissions.visibility import within
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.kinds.resource import ImportKind, kinds
from backoffice.bulk.models import Batch, BatchIssue, BatchRun
from backoffice.bulk.pipeline.apply import NotApplied, begin_alone
from backoffice.bulk.pipeline.concurrency import retry_on_conflict
from backoffice.bulk.pipeline.heartbeat import Heartbeat, Interrupted
from backoffice.bulk.pipeline.preview import end_work, fail
from backoffice.bulk.pipeline.receive import refuse_stranger
from backoffice.bulk.sql import dialects
from backoffice.bulk.undo.row_versions import (
    CHANGED,
    FIXED,
    REFERENCE_MISSING,
    REFERRED,
    VALUE_CONFLICT,
    WrittenRows,
)
from backoffice.bulk.values.faults import storable

CHUNK = 500
STARTED_PERCENT = 10
TRIED_UP_TO = 20_000  # rows; about two seconds
REASONS = {
    CHANGED: gettext_lazy(
        "%(name)s was changed since, by %(who)s on %(when)s UTC, and stays as it is."
    ),
    REFERRED: gettext_lazy("%(name)s stays: other rows point to it by now."),
    VALUE_CONFLICT: gettext_lazy(
        "%(name)s stays: a value it had before belongs to another row now."
    ),
    FIXED: gettext_lazy("%(name)s stays as it is: it is in use by now."),
    REFERENCE_MISSING: gettext_lazy(
        "%(name)s stays: what it pointed to before is not there any more."
    ),
}


@dataclass
class UndoOutcome:
    """What an undo did, or would do; `left_alone` are unsaved issues that say why."""

    removed: int = 0
    restored: int = 0
    returned: int = 0
    sections: int = 0  # rows of other systems that went back with theirs, counted apart
    left_alone: list[BatchIssue] = field(default_factory=list)
    is_exact: bool = True  # False: estimated without a try, and some rows may stay

    @property
    def writes(self) -> int:
        return self.removed + self.restored + self.returned + self.sections

    def count(self, batch: Batch, touched: WrittenRows, **counts: int) -> None:
        source = kinds[batch.kind].source_rows
        if source and touched.resource is source.resource:
            self.sections += sum(counts.values())
            return
        for name, number in counts.items():
            setattr(self, name, getattr(self, name) + number)


def prospect_of(batch: Batch) -> UndoOutcome:
    """What undoing the batch would do now: it is tried in a transaction that is rolled back."""
    # To try a large one would take long, and lock its rows.
    if batch.writes + batch.removed > TRIED_UP_TO:
        restored, made = batch.updated + batch.withdrawn, batch.created + batch.created_students
        counts = (made, restored, batch.removed, batch.sections)
        return UndoOutcome(*counts, is_exact=False)
    with transaction.atomic(), connection.cursor() as cursor:
        outcome = _undone(cursor, batch, timezone.now())
        transaction.set_rollback(True)
    return outcome


def _lineage(batch: Batch) -> list[tuple[type[ImportKind], str]]:
    return kinds[batch.kind].lineage(has_sources=bool(batch.sections))


def _undone(cursor: CursorWrapper, batch: Batch, moment: datetime) -> UndoOutcome:
    # All are collected before anything is written: what we write is no later change.
    tables, outcome = _collected(cursor, batch), UndoOutcome()
    for touched in tables:
        touched.lock(cursor)
        touched.mark_fixed(cursor)
    # Rows that point are deleted before those they point to, and restored after them.
    for touched in tables:
        outcome.count(batch, touched, removed=touched.delete_created(cursor))
    references = [reference for _resource, reference in _lineage(batch)]
    for pointing, touched, reference in zip(tables, tables[1:], references, strict=False):
        touched.mark_referenced(cursor, pointing, reference)
    nested = kinds[batch.kind].nested
    if nested:
        lowered_column = nested.columns[nested.lowered_column].attribute
        outcome.restored += tables[0].lower_first(cursor, moment, lowered_column)
    for touched in reversed(tables):
        restored, returned = touched.restore(cursor, moment)
        outcome.count(batch, touched, restored=restored, returned=returned)
    for touched in tables:
        outcome.left_alone += _unchanged_rows(cursor, touched)
    tables[0].dialect.drop_tables(cursor, [each.table for each in tables])
    return outcome


def undo(batch: Batch, actor: Any, reason: str = "") -> Batch:
    """Undo the batch in one transaction; returns the undo's own batch.

    Raises NotApplied, with a sentence, for a batch that was not applied, is undone already or wrote
    into a course not the actor's any more; PermissionDenied if they may not import its kind.
    """
    return carry_out_undo(begin_undo(batch, actor, reason, Batch.State.APPLYING), actor)


def begin_undo(batch: Batch, actor: Any, reason: str, state: str) -> Batch:
    """Create the batch of an undo, in this state; writes nothing else. Raises as `undo` does."""
    refuse_stranger(actor, batch.kind)
    _refuse_somebody_else(batch, actor)
    refuse_foreign(batch, actor)
    with transaction.atomic():
        _refuse_twice(Batch.objects.select_for_update().get(pk=batch.pk))
        return Batch.objects.create(
            **Batch.uploader_fields(actor),
            kind=batch.kind,
            undoes=batch,
            reason=storable(reason),
            file_name=_("Undo of import %(number)d") % {"number": batch.pk},
            rows=batch.writes + batch.removed,
            state=state,
        )


def _refuse_somebody_else(batch: Batch, actor: Any) -> None:
    # What the operator imported in nobody's name may be undone by anybody who may import the kind.
    if actor is not None and batch.uploaded_by_id not in (None, actor.pk):
        raise PermissionDenied(
            _("Import %(number)d was brought in by somebody else, and only they take it back.")
            % {"number": batch.pk}
        )


def refuse_foreign(batch: Batch, actor: Any) -> None:
    """Raise NotApplied if the import wrote into a course that is not the person's any more."""
    if actor is None:
        return
    for resource, _reference in _lineage(batch):
        model = resource.model()
        field_name = getattr(model, "course_path", "").partition("__")[0]
        if field_name not in {each.name for each in model._meta.concrete_fields}:
            continue
        written = model.history.model.objects.filter(change_set=batch.change_set_id)
        field = model._meta.get_field(field_name)
        places = field.related_model._base_manager.filter(pk__in=written.values(field.attname))
        allowed = within(places, actor, "import", model)
        if allowed is not places and places.exclude(pk__in=allowed.values("pk")).exists():
            raise NotApplied(
                _(
                    "Import %(number)d wrote into a course into which you may not bring "
                    "%(kind)s any more, so nothing was taken back. Ask whoever teaches it now."
                )
                % {"number": batch.pk, "kind": kinds[batch.kind].label}
            )


def _refuse_twice(batch: Batch) -> None:
    number = batch.pk
    if batch.state != Batch.State.APPLIED:
        raise NotApplied(
            _("Import %(number)d was not applied; there is nothing to undo.") % {"number": number}
        )
    if earlier := batch.undone_by:
        raise NotApplied(
            _("Import %(number)d was undone already, as import %(undo)d.")
            % {"number": number, "undo": earlier.pk}
        )
    if conflicting := batch.undos.in_work().first():
        raise NotApplied(
            _("Import %(number)d is being undone already, as import %(undo)d.")
            % {"number": number, "undo": conflicting.pk}
        )


def carry_out_undo(made: Batch, actor: Any) -> Batch:
    """Carry out an undo that was begun, in one transaction; the outcome is on its batch.

    Raises NotApplied, with a sentence, if nothing was undone.
    """
    made.run.begin()
    made.run.save()
    try:
        with Heartbeat(made):
            retry_on_conflict(lambda: _undo(made, actor))
    except Interrupted as error:
        made.refresh_from_db()
        raise NotApplied(made.sentence) from error
    except (NotApplied, DatabaseError) as error:
        raise NotApplied(fail(made, error)) from error
    return made


def _undo(made: Batch, actor: Any) -> None:
    dialect = dialects.current()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            begin_alone(cursor, dialect, made)
            refuse_foreign(made.undoes, actor)  # again: the order may have waited for long
            made.run.report(BatchRun.Phase.RETURNING, STARTED_PERCENT)
            _write(cursor, made, actor)
    finally:
        dialect.release(made.pk)


def _write(cursor: CursorWrapper, made: Batch, actor: Any) -> None:
    with recording(
        actor=actor, source=ChangeSet.Source.UNDO, reason=made.reason, batch=made.pk
    ) as record:
        made.change_set = record.change_set
        outcome = _undone(cursor, made.undoes, made.change_set.created_at)
    made.removed, made.updated, made.created = outcome.removed, outcome.restored, outcome.returned
    made.sections = outcome.sections
    full = list(_over_limit(made))
    made.rejected = len(outcome.left_alone)
    made.warnings = made.rejected + len(full)
    made.rows = outcome.writes + made.rejected
    made.applied_at = made.change_set.created_at
    made.run.finish(outcome.writes)
    issues = [*outcome.left_alone, *full]
    for issue in issues:
        issue.batch = made
    BatchIssue.objects.bulk_create(issues, batch_size=CHUNK)
    end_work(made, Batch.State.APPLIED, before=Batch.State.APPLYING)


def _over_limit(made: Batch) -> Iterator[BatchIssue]:
    """Courses in which an undo made more people active than there is room for: they stay so."""
    for resource, _reference in kinds[made.kind].lineage():
        model = resource.model()
        if not model.capacity:
            continue
        rule, versions = model.capacity, model.history.model.objects
        returned = versions.filter(rule.counted, change_set=made.change_set_id)
        places = returned.order_by().values_list(rule.field, flat=True).distinct()
        for excess in rule.excesses(model, dict.fromkeys(places, 0)):
            sentence = rule.sentence(excess.count, excess.most, is_allowed=True)
            message = _("%(course)s: %(sentence)s The undo gave back what was there before.")
            message %= {"course": excess.place, "sentence": sentence}
            yield BatchIssue(
                is_warning=True, line=0, row=0, code=rule.code, message=storable(message)
            )


def _collected(cursor: CursorWrapper, batch: Batch) -> list[WrittenRows]:
    """The rows of the kind, its nested rows and its companions: what points comes first."""
    dialect = dialects.current()
    place = f"{dialect.place}bulk_undo"
    tables = [
        WrittenRows(resource, f"{place}_{'companion_' * at}{batch.pk}", dialect)
        for at, (resource, _reference) in enumerate(_lineage(batch))
    ]
    dialect.prepare(cursor, dialects.MANY_ROWS + 1)
    dialect.drop_tables(cursor, [each.table for each in tables])
    for touched in tables:
        touched.collect(cursor, batch.change_set_id)
    return tables


def _unchanged_rows(cursor: CursorWrapper, touched: WrittenRows) -> Iterator[BatchIssue]:
    rows = list(touched.left_alone(cursor))
    for at in range(0, len(rows), CHUNK):
        yield from _named(touched, rows[at : at + CHUNK])


def _named(touched: WrittenRows, rows: list[tuple[Any, ...]]) -> Iterator[BatchIssue]:
    model = touched.model
    foreign = [f.name for f in model._meta.concrete_fields if f.is_relation]
    stored = model._base_manager.select_related(*foreign).in_bulk([row[0] for row in rows])
    versions = model.history.model.objects.select_related("change_set").in_bulk(
        [row[3] for row in rows]
    )
    for row_id, line, reason, version in rows:
        newest = versions[version]
        values = {
            "name": _name_of(stored.get(row_id) or newest.instance),
            "who": newest.change_set.actor_name,
            "when": f"{newest.history_date:%Y-%m-%d %H:%M}",
        }
        own = touched.resource.undo.why if reason == FIXED else ""
        message = str(own or REASONS[reason]) % values
        if line:
            message = _("Line %(line)d: %(sentence)s") % {"line": line, "sentence": message}
        yield BatchIssue(
            is_warning=True, line=line or 0, row=0, code=reason, message=storable(message)
        )


def _name_of(row: models.Model) -> str:
    try:
        return str(row)
    except ObjectDoesNotExist:  # its name is made of a row that is gone
        return f"{capfirst(row._meta.verbose_name)} {row.pk}"
