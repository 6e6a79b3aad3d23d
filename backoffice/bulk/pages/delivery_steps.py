"""The files of a delivery as steps: the state of each, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.bulk.models import Batch
from backoffice.bulk.pages.batch_list import STATE_COLOURS
from backoffice.bulk.pipeline.deliveries import open_before

State = Batch.State
# What a preview says of an outcome, and what is said once it is stored.
COUNTS = {
    "created": (gettext_lazy("%(count)s to add"), gettext_lazy("%(count)s added")),
    "updated": (gettext_lazy("%(count)s to update"), gettext_lazy("%(count)s updated")),
    "returns": (gettext_lazy("%(count)s to return"), gettext_lazy("%(count)s returned")),
    "withdrawn": (gettext_lazy("%(count)s to withdraw"), gettext_lazy("%(count)s withdrawn")),
    "unchanged": (gettext_lazy("%(count)s unchanged"),) * 2,
    "duplicates": (gettext_lazy("%(count)s repeated"),) * 2,
    "rejected": (gettext_lazy("%(count)s wrong"),) * 2,
}


@dataclass(frozen=True)
class DeliveryStep:
    """One file of a delivery."""

    batch: Batch
    waits_for: Batch | None
    is_next: bool

    @property
    def name(self) -> str:
        return PurePosixPath(self.batch.file_name).name

    @property
    def place(self) -> str:
        """The zip file it was in, blank for a file by itself."""
        head, slash, _rest = self.batch.file_name.partition("/")
        return head if slash else ""

    @property
    def state(self) -> str:
        batch = self.batch
        if batch.is_skipped:
            return _("Skipped")
        if batch.undone_by:
            return _("Undone")
        if batch.state == State.PREVIEWED and not batch.writes:
            return _("Nothing to write")
        if self.waits_for:
            return _("Waits")
        return str(batch.get_state_display())

    @property
    def colour(self) -> str:
        if self.batch.is_skipped or self.batch.undone_by:
            return "default"
        if self.batch.state == State.PREVIEWED and not self.batch.writes:
            return "success"
        return STATE_COLOURS.get(self.batch.state, "default")

    @property
    def is_done(self) -> bool:
        """Whether its rows are stored, now or before."""
        batch = self.batch
        is_left = batch.is_skipped or batch.state == State.DISCARDED or batch.undone_by
        return batch.is_finished and not is_left

    @property
    def counts(self) -> list[str]:
        batch = self.batch
        if not batch.digest or batch.is_in_work:
            return []
        return [
            str(labels[batch.is_applied]) % {"count": intcomma(number)}
            for name, labels in COUNTS.items()
            if (number := getattr(batch, name))
        ]

    @property
    def message(self) -> str:
        is_quiet = self.batch.is_skipped or self.batch.is_in_work
        return "" if is_quiet else self.batch.sentence

    @property
    def action_label(self) -> str:
        batch = self.batch
        if batch.state == State.PREVIEWED:
            return _("Look at the preview of %(name)s") % {"name": self.name}
        if batch.state in (State.REFUSED, State.FAILED):
            return _("See what is wrong with %(name)s") % {"name": self.name}
        return _("Look at %(name)s") % {"name": self.name}

    @property
    def can_be_skipped(self) -> bool:
        return not (self.batch.is_finished or self.batch.is_in_work or self.waits_for)


def steps_of(files: Sequence[Batch]) -> list[DeliveryStep]:
    waiting = {batch.pk: open_before(batch, files) for batch in files}
    open_files = [b for b in files if not (b.is_finished or b.is_in_work or waiting[b.pk])]
    following = open_files[0] if open_files else None
    return [
        DeliveryStep(batch, None if batch.is_finished else waiting[batch.pk], batch is following)
        for batch in files
    ]
