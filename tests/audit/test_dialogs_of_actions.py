"""Dialogs that change the state of a row: who may, what refuses, what is recorded, in bulk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.utils import timezone

from backoffice.apps.assessments.models import Assessment, PeerReview
from backoffice.apps.communications.models import Announcement, ChatMessage, Forum
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from tests.actions import do, do_with_many, messages_of, page_of, refused

pytestmark = pytest.mark.usefixtures("demo")
WHY = "The dean asked for it"
SOON = timezone.now() + timedelta(days=3)
PLANNED = {"publish_at_0": f"{SOON:%Y-%m-%d}", "publish_at_1": f"{SOON:%H:%M}:00"}
TEACHERS = ("instructor", "superuser")
EVERYBODY = ("admin", "registrar", "instructor", "instructor2", "auditor", "superuser")


@dataclass(frozen=True)
class Dialog:
    """An action, the state it begins in, and what comes of it; `done` is the field it sets."""

    action: str
    model: type[models.Model]
    before: dict[str, Any]
    done: tuple[str, Callable[[Any], bool]]
    message: str
    refusal: str
    may: tuple[str, ...]
    course: str = "course"
    values: dict[str, str] = field(default_factory=lambda: {"reason": WHY})
    is_in_bulk: bool = True

    def __str__(self) -> str:
        return f"{self.model._meta.model_name} {self.action}"

    def rows(self) -> list[Any]:
        """Two rows of the instructor's course, in the state the action begins in."""
        own = {f"{self.course}__instructor__username": "instructor"}
        keys = list(self.model._base_manager.filter(**own).order_by("pk").values_list("pk")[:2])
        chosen = self.model._base_manager.filter(pk__in=[pk for (pk,) in keys]).order_by("pk")
        chosen.update(**self.before)
        return list(chosen)

    def is_done(self, row: Any) -> bool:
        row.refresh_from_db()
        name, test = self.done
        return test(getattr(row, name))


REVIEW = {"model": PeerReview, "course": "submission__assessment__course", "may": TEACHERS}
CHAT = {"model": ChatMessage, "course": "room__course", "may": ("superuser",)}
FORUM = {"model": Forum, "may": ("admin", *TEACHERS)}
NEWS = {"model": Announcement, "may": ("admin", *TEACHERS), "is_in_bulk": False}
DIALOGS = (
    Dialog(
        "submit", before={"status": "assigned", "submitted_at": None},
        done=("submitted_at", bool), message="The review of {row} is submitted.",
        refusal="It was submitted already.", **REVIEW,
    ),
    Dialog(
        "give_back", before={"status": "submitted", "submitted_at": timezone.now()},
        done=("submitted_at", lambda at: at is None),
        message="The review of {row} is assigned again.",
        refusal="It was not submitted yet.", **REVIEW,
    ),
    Dialog(
        "hide", before={"is_hidden": False}, done=("is_hidden", bool),
        message="The message is hidden.", refusal="It is hidden already.", **CHAT,
    ),
    Dialog(
        "show", before={"is_hidden": True}, done=("is_hidden", lambda hidden: not hidden),
        message="The message can be read again.", refusal="It is not hidden.", **CHAT,
    ),
    Dialog(
        "lock", before={"is_locked": False}, done=("is_locked", bool),
        message="“{row}” is locked.", refusal="It is locked already.", **FORUM,
    ),
    Dialog(
        "unlock", before={"is_locked": True}, done=("is_locked", lambda locked: not locked),
        message="“{row}” takes posts again.", refusal="It is not locked.", values={"_": ""},
        **FORUM,
    ),
    Dialog(
        "plan", before={"publish_at": None, "expires_at": None}, done=("publish_at", bool),
        message=f"“{{row}}” stands from {SOON:%Y-%m-%d %H:%M} UTC.", refusal="", values=PLANNED,
        **NEWS,
    ),
    Dialog(
        "take_back", before={"publish_at": timezone.now(), "expires_at": None},
        done=("publish_at", lambda at: at is None), message="“{row}” is a draft again.",
        refusal="It is a draft already.", **NEWS,
    ),
    Dialog(
        "redraft", Assessment, {"status": "published"}, ("status", lambda now: now == "draft"),
        "{row} is a draft again.", "The assessment is a draft already.", ("admin", *TEACHERS),
    ),
    Dialog(
        "redraft", Course, {"status": "published"}, ("status", lambda now: now == "draft"),
        "{row} is a draft again.", "The course is a draft already.",
        ("admin", "registrar", "superuser"), course="",
    ),
)  # fmt: skip
every_dialog = pytest.mark.parametrize("dialog", DIALOGS, ids=str)


