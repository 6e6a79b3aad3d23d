"""The page of the seal: an anchor to print, the blocks, and one of them verified on the spot."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.audit.models import Block
from backoffice.audit.seal.anchors import head
from backoffice.audit.seal.seal import seal
from tests.forging import unwatched


@pytest.fixture
def course(courses: dict[str, Course]) -> Course:
    row = courses["BIO101"]
    seal()
    Course.objects.filter(pk=row.pk).update(title="Marine biology")
    seal()
    return row


def page_text(client: Client, **query: object) -> str:
    page = client.get(reverse("admin:seal"), query)
    assert page.status_code == 200
    return page.content.decode()


def test_the_anchor_stands_there_to_be_printed(course: Course, auditor_client: Client):
    page = auditor_client.get(reverse("admin:seal"))
    assert page.context["anchor"] == head()
    assert [block.number for block in page.context["blocks"]] == [3, 2, 1][-Block.objects.count() :]
    assert page.context["older"] is None


def test_an_intact_block_is_called_intact(course: Course, auditor_client: Client):
    text = page_text(auditor_client, block=2)
    assert "every row is there as it was sealed" in text
    assert "None" not in text


def test_an_altered_block_names_the_row(course: Course, admin_client: Client):
    row = Course.history.filter(id=course.pk).latest("history_id")
    with unwatched():
        Course.history.filter(pk=row.pk).update(title="Alchemy")
    text = page_text(admin_client, block=2)
    assert f"Block 2, courses_historicalcourse row {row.pk}: altered." in text
    assert "every row is there as it was sealed" in page_text(admin_client, block=1)


def test_older_blocks_are_reached(course: Course, auditor_client: Client, monkeypatch):
    monkeypatch.setattr("backoffice.audit.seal.page.AT_ONCE", 1)
    newest = auditor_client.get(reverse("admin:seal")).context
    older = auditor_client.get(reverse("admin:seal"), {"before": newest["older"]}).context
    assert [each.number for each in older["blocks"]] == [newest["blocks"][0].number - 1]


@pytest.mark.parametrize("query", [{"block": "9"}, {"block": "x"}, {"before": "²"}, {"block": ""}])
def test_a_block_that_is_not_there_is_not_found(course: Course, auditor_client: Client, query):
    assert auditor_client.get(reverse("admin:seal"), query).status_code == 404


def test_before_anything_is_sealed_it_says_what_to_do(auditor_client: Client):
    assert "python manage.py audit_seal --every 30" in page_text(auditor_client)


@pytest.mark.parametrize("role", ["registrar", "instructor"])
def test_others_do_not_see_it(course: Course, role: str, request: pytest.FixtureRequest):
    client = request.getfixturevalue(f"{role}_client")
    assert client.get(reverse("admin:seal")).status_code == 403


def test_a_block_shows_its_hash_and_the_one_before(course: Course, auditor_client: Client):
    text = page_text(auditor_client, block=2)
    block = Block.objects.get(number=2)
    assert f'<code class="text-xs">{block.hash}</code>' in text
    assert f'<code class="text-xs">{block.previous}</code>' in text
    assert f"{block.sealed_at:%Y-%m-%d %H:%M:%S} UTC" in text
    assert "This is the first block." in page_text(auditor_client, block=1)
    assert "historical" not in text
