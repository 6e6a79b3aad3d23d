"""The timeline: every change set, the newest first, narrowed by what a reader asks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.audit.reports import timeline

ADDRESS = reverse("admin:timeline")
Change = Callable[..., ChangeSet]


@pytest.fixture
def ada(student: Callable[..., User]) -> User:
    """A student."""
    return student("s301001", first_name="Ada")


@pytest.fixture
def rename(courses: dict[str, Course], registrar: User) -> Change:
    """One change set: a course gets another title."""

    def do(title: str, code: str = "BIO101", **context: Any) -> ChangeSet:
        with recording(**{"source": "form", "actor": registrar} | context):
            courses[code].title = title
            courses[code].save()
        return ChangeSet.objects.latest("pk")

    return do


@pytest.fixture
def enroll(courses: dict[str, Course], registrar: User) -> Change:
    """One change set: a student enters a course."""

    def do(whom: User, code: str = "BIO101", **context: Any) -> ChangeSet:
        with recording(**{"source": "form", "actor": registrar} | context):
            Enrollment.objects.create(student=whom, course=courses[code])
        return ChangeSet.objects.latest("pk")

    return do


def entries(client: Client, query: str = "") -> list[Any]:
    return client.get(ADDRESS + query).context["entries"]


def keys(client: Client, query: str = "") -> list[int]:
    return [entry.change_set.pk for entry in entries(client, query)]


def test_an_entry_says_who_when_through_what_why_and_what_was_before(
    rename, auditor_client: Client
):
    rename("Marine biology", reason="The name was too wide.")
    page = auditor_client.get(ADDRESS)
    text = " ".join(page.content.decode().split())
    assert "The name was too wide." in text
    assert '<strong class="font-semibold">Title:</strong>' in text
    assert "<bdi>Biology</bdi> → <bdi>Marine biology</bdi>" in text
    assert "1 course" in text
    assert ">None<" not in text


def test_a_change_without_a_reason_says_so(rename, auditor_client: Client):
    rename("Marine biology")
    assert "No reason was given." in auditor_client.get(ADDRESS).content.decode()


def test_it_is_narrowed_by_who_did_it(rename, registrar2, auditor_client: Client):
    own, other = rename("A"), rename("B", actor=registrar2)
    matches = keys(auditor_client, f"?person={registrar2.pk}")
    assert other.pk in matches
    assert own.pk not in matches


def test_it_is_narrowed_by_the_role(rename, admin, auditor_client: Client):
    own, other = rename("A"), rename("B", actor=admin)
    assert keys(auditor_client, "?role=admin") == [other.pk]
    assert own.pk in keys(auditor_client, "?role=registrar")


def test_it_is_narrowed_by_the_door_the_file_and_a_missing_reason(rename, auditor_client: Client):
    form, sql = rename("A", reason="Because."), rename("B", source="sql")
    imported = rename("C", source="import", batch=7)
    assert keys(auditor_client, "?source=sql")[0] == sql.pk
    assert keys(auditor_client, "?batch=7") == [imported.pk]
    assert form.pk not in keys(auditor_client, "?unexplained=on")
    assert {sql.pk, imported.pk} <= set(keys(auditor_client, "?unexplained=on"))


def test_it_is_narrowed_by_date(rename, auditor_client: Client):
    change_set = rename("A")
    day = f"{change_set.created_at:%Y-%m-%d}"
    assert change_set.pk in keys(auditor_client, f"?since={day}&until={day}")
    assert keys(auditor_client, "?until=2001-01-01") == []
    assert keys(auditor_client, "?since=2901-01-01") == []


def test_it_is_narrowed_by_kind_of_row(rename, enroll, ada, auditor_client: Client):
    renamed, enrolled = rename("A"), enroll(ada)
    matches = keys(auditor_client, "?model=users.enrollment")
    assert matches == [enrolled.pk]
    assert renamed.pk in keys(auditor_client, "?model=courses.course")


def test_it_is_narrowed_by_course(rename, enroll, ada, courses, auditor_client: Client):
    change_sets = {rename("A").pk, enroll(ada).pk}
    other = {rename("B", "ART200").pk, enroll(ada, "ART200").pk}
    matches = set(keys(auditor_client, f"?course={courses['BIO101'].pk}"))
    assert change_sets <= matches
    assert not other & matches


@pytest.mark.parametrize("known", [0, 5_000])
def test_a_large_course_is_found_by_its_newest_rows(
    known: int, enroll, ada, courses, auditor_client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(timeline, "FEW_ROWS", -1)
    monkeypatch.setattr(timeline, "MOST_KNOWN", known)
    expected, other = enroll(ada), enroll(ada, "ART200")
    matches = keys(auditor_client, f"?course={courses['BIO101'].pk}")
    assert expected.pk in matches
    assert other.pk not in matches


def test_it_is_narrowed_by_the_person_whose_record_it_is(
    rename, enroll, ada, student, auditor_client: Client
):
    rename("A")
    expected = enroll(ada)
    enroll(student("s301009"), "ART200")
    matches = entries(auditor_client, f"?student={ada.pk}&model=users.enrollment")
    assert [entry.change_set.pk for entry in matches] == [expected.pk]
    assert [str(row.kind) for row in matches[0].rows] == ["Enrollment"]


def test_what_was_deleted_is_found_by_person_and_by_course(
    enroll, ada, courses, registrar, auditor_client: Client
):
    enroll(ada)
    with recording(source="sql"):
        Enrollment.objects.filter(student=ada).delete()
    deletion = ChangeSet.objects.latest("pk").pk
    query = f"?student={ada.pk}&model=users.enrollment"
    assert keys(auditor_client, query)[0] == deletion
    assert keys(auditor_client, query + f"&course={courses['BIO101'].pk}")[0] == deletion
    assert keys(auditor_client, f"?course={courses['BIO101'].pk}")[0] == deletion
    assert keys(auditor_client, query + f"&course={courses['ART200'].pk}") == []


def test_filters_combine(rename, enroll, ada, registrar2, auditor_client: Client):
    enroll(ada, reason="Late entry.")
    hers = enroll(ada, "ART200", actor=registrar2)
    query = f"?person={registrar2.pk}&student={ada.pk}&unexplained=on&source=form"
    assert keys(auditor_client, query) == [hers.pk]


def test_pages_lead_to_older_and_newer_entries_and_none_is_left_out(
    rename, auditor_client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(timeline, "PER_PAGE", 3)
    made = [rename(f"Title {number}").pk for number in range(8)]
    pages, query = [], "?model=courses.course&source=form"
    for _page in range(3):
        page = auditor_client.get(ADDRESS + query)
        pages.append([entry.change_set.pk for entry in page.context["entries"]])
        query = page.context["older"]
    assert [key for page in pages for key in page] == made[::-1]
    assert query == ""
    back = auditor_client.get(ADDRESS + page.context["newer"])
    assert [entry.change_set.pk for entry in back.context["entries"]] == pages[1]
    first = auditor_client.get(ADDRESS + back.context["newer"])
    assert [entry.change_set.pk for entry in first.context["entries"]] == pages[0]


def test_a_search_that_would_take_too_long_says_how_far_it_came(
    rename, enroll, ada, registrar2, auditor_client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(timeline, "SEARCH_LIMIT", 2)
    hers = rename("Hers", actor=registrar2)
    for number in range(5):
        enroll(ada, "BIO101") if number == 0 else rename(f"Title {number}")
    query, pages = f"?model=courses.course&person={registrar2.pk}", 0
    page = auditor_client.get(ADDRESS + query)
    while not page.context["entries"] and pages < 9:
        assert "this one came back to" in " ".join(page.content.decode().split())
        page, pages = auditor_client.get(ADDRESS + page.context["older"]), pages + 1
    assert [entry.change_set.pk for entry in page.context["entries"]] == [hers.pk]


def test_nothing_found_says_what_to_do(auditor_client: Client):
    text = auditor_client.get(ADDRESS + "?until=2001-01-01").content.decode()
    assert "Ask for less: another kind of row, a longer time, or nothing at all." in text


def test_nonsense_in_the_address_narrows_nothing_and_says_so(rename, auditor_client: Client):
    change_set = rename("A")
    for query in ("?older=abc", "?newer=-1", "?older=99999999999999999999", "?batch=x"):
        assert change_set.pk in keys(auditor_client, query)
    text = auditor_client.get(ADDRESS + "?person=99999999").content.decode()
    assert "There is no such row. Choose one from the list." in text


@pytest.mark.parametrize("role", ["registrar", "instructor"])
def test_it_is_for_auditors_and_admins(role: str, request: pytest.FixtureRequest):
    client = request.getfixturevalue(f"{role}_client")
    assert client.get(ADDRESS).status_code == 403


def test_what_a_message_says_stands_nowhere(student, auditor_client: Client):
    from_, to = student("s301001"), student("s301002")
    from_.sent_messages.create(recipient=to, subject="Secret plan", body="Meet at noon")
    for address in (ADDRESS, f"{reverse('admin:record')}?student={from_.pk}"):
        text = auditor_client.get(address).content.decode()
        assert "Secret plan" not in text
        assert "Meet at noon" not in text
        assert f"{from_} → {to}" in text


def test_an_import_is_summed_up_with_lines_and_the_file(import_file, courses, auditor_client):
    lines = "".join(f"s{300000 + number},BIO101,2026J\n" for number in range(1001))
    batch = import_file(
        "enrollments", f"student_id,course_code,presentation\n{lines}", create_students=True
    )
    text = auditor_client.get(ADDRESS).content.decode()
    assert "1,000+ enrollments" in text
    page = auditor_client.get(
        reverse("admin:audit_changeset_change", args=[batch.change_set_id])
        + "?kind=users.enrollment"
    )
    text = " ".join(page.content.decode().split())
    assert "line 2 of the file" in text
    assert batch.file_hash in text
    section = page.context["sections"][0]
    assert len(section.rows) == 50
    assert auditor_client.get(page.request["PATH_INFO"] + section.more).context["sections"][0].first
