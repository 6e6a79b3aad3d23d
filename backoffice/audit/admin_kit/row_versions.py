"""Dialogs that overwrite nothing unseen: each says what version its rows had when it was opened.

When it is posted, the rows are locked and compared. Where one is another by now nothing is stored:
the dialog comes again with what was typed, what is stored, and by whom.
"""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.admin_site.permissions import roles
from backoffice.audit.admin_kit.optimistic_lock import (
    Conflict,
    RefilledForm,
    author_of,
    display_value,
    entered_value,
    last_change,
    newest_versions,
)
from backoffice.audit.models import Audited
from backoffice.audit.models.row_version import plain, watched

VERSIONS_FIELD = "_versions"
MOST_NAMED = 20
Versions = dict[str, str]


def versions_of(rows: Iterable[Any]) -> Versions:
    """The version of each row, by its key."""
    return {str(row.pk): row.lock_version() for row in rows}


def versions_in(data: Mapping[str, Any]) -> Versions:
    """The versions that a dialog was opened with; none where it does not say so."""
    try:
        parsed = json.loads(data.get(VERSIONS_FIELD) or "{}")
    # Forged data counts as none; the dialog is then refused as unseen.
    except (ValueError, RecursionError):
        return {}
    is_sound = isinstance(parsed, dict) and all(isinstance(each, str) for each in parsed.values())
    return parsed if is_sound else {}


class VersionedForm(RefilledForm, forms.Form):
    """The form of a dialog about `rows`; `left` are selected rows with which nothing is done."""

    def __init__(self, rows: Sequence[Any], request: HttpRequest, *args: Any) -> None:
        self.rows, self.request = rows, request
        self.left: Sequence[Any] = ()
        self.is_stale = False
        self.conflicts: list[Conflict] = []
        super().__init__(*args)
        self.versions = versions_in(self.data) if self.is_bound else versions_of(rows)

    @property
    def sent_versions(self) -> str:
        """The versions as the dialog carries them."""
        return json.dumps(self.versions)

    def full_clean(self) -> None:
        if self.is_bound and len(self.rows) == 1:
            # The chosen stored value stands in the form as if typed.
            for field in self._compared_fields():
                if self.takes_stored(field.name):
                    self.put(field.name, getattr(self.rows[0], field.attname))
        super().full_clean()

    def _compared_fields(self) -> list[Any]:
        """The fields of the model that stand in the dialog, and that the person may see."""
        model = type(self.rows[0])
        visible = roles.visible_fields(self.request.user, model)
        return [
            field
            for field in watched(model)
            if field.name in self.fields and (visible is None or field.name in visible)
        ]

    def note_changes(self) -> None:
        """Say of a dialog with mistakes too that its rows are others by now."""
        try:
            self.check_versions(self.rows)
        except ValidationError as refusal:
            self.add_error(None, refusal)

    def check_versions(self, locked: Sequence[Any]) -> None:
        """Compare with the rows as they are stored now, and locked.

        Raises ValidationError where the dialog was opened with others, or does not say with which.
        """
        current = versions_of(locked)
        changed = [row for row in locked if self.versions.get(str(row.pk)) != current[str(row.pk)]]
        # Somebody has closed what was to be done with them.
        changed += [row for row in self.left if str(row.pk) in self.versions]
        gone = self.versions.keys() - current.keys() - {str(row.pk) for row in self.left}
        if not changed and not gone and len(locked) == len(self.rows):
            return
        self.is_stale = True
        is_one = len(self.rows) == 1 and not self.left
        if not self.versions or (is_one and str(self.rows[0].pk) not in self.versions):
            message = _("This dialog does not say what it was opened with. Open it again.")
            raise ValidationError(message, "unseen")
        if is_one and changed and not gone:
            message = self._compare(changed[0])
        else:
            message = _message_of_many(changed, len(gone))
        # Submitting again then means it: it is compared with what is shown now.
        self.rows, self.versions = locked, current
        raise ValidationError(message, "stale")

    def _compare(self, stored: Any) -> str:
        """Find the fields that differ; returns the sentence that says who changed the row."""
        versions = newest_versions(stored) if isinstance(stored, Audited) else []
        opened = _as_opened(stored, versions, self.versions[str(stored.pk)])
        self.conflicts = list(self._conflicts(stored, opened, versions))
        for conflict in self.conflicts:
            if not conflict.is_touched:
                field = stored._meta.get_field(conflict.field)
                self.put(conflict.field, getattr(stored, field.attname))
        return self._message_of_one(versions[0] if versions else None)

    def _conflicts(self, stored: Any, opened: Any, versions: list[Any]) -> Iterator[Conflict]:
        for field in self._compared_fields():
            now, entered = plain(field, stored), entered_value(field, self.cleaned_data)
            before = plain(field, opened) if opened else None
            is_wrong = field.name in self.errors
            if opened and before == now or entered == now and not is_wrong:
                continue  # nobody else changed it, or both typed the same
            typed = _as_typed(self[field.name]) if is_wrong else display_value(field, entered)
            is_touched = is_wrong or not opened or entered != before
            who, when = last_change(stored, field, versions) if versions else author_of(None)
            yield Conflict(
                field.name, str(self[field.name].label), display_value(field, now), typed,
                is_touched, who, when, display_value(field, before) if opened else "",
            )  # fmt: skip

    def _message_of_one(self, newest: Any) -> str:
        who, when = author_of(newest)
        change_set = newest.change_set if newest else None
        values = {"who": who, "when": date_format(when, "Y-m-d H:i:s") if when else ""}
        if when and change_set and change_set.actor_id == self.request.user.pk:
            message = _(
                "Nothing was stored: you changed this yourself on %(when)s UTC, after this dialog "
                "was opened. It now shows what is stored; submit it again if that is not what you "
                "want."
            )
        elif when:
            message = _(
                "Nothing was stored: %(who)s changed this on %(when)s UTC, after this dialog was "
                "opened. Look at what is stored now, choose, and submit again."
            )
        else:
            message = _(
                "Nothing was stored: somebody else changed this after this dialog was opened. Look "
                "at what is stored now, choose, and submit again."
            )
        return message % values


