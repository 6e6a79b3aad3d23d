"""A row action is an edit: the same right before and after it, a reason where an edit asks one."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import Approval

DUE = "2026-03-01T12:00Z"


@pytest.fixture
def draft(courses: dict[str, Course], instructor: User) -> Assessment:
    """A draft in the instructor's course."""
    Course.objects.filter(code="BIO101").update(instructor=instructor)
    course = courses["BIO101"]
    return Assessment.objects.create(course=course, code="TMA01", title="Essay", due_date=DUE)


def release(client: Client, draft: Assessment, **data: Any) -> Any:
    answer = client.post(f"/admin/assessments/assessment/{draft.pk}/release/", data)
    draft.refresh_from_db()
    return answer


def test_an_instructor_releases_a_draft_without_a_word(draft, instructor_client):
    assert release(instructor_client, draft).status_code == 302
    assert draft.status == "published"


def test_an_admin_says_why(draft, admin_client):
    answer = release(admin_client, draft)
    assert answer.context["form"].errors["reason"] == ["This field is required."]
    assert draft.status == "draft"
    assert release(admin_client, draft, reason="The dean asks for it.").status_code == 302
    assert draft.status == "published"
    assert draft.history.first().history_change_reason == "The dean asks for it."


def test_what_was_closed_is_released_again_for_a_reason(draft, instructor_client):
    Assessment.objects.filter(pk=draft.pk).update(status="closed")
    assert release(instructor_client, draft).context["form"].errors["reason"]
    assert draft.status == "closed"


def test_who_teaches_one_course_and_assists_in_another_releases_in_the_first_only(
    draft, courses, person, instructor
):
    helper = person("instructor", "helper")
    Enrollment.objects.create(student=helper, course=courses["BIO101"], role="teaching_assistant")
    Course.objects.filter(code="ART200").update(instructor=helper)
    taught = Assessment.objects.create(course=courses["ART200"], code="TMA01", due_date=DUE)
    client = Client()
    client.force_login(helper)
    assert release(client, draft).status_code == 403
    assert draft.status == "draft"
    assert release(client, taught).status_code == 302
    selected = {"action": "release", "_selected_action": [draft.pk], "_deed": "1"}
    assert client.post("/admin/assessments/assessment/", selected).status_code == 403
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_an_assistant_is_offered_no_action_that_takes_a_draft_away(draft, courses, person, rf):
    helper = person("instructor", "helper")
    Enrollment.objects.create(student=helper, course=courses["BIO101"], role="teaching_assistant")
    request = rf.get("/")
    request.user = helper
    model_admin = admin.site.get_model_admin(Assessment)
    offered = [
        each.method.row_action.name for each in model_admin.get_actions_detail(request, draft.pk)
    ]
    assert offered == []
    assert "status" in model_admin.get_readonly_fields(request, draft)


def test_the_role_of_a_break_glass_account_is_asked_for_by_another_one_only(person, admin_client):
    one = person("admin", "glass", is_superuser=True)
    values = {"role": "auditor", "reason": "To take it out of the way."}
    address = f"/admin/users/user/{one.pk}/change-role/"
    assert admin_client.post(address, values).status_code == 403
    assert not Approval.objects.exists()
    client = Client()
    client.force_login(person("admin", "glass2", is_superuser=True))
    assert client.post(address, values).status_code == 302
    assert Approval.objects.count() == 1


def test_the_menu_of_a_row_has_only_what_there_is_to_do_with_it(courses, student, registrar_client):
    active = Enrollment.objects.create(student=student("s1001"), course=courses["BIO101"])
    left = Enrollment.objects.create(
        student=student("s1002"), course=courses["BIO101"], status="withdrawn"
    )
    page = registrar_client.get("/admin/users/enrollment/").content.decode()
    for row, offered in (
        (active, {"withdraw", "complete", "fail"}),
        (left, {"reinstate", "redate"}),
    ):
        address = f'href="/admin/users/enrollment/{row.pk}/'
        ends = {part.split('/"', 1)[0] for part in page.split(address)[1:]}
        assert ends - {"change"} == offered


def test_what_is_about_an_account_stands_in_one_menu(person, admin_client):
    bea = person("admin", "bea")
    buttons = admin_client.get(f"/admin/users/user/{bea.pk}/change/").context["actions_detail"]
    menu = buttons[-1]
    assert [str(each["title"]) for each in buttons] == ["Change role", "Account"]
    assert [str(each["title"]) for each in menu["items"]] == ["Set password", "Change e-mail"]
