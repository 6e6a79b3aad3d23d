"""A filter by the questions people ask of a list: query words that the model's queryset names."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from backoffice.admin_site.pages.dashboard import CardLine, bounded
from backoffice.admin_site.pages.related_links import list_of

Questioned = Any  # a queryset of an app; its `questions` map names of its methods to words


class QuestionFilter(DropdownFilter):
    """Narrows a list to the rows that answer a question: {"left_open": "left open…"}."""

    title = _("what stands out")
    parameter_name = "asked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(model_admin.model._default_manager.all().questions.items())

    def queryset(self, request: HttpRequest, queryset: Questioned) -> Questioned:
        question = self.value()
        # The word comes from the address: only a question may be called, not any method.
        return getattr(queryset, question)() if question in queryset.questions else queryset


def question_lines(rows: Questioned, text: str) -> list[CardLine]:
    """A card's line for each question that some row answers; `text` has a place for %(which)s."""
    counts = {word: bounded(getattr(rows, word)()) for word in rows.questions}
    return [
        CardLine(
            text % {"which": rows.questions[word]},
            list_of(rows.model, asked=word),
            label=str(count),
            colour="warning",
        )
        for word, count in counts.items()
        if count.number
    ]
