"""No file sets what a member of staff gets in by, whoever brings it in."""

import io
from typing import Any

import pytest

from backoffice.apps.users.models import User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.undo.undo import undo

SWITCHED_ON = (
    "Line 2: is_active “True”: the account of a member of staff is switched on by “Change role” on "
    "their page."
)
EMAIL = (
    "Line 2: email “x@example.org”: the e-mail address of a member of staff is changed on their "
    "page."
)


def read(text: str, actor: Any = None) -> Batch:
    return preview(receive(io.BytesIO(text.encode()), "users.csv", actor, kind="users"))


def errors_of(batch: Batch) -> list[str]:
    return [str(issue) for issue in batch.issues.filter(is_warning=False)]


@pytest.mark.parametrize(
    ("text", "stored", "expected"),
    [
        ("username,is_active\nrita,1\n", {"is_active": False}, SWITCHED_ON),
        ("student_id,is_active\ns1001,1\n", {"is_active": False, "student_id": "s1001"},
         SWITCHED_ON),
        ("username,email\nrita,x@example.org\n", {}, EMAIL),
        ("student_id,email\ns1001,x@example.org\n", {"student_id": "s1001"}, EMAIL),
    ],
)  # fmt: skip
def test_not_even_the_operators_file_sets_it(text, stored, expected, person):
    rita = person("registrar", "rita", **stored)
    batch = read(text)
    assert batch.state == Batch.State.REFUSED
    assert expected in errors_of(batch)
    rita.refresh_from_db()
    assert (rita.is_active, rita.email) == (stored.get("is_active", True), "")


def test_a_registrars_file_changes_no_staff_at_all(registrar, person):
    rita = person("registrar", "rita", student_id="s1001", is_active=False)
    for text in ("username,language\nrita,fr\n", "student_id,is_active\ns1001,1\n"):
        batch = read(text, registrar)
        assert batch.state == Batch.State.REFUSED
        assert any("your role may not change by a file" in error for error in errors_of(batch))
    rita.refresh_from_db()
    assert (rita.is_active, rita.language) == (False, "en")


def test_no_file_makes_staff(registrar):
    batch = read("username,first_name\nnobody,Nobody\n", registrar)
    assert batch.state == Batch.State.REFUSED
    assert not User.objects.filter(username="nobody").exists()


@pytest.mark.parametrize(
    "column", ["password", "role", "is_staff", "is_superuser", "groups", "user_permissions", "id",
               "has_temporary_password"],
)  # fmt: skip
def test_a_column_of_credentials_refuses_the_file(column, registrar):
    batch = read(f"student_id,first_name,{column}\ns1001,Zoë,1\n", registrar)
    assert batch.state == Batch.State.REFUSED
    assert not User.objects.filter(student_id="s1001").exists()


def test_what_a_file_leaves_of_staff_as_it_is_goes_in(person):
    rita = person("registrar", "rita", email="rita@example.org")
    batch = read("username,email,is_active,language\nrita,rita@example.org,1,fr\n")
    assert batch.state == Batch.State.PREVIEWED, errors_of(batch)
    assert (batch.updated, rita.is_active) == (1, True)


def test_an_undo_switches_no_member_of_staff_on(person):
    rita = person("registrar", "rita")
    batch = read("username,is_active,language\nrita,0,fr\n")
    apply(batch, batch.digest, None)
    made = undo(batch, None, "Sent in by mistake")
    rita.refresh_from_db()
    assert (rita.is_active, rita.language) == (False, "fr")
    (issue,) = made.issues.all()
    assert issue.message == (
        "Line 2: Rita Example stays as it is: a member of staff is switched on by “Change role” on "
        "their page, and gets another e-mail address there."
    )


def test_an_undo_of_what_is_no_way_in_goes_back(person):
    rita = person("registrar", "rita")
    batch = read("username,language\nrita,fr\n")
    apply(batch, batch.digest, None)
    undo(batch, None, "Sent in by mistake")
    rita.refresh_from_db()
    assert rita.language == "en"
