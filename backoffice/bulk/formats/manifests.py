"""OneRoster's manifest.csv: which version it is, and of each file whether it is all or changes."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from backoffice.bulk.faults import FileRefused, shown
from backoffice.bulk.formats.side_files import SideFiles
from backoffice.bulk.models import Batch

VERSIONS = ("", "1.0", "1.1", "1.2")


class Manifest(NamedTuple):
    """What the manifest says of one file; blank where there is no manifest."""

    version: str
    mode: str

    @classmethod
    def of(cls, beside: SideFiles, file: str) -> "Manifest":
        """Of the file with this name, without its ending."""
        said = beside.value("manifest", f"file.{file}", "value")
        return cls(beside.value("manifest", "oneroster.version", "value"), said.casefold())

    def check(self, file: str, batch: Batch) -> None:
        """Raise FileRefused for another version, a file that is not there, changes as a roster."""
        told = {"file": f"{file}.csv", "version": shown(self.version)}
        if self.version not in VERSIONS:
            sentence = _(
                "manifest.csv says that this is OneRoster %(version)s; 1.1 and 1.2 can be read."
            )
            raise FileRefused("other_version", sentence % told)
        if self.mode == "absent":
            sentence = _(
                "manifest.csv says that there is no %(file)s (absent), so the one that is there "
                "is not read. Correct the manifest, or upload the file by itself."
            )
            raise FileRefused("absent_in_manifest", sentence % told)
        if self.mode == "delta" and batch.mode == Batch.Mode.SYNC:
            sentence = _(
                "manifest.csv says that %(file)s holds changes only (delta): who is missing from "
                "it has not left. Choose another mode than sync."
            )
            raise FileRefused("delta_as_roster", sentence % told)

    def told(self) -> str:
        """In words, behind the name of the format."""
        modes = {"bulk": _("all rows"), "delta": _("changes only")}
        return ", ".join(filter(None, (self.version, modes.get(self.mode, ""))))
