"""The command line's side of imports."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from backoffice.audit.admin_kit.actions import SHORTEST_REASON, is_too_short
from backoffice.bulk.export.atomic_file import refuse_unwritable
from backoffice.bulk.jobs.cleanup import forget
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.pipeline.approval import agree
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.pipeline.report import STATES, closing_message, write_rejected, write_report
from backoffice.bulk.undo.undo import undo

AUTO = "auto"  # in place of a kind: the files say it
LIMITS = ("max_withdrawn", "max_changed")
SUCCESS = ("previewed", "applied")
COURSE_OPTIONS = ("course", "presentation")
BATCH_OPTIONS = (
    "kind",
    "mode",
    "on_error",
    "create_students",
    "allow_similar",
    "allow_over_limit",
    "ignore_unknown_columns",
    "encoding",
    "dialect",
    "reason",
    *LIMITS,
)


def add_import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("kind", choices=[*sorted(kinds), AUTO])
    parser.add_argument("file", type=Path, nargs="+")
    parser.add_argument("--mode", choices=Batch.Mode.values, default=Batch.Mode.UPSERT)
    parser.add_argument("--on-error", choices=Batch.OnError.values, default=Batch.OnError.ABORT)
    parser.add_argument("--dialect", choices=Batch.SourceFormat.values, default="auto")
    flags = ("--dry-run", "--create-students", "--ignore-unknown-columns", "--allow-similar")
    for flag in (*flags, "--allow-over-limit"):
        parser.add_argument(flag, action="store_true")
    for option in ("--encoding", "--actor", "--reason"):
        parser.add_argument(option, default="")
    for option in COURSE_OPTIONS:
        parser.add_argument(f"--{option}", default="", help="of a gradebook that names no course")
    for name in LIMITS:
        default = Batch._meta.get_field(name).get_default()
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=default)
    parser.add_argument("--approved-by", default="")
    for option in ("--report", "--rejected"):
        parser.add_argument(option, type=Path)


@dataclass(frozen=True)
class ImportOptions:
    """The options of `import_csv`: files, fields of the batch, persons, and output files."""

    file: Path
    batch: dict[str, Any]
    actor: str
    dry_run: bool
    approved_by: str
    report: Path | None
    rejected: Path | None
    others: tuple[Path, ...] = ()

    @property
    def is_auto(self) -> bool:
        return self.batch["kind"] == AUTO

    @classmethod
    def from_command(cls, options: dict[str, Any]) -> "ImportOptions":
        """Raises ValueError for options that contradict each other."""
        _refuse_impossible(options)
        for name in ("report", "rejected"):
            refuse_unwritable(options[name])
        chosen = {name: options[name] for name in BATCH_OPTIONS}
        chosen["gradebook_course"] = [each for name in COURSE_OPTIONS if (each := options[name])]
        names = ("actor", "dry_run", "approved_by", "report", "rejected")
        first, *others = options["file"]
        values = {name: options[name] for name in names}
        return cls(batch=chosen, file=first, others=tuple(others), **values)


def _refuse_impossible(options: dict[str, Any]) -> None:
    if options["kind"] == AUTO:
        if options["rejected"]:
            raise ValueError(
                _("--rejected takes the wrong rows of one file; name its kind instead of “auto”.")
            )
    elif len(options["file"]) > 1:
        raise ValueError(_("Several files at once go in with the kind “auto”."))
    elif options["mode"] == Batch.Mode.SYNC and not kinds[options["kind"]].missing_rows:
        raise ValueError(_("--mode sync is for enrollments; a file of another kind has no roster."))
    _refuse_excess(options)
    _refuse_similar(options)
    _refuse_half_course(options)
    for name in LIMITS:
        if not 0 <= options[name] <= 100:
            flag = name.replace("_", "-")
            raise ValueError(_("--%(flag)s is a percentage from 0 to 100.") % {"flag": flag})
    if len(options["encoding"]) > Batch._meta.get_field("encoding").max_length:
        raise ValueError(_("“%(name)s” is not an encoding.") % {"name": options["encoding"][:40]})


def _refuse_half_course(options: dict[str, Any]) -> None:
    named = [options[name] for name in COURSE_OPTIONS if options[name]]
    if len(named) == 1:
        raise ValueError(_("Give both a course code and a presentation."))
    if named and options["kind"] not in ("grades", AUTO):
        raise ValueError(_("--course and --presentation are for a gradebook, of kind “grades”."))


def _refuse_excess(options: dict[str, Any]) -> None:
    if not options["allow_over_limit"]:
        return
    if options["kind"] != AUTO and not kinds[options["kind"]].has_capacity():
        raise ValueError(
            _("--allow-over-limit is for enrollments; rows of another kind take no places.")
        )
    if is_too_short(options["reason"]):
        raise ValueError(
            _("--allow-over-limit takes a --reason of at least %(count)d characters.")
            % {"count": SHORTEST_REASON}
        )


def _refuse_similar(options: dict[str, Any]) -> None:
    is_known = options["kind"] == AUTO or kinds[options["kind"]].creates_people()
    if options["allow_similar"] and not is_known:
        raise ValueError(
            _("--allow-similar is for people and enrollments; rows of another kind create nobody.")
        )


@dataclass(frozen=True)
class Result:
    """The outcome as a message; `output_errors` says which output files could not be written."""

    message: str
    is_refused: bool
    output_errors: list[str]

    def close(self, command: BaseCommand) -> None:
        for error in self.output_errors:
            command.stderr.write(error)
        command.stdout.write(self.message)
        if self.is_refused:
            sys.exit(1)


def import_file(options: ImportOptions) -> Result:
    """Preview and, unless dry, apply a file; write report and wrong rows.

    Raises ValueError for an actor who does not exist or may not import this, OSError for a missing
    file.
    """
    actor, approver = people(options)
    try:
        with options.file.open("rb") as stream:
            batch = receive(stream, options.file.name, actor, **options.batch)
    except PermissionDenied as refusal:
        raise ValueError(str(refusal)) from refusal
    try:
        run_import(batch, actor, approver, is_applied=not options.dry_run)
        output_errors = list(_written(batch, options))
        message = closing_message(batch, dry_run=options.dry_run)
        return Result(message, not is_success(batch), output_errors)
    finally:
        if options.dry_run:
            forget(batch)


def people(options: ImportOptions) -> tuple[Any, Any]:
    """Uploader and approver. Raises ValueError for one who does not exist."""
    actor, approver = _actor(options.actor), _actor(options.approved_by)
    if approver is not None and approver == actor:
        raise ValueError(_("--approved-by names another person than --actor."))
    return actor, approver


def run_import(batch: Batch, actor: Any, approver: Any, *, is_applied: bool) -> None:
    preview(batch)
    if approver is not None and batch.state == Batch.State.HELD:
        _agree_at_once(batch, approver)
    if is_applied and batch.state == Batch.State.PREVIEWED:
        _apply_at_once(batch, actor)


def is_success(batch: Batch) -> bool:
    return STATES.get(batch.state) in SUCCESS


def _written(batch: Batch, options: ImportOptions) -> Iterator[str]:
    """Write the report and the wrong rows; yields an error for each that could not be written."""
    if options.rejected and batch.file:
        with (
            collect_os_errors(errors := []),
            options.rejected.open("w", encoding="utf-8", newline="") as to,
        ):
            write_rejected(batch, to)
        yield from errors
    if options.report:
        with collect_os_errors(errors := []), options.report.open("w", encoding="utf-8") as to:
            write_report(batch, to, dry_run=options.dry_run)
        yield from errors


@contextmanager
def collect_os_errors(errors: list[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        errors.append(str(error))


def _agree_at_once(batch: Batch, approver: Any) -> None:
    try:
        # Who is named has looked at the file elsewhere; their name stays with the import.
        agree(batch, batch.digest, approver)
    except PermissionDenied as refusal:
        raise ValueError(str(refusal)) from refusal


def _apply_at_once(batch: Batch, actor: Any) -> None:
    try:
        # Nobody looks at a preview here, so the digest is that of this very moment.
        apply(batch, batch.digest, actor)
    except NotApplied as refusal:
        # Nobody sees this refusal on a page, so the batch keeps it.
        batch.refresh_from_db()
        message = batch.sentence or str(refusal)
        batch.move(Batch.State.FAILED, before=Batch.DECIDABLE, sentence=message)


def _actor(username: str) -> Any:
    if not username:
        return None
    try:
        return get_user_model().objects.get(username=username)
    except get_user_model().DoesNotExist:
        raise ValueError(
            _("There is nobody with the user name “%(name)s”.") % {"name": username}
        ) from None


def undo_batch(number: int, username: str, reason: str, report: Path | None) -> Result:
    """Undo an import by its number, and write the report of the undo.

    Raises ValueError for an unknown number, and for an actor who does not exist or may not import
    this.
    """
    refuse_unwritable(report)
    actor, batch = _actor(username), Batch.objects.filter(pk=number).first()
    if batch is None:
        raise ValueError(_("There is no import %(number)d.") % {"number": number})
    try:
        made = undo(batch, actor, reason)
    except PermissionDenied as refusal:
        raise ValueError(str(refusal)) from refusal
    except NotApplied as refusal:
        return Result(str(refusal), True, [])
    output_errors: list[str] = []
    if report:
        with collect_os_errors(output_errors), report.open("w", encoding="utf-8") as to:
            write_report(made, to, dry_run=False)
    return Result(closing_message(made, dry_run=False), False, output_errors)
