"""The palette finds pages by name and rows of the models on its list, of those one may see."""

from urllib.parse import quote

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User


def find(client: Client, term: str, *, rows: bool = True) -> list[tuple[str, str]]:
    page = reverse("admin:search") + f"?s={quote(term)}" + ("&extended=1" if rows else "")
    answer = client.get(page)
    assert answer.status_code == 200
    return [(each.title, str(each.description)) for each in answer.context["results"]]


def test_a_person_is_found_by_name_and_by_id(registrar_client, student):
    student("s1001", first_name="Zoë", last_name="O'Moore")
    assert find(registrar_client, "omoore zoe") == []
    assert find(registrar_client, "o'moore zoë") == [("Zoë O'Moore", "Person")]
    assert find(registrar_client, "s1001") == [("Zoë O'Moore", "Person")]


def test_a_page_is_found_by_its_name(registrar_client, auditor_client):
    assert ("Import a file", "Files") in find(registrar_client, "import")
    assert ("Import a file", "Files") not in find(auditor_client, "import")
    assert find(registrar_client, "enroll", rows=False) == [
        ("Enrollments", "People and enrollments")
    ]


def test_only_rows_one_may_see_are_found(instructor, instructor_client, courses, student):
    student("s1001", first_name="Zoë")
    assert find(instructor_client, "zoë") == []
    assert find(instructor_client, "biology") == []
    Course.objects.update(instructor=instructor)
    assert [title for title, _kind in find(instructor_client, "biology")] == [
        str(courses["BIO101"])
    ]


def test_a_role_that_ended_finds_nothing_more(registrar, registrar_client, student):
    student("s1001", first_name="Zoë")
    assert find(registrar_client, "zoë")
    User.objects.filter(pk=registrar.pk).update(is_active=False)
    answer = registrar_client.get(reverse("admin:search") + "?s=zo%C3%AB&extended=1")
    assert answer.status_code == 302


@pytest.mark.parametrize("term", ["", "   ", "%", "_", "'", '"', "\\", "a" * 5_000, "(", "🦓"])
def test_no_term_breaks_it(registrar_client, term):
    assert len(find(registrar_client, term)) <= 20


def test_at_most_five_rows_of_a_model(registrar_client, student):
    for number in range(9):
        student(f"s{2000 + number}", first_name="Ann")
    assert [kind for _name, kind in find(registrar_client, "ann")].count("Person") == 5


def test_the_list_of_models_is_short_and_holds_no_talk():
    listed = {each.opts.label for each in admin.site._registry.values() if each.in_palette}
    assert listed == {
        "users.User",
        "courses.Course",
        "assessments.Assessment",
        "assessments.GradingRubric",
        "communications.Announcement",
    }


def test_the_first_row_found_is_chosen(registrar_client, student):
    student("s1001", first_name="Zoë")
    answer = registrar_client.get(reverse("admin:search") + "?s=s1001&extended=1")
    assert "currentIndex = 1" in answer.content.decode()
