"""Stores what somebody corrects in the wrong rows of a file; the file itself stays as it came."""

from collections.abc import Collection, Mapping, Sequence
from itertools import starmap
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.bulk.formats.open_file import corrections_of
from backoffice.bulk.models import Batch, Correction
from backoffice.bulk.models.batch_state import BatchState as State
from backoffice.bulk.pipeline.stored_tables import StoredRow, numbered_rows, stored_tables
from backoffice.bulk.pipeline.wrong_rows import RowAddress, address_of, wrong_numbers
from backoffice.bulk.readers import corrected_row, old_text
from backoffice.bulk.values.faults import STORED_LENGTH, UNSTORABLE, FileRefused, display_text

MOST_CORRECTIONS = 1_000  # of a file


class NotCorrected(Exception):
    """Nothing was stored; the sentence says why."""


class Edit(NamedTuple):
    """A text somebody entered in a cell, and the one the page had there; None for no cell."""

    line: int
    place: int
    before: str | None
    text: str
    sheet: str = ""  # of a workbook of several

    @property
    def address(self) -> RowAddress:
        return RowAddress(self.sheet, self.line)


def correct(batch: Batch, edits: Sequence[Edit], person: Any) -> bool:
    """Store the corrections of a batch, all or none; whether any cell reads otherwise now.

    An outcome that was previewed is void then: the file has to be read again. Raises NotCorrected.
    """
    changing = [edit for edit in edits if _is_change(edit)]
    if not changing:
        return False
    for edit in changing:
        _refuse_text(edit)
    rows = _rows_at(batch, {edit.address for edit in changing})
    with transaction.atomic():
        _hold(batch)
        former = {(one.sheet, one.line, one.place): one for one in batch.corrections.all()}
        _refuse_stale(batch, changing, rows)
        for edit in changing:
            _store(batch, edit, rows[edit.address], former.get((*edit.address, edit.place)), person)
        _count(batch)
    return True


def _count(batch: Batch) -> None:
    count = batch.corrections.count()
    if count > MOST_CORRECTIONS:
        message = _("At most %(count)d cells can be corrected here. Correct the file itself.")
        raise NotCorrected(message % {"count": MOST_CORRECTIONS})
    Batch.objects.filter(pk=batch.pk).update(corrected_cells=count)
    batch.corrected_cells = count


def _is_change(edit: Edit) -> bool:
    # A blank text lengthens a row that ends before the cell; only a page that means it sends it.
    return edit.before is None or _in_one_form(edit.text) != _in_one_form(edit.before)


def _in_one_form(text: str) -> str:
    # A browser sends every line end of a text as CR and LF, whatever it was.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse_text(edit: Edit) -> None:
    params = {"row": edit.address, "most": STORED_LENGTH}
    if len(edit.text) > STORED_LENGTH:
        raise NotCorrected(_("%(row)s: a cell has at most %(most)d characters.") % params)
    if UNSTORABLE.search(edit.text):
        raise NotCorrected(_("%(row)s: the text has a sign that no text can have.") % params)


def _rows_at(batch: Batch, addresses: Collection[RowAddress]) -> dict[RowAddress, StoredRow]:
    """The rows at these addresses; each is wrong, or was corrected before. Raises NotCorrected."""
    rows: dict[RowAddress, StoredRow] = {}
    try:
        with stored_tables(batch) as tables:
            for row in numbered_rows(tables):
                if (address := address_of(row)) in addresses:
                    rows[address] = row
                if len(rows) == len(addresses):
                    break
    except (OSError, ValueError, FileRefused) as error:
        raise NotCorrected(_("The file is not stored any more. Upload it again.")) from error
    corrected = set(starmap(RowAddress, batch.corrections.values_list("sheet", "line")))
    wrong = set(wrong_numbers(batch).filter(row__in=[row.number for row in rows.values()]))
    for address in sorted(addresses):
        is_right = address in rows and rows[address].number not in wrong
        if address not in rows or (is_right and address not in corrected):
            message = _("%(row)s is not wrong. Only wrong rows are corrected here.")
            raise NotCorrected(message % {"row": address})
    return rows


def _hold(batch: Batch) -> None:
    """Lock the batch until the end of the transaction; a previewed outcome is void with it.

    Raises NotCorrected if it does not wait for corrections any more.
    """
    # Nobody applies an outcome that does not know the correction: the state changes with it.
    if not batch.move(State.RECEIVED, before=Batch.DECIDABLE, sentence=""):
        at_rest = Batch.objects.filter(pk=batch.pk, state__in=(State.REFUSED, State.RECEIVED))
        if not at_rest.update(file_name=F("file_name")):
            batch.refresh_from_db()
            raise NotCorrected(_why_not(batch))
    batch.refresh_from_db()


def _why_not(batch: Batch) -> str:
    if batch.state == State.APPLIED:
        return _("The file was applied meanwhile. Nothing was corrected.")
    if batch.is_in_work:
        return _("The file is in work at this moment. Enter it again once that is done.")
    return _("This import does not wait for corrections any more.")


def _refuse_stale(
    batch: Batch, edits: Sequence[Edit], rows: Mapping[RowAddress, StoredRow]
) -> None:
    """Raise NotCorrected for a cell that is not there, or that reads otherwise by now."""
    names = {edit.sheet for edit in edits}
    now = {name: corrections_of(batch, {"name": name}) for name in names}
    for edit in edits:
        table, _number, row, _now = rows[edit.address]
        if row.syntax_error or edit.place not in table.places_of(row):
            message = _("%(row)s has no such cell. Look at the page again.")
            raise NotCorrected(message % {"row": edit.address})
        cells = corrected_row(row, now[edit.sheet], table.reader.header).cells
        text = old_text(cells, edit.place)
        if (text is None, _in_one_form(text or "")) != (
            edit.before is None,
            _in_one_form(edit.before or ""),
        ):
            message = _(
                "%(row)s: %(column)s was corrected meanwhile and reads “%(text)s” now. "
                "Look at the page again."
            )
            params = {"column": table.name_at(edit.place), "text": display_text(text or "")}
            raise NotCorrected(message % {"row": edit.address, **params})


def _store(batch: Batch, edit: Edit, at: StoredRow, former: Correction | None, person: Any) -> None:
    old = old_text(at.row.cells, edit.place)
    is_as_before = edit.text == "" and former is not None and old is None
    if is_as_before or (old is not None and _in_one_form(edit.text) == _in_one_form(old)):
        if former is not None:
            former.delete()  # it reads as in the file again
        return
    batch.corrections.update_or_create(
        sheet=edit.sheet,
        line=edit.line,
        place=edit.place,
        defaults={
            "column": at.table.name_at(edit.place),
            "old": old,
            "new": _in_one_form(edit.text),
            "made_at": timezone.now(),
            **Correction.maker_fields(person),
        },
    )
