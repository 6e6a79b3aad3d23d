"""An import asks the database few questions, whatever the size of the file."""

import pytest
from django.db import connection

from backoffice.apps.users.models import User
from backoffice.bulk.pipeline.apply import apply
from tests.bulk.plan.sections import canvas_file

MOST = 41
OF_SECTIONS = 20


@pytest.mark.parametrize("rows", [10, 12_000])
def test_preview_and_apply_take_at_most_forty_one_statements(
    upload, courses, registrar, django_assert_max_num_queries, rows
):
    User.objects.bulk_create(
        User(username=f"s{n:06}", student_id=f"s{n:06}", password="!") for n in range(rows // 2)
    )
    lines = [f"s{n:06},BIO101,2026J,Zoë" for n in range(rows)]
    text = "student_id,course_code,presentation,first_name\n" + "\n".join(lines)
    # SQLite has no COPY: a statement for each 5,000 rows; nor does it drop several tables at once.
    more = 0 if connection.vendor == "postgresql" else 30

    with django_assert_max_num_queries(MOST + more):
        batch = upload("enrollments", text, create_students=True)
        apply(batch, batch.digest, registrar)

    assert (batch.created, batch.created_students) == (rows, rows - rows // 2)


@pytest.mark.parametrize("people", [5, 6_000])
def test_sections_take_a_fixed_number_of_statements_more(
    upload, courses, registrar, django_assert_max_num_queries, people
):
    User.objects.bulk_create(
        User(username=f"s{n:06}", student_id=f"s{n:06}", password="!") for n in range(people)
    )
    rows = [f"s{n:06} S{section} active" for n in range(people) for section in (1, 2)]
    more = 0 if connection.vendor == "postgresql" else 30

    with django_assert_max_num_queries(MOST + OF_SECTIONS + more):
        batch = upload("enrollments", canvas_file(*rows))
        apply(batch, batch.digest, registrar)

    assert (batch.created, batch.folded, batch.sections) == (people, people, 2 * people)
