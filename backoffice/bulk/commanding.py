"""The command line's side of imports and exports."""

from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from backoffice.bulk.importing import NotApplied, apply, preview, receive
from backoffice.bulk.models import Batch
from backoffice.bulk.reporting import closing_sentence, report_of, write_rejected
from backoffice.bulk.resources import kinds
from backoffice.bulk.settling import forget

MODES = ["upsert", "create", "update", "sync"]
DIALECTS = ["auto", "native", "canvas", "moodle", "oneroster", "edx"]
LATER = {
    "approved_by": "--approved-by",
    "max_withdrawn": "--max-withdrawn",
    "max_changed": "--max-changed",
}
BATCH_OPTIONS = (
    "kind",
    "mode",
    "on_error",
    "create_students",
    "ignore_unknown_columns",
    "encoding",
    "reason",
)


def add_import_arguments(parser: ArgumentParser) -> None:
    """The arguments of `import_csv`, as the contract of the import has them."""
    parser.add_argument("kind", choices=sorted(kinds))
    parser.add_argument("file", type=Path)
    parser.add_argument("--mode", choices=MODES, default=Batch.Mode.UPSERT)
    parser.add_argument("--on-error", choices=Batch.OnError.values, default=Batch.OnError.ABORT)
    parser.add_argument("--dialect", choices=DIALECTS, default="auto")
    for flag in ("--dry-run", "--create-students", "--ignore-unknown-columns"):
        parser.add_argument(flag, action="store_true")
    for option in ("--encoding", "--actor", "--reason"):
        parser.add_argument(option, default="")
    for option in ("--max-withdrawn", "--max-changed"):
        parser.add_argument(option, type=float)
    parser.add_argument("--approved-by")
    for option in ("--report", "--rejected"):
        parser.add_argument(option, type=Path)


@dataclass(frozen=True)
class ImportOptions:
    """What the command was told: the file, the batch's options, who, and where the rejects go."""

    file: Path
    batch: dict[str, Any]
    actor: str
    dry_run: bool
    rejected: Path | None

    @classmethod
    def from_command(cls, options: dict[str, Any]) -> "ImportOptions":
        """From the parsed options of `import_csv`."""
        _refuse_unavailable(options)
        chosen = {name: options[name] for name in BATCH_OPTIONS}
        return cls(
            options["file"], chosen, options["actor"], options["dry_run"], options["rejected"]
        )


def _refuse_unavailable(options: dict[str, Any]) -> None:
    """Say of what is agreed for a later version that it is not there, rather than ignore it."""
    asked = [flag for name, flag in LATER.items() if options[name] is not None]
    if options["dialect"] not in ("auto", "native"):
        asked.append(f"--dialect {options['dialect']}")
    if options["mode"] not in Batch.Mode.values:
        asked.append(f"--mode {options['mode']}")
    if asked:
        raise ValueError(
            _("Not available in this version: %(options)s.") % {"options": ", ".join(asked)}
        )


@dataclass(frozen=True)
class Result:
    """How it ended."""

    report: dict[str, Any]
    sentence: str

    @property
    def is_refused(self) -> bool:
        """Whether nothing was, or could be, applied."""
        return self.report["state"] not in ("applied", "previewed")


def import_file(options: ImportOptions) -> Result:
    """Preview and, unless dry, apply a file.

    Raises ValueError for an actor who does not exist or may not import this, OSError for a missing
    file.
    """
    actor = _actor(options.actor)
    try:
        with options.file.open("rb") as stream:
            batch = receive(stream, options.file.name, actor, **options.batch)
    except PermissionDenied as refusal:
        raise ValueError(str(refusal)) from refusal
    preview(batch)
    if not options.dry_run and batch.state == Batch.State.PREVIEWED:
        _apply_at_once(batch, actor)
    if options.rejected and batch.file:
        with options.rejected.open("w", encoding="utf-8", newline="") as stream:
            write_rejected(batch, stream)
    result = Result(
        report_of(batch, dry_run=options.dry_run), closing_sentence(batch, dry_run=options.dry_run)
    )
    if options.dry_run:
        forget(batch)
    return result


def _apply_at_once(batch: Batch, actor: Any) -> None:
    """Nobody looks at the preview here; why it was not applied stays in the batch."""
    try:
        apply(batch, batch.digest, actor)
    except NotApplied as refusal:
        batch.refresh_from_db()
        batch.sentence = batch.sentence or str(refusal)
        batch.state = Batch.State.FAILED
        batch.save()


def _actor(username: str) -> Any:
    if not username:
        return None
    try:
        return get_user_model().objects.get(username=username)
    except get_user_model().DoesNotExist:
        raise ValueError(
            _("There is nobody with the user name “%(name)s”.") % {"name": username}
        ) from None
