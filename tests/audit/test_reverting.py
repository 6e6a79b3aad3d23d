"""An earlier version is brought back by a new change, for a reason, checked like any edit."""

from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import (
    Assessment,
    AssessmentSubmission,
    CriterionScore,
    GradingRubric,
    RubricCriterion,
)
from backoffice.apps.courses.models import Course, CourseModule, Lesson
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.admin_kit.optimistic_lock import last_change
from tests.actions import messages_of
from tests.filling import fields_of

REASON = "Typed into the wrong line"


def page_of(row: models.Model, version: models.Model | None = None, page: str = "revert") -> str:
    """The page on which the row's first version, or another one, is brought back."""
    version = version or row.history.earliest("history_id")
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name, args=[row.pk, version.pk])


def revert(client: Client, page: str, reason: str = REASON, **values: Any) -> Any:
    """Open the page, say why, and send it."""
    return client.post(page, fields_of(client, page) | {"change_reason": reason} | values)


def differences(answer: Any, which: str = "coming") -> list[tuple[str, str, str]]:
    """What the page says of each field that differs."""
    fields = getattr(answer.context["revert"], which)
    return [(str(each.label), str(each.now), str(each.then)) for each in fields]


def refused(answer: Any) -> list[str]:
    """What the page says against it."""
    assert answer.status_code == 200, answer.status_code
    return answer.context["revert"].refusals


@pytest.fixture
def own(courses: dict[str, Course], instructor: User) -> Course:
    """The instructor's course."""
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    return Course.objects.get(code="BIO101")


@pytest.fixture
def enrollment(own: Course, student: Any) -> Enrollment:
    """Without a result at first, passed now."""
    row = Enrollment.objects.create(student=student("s1001"), course=own, enrolled_on="2026-02-01")
    row.final_result, row.progress_percent = "Pass", 100
    row.save()
    return row


@pytest.fixture
def module(own: Course) -> CourseModule:
    """Renamed since it was made."""
    row = CourseModule.objects.create(course=own, position=1, title="Cells")
    row.title = "Wells"
    row.save()
    return row


def test_an_earlier_version_comes_back_as_a_new_change_with_its_reason(
    enrollment: Enrollment, registrar: User, registrar_client: Client
):
    before = list(enrollment.history.order_by("history_id").values())
    page = page_of(enrollment)
    opened = registrar_client.get(page)
    assert ("Final result", "Pass", "blank") in differences(opened)
    when = f"{enrollment.history.earliest('history_id').history_date:%Y-%m-%d %H:%M:%S}"
    assert "It was changed 1 time after this version." in opened.content.decode()

    answer = revert(registrar_client, page)
    assert answer.status_code == 302, refused(answer)
    assert answer.url == reverse("admin:users_enrollment_change", args=[enrollment.pk])
    assert messages_of(answer) == [f"{enrollment} stands again as in the version of {when}."]
    enrollment.refresh_from_db()
    assert enrollment.final_result == ""
    *old, new = enrollment.history.order_by("history_id").values()
    assert old == before
    assert (new["history_type"], new["final_result"]) == ("~", "")
    change_set = enrollment.history.first().change_set
    assert (change_set.actor, change_set.source) == (registrar, "action")
    assert change_set.reason == f"Reverted to the version of {when}: {REASON}"
    assert new["history_change_reason"] == change_set.reason


@pytest.mark.parametrize("reason", ["", "too short", " " * 20])
def test_without_a_reason_nothing_comes_back(
    enrollment: Enrollment, registrar_client: Client, reason: str
):
    answer = revert(registrar_client, page_of(enrollment), reason)
    assert answer.status_code == 200
    assert answer.context["reason"].errors
    assert enrollment.history.count() == 2


@pytest.mark.parametrize("role", ["auditor", "instructor"])
def test_who_only_reads_the_history_gets_no_way_back(
    enrollment: Enrollment, role: str, request: Any
):
    client: Client = request.getfixturevalue(f"{role}_client")
    version = client.get(page_of(enrollment, page="simple_history"))
    assert version.status_code == 200
    assert b"evert" not in version.content
    assert client.get(page_of(enrollment)).status_code == 403
    assert client.post(page_of(enrollment), {"change_reason": REASON}).status_code == 403
    assert enrollment.history.count() == 2


