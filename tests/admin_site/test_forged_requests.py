"""What no page of ours sends ends in a plain refusal, never in a server error."""

import pytest
from django.test import Client

PEOPLE = "/admin/users/user/"
ENROLLMENTS = "/admin/users/enrollment/"
REFUSED = [
    ("get", f"{PEOPLE}?q=a%00", {}),
    ("get", f"{PEOPLE}?role__exact=%00", {}),
    ("get", "/admin/autocomplete/?app_label=users&model_name=enrollment&field_name=x&term=%00", {}),
    ("get", "/admin/bulk/batch/export/?kind=enrollments&course=%00", {}),
    ("get", f"{ENROLLMENTS}add/?student=abc", {}),
    ("post", f"{ENROLLMENTS}add/", {"student": "abc"}),
    ("post", f"{ENROLLMENTS}add/", {"course": "9" * 30}),
    ("post", "/admin/courses/lesson/add/", {"module": "\0"}),
    ("post", "/admin/courses/coursemodule/add/", {"lessons-0-module": "abc"}),
    ("post", PEOPLE, {"action": "delete_selected", "_selected_action": ["abc", "1"]}),
]


@pytest.mark.parametrize(("method", "address", "data"), REFUSED)
def test_a_forged_request_is_refused(method: str, address: str, data: dict, admin_client: Client):
    answer = getattr(admin_client, method)(address, data) if data else admin_client.get(address)
    assert answer.status_code == 400
    assert b"Nothing was changed." in answer.content


def test_an_export_of_an_overlong_course_tells_of_the_field(admin_client: Client):
    page = admin_client.get("/admin/bulk/batch/export/", {"kind": "nothing", "course": "x"})
    assert page.status_code == 200
    assert page.context["form"].errors["kind"]


def test_a_cookie_with_a_nul_byte_is_none_of_ours(client, db):
    client.cookies["sessionid"] = "abcdefgh\0ij"
    assert client.get("/admin/").status_code == 302
