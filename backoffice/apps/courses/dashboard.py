"""Courses on the home pages: nearly full ones, and one's own with how far people are."""

from django.db.models import Avg, Case, Count, IntegerField, Q, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin_site.pages.dashboard import CardLine, CardLines, Chart, Series, card
from backoffice.admin_site.pages.related_links import list_of
from backoffice.admin_site.permissions.roles import ASSISTANT, INSTRUCTOR, REGISTRAR
from backoffice.apps.courses.models import Course, CourseProgress
from backoffice.apps.users.models import Enrollment

MOST = 6
STEP = 10  # percent
STEPS = range(0, 100, STEP)


@card(gettext_lazy("Courses near their limit"), roles=(REGISTRAR,), order=30)
def full_courses(request: HttpRequest) -> CardLines:
    rows = Course.objects.visible_to(request.user).near_limit()
    fullest = sorted(rows, key=lambda course: -_share(course))
    return CardLines(
        [_full_line(course) for course in fullest[:MOST]],
        empty=_("Every course with a limit has places left."),
        more=list_of(Course, asked="near_limit"),
    )


def _share(course: Course) -> float:
    return 100 * course.student_count / course.enrollment_limit


def _full_line(course: Course) -> CardLine:
    return CardLine(
        course.title or str(course),
        _roster_of(course),
        detail=f"{course.code} · {course.presentation}",
        label=f"{course.student_count} / {course.enrollment_limit}",
        colour="danger" if course.student_count > course.enrollment_limit else "warning",
        percent=min(_share(course), 100),
    )


def _roster_of(course: Course) -> str:
    return list_of(Enrollment, course__id__exact=course.pk)


@card(gettext_lazy("Your courses"), roles=(INSTRUCTOR, ASSISTANT), order=10)
def own_courses(request: HttpRequest) -> CardLines:
    rows = Course.objects.visible_to(request.user).exclude(status=Course.Status.ARCHIVED)
    active = Q(enrollments__status="active", enrollments__role="student")
    # Not `with_students()`: beside an average, its subquery would be a part of GROUP BY.
    rows = rows.annotate(
        student_count=Count("enrollments", filter=active),
        average=Avg("enrollments__progress_percent", filter=active),
    )
    rows = rows.order_by("-starts_on", "code", "presentation")
    return CardLines(
        [_own_line(course) for course in rows[:MOST]],
        empty=_("No course is yours yet. A registrar assigns instructors to courses."),
        more=list_of(Course),
    )


def _own_line(course: Course) -> CardLine:
    people = ngettext("%(count)s student", "%(count)s students", course.student_count)
    return CardLine(
        course.title or str(course),
        _roster_of(course),
        detail=f"{course.code} · {course.presentation} · "
        f"{people % {'count': course.student_count}}",
        label="" if course.status == Course.Status.PUBLISHED else course.get_status_display(),
        colour="warning",
        percent=float(course.average) if course.average is not None else None,
    )


@card(gettext_lazy("How far your students are"), roles=(INSTRUCTOR, ASSISTANT), order=40)
def progress(request: HttpRequest) -> Chart:
    rows = Enrollment.objects.visible_to(request.user).active().students()
    steps = [When(progress_percent__lt=low + STEP, then=Value(low)) for low in STEPS]
    step = Case(*steps, default=Value(STEPS[-1]), output_field=IntegerField())
    by_step = rows.annotate(step=step).order_by().values_list("step").annotate(Count("pk"))
    counts = dict(by_step)
    return Chart(
        labels=[f"{low}–{low + STEP} %" for low in STEPS],
        series=[Series(_("students"), [counts.get(low, 0) for low in STEPS])],
        empty=_("Nobody is active in your courses yet."),
        more=list_of(CourseProgress),
    )
