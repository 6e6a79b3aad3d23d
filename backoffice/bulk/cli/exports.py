"""What `export_csv` does: rows of a kind, or all of them, into a file or to standard output."""

import codecs
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from backoffice.bulk.export.atomic_file import refuse_unwritable, whole_file
from backoffice.bulk.export.other_systems import is_gradebook, writer_for
from backoffice.bulk.export.school_archive import write_whole
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.values.refusals import ExportRefused

RowAction = Callable[[IO[bytes]], str]


def action_of(options: dict[str, Any]) -> RowAction:
    """A function that writes what the options select into a stream and describes it.

    Raises ValueError, of which ExportRefused is one, for options that contradict each other.
    """
    output, kind = options["output"], options["kind"]
    refuse_unwritable(output)
    ending = output.suffix.lower().removeprefix(".") if output else "csv"
    if kind is None or ending == "zip":
        return _whole(options, is_zip=ending == "zip")
    named = (options["course"], options["presentation"])
    is_wide = is_gradebook(options["dialect"], kind)
    chosen = Selection.of_all(kinds[kind]).of_course(*named, may_be_empty=is_wide)
    write = writer_for(ending, options["dialect"], kind)
    if options["excel"] and ending == "xlsx":
        raise _no_mark()
    mark = codecs.BOM_UTF8 if options["excel"] else b""

    def write_marked(stream: IO[bytes]) -> str:
        stream.write(mark)
        return f"{write(chosen, stream)} {chosen.resource.label}"

    return write_marked


def _no_mark() -> ExportRefused:
    return ExportRefused(
        _("--excel marks one CSV file; a workbook or zip file needs no mark. Leave it out.")
    )


def _whole(options: dict[str, Any], *, is_zip: bool) -> RowAction:
    narrowed = [options[name] for name in ("kind", "course", "presentation")]
    if any(narrowed) or not is_zip:
        raise ExportRefused(
            _("Name a kind, or else an --output that ends with .zip, for all rows of all kinds.")
        )

    if options["excel"]:
        raise _no_mark()

    def write(stream: IO[bytes]) -> str:
        written = write_whole(options["dialect"], stream)
        return ", ".join(f"{rows} {kinds[each].label}" for each, rows in written.items())

    return write


def write_to(output: Path | None, action: RowAction) -> str:
    """Run the action; returns a message, blank where the rows went to standard output."""
    if output:
        with whole_file(output) as stream:
            summary = action(stream)
        return _("%(summary)s written to %(output)s.") % {"summary": summary, "output": output}
    try:
        action(sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer would be tried again at the end, and complained about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)  # as a shell sees of tools that know nothing better
    return ""
