"""Options that a refused file asks for: each a button that turns it on and reads the file again."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from backoffice.audit.admin_kit.actions import SHORTEST_REASON, is_too_short
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.values.faults import storable


@dataclass(frozen=True)
class QuickFix:
    """An option of the upload page, and the codes of the errors that go away with it."""

    name: str
    label: str | Promise
    codes: tuple[str, ...]
    field: str  # blank: the reason alone
    value: Any = True
    instead_of: Any = None  # the only other value that it replaces
    short_reason: str | Promise = ""  # what is said of a reason that is too short, if it needs one

    @property
    def needs_reason(self) -> bool:
        return bool(self.short_reason)

    def is_open_to(self, batch: Batch) -> bool:
        """Whether the batch has another value, one that this replaces."""
        if not self.field:
            return is_too_short(batch.reason)
        stored = getattr(batch, self.field)
        return stored != self.value and self.instead_of in (None, stored)


QUICK_FIXES = (
    QuickFix(
        "create_students",
        gettext_lazy("Turn on “Create students” and read again"),
        ("unknown_student",),
        "create_students",
    ),
    QuickFix(
        "allow_over_limit",
        gettext_lazy("Allow over the limit and read again"),
        ("over_limit",),
        "allow_over_limit",
        short_reason=gettext_lazy(
            "Say in at least %(count)d characters why the limit does not hold."
        ),
    ),
    QuickFix(
        "give_reason",
        gettext_lazy("Give the reason and read again"),
        ("final_grade",),
        "",
        short_reason=gettext_lazy("Say in at least %(count)d characters why final grades change."),
    ),
    QuickFix(
        "allow_similar",
        gettext_lazy("Add similar people and read again"),
        ("similar_person",),
        "allow_similar",
    ),
    QuickFix(
        "ignore_unknown_columns",
        gettext_lazy("Ignore unknown columns and read again"),
        ("unknown_column",),
        "ignore_unknown_columns",
    ),
    QuickFix(
        "update_known_rows",
        gettext_lazy("Update known rows, too, and read again"),
        ("already_exists",),
        "mode",
        Batch.Mode.UPSERT,
        instead_of=Batch.Mode.CREATE,
    ),
    QuickFix(
        "add_new_rows",
        gettext_lazy("Add new rows, too, and read again"),
        ("unknown_row", "unknown_student"),
        "mode",
        Batch.Mode.UPSERT,
        instead_of=Batch.Mode.UPDATE,
    ),
    QuickFix(
        "recognise_format",
        gettext_lazy("Let the format be recognised and read again"),
        ("other_format",),
        "dialect",
        Batch.SourceFormat.AUTO,
    ),
)


def quick_fixes_for(batch: Batch) -> list[QuickFix]:
    """The options that may let this refused file in."""
    if batch.state != Batch.State.REFUSED or not batch.file or batch.kind not in kinds:
        return []
    resource, codes = kinds[batch.kind], _codes_of(batch)
    companion = resource.companion
    has_option = {
        "create_students": companion is not None and bool(companion.option),
        "allow_over_limit": resource.has_capacity(),
    }
    return [
        fix
        for fix in QUICK_FIXES
        if codes.intersection(fix.codes) and has_option.get(fix.field, True)
        if fix.is_open_to(batch)
    ]


def _codes_of(batch: Batch) -> set[str]:
    wanted = {code for fix in QUICK_FIXES for code in fix.codes}
    errors = batch.issues.filter(code__in=wanted, is_warning=False).order_by()
    codes = set(errors.values_list("code", flat=True).distinct())
    # The names of people who are not known yet are columns under an option of their own.
    companion = kinds[batch.kind].companion
    if companion and errors.filter(code="unknown_column", column__in=companion.names).exists():
        codes.add("unknown_student")
    return codes


def turn_on(batch: Batch, fix: QuickFix, reason: str) -> None:
    """Set the option on the batch, unsaved. Raises ValueError without a reason it needs."""
    if fix.needs_reason and is_too_short(batch.reason):
        if is_too_short(reason):
            raise ValueError(str(fix.short_reason) % {"count": SHORTEST_REASON})
        batch.reason = storable(reason)
    if fix.field:
        setattr(batch, fix.field, fix.value)