def test_who_may_revert_finds_the_way_on_the_page_of_the_version(
    enrollment: Enrollment, registrar_client: Client
):
    version = registrar_client.get(page_of(enrollment, page="simple_history"))
    assert f'href="{page_of(enrollment)}"' in version.content.decode()


def test_a_row_of_a_foreign_course_is_closed(
    module: CourseModule, courses: dict[str, Course], instructor_client: Client
):
    foreign = CourseModule.objects.create(course=courses["ART200"], position=1, title="Lines")
    for address in (page_of(foreign), page_of(module, foreign.history.get())):
        assert instructor_client.get(address).status_code in (403, 404)
        answer = instructor_client.post(address, {"change_reason": REASON})
        assert answer.status_code in (403, 404)
    module.refresh_from_db()
    assert module.title == "Wells"


def test_a_version_that_would_carry_the_row_into_a_foreign_course_is_refused(
    own: Course, courses: dict[str, Course], instructor_client: Client
):
    art = courses["ART200"]
    row = CourseModule.objects.create(course=art, position=1, title="Lines")
    row.course = own
    row.save()
    answer = revert(instructor_client, page_of(row))
    assert refused(answer) == [
        f"Course: “{art}” cannot be chosen: it is gone, or not yours to choose."
    ]
    row.refresh_from_db()
    assert row.course == own


def test_a_reference_to_a_row_that_is_gone_is_refused_in_a_sentence(
    module: CourseModule, own: Course, instructor_client: Client
):
    deleted = CourseModule.objects.create(course=own, position=2, title="Gone")
    lesson = Lesson.objects.create(module=deleted, position=1, title="Frogs")
    lesson.module = module
    lesson.save()
    key = deleted.pk
    deleted.delete()
    answer = revert(instructor_client, page_of(lesson))
    assert refused(answer) == [
        f"Module: “{key}” cannot be chosen: it is gone, or not yours to choose."
    ]
    lesson.refresh_from_db()
    assert lesson.module == module


def test_what_a_rule_refuses_does_not_come_back(
    module: CourseModule, own: Course, instructor_client: Client
):
    module.position = 2
    module.save()
    CourseModule.objects.create(course=own, position=1, title="First now")
    answer = revert(instructor_client, page_of(module))
    assert refused(answer) == ["Position: Another module of this course has this position already."]
    module.refresh_from_db()
    assert (module.title, module.position) == ("Wells", 2)


def test_what_somebody_changed_meanwhile_is_not_overwritten_unseen(
    module: CourseModule, instructor_client: Client
):
    page = page_of(module)
    opened = fields_of(instructor_client, page) | {"change_reason": REASON}
    module.title = "Bells"
    module.save()
    answer = instructor_client.post(page, opened)
    assert refused(answer) == [
        "Nothing was changed: somebody else changed this while you were looking. What is different "
        "now stands below; look at it, and revert again."
    ]
    assert differences(answer) == [("Title", "Bells", "Cells")]
    module.refresh_from_db()
    assert module.title == "Bells"
    assert revert(instructor_client, page).status_code == 302
    module.refresh_from_db()
    assert module.title == "Cells"


def test_a_page_that_does_not_say_what_it_was_opened_with_is_refused(
    module: CourseModule, instructor_client: Client
):
    answer = instructor_client.post(page_of(module), {"change_reason": REASON})
    assert refused(answer) == [
        "This form does not say what it was opened with. Open the page again."
    ]


def test_values_are_the_versions_whatever_is_posted(
    module: CourseModule, instructor_client: Client
):
    page = page_of(module)
    assert revert(instructor_client, page, title="Forged", position="7").status_code == 302
    module.refresh_from_db()
    assert (module.title, module.position) == ("Cells", 1)


