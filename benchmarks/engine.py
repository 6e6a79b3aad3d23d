"""Our import as a registrar's two clicks: preview, then apply."""

from pathlib import Path

from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from benchmarks.measuring import Cost, measured


def imported(path: Path) -> tuple[Cost, Batch]:
    """Preview and apply a file of enrollments."""
    with measured() as cost, path.open("rb") as stream:
        batch = receive(stream, path.name, None, kind="enrollments")
        preview(batch)
        apply(batch, batch.digest, None)
    return cost, batch