def client_of(name: str) -> Client:
    client = Client()
    if name == "superuser":
        User.objects.create_user("superuser", role="admin", is_staff=True, is_superuser=True)
    client.force_login(User.objects.get(username=name))
    return client


def rows_of(dialog: Dialog) -> list[Any]:
    if dialog.course:
        return dialog.rows()
    courses = Course.objects.filter(instructor__username="instructor").order_by("pk")
    Course.objects.filter(pk__in=courses.values("pk")).update(**dialog.before)
    return list(courses[:2])


@every_dialog
def test_whoever_may_does_it_once_and_it_is_recorded_with_its_reason(dialog):
    (row, *_others), client = rows_of(dialog), client_of(dialog.may[0])
    page = client.get(page_of(row, dialog.action))
    assert page.status_code == 200
    assert not dialog.is_done(row), "looking at the dialog changes nothing"
    answer = do(client, row, dialog.action, **dialog.values)
    assert answer.status_code == 302, refused(answer)
    assert messages_of(answer) == [dialog.message.format(row=row)]
    assert dialog.is_done(row)
    newest = row.history.first()
    assert newest.change_set.source == "action"
    assert newest.change_set.actor.username == dialog.may[0]
    assert newest.change_set.reason == dialog.values.get("reason", "")
    count = row.history.count()
    if dialog.refusal:
        assert dialog.refusal in str(refused(do(client, row, dialog.action, **dialog.values)))
        assert row.history.count() == count


@every_dialog
def test_without_its_reason_nothing_is_done(dialog):
    (row, *_others), client = rows_of(dialog), client_of(dialog.may[0])
    if "reason" not in dialog.values:
        return
    for reason, error in (
        ("", "This field is required."),
        ("too short", "Say it in at least 10 characters."),
    ):
        answer = do(client, row, dialog.action, **dialog.values | {"reason": reason})
        assert refused(answer) == {"reason": [error]}
    assert not dialog.is_done(row)


@every_dialog
def test_nobody_else_does_it_by_its_page_or_the_list(dialog):
    (row, *_others) = rows_of(dialog)
    for name in EVERYBODY:
        if name in dialog.may:
            continue
        client = client_of(name)
        assert client.get(page_of(row, dialog.action)).status_code == 403, name
        assert do(client, row, dialog.action, **dialog.values).status_code == 403, name
        do_with_many(client, [row], dialog.action, **dialog.values)
        assert not dialog.is_done(row), name


@every_dialog
def test_the_list_does_it_with_many_under_one_change_set_or_not_at_all(dialog):
    rows, client = rows_of(dialog), client_of(dialog.may[0])
    answer = do_with_many(client, rows, dialog.action, **dialog.values)
    if not dialog.is_in_bulk:
        assert not any(dialog.is_done(row) for row in rows)
        return
    count = len(rows)
    assert messages_of(answer) == [f"Done with {count} row{'s' * (count > 1)}."]
    assert all(dialog.is_done(row) for row in rows)
    assert len({row.history.first().change_set_id for row in rows}) == 1


def test_an_announcement_is_not_planned_for_a_time_that_is_over():
    row = next(dialog for dialog in DIALOGS if dialog.action == "plan").rows()[0]
    values = {"publish_at_0": "2020-01-01", "publish_at_1": "08:00:00"}
    assert refused(do(client_of("admin"), row, "plan", **values)) == {
        "publish_at": ["This time is over. Choose “Send now”, or a later time."]
    }
    row.refresh_from_db()
    assert row.publish_at is None


def test_what_was_sent_is_not_planned_again():
    row = next(dialog for dialog in DIALOGS if dialog.action == "take_back").rows()[0]
    answer = do(client_of("admin"), row, "plan", **PLANNED)
    assert "It was sent already." in str(refused(answer))
