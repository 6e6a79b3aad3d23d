"""The upload page takes what nobody's browser sends, and answers it with a sentence."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backoffice.audit.models import ChangeSet
from backoffice.bulk.formats.encoding_question import ENCODING_QUESTION
from backoffice.bulk.models import Batch
from tests.bulk.bad_files import bad_files, school
from tests.bulk.bad_files.answers import assert_readable
from tests.bulk.bad_files.case import BadFile

UPLOAD = "admin:bulk_batch_upload"
GOOD = b"student_id,course_code,presentation\ns1003,BIO101,2026J\n"
CHOICES = {"mode": "upsert", "on_error": "abort"}
BOUNDARY = "----------x"
Post = Callable[..., Any]


@pytest.fixture
def post(registrar_client: Client, db: None) -> Iterator[Post]:
    """Posts a form as a registrar, sees that it is answered and that nothing is written."""
    school.build()
    before = ChangeSet.objects.count()

    def send(data: Any, kind: str = "enrollments", **more: Any) -> Any:
        address = f"{reverse(UPLOAD)}?kind={kind}"
        answer = registrar_client.post(address, data, **more)
        assert answer.status_code in (200, 302, 400, 403), answer.status_code
        return answer

    yield send
    assert ChangeSet.objects.count() == before


def form_errors(answer: Any) -> str:
    """Every error of the form, each a sentence."""
    assert answer.status_code == 200
    errors = [error for errors in answer.context["form"].errors.values() for error in errors]
    assert errors
    page = html.unescape(answer.content.decode())
    for error in errors:
        assert_readable(error)
        assert error in page
    return " ".join(errors)


def first_of_each_code() -> dict[str, BadFile]:
    """One file for every kind of refusal; what is large has its turn without the page."""
    cases: dict[str, BadFile] = {}
    for case in bad_files():
        if not case.is_bomb and not case.name.startswith("limit"):
            cases.setdefault(case.code, case)
    return cases


def test_every_kind_of_refusal_is_told_on_the_page(post: Post, registrar_client, subtests: Any):
    for code, case in first_of_each_code().items():
        if code == ENCODING_QUESTION:
            continue  # the page asks instead, see test_encoding_question
        with subtests.test(code):
            _assert_refused(post, registrar_client, case)


def _assert_refused(post: Post, client: Client, case: BadFile) -> None:
    chosen = {name: "on" if value is True else value for name, value in case.options.items()}
    file = SimpleUploadedFile(case.file_name, case.read())
    answer = post({"file": file, **CHOICES, **chosen}, case.kind)
    if answer.status_code == 200:  # found out before the file is kept
        assert form_errors(answer)
        return
    batch = Batch.objects.latest("pk")
    assert (batch.state, batch.issues.first().code) == ("refused", case.code)
    page = html.unescape(client.get(answer.url).content.decode())
    assert batch.sentence in page
    assert batch.issues.first().sentence in page
    issues = reverse("admin:bulk_batch_issues", args=[batch.pk])
    assert case.code in b"".join(client.get(issues)).decode()
    wrong = client.get(reverse("admin:bulk_batch_wrong_rows", args=[batch.pk]))
    assert wrong.status_code in (200, 404)


FORGED = {
    "no mode": ({"mode": ""}, "This field is required."),
    "a mode of none": ({"mode": "destroy"}, "Select a valid choice. destroy is not one of the"),
    "a mode in capitals": ({"mode": "UPSERT"}, "Select a valid choice."),
    "a mode with a NUL": ({"mode": "upsert\0"}, "Select a valid choice."),
    "wrong rows of none": ({"on_error": "ignore"}, "Select a valid choice."),
    "a format of none": ({"dialect": "sakai"}, "Select a valid choice."),
    "a format with markup": ({"dialect": "<b>"}, "Select a valid choice."),
    "an endless encoding": ({"encoding": "x" * 41}, "Ensure this value has at most 40 characters"),
    "an encoding with a NUL": ({"encoding": "utf-8\0"}, "Null characters are not allowed."),
    "an endless reason": ({"reason": "x" * 501}, "Ensure this value has at most 500 characters"),
    "a reason with a NUL": ({"reason": "a\0b"}, "Null characters are not allowed."),
    "no file": ({"file": ""}, "This field is required."),
    "a text for a file": ({"file": "student_id\ns1003"}, "This field is required."),
    "an empty file": (
        {"file": SimpleUploadedFile("a.csv", b"")},
        "The submitted file is empty.",
    ),
}


def test_a_forged_choice_is_told_at_its_field(post: Post, subtests: Any):
    for name, (changes, message) in FORGED.items():
        with subtests.test(name):
            file = SimpleUploadedFile("a.csv", GOOD)
            assert message in form_errors(post({"file": file, **CHOICES, **changes}))
    assert not Batch.objects.exists()


def test_a_roster_mode_is_for_enrollments_alone(post: Post):
    file = SimpleUploadedFile("a.csv", b"student_id\ns1003\n")
    text = form_errors(post({"file": file, **CHOICES, "mode": "sync"}, "users"))
    assert "Select a valid choice. sync is not one of the available choices." in text


@pytest.mark.parametrize(
    "kind", ["nothing", "%00", "users%00", "..%2F..", "a" * 2_000, "__class__", "%F0%9F%98%80"]
)
def test_a_kind_nobody_knows_is_nobody_s_to_import(post: Post, kind: str):
    answer = post({"file": SimpleUploadedFile("a.csv", GOOD), **CHOICES}, kind)
    assert answer.status_code == (400 if "%00" in kind else 403)
    assert not Batch.objects.exists()


@pytest.mark.parametrize("encoding", ["zlib_codec", "idna", "rot13", "utf-16", "\u202e", "../x"])
def test_an_encoding_that_is_none_is_told_with_its_name(post: Post, registrar_client, encoding):
    file = SimpleUploadedFile("a.csv", GOOD)
    answer = post({"file": file, **CHOICES, "encoding": encoding})
    batch = Batch.objects.get()
    assert batch.issues.get().code == "unknown_encoding"
    assert html.escape(batch.sentence) in registrar_client.get(answer.url).content.decode()


@pytest.mark.parametrize("encoding", ["utf-7", "unicode_escape", "cp037", "hz", "utf-8-sig"])
def test_an_encoding_that_is_strange_is_used(post: Post, encoding: str):
    post({"file": SimpleUploadedFile("a.csv", GOOD), **CHOICES, "encoding": encoding})
    assert Batch.objects.get().state in ("previewed", "refused")


def multipart(*parts: bytes) -> dict[str, Any]:
    """A body as it goes over the wire, whatever stands in it."""
    start = b"--" + BOUNDARY.encode()
    body = b"".join(start + b"\r\n" + part + b"\r\n" for part in parts) + start + b"--\r\n"
    return {"data": body, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


def file_part(name: bytes, content: bytes = GOOD, header: bytes = b"") -> bytes:
    """The part of a file of this name."""
    place = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"\r\n'
    return place + b"Content-Type: text/csv\r\n" + header + b"\r\n" + content


FIELDS = tuple(
    b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % (name.encode(), value.encode())
    for name, value in CHOICES.items()
)
NAMES = {
    "a path": b"../../etc/passwd.csv",
    "a path of Windows": b"C:\\Users\\x\\autumn.csv",
    "markup": b"<script>alert(1)</script>.csv",
    "letters from right to left": "autumn\u202evsc.exe".encode(),
    "a line end in its code": b"autumn%0A%0D.csv",
    "a NUL": b"autumn\0.csv",
    "an emoji": "😀.csv".encode(),
    "dots": b"....csv",
    "spaces": b"   autumn   .csv",
    "quotation marks": b"autumn\\\"'.csv",
    "braces and percent signs": b"{0}{x}%s%(y)s.csv",
    "an endless ending": b"autumn." + b"c" * 200,
}


def test_a_file_of_any_name_is_taken_and_its_name_stays_text(
    post: Post, registrar_client, private_files, subtests: Any
):
    for name, sent in NAMES.items():
        with subtests.test(name):
            answer = post(**multipart(*FIELDS, file_part(sent)))
            assert answer.status_code == 302
            batch = Batch.objects.latest("pk")
            assert (batch.state, batch.created) == ("previewed", 1)
            assert batch.path.is_relative_to(private_files)
            assert re.fullmatch(r"[0-9a-f]{32}(\.[^/\\]{0,9})?", batch.path.name)
            page = registrar_client.get(answer.url).content.decode()
            assert html.escape(batch.file_name) in page
            assert "<script>alert(1)" not in page
            sent_back = registrar_client.get(reverse("admin:bulk_batch_file", args=[batch.pk]))
            assert "\n" not in sent_back["Content-Disposition"]
            assert b"".join(sent_back) == GOOD


def test_a_name_of_a_file_is_cut_to_what_a_name_may_have(post: Post):
    post(**multipart(*FIELDS, file_part(b"x" * 300 + b".csv")))
    assert Batch.objects.get().file_name == "x" * 251 + ".csv"


BODIES = {
    "two files": (*FIELDS, file_part(b"a.csv"), file_part(b"b.csv")),
    "no name of a file": (*FIELDS, file_part(b"")),
    "a file and nothing else": (file_part(b"a.csv"),),
    "a file that claims to be base64": (
        *FIELDS,
        file_part(b"a.csv", b"!!!!", b"Content-Transfer-Encoding: base64\r\n"),
    ),
    "a name of bytes that are no text": (*FIELDS, file_part(b"autumn\xff\xfe\xed\xa0\x80.csv")),
    "a name of 5,000 letters": (*FIELDS, file_part(b"x" * 5_000)),
    "every choice twice": (*FIELDS, *FIELDS, file_part(b"a.csv")),
    "two thousand fields": (*FIELDS * 1_000, file_part(b"a.csv")),
    "no parts": (),
    "a part without a header": (b"x", *FIELDS),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_any_parts_is_answered(post: Post, name: str):
    answer = post(**multipart(*BODIES[name]))
    if answer.status_code == 200:
        assert form_errors(answer)
    if answer.status_code == 302:
        assert Batch.objects.count() == 1
    if answer.status_code == 400:
        assert answer.content


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (GOOD, "text/csv"),
        (b"", f"multipart/form-data; boundary={BOUNDARY}"),
        (
            b"--" + BOUNDARY.encode() + b"\r\nContent-Dis",
            f"multipart/form-data; boundary={BOUNDARY}",
        ),
        (GOOD, "multipart/form-data"),
        (b"a=\xff%ff&file=%00", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_answered(post: Post, body: bytes, kind: str):
    answer = post(body, content_type=kind)
    assert answer.status_code == 400 or form_errors(answer)
    assert not Batch.objects.exists()
