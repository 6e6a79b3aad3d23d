"""Pages that show what a course holds as it stood at a moment, or what changed between two.

The address says course, moment (`at`, now without one) and, for a difference, the earlier moment
(`since`). Whoever may export such rows also gets them as a file.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.paginator import Page, Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.permissions.visibility import within
from backoffice.audit.reports.moments import MomentField, format_moment

PER_PAGE = 50
PAGE, FORMAT, CSV = "p", "format", "csv"


class AsOfForm(forms.Form):
    """Of which course, at which moment, and compared with which earlier one."""

    course = forms.ModelChoiceField(label=gettext_lazy("Course"), queryset=None)
    at = MomentField(
        label=gettext_lazy("As of (UTC)"),
        required=False,
        help_text=gettext_lazy("Left blank, now."),
    )
    since = MomentField(
        label=gettext_lazy("Compared with (UTC)"),
        required=False,
        help_text=gettext_lazy("An earlier moment, to see what changed from then on."),
    )

    def __init__(
        self, courses: models.QuerySet[Any], choice: models.ForeignKey, *args: Any
    ) -> None:
        super().__init__(*args)
        field = self.fields["course"]
        field.queryset = courses
        field.widget = AutocompleteSelect(choice, admin.site, attrs={"data-width": "100%"})
        field.widget.choices = field.choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("at") or timezone.now()
        if since and not self.has_error("at") and since >= until:
            message = _("“%(since)s” is not earlier than “%(until)s”. Choose an earlier moment.")
            named = {"since": format_moment(since), "until": format_moment(until)}
            self.add_error("since", forms.ValidationError(message % named, code="not_earlier"))
        return cleaned | {"at": until}


@dataclass(frozen=True)
class AsOfQuery:
    """What a page is asked for. Without a course there is nothing to show yet."""

    request: HttpRequest
    form: AsOfForm
    subject: type[models.Model]
    course: Any = None
    until: datetime = datetime.max
    since: datetime | None = None

    @property
    def is_download(self) -> bool:
        """Whether a file is asked for, and allowed; otherwise the page is shown."""
        return self.request.GET.get(FORMAT) == CSV and self.may_export

    @cached_property
    def may_export(self) -> bool:
        rows = type(self.course)._base_manager.filter(pk=self.course.pk)
        return within(rows, self.request.user, "export", self.subject).exists()

    def page(self, rows: Any) -> Page:
        return Paginator(rows, PER_PAGE).get_page(self.request.GET.get(PAGE))

    def query(self, **further: Any) -> str:
        """The same query as a query string, to the microsecond."""
        params = {"course": self.course.pk, "at": _exact(self.until)}
        params |= {"since": _exact(self.since)} if self.since else {}
        return f"?{urlencode(params | further)}"

    def file_name(self, kind: str) -> str:
        since = f"{self.since:%Y%m%dT%H%M%SZ}_" if self.since else ""
        course = "_".join(str(self.course).split()[:2])
        safe = "".join(char if char.isalnum() else "_" for char in course if char.isascii())
        return f"{kind}_{safe}_{since}{self.until:%Y%m%dT%H%M%SZ}.csv"

    def render(self, template: str, title: Any, **context: Any) -> HttpResponse:
        context |= admin.site.each_context(self.request)
        context |= {
            "as_of_query": self,
            "form": self.form,
            "title": title,
            "media": self.form.media,
        }
        if self.course:
            context |= {
                "until": format_moment(self.until),
                "since": format_moment(self.since) if self.since else "",
            }
            context |= {"file": self.query(**{FORMAT: CSV}), **self._links(context["page"])}
        return TemplateResponse(self.request, template, context)

    def _links(self, page: Page) -> dict[str, str]:
        links = {}
        if page.has_previous():
            links["previous"] = self.query(**{PAGE: page.previous_page_number()})
        if page.has_next():
            links["next"] = self.query(**{PAGE: page.next_page_number()})
        return links


def as_of_query(
    request: HttpRequest, choice: models.ForeignKey, subject: type[models.Model]
) -> AsOfQuery:
    """What the address asks for; `choice` is a foreign key to the course, for its search.

    Raises Http404 for a course that is not there, or that the person may not see.
    """
    courses = choice.remote_field.model._default_manager.all()
    form = AsOfForm(within(courses, request.user, "history", subject), choice, request.GET or None)
    query = AsOfQuery(request, form, subject)
    if not form.is_bound or form.is_valid():
        values = form.cleaned_data if form.is_bound else {}
        names = {"course": "course", "at": "until", "since": "since"}
        return replace(query, **{names[name]: value for name, value in values.items()})
    if form.has_error("course", "invalid_choice"):
        raise Http404
    return query


def _exact(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
