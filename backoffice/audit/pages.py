"""The auditor's reading pages: the timeline, and everything that happened to a person's record."""

from collections import Counter
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.admin_site.pages.dashboard import Chart, Series, beginning, days_until_today
from backoffice.admin_site.pages.registry import page
from backoffice.admin_site.pages.related_links import KEY, page_of
from backoffice.admin_site.permissions import roles
from backoffice.admin_site.spreadsheets import download
from backoffice.audit.access_log.log import note_export
from backoffice.audit.models import ChangeSet
from backoffice.audit.models.anomalies import Sign, signs
from backoffice.audit.reports.scope import HistoryScope, counted
from backoffice.audit.reports.timeline import TimelineQuery, all_pages
from backoffice.audit.reports.timeline import page_of as timeline_page
from backoffice.audit.reports.timeline_entries import entries_of
from backoffice.audit.reports.timeline_form import RecordForm, TimelineForm
from backoffice.audit.seal.page import format_block, format_chain
from backoffice.audit.seal.signed_export import exported

TIMELINE, RECORD, UNUSUAL = _("Timeline"), _("A person's record"), _("Unusual activity")
SEAL = _("Seal of the record")
PERIODS = (7, 30, 90)  # days
SHADES = (600, 400, 200)
GROUP = "audit"
FILE = "file"


@page("timeline", TIMELINE, "timeline", group=GROUP)
def timeline(request: HttpRequest) -> HttpResponse:
    """All change sets, the newest first, narrowed by a form."""
    form = TimelineForm(request.GET)
    query = form.query()
    may_export = roles.may(request.user, "export", ChangeSet)
    if may_export and FILE in request.GET:
        return _file(request, query)
    context = {"title": TIMELINE, "form": form, "is_narrowed": form.is_narrowed()}
    context["file"] = page_link(request, **{FILE: "csv"}) if may_export else ""
    return render_page(
        request, "audit/timeline.html", context | change_sets_context(request, query)
    )


@page("record", RECORD, "person_search", group=GROUP)
def record(request: HttpRequest) -> HttpResponse:
    """What ever happened to the record of one person, kind by kind or all of it."""
    form = RecordForm(request.GET)
    person, kind = form.person(), form.kind()
    context: dict[str, Any] = {"title": RECORD, "form": form, "person": person}
    if person is not None:
        touched = HistoryScope(model=kind, student=person.pk)
        context |= {
            "subtitle": str(person),
            "person_page": page_of(person),
            "kinds": _kinds(person, kind),
            **change_sets_context(request, TimelineQuery(touched=touched)),
        }
    return render_page(request, "audit/record.html", context)


def _file(request: HttpRequest, query: TimelineQuery) -> HttpResponse:
    note_export(request, ChangeSet, None)
    name = f"record_{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    return download(name, exported(all_pages(query)))


def _kinds(person: Any, chosen: str) -> list[dict[str, Any]]:
    everything = {"text": _("Everything"), "link": f"?student={person.pk}", "active": not chosen}
    return [everything] + [
        {
            "text": f"{name}: {count}",
            "link": "?" + urlencode({"student": person.pk, "model": label}),
            "active": label == chosen,
        }
        for label, name, count in counted(HistoryScope(student=person.pk))
    ]


@page("unusual", UNUSUAL, "policy_alert", group=GROUP)
def unusual(request: HttpRequest) -> HttpResponse:
    """How many unusual changes there are on each day, and those of one sort."""
    days = days_of(request.GET.get("days", ""))
    since = beginning(days_until_today(days)[0])
    counts_by_sign = {sign: by_day(sign, since) for sign in signs()}
    chosen = next((sign for sign in counts_by_sign if sign.name == request.GET.get("sign")), None)
    context: dict[str, Any] = {
        "title": UNUSUAL,
        "chosen": chosen,
        "chart": _chart({chosen: counts_by_sign[chosen]} if chosen else counts_by_sign, days),
        "periods": [
            {"days": each, "link": page_link(request, days=each), "active": each == days}
            for each in PERIODS
        ],
        "signs": [
            {
                "sign": sign,
                "count": sum(counts.values()),
                "link": f"?days={days}&sign={sign.name}",
                "reach": sign.reach(since) if sign.reach else None,
            }
            for sign, counts in counts_by_sign.items()
        ],
        "all_signs": f"?days={days}",
    }
    if chosen:
        context |= change_sets_context(request, TimelineQuery(among=chosen.find(since)))
    return render_page(request, "audit/unusual.html", context)


def days_of(value: str) -> int:
    return next((each for each in PERIODS if str(each) == value), PERIODS[1])


def by_day(sign: Sign, since: datetime) -> dict[date, int]:
    rows = sign.find(since).annotate(day=TruncDate("created_at")).order_by()
    return dict(rows.values_list("day").annotate(Count("pk")))


def _chart(counts_by_sign: dict[Sign, dict[date, int]], days: int) -> Chart:
    labels = days_until_today(days)
    series = [
        Series(title, [counts[day] for day in labels], shade)
        for (title, counts), shade in zip(_top_counts(counts_by_sign), SHADES, strict=False)
    ]
    empty = _("Nothing of this sort happened in these days.")
    return Chart([f"{day:%d %b}" for day in labels], series, empty)


def _top_counts(counts_by_sign: dict[Sign, dict[date, int]]) -> list[tuple[Any, Counter[date]]]:
    named = [(sign.title, Counter(counts)) for sign, counts in counts_by_sign.items() if counts]
    named.sort(key=lambda pair: -pair[1].total())
    # Nobody can tell more colours apart: all others become one.
    if len(named) > len(SHADES):
        rest = named[len(SHADES) - 1 :]
        named[len(SHADES) - 1 :] = [
            (_("of other sorts"), sum((counts for _title, counts in rest), Counter()))
        ]
    return named


def change_sets_context(request: HttpRequest, query: TimelineQuery) -> dict[str, Any]:
    place = request.GET.get("older") or request.GET.get("newer") or ""
    key = int(place) if KEY.fullmatch(place) else None
    current_page = timeline_page(query, key, is_back="newer" in request.GET and key is not None)
    return {
        "entries": entries_of(current_page.change_sets, query.touched, request.user),
        "searched_until": current_page.searched_until,
        "newest": page_link(request) if key is not None else "",
        "newer": page_link(request, newer=current_page.newer) if current_page.newer else "",
        "older": page_link(request, older=current_page.older) if current_page.older else "",
    }


def page_link(request: HttpRequest, **place: Any) -> str:
    params = request.GET.copy()
    for name in ("older", "newer", FILE):
        params.pop(name, None)
    for name, value in place.items():
        params[name] = value
    return f"?{params.urlencode()}"


def render_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    form = context.get("form")
    # The scripts and styles of the form come with the page.
    media = form.media if form else forms.Media()
    site = admin.site.each_context(request)
    return TemplateResponse(request, template, {**site, "media": media, **context})


@page("seal", SEAL, "verified_user", group=GROUP)
def seal(request: HttpRequest) -> HttpResponse:
    """The chain, its newest blocks first; `?block=7` verifies one, `?before=7` shows older ones."""
    if "block" in request.GET:
        return render_page(request, "audit/block.html", format_block(request.GET["block"]))
    context = format_chain(request.GET.get("before", ""))
    return render_page(request, "audit/seal.html", {"title": SEAL, **context})
