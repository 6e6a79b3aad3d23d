"""What belongs to a row stands below it in its list and is linked from its page."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.apps.users.models import Enrollment, User

WITH_LISTS = [each for each in admin.site._registry.values() if each.related_lists]


@pytest.mark.parametrize("each", WITH_LISTS, ids=lambda each: each.opts.model_name)
def test_every_related_list_has_a_filter_for_the_row(each):
    for name in each.related_lists:
        relation = each.opts.get_field(name)
        other = admin.site.get_model_admin(relation.related_model)
        filtered = [one[0] if isinstance(one, tuple) else one for one in other.list_filter]
        assert relation.field.name in flatten(filtered), (name, other)


def test_a_row_leads_to_what_belongs_to_it_and_says_how_many(registrar_client, courses, student):
    course = courses["BIO101"]
    for number in range(3):
        Enrollment.objects.create(student=student(f"s{1000 + number}"), course=course)
    page = registrar_client.get(reverse("admin:courses_course_change", args=[course.pk]))
    page_links = {str(link["title"]): link for link in page.context["related_lists"]}
    assert page_links["Enrollments"]["count"] == 3
    listed = registrar_client.get(page_links["Enrollments"]["address"])
    assert listed.context["cl"].result_count == 3
    assert "Rubrics" not in page_links  # none of a registrar's business


def test_sections_show_only_what_one_may_see(instructor, instructor_client, courses, student):
    own, other = courses["BIO101"], courses["ART200"]
    own.instructor = instructor
    own.save()
    zoe = student("s1001", first_name="Zoë")
    for course in (own, other):
        Enrollment.objects.create(student=zoe, course=course)
    text = instructor_client.get(reverse("admin:users_user_changelist")).content.decode()
    assert str(own) in text
    assert str(other) not in text


def test_sections_of_a_page_cost_one_query_each(demo):
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    page = reverse("admin:courses_course_changelist")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(page)
    about = [q for q in queries.captured_queries if 'FROM "courses_coursemodule"' in q["sql"]]
    assert len(about) == 1
