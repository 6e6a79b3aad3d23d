"""The import batch: one file, one outcome."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.models.private_files import private_storage
from backoffice.audit.models.personal_data import Mentions
from backoffice.audit.record.recording import claimed
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models.batch_run import BatchRun
from backoffice.bulk.models.batch_state import BatchState, refuse_impossible
from backoffice.bulk.models.delivery import Delivery

FOLDED = "folded"  # the code of the sentence about rows of a file that are one row here
FOLDER = "imports"  # of the private files


def stored_name(batch: "Batch", name: str) -> str:
    # Nobody can guess it; the uploader's name of the file is in the row, not in the path.
    return f"{FOLDER}/{uuid4().hex}{Path(name).suffix.lower()[:10]}"


class BatchQuerySet(models.QuerySet["Batch"]):
    """Imports by what can happen to them next."""

    def waiting(self) -> "BatchQuerySet":
        """Read, without errors that forbid it, and not yet applied."""
        return self.filter(state=Batch.State.PREVIEWED)

    def under_work(self) -> "BatchQuerySet":
        """Being read or applied at the moment, or by a process that died."""
        return self.filter(state__in=(Batch.State.READING, Batch.State.APPLYING))

    def in_work(self) -> "BatchQuerySet":
        """Under work, or ordered and waiting for the worker."""
        return self.filter(state__in=Batch.IN_WORK)

    def unfinished(self) -> "BatchQuerySet":
        """Nothing of them is written, so they may be thrown away."""
        return self.filter(state__in=Batch.UNFINISHED)

    def past_retention(self, moment: datetime) -> "BatchQuerySet":
        return self.filter(state=Batch.State.APPLIED, applied_at__lt=moment).exclude(file="")

    def closed(self) -> "BatchQuerySet":
        """Nobody works on them, and they stay on record."""
        return self.filter(state__in=(Batch.State.APPLIED, Batch.State.REFUSED, Batch.State.FAILED))

    def without_success(self) -> "BatchQuerySet":
        """Nothing was written; the file is there to be corrected."""
        return self.filter(state__in=(Batch.State.REFUSED, Batch.State.FAILED))


def most_withdrawn() -> float:
    """In percent."""
    return settings.IMPORT_MAX_WITHDRAWN


def most_changed() -> float:
    """In percent."""
    return settings.IMPORT_MAX_CHANGED


PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class Batch(models.Model):
    """One file brought in: who, what, when, why, with which options, and the outcome."""

    class Mode(models.TextChoices):
        UPSERT = "upsert", _("Add new rows and update known ones")
        CREATE = "create", _("Add new rows only; a known row is an error")
        UPDATE = "update", _("Update known rows only; an unknown row is an error")
        SYNC = "sync", _("Add, update, and withdraw who is missing from the file")

    class OnError(models.TextChoices):
        ABORT = "abort", _("Refuse the whole file if a row is wrong")
        SKIP = "skip", _("Take the good rows, give the wrong ones back")

    class SourceFormat(models.TextChoices):
        AUTO = "auto", _("Recognised by its header")
        NATIVE = "native", _("The columns of this page")
        CANVAS = "canvas", "Canvas"
        MOODLE = "moodle", "Moodle"
        ONEROSTER = "oneroster", "OneRoster"
        EDX = "edx", "Open edX"
        GRADESCOPE = "gradescope", "Gradescope"
        BRIGHTSPACE = "brightspace", "Brightspace"
        BLACKBOARD = "blackboard", "Blackboard"
        NBGRADER = "nbgrader", "nbgrader"
        PRAIRIELEARN = "prairielearn", "PrairieLearn"

    State = BatchState
    DECIDABLE: ClassVar[tuple[str, ...]] = (State.PREVIEWED, State.HELD)
    BEING_READ: ClassVar[tuple[str, ...]] = (State.QUEUED, State.READING)
    UNFINISHED: ClassVar[tuple[str, ...]] = (State.RECEIVED, *BEING_READ, *DECIDABLE)
    IN_WORK: ClassVar[tuple[str, ...]] = (*BEING_READ, State.ORDERED, State.APPLYING)

    mentions: ClassVar[Mentions] = Mentions(
        (
            *(("uploader_name",), ("approver_name",), ("file_name",), ("sentence",)),
            *(("roster_scope",), ("unplaced",), ("unknown_values",), ("left_out",), ("sheets",)),
        )
    )

    kind = models.CharField(_("kind"), max_length=40)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode, default=Mode.UPSERT)
    on_error = models.CharField(
        _("wrong rows"), max_length=10, choices=OnError, default=OnError.ABORT
    )
    create_students = models.BooleanField(_("create students"), default=False)
    allow_similar = models.BooleanField(_("allow similar people"), default=False)
    allow_over_limit = models.BooleanField(_("allow over the limit"), default=False)
    ignore_unknown_columns = models.BooleanField(_("ignore unknown columns"), default=False)
    encoding = models.CharField(_("encoding"), max_length=40, blank=True)
    max_withdrawn = models.FloatField(
        _("withdrawals without a second person"),
        default=most_withdrawn,
        validators=PERCENT,
        help_text=_("In percent of the stored rows of a course, 0 to 100."),
    )
    max_changed = models.FloatField(
        _("changes without a second person"),
        default=most_changed,
        validators=PERCENT,
        help_text=_("In percent of the stored rows of a course, 0 to 100."),
    )
    dialect = models.CharField(
        _("format"), max_length=20, choices=SourceFormat, default=SourceFormat.AUTO
    )
    read_as = models.CharField(_("read as"), max_length=60, blank=True)
    state = models.CharField(
        _("state"), max_length=12, choices=State, default=State.RECEIVED, db_index=True
    )
    sentence = models.TextField(_("in one sentence"), blank=True)

    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    uploader_name = models.CharField(_("uploaded by"), max_length=320)
    reason = models.TextField(_("reason"), blank=True)
    file = models.FileField(storage=private_storage, upload_to=stored_name, max_length=200)
    file_name = models.CharField(_("file"), max_length=255)
    file_size = models.BigIntegerField(_("size in bytes"), default=0)
    file_hash = models.CharField(_("SHA-256 of the file"), max_length=64)
    header = models.JSONField(_("header"), default=list)
    delimiter = models.CharField(max_length=1, default=",")
    # What the school's own headers stood for when the file was read, by plain name: the header is
    # matched again later, and the school may have changed its mappings by then.
    own_headers = models.JSONField(_("the school's own headers"), default=dict)
    # So with its own words for roles and states, by column; and those that nobody knows.
    own_values = models.JSONField(_("the school's own values"), default=dict)
    unknown_values = models.JSONField(_("values without a meaning"), default=dict)
    # Whose rows were left out for a role that nobody knows: a whole roster withdraws none of them.
    unplaced = models.JSONField(_("people of an unknown role"), default=list)
    # The same of the columns of another system's gradebook, see `formats/gradebooks/meanings.py`.
    own_assessments = models.JSONField(_("the other system's assessments"), default=dict)
    # Code and presentation of the course that a person named for a gradebook that names none.
    gradebook_course = models.JSONField(_("course of the gradebook"), default=list)
    # Of a workbook with several sheets: those that are read, and why each of the others is not;
    # see `bulk/formats/workbooks/sheets.py`.
    sheets = models.JSONField(_("sheets"), default=dict)

    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    returns = models.PositiveIntegerField(_("active again"), default=0)  # of the updated ones
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    withdrawn = models.PositiveIntegerField(_("withdrawn"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    duplicates = models.PositiveIntegerField(_("duplicates"), default=0)
    # Rows that are one with another row of the file, and what is stored of other systems' rows.
    folded = models.PositiveIntegerField(_("folded"), default=0)
    sections = models.PositiveIntegerField(_("sections"), default=0)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approver_name = models.CharField(_("approved by"), max_length=320, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True)
    # Of the approved outcome: another outcome needs another approval.
    approved_digest = models.CharField(max_length=64, blank=True)

    # In sync mode: of whom the file speaks; and tables of its zip file that nobody knows here.
    roster_scope = models.TextField(_("what is missing means"), blank=True)
    left_out = models.JSONField(_("unknown tables"), default=list)
    # Local edits, by column: how many are preserved, and whose columns the file may overwrite.
    preserved_edits = models.JSONField(
        _("local edits preserved"), default=dict, db_column="kept_edits"
    )
    released = models.JSONField(_("columns released"), default=list)
    undoes = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="undos", verbose_name=_("undoes")
    )
    removed = models.PositiveIntegerField(_("removed"), default=0)
    created_students = models.PositiveIntegerField(_("created students"), default=0)
    errors = models.PositiveIntegerField(_("errors"), default=0)
    warnings = models.PositiveIntegerField(_("warnings"), default=0)
    # The number of its corrections: a file without any is read without looking for them.
    corrected_cells = models.PositiveIntegerField(_("cells corrected"), default=0)
    digest = models.CharField(_("digest of the outcome"), max_length=64, blank=True)
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True, db_index=True)
    applied_at = models.DateTimeField(_("applied at"), null=True)
    change_set = models.ForeignKey("audit.ChangeSet", models.PROTECT, null=True, related_name="+")

    # One of several files that came together, which one, and whether the next goes in without it.
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, null=True, related_name="batches", verbose_name=_("delivery")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_skipped = models.BooleanField(_("skipped"), default=False)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering: ClassVar[list[str]] = ["-pk"]
        default_permissions = ("view", "add", "approve")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="batch_approved_by_another",
                condition=models.Q(approved_by__isnull=True)
                | models.Q(uploaded_by__isnull=True)
                | ~models.Q(approved_by=models.F("uploaded_by")),
                violation_error_message=_("Nobody approves what they uploaded themselves."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} · {self.file_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new = self._state.adding
        # Together: a batch without a run could never be shown or moved.
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            if is_new:
                BatchRun.objects.create(batch=self)

    @staticmethod
    def uploader_fields(actor: Any) -> dict[str, Any]:
        """The uploader's fields; the actor None is the operator at the command line."""
        name = claimed(str(actor), 320) if actor else _("Operator at the command line")
        return {"uploaded_by": actor, "uploader_name": name}

    def move(
        self,
        after: str,
        *,
        before: Collection[str],
        expected_digest: str | None = None,
        **values: Any,
    ) -> bool:
        """Move the stored row to a state, with other values, by compare-and-swap.

        Returns False and changes nothing if its state is not in `before` any more, or its outcome
        not `expected_digest`, or corrected since. Raises ValueError for a transition that the table
        does not have.
        """
        refuse_impossible(before, after)
        rows = Batch.objects.filter(pk=self.pk, state__in=before)
        if expected_digest is not None:
            # Cells may have been corrected since this object was loaded; it would not read them.
            rows = rows.filter(digest=expected_digest, corrected_cells=self.corrected_cells)
        # Together: between the two others would take the old sign of life for a dead process.
        with transaction.atomic(savepoint=False):
            if not rows.update(state=after, **values):
                return False
            for name, value in {"state": after, **values}.items():
                setattr(self, name, value)
            self.run.save()  # a move is a sign of life, too
        return True

    def save_as(
        self, after: str, *, before: Collection[str], expected_digest: str | None = None
    ) -> bool:
        """Move as `move` does, and save every other field of this object with it."""
        fields = (f for f in self._meta.concrete_fields if not f.primary_key and f.name != "state")
        values = {field.attname: field.pre_save(self, add=False) for field in fields}
        return self.move(after, before=before, expected_digest=expected_digest, **values)

    def refresh_beside_run(self, rows: models.QuerySet["Batch"] | None = None) -> None:
        """Load the row again; the run, whose clock is ticking here, stays the one in hand."""
        run = self.run
        self.refresh_from_db(from_queryset=rows)
        self.run = run

    @property
    def is_in_work(self) -> bool:
        return self.state in self.IN_WORK

    @property
    def can_be_read_again(self) -> bool:
        return self.state == self.State.FAILED and bool(self.file)

    @property
    def kind_title(self) -> str:
        return capfirst(kinds[self.kind].label) if self.kind in kinds else self.kind

    @property
    def path(self) -> Path:
        return Path(self.file.path)

    @property
    def sheet_names(self) -> list[str]:
        """The sheets that are read, of a workbook of several."""
        return [sheet["name"] for sheet in self.sheets.get("read", ())]

    @property
    def only_sheet(self) -> str:
        return self.sheet_names[0] if len(self.sheet_names) == 1 else ""

    def sheet_of(self, row: int) -> str:
        """The sheet of a staged row, blank unless a workbook has several."""
        read = self.sheets.get("read", ())
        return next((e["name"] for e in reversed(read) if e.get("first_row", 1) <= row), "")

    @property
    def unknown_sheets(self) -> list[str]:
        """Sheets that are not read and may hold other rows of the kind."""
        return [each["name"] for each in self.sheets.get("left_out", ()) if each["is_table"]]

    @property
    def download_name(self) -> str:
        # `autumn.zip/enrollments.csv` is stored as a zip file where other tables go with it.
        return f"{Path(self.file_name).stem}{self.path.suffix}"

    @property
    def has_right_rows(self) -> bool:
        """Whether the file is refused for some of its rows, and others are right."""
        is_all_or_none = self.on_error == self.OnError.ABORT
        return bool(is_all_or_none and self.file and 0 < self.rejected < self.rows)

    @property
    def can_leave_out(self) -> bool:
        return self.state == self.State.REFUSED and self.has_right_rows

    @property
    def can_be_corrected(self) -> bool:
        """Whether cells of wrong rows can be corrected: nothing of the file is written yet."""
        at_rest = (self.State.RECEIVED, self.State.REFUSED, *self.DECIDABLE)
        # Excel makes no two sheets of one name: nobody could say on which of them a row stands.
        has_names = len(set(self.sheet_names)) == len(self.sheet_names)
        is_open = self.state in at_rest and bool(self.file) and has_names
        return is_open and self.has_rows_to_correct

    @property
    def has_rows_to_correct(self) -> bool:
        """Whether some row is wrong, or has been corrected."""
        wrong = self.issues.filter(is_warning=False, row__gt=0)
        return wrong.exists() or self.corrections.exists()

    @property
    def is_applied(self) -> bool:
        """Whether the counts are of rows that were written, not of a preview."""
        return self.state == self.State.APPLIED

    @property
    def is_over(self) -> bool:
        return self.state not in (*self.UNFINISHED, *self.IN_WORK)

    @property
    def shares(self) -> list[dict[str, object]]:
        """The parts of the coloured bar, in percent of the rows."""
        names = ("created", "updated", "unchanged", "duplicates", "folded", "rejected")
        counts = {name: getattr(self, name) for name in names}
        return [
            {
                "name": name,
                "title": self._meta.get_field(name).verbose_name,
                "count": count,
                "percent": f"{100 * count / self.rows:.2f}",
            }
            for name, count in counts.items()
            if count
        ]

    @property
    def is_alone_in_sync(self) -> bool:
        """Whether the file alone is the whole roster: no other file of its delivery has rows."""
        is_roster = self.mode == self.Mode.SYNC
        others = Batch.objects.filter(delivery=self.delivery_id, kind=self.kind).exclude(pk=self.pk)
        return is_roster and not (self.delivery_id and others.exists())

    @property
    def is_finished(self) -> bool:
        """Whether later files of its delivery need not wait for it."""
        has_nothing = self.state == self.State.PREVIEWED and not self.writes
        over = (self.State.APPLIED, self.State.DISCARDED)
        return self.is_skipped or has_nothing or self.state in over

    @property
    def writes(self) -> int:
        """The number of rows that applying the file would write or has written."""
        written = self.created + self.updated + self.withdrawn
        return written + self.created_students + self.sections

    @property
    def folded_sentence(self) -> str:
        """How many rows of the file are how many rows here; blank where each is one."""
        issue = self.issues.filter(code=FOLDED, row=0).first() if self.folded else None
        return capfirst(issue.sentence) if issue else ""

    @property
    def updated_besides(self) -> int:
        """The number of updated rows that bring nobody back."""
        return self.updated - self.returns

    @property
    def preserved_count(self) -> int:
        """The number of local edits that the import leaves alone."""
        return sum(self.preserved_edits.values())

    @cached_property
    def undone_by(self) -> "Batch | None":
        """The undo that holds: not one that was undone itself."""
        applied = self.undos.filter(state=self.State.APPLIED).order_by("-pk")
        return next((undo for undo in applied if undo.undone_by is None), None)

    @property
    def can_be_undone(self) -> bool:
        wrote = self.is_applied and (self.writes or self.removed)
        return bool(wrote and not self.undone_by and not self.undos.in_work().exists())

    def earlier_with_the_same_file(self) -> "Batch | None":
        """The newest applied import of the very same file, before this one."""
        same = Batch.objects.filter(file_hash=self.file_hash, kind=self.kind, pk__lt=self.pk)
        if not self.file_hash:
            return None
        return same.filter(state=self.State.APPLIED).order_by("-pk").first()

    @property
    def options(self) -> dict[str, Any]:
        """The choices that the digest covers."""
        return {
            name: getattr(self, name)
            for name in (
                "kind",
                "mode",
                "on_error",
                "create_students",
                "allow_similar",
                "allow_over_limit",
                "ignore_unknown_columns",
                "encoding",
                "released",
                "dialect",
                "own_headers",
                "own_values",
                "own_assessments",
                "gradebook_course",
            )
        }
