"""What anybody may send to the login page: a sentence, never a server error, never a login."""

from typing import Any
from urllib.parse import quote

import pytest
from axes.models import AccessAttempt
from django.test import Client

PASSWORD = "a password for tests"
BOUNDARY = "a-line"


@pytest.fixture
def rita(person: Any) -> Any:
    one = person("registrar", "rita")
    one.set_password(PASSWORD)
    one.save()
    return one


def urlencoded(body: bytes, charset: str = "") -> Any:
    kind = "application/x-www-form-urlencoded" + (f"; charset={charset}" if charset else "")
    return Client().generic("POST", "/admin/login/", body, content_type=kind)


def multipart(fields: list[tuple[str, bytes]], charset: str = "") -> Any:
    parts = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, value in fields
    )
    kind = f"multipart/form-data; boundary={BOUNDARY}" + (f"; charset={charset}" if charset else "")
    body = parts + f"--{BOUNDARY}--\r\n".encode()
    return Client().generic("POST", "/admin/login/", body, content_type=kind)


def sentences(answer: Any) -> list[str]:
    form = answer.context["form"]
    return [str(error) for errors in form.errors.values() for error in errors]


TOO_LONG = "Ensure this value has at most 150 characters (it has 1000)."
INPUTS = [
    ("u" * 1000, PASSWORD, TOO_LONG),
    ("ü" * 1000, PASSWORD, TOO_LONG),
    ("u" * 151, PASSWORD, "Ensure this value has at most 150 characters (it has 151)."),
    ("ri\0ta", PASSWORD, "Null characters are not allowed."),
    ("rita", "pass\0word", "Null characters are not allowed."),
    ("rita", "p" * 5000, "Ensure this value has at most 4096 characters (it has 5000)."),
    ("", PASSWORD, "This field is required."),
    ("rita", "", "This field is required."),
]


@pytest.mark.parametrize(("name", "password", "expected"), INPUTS)
def test_what_no_account_can_have_gets_a_sentence(rita, name, password, expected):
    answer = Client().post("/admin/login/", {"username": name, "password": password})
    assert answer.status_code == 200
    assert sentences(answer) == [expected]
    assert expected in answer.content.decode()
    assert not AccessAttempt.objects.exists()


def test_the_longest_name_and_password_are_looked_at(rita):
    answer = Client().post("/admin/login/", {"username": "u" * 150, "password": "p" * 4096})
    assert answer.status_code == 200
    assert sentences(answer)[0].startswith("Please enter the correct")
    assert AccessAttempt.objects.count() == 1


def test_of_a_field_sent_twice_the_last_counts_for_login_and_throttle(rita):
    for _ in range(5):
        urlencoded(b"username=nobody&username=rita&password=x&password=wrong")
    assert set(AccessAttempt.objects.values_list("username", flat=True)) == {"rita"}


SURROGATE = b"\\ud800"
STRANGE = ["utf-7", "utf-16", "unicode_escape", "raw_unicode_escape", "idna", "hex", "base64",
           "rot13", "undefined", "punycode", "latin-1", "utf-8-sig"]  # fmt: skip


@pytest.mark.parametrize("charset", STRANGE)
def test_another_encoding_is_refused_with_a_sentence(rita, charset):
    bodies = [SURROGATE, b"rita", b"\xff\xfe\x00\xd8", "é".encode("latin-1")]
    for name in bodies:
        for answer in (
            multipart([("username", name), ("password", PASSWORD.encode())], charset),
            urlencoded(b"username=" + quote(name).encode() + b"&password=x", charset),
        ):
            assert answer.status_code in (200, 400), (charset, name)
            assert "sessionid" not in answer.cookies


@pytest.mark.parametrize("raw", [b"%ED%A0%80", b"%FF%FE", b"%C0%80", b"%00", b"%F4%90%80%80", b"%"])
def test_bytes_that_are_no_text_get_a_form(rita, raw):
    for name, password in ((raw, b"x"), (b"rita", raw)):
        answer = urlencoded(b"username=" + name + b"&password=" + password)
        assert (answer.status_code, bool(sentences(answer))) == (200, True)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "no-such-thing"])
def test_the_usual_encoding_may_be_named(rita, charset):
    fields = [("username", b"rita"), ("password", PASSWORD.encode())]
    assert multipart(fields, charset).status_code == 302


NEXT = ["/admin/\r\nX-Evil: 1", "//evil.example", "/admin/\0", "/" * 3000, "javascript:x",
        "/admin/?x=%00", "/admin/\u202e", "https://evil.test", "/admin/" + "x" * 9000]  # fmt: skip


@pytest.mark.parametrize("way_on", NEXT)
def test_where_to_go_on_is_on_this_site_or_home(rita, way_on):
    credentials = {"username": "rita", "password": PASSWORD, "next": way_on}
    answer = Client().post("/admin/login/", credentials)
    assert answer.status_code in (302, 400)
    if answer.status_code == 302:
        assert answer.url.startswith("/admin/")
        assert "\n" not in answer.url
        assert "X-Evil" not in answer.headers


def test_many_or_large_fields_are_refused(rita):
    many = b"&".join(b"f%d=x" % number for number in range(2000))
    assert urlencoded(b"username=rita&password=x&" + many).status_code == 400
    assert urlencoded(b"username=rita&password=" + b"x" * 3_000_000).status_code in (400, 413)


def test_headers_of_all_kinds_do_no_harm(rita):
    for headers in (
        {"X-Forwarded-For": "' OR 1=1, not an address"},
        {"X-Forwarded-For": "fe80::1%eth0"},
        {"User-Agent": "x" * 5000},
        {"User-Agent": "\udcff"},
        {"Accept": "y" * 5000},
    ):
        answer = Client().post(
            "/admin/login/", {"username": "rita", "password": "wrong"}, headers=headers
        )
        assert answer.status_code in (200, 429)
    address = {"REMOTE_ADDR": "fe80::1%eth0"}
    answer = Client().post("/admin/login/", {"username": "ida", "password": "wrong"}, **address)
    assert answer.status_code == 200
