"""A change set says what it changed: in its list in a few words, on its page row by row."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.courses.models import Course
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording

LIST = reverse("admin:audit_changeset_changelist")


@pytest.fixture
def renamed(courses: dict[str, Course], registrar: Any) -> ChangeSet:
    """One change set: a course renamed and published, another one deleted."""
    with recording(source="form", actor=registrar):
        courses["BIO101"].title, courses["BIO101"].status = "Marine biology", "published"
        courses["BIO101"].save()
        courses["ART200"].delete()
    return ChangeSet.objects.latest("pk")


def rows_of(page: Any) -> list[Any]:
    return [row for section in page.context["sections"] for row in section.rows]


def page_of(change_set: ChangeSet) -> str:
    return reverse("admin:audit_changeset_change", args=[change_set.pk])


def test_the_list_says_how_many_rows_of_which_kind(renamed, auditor_client: Client):
    rows = auditor_client.get(LIST).context["cl"].result_list
    newest = next(row for row in rows if row.pk == renamed.pk)
    assert sorted(newest.summary.split(", ")) == ["1 course changed", "1 course deleted"]


def test_the_page_says_what_each_field_was_and_is(renamed, courses, auditor_client: Client):
    page = auditor_client.get(page_of(renamed))
    changed = next(row for row in rows_of(page) if row.changes)
    changes = {each["field"]: (each["old"], each["new"]) for each in changed.changes}
    assert changes["Title"] == ("Biology", "Marine biology")
    assert changes["Status"] == ("draft", "published")
    history = reverse("admin:courses_course_history", args=[courses["BIO101"].pk])
    assert changed.address == history
    assert f'href="{history}"' in page.content.decode()


def test_what_was_blank_is_called_blank(courses, registrar, auditor_client: Client):
    with recording(source="form", actor=registrar):
        courses["ART200"].ends_on = "2026-06-30"
        courses["ART200"].save()
    content = auditor_client.get(page_of(ChangeSet.objects.latest("pk"))).content.decode()
    assert "<bdi>blank</bdi> → <bdi>2026-06-30</bdi>" in " ".join(content.split())
    assert "None" not in content


def test_nobody_before_is_no_deleted_person(courses, instructor, auditor_client: Client):
    with recording(source="form", actor=instructor):
        courses["ART200"].instructor = instructor
        courses["ART200"].save()
    page = auditor_client.get(page_of(ChangeSet.objects.latest("pk")))
    changes = [each for row in rows_of(page) for each in row.changes]
    assert ("Instructor", "", str(instructor)) in [tuple(each.values()) for each in changes]
    history = reverse("admin:courses_course_history", args=[courses["ART200"].pk])
    assert "Deleted person" not in auditor_client.get(history).content.decode()


def test_the_text_of_a_message_is_not_shown(person, auditor_client: Client):
    message = DirectMessage(
        sender=person("instructor", "ingrid"),
        recipient=person("instructor", "kenji"),
        subject="Zebra",
        body="Zebra",
    )
    with recording(source="form"):
        message.save()
    content = auditor_client.get(page_of(ChangeSet.objects.latest("pk"))).content.decode()
    assert "Message added" in content
    assert "ebra" not in content


def test_a_change_set_has_no_history_of_its_own(renamed, auditor_client: Client):
    content = auditor_client.get(page_of(renamed)).content.decode()
    assert reverse("admin:audit_changeset_history", args=[renamed.pk]) not in content


def changes_of(auditor_client: Client, course: Course, text: str) -> tuple[str, str]:
    course.description = text
    with recording(source="form"):
        course.save()
    page = auditor_client.get(page_of(ChangeSet.objects.latest("pk")))
    (change,) = [each for row in rows_of(page) for each in row.changes]
    return change["old"], change["new"]


def test_a_text_stands_there_whole_up_to_300_characters(courses, auditor_client: Client):
    text, course = "history of everything " * 13, courses["ART200"]
    assert changes_of(auditor_client, course, text.strip()) == ("", text.strip())
    long = f"{'A' * 299}{'B' * 200}"
    assert changes_of(auditor_client, course, long) == (text.strip(), f"{'A' * 299}…")


def test_of_long_texts_the_difference_is_shown(courses, auditor_client: Client):
    course = courses["ART200"]
    changes_of(auditor_client, course, f"{'A' * 400} before it")
    changes = changes_of(auditor_client, course, f"{'A' * 400} after it")
    assert changes == (f"…{'A' * 39} before it", f"…{'A' * 39} after it")
