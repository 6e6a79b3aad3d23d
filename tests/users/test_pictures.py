"""Pictures of people: kept in private, handed out to whoever may see the person."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from backoffice.admin_site.models import private_files as private_files_module
from backoffice.apps.users.models import User
from tests.filling import errors_of, save


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", size, "teal").save(stream, kind)
    return SimpleUploadedFile(f"me.{kind.lower()}", stream.getvalue())


@pytest.fixture
def pictured(admin_client: Client, instructor: User) -> User:
    """An instructor with a picture."""
    answer = save(admin_client, page_of(instructor), avatar=picture())
    assert answer.status_code == 302, errors_of(answer)
    instructor.refresh_from_db()
    return instructor


def page_of(person: User) -> str:
    return reverse("admin:users_user_change", args=[person.pk])


def test_a_picture_is_kept_in_private_and_shown(
    pictured: User, admin_client: Client, private_files: Any
):
    stored = private_files / pictured.avatar.name
    assert stored.exists()
    assert stored.stat().st_mode & 0o077 == 0
    answer = admin_client.get(pictured.avatar.url)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert pictured.avatar.url in admin_client.get(page_of(pictured)).content.decode()


@pytest.mark.parametrize("who", ["registrar_client", "instructor_client", "client"])
def test_whoever_may_not_see_the_person_does_not_see_the_picture(
    who: str, pictured: User, request: Any
):
    client: Client = request.getfixturevalue(who)
    assert client.get(pictured.avatar.url).status_code in (302, 403)


@pytest.mark.parametrize("field", ["bio", "password", "nothing"])
def test_no_other_field_is_handed_out(field: str, pictured: User, admin_client: Client):
    address = reverse("admin:picture", args=["users.user", pictured.pk, field])
    assert admin_client.get(address).status_code == 404
    address = reverse("admin:picture", args=["users.nothing", pictured.pk, "avatar"])
    assert admin_client.get(address).status_code == 404


def test_a_person_without_a_picture_has_none(admin_client: Client, registrar: User):
    address = reverse("admin:picture", args=["users.user", registrar.pk, "avatar"])
    assert admin_client.get(address).status_code == 404


WRONG = [
    (lambda: picture("TIFF"), "Use a JPEG, PNG, GIF or WebP picture."),
    (
        lambda: picture(size=(4_001, 1)),
        "The picture is more than 4,000 pixels wide or high. Make it smaller.",
    ),
    (
        lambda: SimpleUploadedFile("me.png", picture().read() + bytes(2_000_000)),
        "The picture has more than 2 MB. Make it smaller.",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_what_is_no_small_picture_is_refused(
    make: Any, message: str, admin_client: Client, instructor: User
):
    answer = save(admin_client, page_of(instructor), avatar=make())
    assert errors_of(answer) == {"avatar": [message]}


def test_a_picture_that_finds_no_space_is_an_error_of_its_field(
    admin_client, instructor, private_files, monkeypatch
):
    monkeypatch.setattr(private_files_module, "free_bytes", lambda _folder: 10)
    answer = save(admin_client, page_of(instructor), avatar=picture())
    assert answer.context["adminform"].form.errors == {
        "avatar": [
            "The disk of the server is full, and nothing was written. Tell the operator, then try "
            "again."
        ]
    }
    assert not private_files.exists()
