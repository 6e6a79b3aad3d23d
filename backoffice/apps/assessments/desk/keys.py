"""The keys of the desk: one table, from which the page, its handler and its help are made."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class DeskKey(NamedTuple):
    """A key, what the page's script does with it, and what the help says of it."""

    key: str
    action: str
    label: Any
    written: str = ""

    @property
    def name(self) -> str:
        """The key as it is written on a keyboard."""
        return self.written or self.key


# Single keys act outside text fields only, and not where somebody has switched them off.
SINGLE = (
    DeskKey("1", "level", _("Choose a level of the current criterion, and go on"), "1 – 9"),
    DeskKey("ArrowDown", "criterion_after", _("Next criterion"), "↓"),
    DeskKey("ArrowUp", "criterion_before", _("Previous criterion"), "↑"),
    DeskKey("n", "next", _("Next ungraded work")),
    DeskKey("p", "previous", _("Previous work")),
    DeskKey("c", "bank", _("Saved comments")),
    DeskKey("e", "comment", _("Write a comment on the current criterion")),
    DeskKey("s", "save_next", _("Save, and go to the next ungraded work")),
    DeskKey("S", "save", _("Save, and stay"), "Shift S"),
    DeskKey("k", "carry", _("Carry the marks of the graded attempt over to the newer one")),
    DeskKey("f", "flag", _("Flag for a colleague")),
    DeskKey("m", "mark", _("Comment on the marked passage")),
    DeskKey("h", "help", _("This help")),
    DeskKey("?", "help", _("This help")),
)
# With a key held down they act everywhere, for everybody.
HELD = (
    DeskKey("Enter", "save_next", _("Save, and go to the next ungraded work"), "Ctrl Enter"),
    DeskKey("Escape", "leave", _("Leave a text field or a dialog"), "Esc"),
)


def table() -> list[list[str]]:
    """Key and action of each single key, for the page's script."""
    return [[each.key, each.action] for each in SINGLE]
