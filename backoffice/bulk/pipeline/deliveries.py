"""Several files at once: their kinds are recognised by header, and they go in one by one.

A file waits for those before it whose rows its own may name. Each is a batch like any other.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.bulk.formats.detect import DetectedFile, companions_of, detect_files
from backoffice.bulk.formats.gradebooks import MappedTable
from backoffice.bulk.formats.upload_storage import UploadPart, on_disk
from backoffice.bulk.kinds.resource import kinds, needed_by
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.pipeline.receive import receive_part, refuse_stranger
from backoffice.bulk.readers.base import Limits
from backoffice.bulk.readers.zip_archive import Archive, Member, is_archive
from backoffice.bulk.values.faults import FileRefused, display_text, storable

REFUSED = "is_refused"
MOST_FILES = 100  # as many as one zip file may hold
Uploads = Sequence[tuple[IO[bytes], str]]


class LeftOut(NamedTuple):
    """A file of which nothing is stored, and why.

    `is_known` if nobody needs it or nothing is in it; `is_refused` if it was to be brought in.
    """

    name: str
    sentence: str
    is_known: bool = False
    is_refused: bool = False

    def stored(self) -> dict[str, Any]:
        """What the delivery keeps of it; `is_refused` only where it is."""
        return {name: value for name, value in self._asdict().items() if name != REFUSED or value}


def deliver(uploads: Uploads, actor: Any, **options: Any) -> Delivery:
    """Store the files and the content of zip files, each kind as a batch, in the order to go in.

    `options` are fields of Batch, the same for all. Nothing is read yet, see `ready_in`.
    """
    with ExitStack() as stack:
        sorting = Sorting(actor, options)
        sorting.add_uploads(stack, uploads)
        delivery = Delivery.objects.create(
            **Batch.uploader_fields(actor),
            name=storable(_name_of(uploads))[:255],
            left_out=[each.stored() for each in sorting.left_out],
        )
        # By kind: people and courses are there before anybody is enrolled.
        ordered = sorted(sorting.parts, key=lambda part: kinds[part.detected.kind].order)
        try:
            for number, part in enumerate(ordered, 1):
                values = _fitting(options, part.detected.kind)
                receive_part(part, actor, delivery=delivery, position=number, **values)
        except BaseException:  # such as a full disk: a delivery is whole, or none
            _take_back(delivery)
            raise
    report_waiting(delivery)
    return delivery


def _take_back(delivery: Delivery) -> None:
    for batch in files_of(delivery):
        if batch.file:
            batch.file.delete(save=False)
        batch.delete()
    delivery.delete()


def _name_of(uploads: Uploads) -> str:
    first, others = uploads[0][1], len(uploads) - 1
    more = ngettext("%(name)s and %(count)d more file", "%(name)s and %(count)d more files", others)
    return more % {"name": first, "count": others} if others else first


def _fitting(options: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The options without those that only another kind has."""
    values, resource = {**options, "kind": kind}, kinds[kind]
    if not resource.missing_rows and values.get("mode") == Batch.Mode.SYNC:
        values["mode"] = Batch.Mode.UPSERT
    if not (resource.companion and resource.companion.option):
        values["create_students"] = False
    if kind != MappedTable.kind:
        values["gradebook_course"] = []
    return values


@dataclass
class Sorting:
    """The tables in an upload, and the files that are left out."""

    actor: Any
    options: Mapping[str, Any]
    parts: list[UploadPart] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def add_uploads(self, stack: ExitStack, uploads: Uploads) -> None:
        # Loose files are looked up in each other, files of an archive only among themselves.
        loose: list[Member] = []
        for stream, name in uploads:
            path = stack.enter_context(on_disk(stream))
            size = path.stat().st_size
            try:
                if size:  # an empty file is looked at like one in an archive
                    Limits.from_settings().check_size(size)
                if is_archive(path):
                    archive = stack.enter_context(Archive(path))
                    self._group(f"{name}/", self._detect(archive.members()))
                else:
                    loose.append(Member(name, size, path))
            except FileRefused as refusal:
                self._leave(name, refusal.message, is_refused=True)
        self._group("", self._detect(loose))

    def _detect(self, members: list[Member]) -> list[DetectedFile]:
        options = self.options
        return detect_files(members, options.get("dialect", "auto"), options.get("encoding", ""))

    def _group(self, place: str, detected: list[DetectedFile]) -> None:
        used: set[int] = set()
        for one in (each for each in detected if each.kind):
            if not self._is_accepted(place, one):
                continue
            sides = companions_of(one, detected)
            used.update(id(each) for each in sides.values())
            self.parts.append(UploadPart(one, sides, place + one.file_name))
        for each in detected:
            if not each.kind and id(each) not in used:
                name, is_refused = place + each.member.name, each.is_refused
                self._leave(name, str(each.why_not), each.is_idle, is_refused=is_refused)

    def _is_accepted(self, place: str, one: DetectedFile) -> bool:
        name = place + one.file_name
        if len(self.parts) == MOST_FILES:
            message = _("At most %(most)d files go in together. Upload it by itself afterwards.")
            self._leave(name, message % {"most": MOST_FILES}, is_refused=True)
            return False
        if one.is_empty:
            self._leave(name, _("It has a header and no rows."), is_known=True)
            return False
        try:
            refuse_stranger(self.actor, one.kind)
        except PermissionDenied as refusal:
            self._leave(name, str(refusal), is_refused=True)
            return False
        return True

    def _leave(
        self, name: str, message: str, is_known: bool = False, *, is_refused: bool = False
    ) -> None:
        self.left_out.append(LeftOut(storable(name), message, is_known, is_refused))


def open_before(batch: Batch, others: Sequence[Batch]) -> Batch | None:
    """The first of the other files for which this one waits."""
    named = needed_by(batch.kind) | {batch.kind}
    before = (each for each in others if each.position < batch.position and each.kind in named)
    return next((each for each in before if not each.is_finished), None)


def waits_for(batch: Batch) -> Batch | None:
    """The file of its delivery for which a batch waits, if any."""
    return open_before(batch, files_of(batch.delivery)) if batch.delivery else None


def files_of(delivery: Delivery) -> list[Batch]:
    return list(delivery.batches.order_by("position"))


def ready_in(delivery: Delivery) -> list[Batch]:
    """The files that are not read yet and wait for none."""
    files = files_of(delivery)
    waiting = [each for each in files if each.state == Batch.State.RECEIVED]
    return [each for each in waiting if not open_before(each, files)]


def report_waiting(delivery: Delivery) -> None:
    """Write on each file that waits for which one it does."""
    files = files_of(delivery)
    for batch in files:
        before = open_before(batch, files)
        if before and batch.state == Batch.State.RECEIVED:
            message = _("Waits for file %(number)d of %(count)d: “%(name)s”.") % {
                "number": before.position,
                "count": len(files),
                "name": display_text(PurePosixPath(before.file_name).name),
            }
            # Not `move`: the state stays, and somebody may have skipped the file by now.
            waiting = Batch.objects.filter(pk=batch.pk, state=Batch.State.RECEIVED)
            waiting.exclude(sentence=message).update(sentence=message)
