"""OneRoster's manifest.csv: the version, and for each file whether it is whole or a delta."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, NoReturn

from django.utils.translation import gettext as _

from backoffice.bulk.formats.lookup_files import SideFiles
from backoffice.bulk.models import Batch
from backoffice.bulk.values.faults import FileRefused, display_text

VERSIONS = ("", "1.0", "1.1", "1.2")
WRITTEN_VERSION = "1.1"
ABSENT, BULK, DELTA = "absent", "bulk", "delta"
FILES = (
    *("academicSessions", "categories", "classes", "classResources", "courses"),
    *("courseResources", "demographics", "enrollments", "lineItems", "orgs", "resources"),
    *("results", "users"),
)


class Manifest(NamedTuple):
    """The entry of one file; blank where there is no manifest."""

    version: str
    mode: str

    @classmethod
    def of(cls, side: SideFiles, file: str) -> "Manifest":
        values = side.manifest
        return cls(values.get("oneroster.version", ""), values.get(f"file.{file}", "").casefold())

    def check(self, file: str, batch: Batch) -> None:
        """Raise FileRefused for another version, an absent file, and a delta as a roster."""
        params = {"file": f"{file}.csv", "version": display_text(self.version)}
        if self.version not in VERSIONS:
            message = _(
                "manifest.csv says that this is OneRoster %(version)s; 1.1 and 1.2 can be read."
            )
            raise FileRefused("other_version", message % params)
        if self.mode == ABSENT:
            message = _(
                "manifest.csv says that there is no %(file)s (absent), so the one that is there "
                "is not read. Correct the manifest, or upload the file by itself."
            )
            raise FileRefused("absent_in_manifest", message % params)
        if self.mode == DELTA and batch.mode == Batch.Mode.SYNC:
            message = _(
                "manifest.csv says that %(file)s holds changes only (delta): who is missing from "
                "it has not left. Choose another mode than sync."
            )
            raise FileRefused("delta_as_roster", message % params)

    def describe(self) -> str:
        modes = {BULK: _("all rows"), DELTA: _("changes only")}
        return ", ".join(filter(None, (self.version, modes.get(self.mode, ""))))


def refuse_undeclared_delta() -> NoReturn:
    """Raise FileRefused for rows of a delta as a roster, which no manifest says to be whole."""
    message = _(
        "The rows have a status and the time of their last change, as a file of changes only "
        "(delta) has: who is missing from it has not left. Choose another mode than sync, or bring "
        "the file in together with a manifest.csv that says that it is whole (bulk)."
    )
    raise FileRefused("delta_as_roster", message)


def manifest_lines(modes: Mapping[str, str]) -> Iterator[list[str]]:
    yield ["propertyName", "value"]
    yield ["manifest.version", "1.0"]
    yield ["oneroster.version", WRITTEN_VERSION]
    for file in FILES:
        yield [f"file.{file}", modes.get(file, ABSENT)]
