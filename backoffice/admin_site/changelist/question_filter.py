"""A filter by the questions people ask of a list: query words that the model's queryset names."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from backoffice.admin_site.pages.dashboard import CardLine, bounded
from backoffice.admin_site.pages.related_links import list_of


class QuestionFilter(DropdownFilter):
    """The queryset's `questions` map the names of its methods to words: {"left_open": "…"}."""

    title = _("what stands out")
    parameter_name = "asked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The questions."""
        return list(questions_of(model_admin.model).items())

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        """The rows that answer the one asked."""
        question = self.value()
        is_known = question in questions_of(queryset.model)
        return getattr(queryset, question)() if is_known else queryset


def questions_of(model: type[models.Model]) -> dict[str, Any]:
    """What may be asked of a model's rows."""
    return model._default_manager.all().questions


def question_lines(rows: models.QuerySet[Any], text: str) -> list[CardLine]:
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
