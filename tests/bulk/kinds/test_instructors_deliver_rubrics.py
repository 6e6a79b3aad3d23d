"""Instructors bring rubrics in among several files, and see nothing of what others bring in."""

from typing import Any

import pytest
from django.test import Client

from backoffice.apps.assessments.models import GradingRubric
from backoffice.apps.users.models import User
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.pipeline.deliveries import files_of
from tests.bulk.pipeline.test_deliveries import FILES, UPLOAD, apply_next, page_of, posted
from tests.bulk.readers.test_zip_files import packed
from tests.rubric_files import ESSAY

LIST = "/admin/bulk/batch/"


@pytest.fixture
def delivered(instructor_client: Client, taught: Any) -> Delivery:
    """A zip file of rubrics and people, as the instructor uploads it."""
    posted(instructor_client, {"course.zip": packed({"r.csv": ESSAY, "p.csv": FILES["z.csv"]})})
    return Delivery.objects.get()


def names_on(client: Client) -> list[str]:
    return [batch.file_name for batch in client.get(LIST).context["cl"].result_list]


def test_rubrics_of_a_zip_go_in_and_people_in_it_do_not(instructor_client, delivered, taught):
    assert [(each.kind, each.state) for each in files_of(delivered)] == [("rubrics", "previewed")]
    page = instructor_client.get(page_of(delivered)).content.decode()
    assert "Step 1 of 1" in page
    assert "course.zip/p.csv" in page
    assert "You may not import people." in page

    assert apply_next(instructor_client, delivered).url == page_of(delivered)
    assert {rubric.course for rubric in GradingRubric.objects.all()} == {taught}
    assert not User.objects.filter(student_id="s1001").exists()
    instructor_client.post(page_of(delivered, "undo_delivery"), {"reason": "wrong course"})
    assert not GradingRubric.objects.exists()


def test_a_zip_under_its_kind_gives_its_rubrics(instructor_client, taught):
    upload = UPLOAD.replace("auto", "rubrics")
    zipped = packed({"r.csv": ESSAY, "p.csv": FILES["z.csv"]})
    answer = posted(instructor_client, {"course.zip": zipped}, to=upload)
    batch = Batch.objects.get()
    assert answer.url.endswith(f"/{batch.pk}/change/")
    assert (batch.kind, batch.state, batch.created) == ("rubrics", "previewed", 3)


def test_they_see_only_their_own(
    instructor_client, registrar_client, person, client, delivered, upload
):
    foreign = upload("users", FILES["z.csv"])
    assert names_on(instructor_client) == ["course.zip/r.csv"]
    assert instructor_client.get(f"{LIST}{foreign.pk}/change/").status_code == 404
    batch = files_of(delivered)[0]
    client.force_login(person("instructor", username="other"))
    for stranger, own in ((client, []), (registrar_client, ["users.csv"])):
        assert names_on(stranger) == own
        assert stranger.get(page_of(delivered)).status_code == 404
        assert stranger.get(f"{LIST}{batch.pk}/change/").status_code == 404
        assert stranger.post(f"{LIST}{batch.pk}/discard/").status_code == 404
    batch.refresh_from_db()
    assert batch.state == "previewed"
