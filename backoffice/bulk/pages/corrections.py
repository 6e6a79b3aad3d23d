"""The page on which wrong cells of a file are corrected: a grid of its wrong rows."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.bulk.jobs.tasks import is_read_at_once, queue_reading
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.corrections import Edit, NotCorrected, correct
from backoffice.bulk.pipeline.wrong_rows import Grid, address_of_key, grid_of
from backoffice.bulk.values.faults import FileRefused

KEY = "[0-9]{1,9}(?:_[0-9]{1,3})?"  # of a row, see `key_of`
CELL = re.compile(f"cell-({KEY})-([0-9]{{1,6}})")
MOST_LINES = 200  # that a page says it has
CONFLICT = 409


class CorrectionViewsMixin:
    """The grid of wrong rows, for the batch admin; only the uploader corrects."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.correct_view)
        return [path("<int:number>/correct/", view, name="bulk_batch_correct"), *super().get_urls()]

    def correct_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show the wrong rows, or store what was corrected. Raises Http404 without the file."""
        batch = self._owned(request, number)
        if request.method == "POST":
            return self._correct(request, batch)
        try:
            grid = grid_of(batch) if batch.can_be_corrected else Grid((), 0)
        except (OSError, ValueError, FileRefused) as error:
            raise Http404 from error
        if not batch.file:
            raise Http404
        context = {
            "title": _("Correct the wrong rows"),
            "batch": batch,
            "grid": grid,
            "is_done": not grid.wrong,
            "is_at_once": is_read_at_once(batch),
        }
        return self._page(request, "bulk/correct.html", context)

    def _correct(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        is_script = request.headers.get("Accept") == "application/json"
        try:
            is_changed = correct(batch, list(_edits(request, batch)), request.user)
        except NotCorrected as refusal:
            if is_script:
                return JsonResponse({"sentence": str(refusal)}, status=CONFLICT)
            messages.error(request, str(refusal))
            return redirect("admin:bulk_batch_correct", batch.pk)
        is_wanted = "check" in request.POST and batch.can_be_corrected
        if is_wanted or (is_changed and is_read_at_once(batch)):
            batch = queue_reading(batch)
        if is_script:
            return _answer(request, batch)
        is_done = not batch.can_be_corrected or not _is_wrong(batch)
        return self._to(batch) if is_done else redirect("admin:bulk_batch_correct", batch.pk)


def _is_wrong(batch: Batch) -> bool:
    return batch.issues.filter(is_warning=False).exists()


def _edits(request: HttpRequest, batch: Batch) -> Iterator[Edit]:
    """What was posted, with what the page had there. Raises NotCorrected for a page of nonsense."""
    fields = {CELL.fullmatch(name): text for name, text in request.POST.items()}
    try:
        for match, text in fields.items():
            if match:
                key, at = match.groups()
                before = json.loads(request.POST[f"was-{key}"])[at]
                if before is not None and not isinstance(before, str):
                    raise ValueError(before)
                if before is not None or text:
                    sheet, line = address_of_key(batch, key)
                    yield Edit(line, int(at), before, text, sheet)
        if lengthened := request.POST.get("lengthen"):
            sheet, line = address_of_key(batch, lengthened)
            before = json.loads(request.POST[f"was-{lengthened}"])
            last = max(int(at) for at, text in before.items() if text is None)
            yield Edit(line, last, None, "", sheet)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise NotCorrected(_("The page is not whole. Look at it again.")) from error


def _answer(request: HttpRequest, batch: Batch) -> JsonResponse:
    """The rows of the page as they are now."""
    keys = re.findall(KEY, request.POST.get("shown", ""))[:MOST_LINES]
    try:
        addresses = {address_of_key(batch, key) for key in keys}
    except (LookupError, ValueError):
        sentence = _("The page is not whole. Look at it again.")
        return JsonResponse({"sentence": sentence}, status=CONFLICT)
    answer: dict[str, Any] = {"sentence": batch.sentence, "rows": [], "wrong": 0, "is_done": False}
    if batch.can_be_corrected:
        try:
            grid = grid_of(batch, addresses)
        except (OSError, ValueError, FileRefused):
            return JsonResponse({"sentence": _("The file is not stored any more.")}, status=404)
        answer["rows"] = [row.as_dict() for row in grid.rows]
        answer["wrong"] = grid.wrong
    answer["is_done"] = batch.state in Batch.DECIDABLE and not answer["wrong"]
    return JsonResponse(answer)