def test_what_the_person_may_not_change_stays_and_is_reported(
    own: Course, student: Any, instructor: User, instructor_client: Client
):
    pupil = student("s1001")
    Enrollment.objects.create(student=pupil, course=own)
    paper = Assessment.objects.create(course=own, code="TMA01", status="published")
    work = AssessmentSubmission.objects.create(assessment=paper, student=pupil, text="Draft")
    work.score, work.status, work.text = 70, "graded", "Final text"
    work.save()
    page = page_of(work)
    opened = instructor_client.get(page)
    assert differences(opened) == [("Score", "70", "blank")]
    assert ("Text", "Final text", "Draft") in differences(opened, "left_alone")
    assert "stay as they are" in opened.content.decode()
    assert revert(instructor_client, page).status_code == 302
    work.refresh_from_db()
    assert (work.status, work.score, work.text) == ("submitted", None, "Final text")
    assert work.grader == instructor


def test_a_rubric_in_use_stays_as_it_is(own: Course, student: Any, instructor_client: Client):
    pupil = student("s1001")
    Enrollment.objects.create(student=pupil, course=own)
    rubric = GradingRubric.objects.create(course=own, title="Essay")
    rubric.title = "Essays"
    rubric.save()
    sound = RubricCriterion.objects.create(rubric=rubric, position=1, title="A", max_points=10)
    paper = Assessment.objects.create(course=own, code="TMA01", rubric=rubric, status="published")
    work = AssessmentSubmission.objects.create(assessment=paper, student=pupil)
    CriterionScore.objects.create(submission=work, criterion=sound, points=7)
    opened = instructor_client.get(page_of(rubric))
    assert differences(opened) == []
    assert differences(opened, "left_alone") == [("Title", "Essays", "Essay")]
    assert "so there is nothing to revert." in opened.content.decode()
    assert instructor_client.post(page_of(rubric), {"change_reason": REASON}).status_code == 200
    rubric.refresh_from_db()
    assert rubric.title == "Essays"


def test_the_newest_version_has_nothing_to_bring_back(
    module: CourseModule, instructor_client: Client
):
    page = page_of(module, module.history.first())
    assert "so there is nothing to revert." in instructor_client.get(page).content.decode()
    instructor_client.post(page, {"change_reason": REASON})
    assert module.history.count() == 2


def test_a_deleted_row_comes_back_under_its_number(
    module: CourseModule, admin_client: Client, instructor_client: Client
):
    key, version = module.pk, module.history.earliest("history_id")
    module.delete()
    page = reverse("admin:courses_coursemodule_revert", args=[key, version.pk])
    assert instructor_client.get(page).status_code == 403
    opened = admin_client.get(page)
    assert "It was deleted. Reverting adds it again" in opened.content.decode()
    assert ("Title", "blank", "Cells") in differences(opened)
    answer = revert(admin_client, page)
    assert answer.status_code == 302, refused(answer)
    again = CourseModule.objects.get(pk=key)
    assert (again.title, again.position) == ("Cells", 1)
    kinds = again.history.order_by("history_id").values_list("history_type", flat=True)
    assert list(kinds) == ["+", "~", "-", "+"]


def test_a_deleted_row_whose_place_is_taken_does_not_come_back(
    module: CourseModule, own: Course, admin_client: Client
):
    key, version = module.pk, module.history.first()
    module.delete()
    CourseModule.objects.create(course=own, position=1, title="New")
    page = reverse("admin:courses_coursemodule_revert", args=[key, version.pk])
    answer = revert(admin_client, page)
    assert refused(answer) == ["Position: Another module of this course has this position already."]
    assert not CourseModule.objects.filter(pk=key).exists()


@pytest.mark.parametrize("version", ["0", "abc", "9" * 30])
def test_a_version_that_is_none_is_not_found(
    module: CourseModule, instructor_client: Client, version: str
):
    page = reverse("admin:courses_coursemodule_revert", args=[module.pk, version])
    assert instructor_client.get(page).status_code == 404


def test_who_changed_a_picture_is_known_from_its_history(registrar: User):
    registrar.avatar = "avatars/one.png"
    registrar.save()
    who, when = last_change(registrar, User._meta.get_field("avatar"))
    assert (who, when is not None) == ("Somebody", True)