def _as_typed(bound: forms.BoundField) -> str:
    """What stands in a field whose value is refused anyway."""
    parts = bound.data if isinstance(bound.data, list) else [bound.data]
    return " ".join(str(part) for part in parts if part) or _("blank")


def _message_of_many(changed: Sequence[Any], gone: int) -> str:
    """Names the rows that were changed meanwhile, and counts those that are gone."""
    sentences = []
    if changed:
        names = ", ".join(str(row) for row in changed[:MOST_NAMED])
        message = ngettext(
            "Nothing was stored: this row was changed after the dialog was opened: %(names)s.",
            "Nothing was stored: %(count)d rows were changed after the dialog was opened: "
            "%(names)s.",
            len(changed),
        )
        sentences.append(message % {"count": len(changed), "names": names})
    if gone:
        message = ngettext(
            "Nothing was stored: %(count)d row is no longer on the list.",
            "Nothing was stored: %(count)d rows are no longer on the list.",
            gone,
        )
        sentences.append(message % {"count": gone})
    return " ".join([*sentences, _("Look at the rows, and submit again.")])


def _as_opened(stored: Any, versions: Iterable[Any], opened_version: str) -> Any:
    """The row as it was when the dialog was opened, from its history; None where it is unknown."""
    for version in versions:
        row = copy.copy(stored)
        held = {field.attname for field in version._meta.concrete_fields}
        for field in watched(type(stored)):
            if field.attname in held:
                setattr(row, field.attname, getattr(version, field.attname))
        if row.lock_version() == opened_version:
            return row
    return None
