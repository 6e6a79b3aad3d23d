"""Enrollments of the week, enrollments that need attention, and who logged in."""

from datetime import date

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.changelist.question_filter import question_lines
from backoffice.admin_site.pages.dashboard import (
    CardLine,
    CardLines,
    Chart,
    Series,
    ago,
    beginning,
    card,
    days_until_today,
)
from backoffice.admin_site.pages.related_links import list_of, page_of
from backoffice.admin_site.permissions.roles import ADMIN, REGISTRAR
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.bulk.models import Batch

WEEK = 7
MOST = 6
Counts = dict[date, int]


@card(gettext_lazy("Enrollments changed this week"), roles=(REGISTRAR,), order=20)
def changes(request: HttpRequest) -> Chart:
    days = days_until_today(WEEK)
    by_file, by_hand = _from_files(days[0]), _by_hand(days[0])
    return Chart(
        labels=[f"{day:%a %d}" for day in days],
        series=[
            Series(_("from files"), [by_file.get(day, 0) for day in days], 600),
            Series(_("by hand"), [by_hand.get(day, 0) for day in days], 300),
        ],
        empty=_("No enrollment was changed in the last seven days."),
        more=list_of(Enrollment),
    )


def _from_files(start: date) -> Counts:
    # The batches' own totals: history may hold millions of rows.
    applied = Batch.objects.filter(kind="enrollments", state=Batch.State.APPLIED)
    applied = applied.filter(applied_at__gte=beginning(start)).annotate(day=TruncDate("applied_at"))
    rows = applied.order_by().values_list("day").annotate(written=Sum(F("created") + F("updated")))
    return dict(rows)


def _by_hand(start: date) -> Counts:
    sources = (ChangeSet.Source.FORM, ChangeSet.Source.ACTION)
    by_hand = ChangeSet.objects.filter(created_at__gte=beginning(start), source__in=sources)
    rows = Enrollment.history.model.objects.filter(change_set__in=by_hand.order_by().values("pk"))
    rows = rows.annotate(day=TruncDate("change_set__created_at")).order_by()
    return dict(rows.values_list("day").annotate(Count("history_id")))


@card(gettext_lazy("Enrollments that need attention"), roles=(REGISTRAR,), order=40)
def attention(request: HttpRequest) -> CardLines:
    rows = Enrollment.objects.visible_to(request.user)
    return CardLines(
        question_lines(rows, _("Enrollments %(which)s")),
        empty=_("Every active enrollment is of a course under way and a person who is here."),
        more=list_of(Enrollment),
    )


@card(gettext_lazy("Newest logins"), roles=(ADMIN,), order=50)
def logins(request: HttpRequest) -> CardLines:
    people = User.objects.visible_to(request.user).filter(last_login__isnull=False)
    return CardLines(
        [_login_line(person) for person in people.order_by("-last_login", "-pk")[:MOST]],
        empty=_("Nobody has logged in yet."),
        more=list_of(User, o="-5"),
    )


def _login_line(person: User) -> CardLine:
    return CardLine(
        str(person),
        page_of(person),
        detail=ago(person.last_login),
        label=person.get_role_display(),
    )
