"""A file of Excel that is not in UTF-8: both doors ask before anything of it is judged."""

import html
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.apps.users.models import User
from backoffice.bulk.formats.encoding_question import values_of
from backoffice.bulk.jobs.tasks import read_ready
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from backoffice.bulk.pipeline.preview import leave_wrong_rows_out
from backoffice.bulk.readers.encodings import is_windows_text
from tests.bulk.readers.test_zip_files import packed

PEOPLE = (
    "student_id,first_name,last_name\n"
    "s1001,Jürgen,Groß\ns1002,Zoë,Núñez\ns1003,Ann,Plain\ns1004,Bob,\n"
)
QUESTION = (
    "The file is not in UTF-8. Read as Windows-1252 (cp1252), in which Excel saves CSV files, it "
    "says: “Jürgen”, “Groß”, “Zoë”. If that is right, read it with this encoding: --encoding "
    "cp1252. If not, name the right one, or save the file as CSV UTF-8."
)


def answer_page(batch: Batch, name: str = "change") -> str:
    return f"/admin/bulk/batch/{batch.pk}/{name}/"


@pytest.mark.parametrize("on_error", ["abort", "skip"])
def test_the_file_is_refused_whole_and_the_encoding_named(upload, on_error):
    batch = upload("users", PEOPLE.encode("cp1252"), on_error=on_error)
    assert (batch.state, batch.sentence) == ("refused", QUESTION)
    assert [issue.code for issue in batch.issues.all()] == ["encoding_question"]
    assert (batch.rows, batch.rejected, batch.can_leave_out) == (0, 0, False)
    assert not User.objects.filter(student_id="s1003").exists()


@pytest.mark.parametrize("options", [[], ["--on-error", "skip"]])
def test_the_command_exits_1_and_takes_the_answer(db, tmp_path, options):
    path, report = tmp_path / "people.csv", tmp_path / "report.json"
    path.write_bytes(PEOPLE.encode("cp1252"))
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(
            "import_csv", "users", str(path), "--report", str(report), *options, stdout=out
        )
    assert ended.value.code == 1
    assert out.getvalue().strip() == QUESTION
    assert json.loads(report.read_text())["errors"][0]["message"] == QUESTION
    call_command("import_csv", "users", str(path), "--encoding", "cp1252", stdout=out)
    assert User.objects.get(student_id="s1001").first_name == "Jürgen"


def test_auto_asks_as_well(db, tmp_path):
    path = tmp_path / "people.csv"
    path.write_bytes(PEOPLE.encode("cp1252"))
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_csv", "auto", str(path), stdout=out)
    assert QUESTION in out.getvalue()


def test_the_page_asks_with_three_values_before_anything_else(upload, registrar_client):
    batch = upload("users", PEOPLE.encode("cp1252"))
    page = html.unescape(registrar_client.get(answer_page(batch)).content.decode())
    for value in ("Jürgen", "Groß", "Zoë"):
        assert f"<li><bdi>{value}</bdi></li>" in page
    assert page.index("Do these read right?") < page.index("About this import")
    assert "--encoding" not in page
    assert "Leave wrong rows out" not in page

    answer = registrar_client.post(answer_page(batch, "encoding"), follow=True)
    batch.refresh_from_db()
    assert (batch.state, batch.encoding, batch.created) == ("previewed", "cp1252", 4)
    assert "Do these read right?" not in answer.content.decode()


def test_only_the_uploader_answers_and_only_where_it_is_asked(
    upload, registrar_client, registrar2_client
):
    batch = upload("users", PEOPLE.encode("cp1252"))
    assert registrar2_client.post(answer_page(batch, "encoding")).status_code == 404
    assert registrar_client.get(answer_page(batch, "encoding")).status_code == 405
    other = upload("users", PEOPLE)
    answer = registrar_client.post(answer_page(other, "encoding"), follow=True)
    assert [str(each) for each in answer.context["messages"]] == [
        "This file does not wait for its encoding to be named."
    ]
    other.refresh_from_db()
    assert (other.state, other.encoding) == ("previewed", "")


def test_a_large_file_is_read_by_the_worker_in_the_encoding_of_the_answer(
    upload, registrar_client, monkeypatch
):
    batch = upload("users", PEOPLE.encode("cp1252"))
    monkeypatch.setattr("backoffice.bulk.jobs.tasks.AT_ONCE_BYTES", 1)
    registrar_client.post(answer_page(batch, "encoding"))
    batch.refresh_from_db()
    assert batch.encoding == "cp1252"


def test_a_file_with_passwords_is_asked_about_too(upload, registrar_client):
    text = (
        "user_id,login_id,password,status,first_name,last_name\n"
        "s1001,ann,hunter2,active,Jürgen,Groß\n"
    )
    batch = upload("users", text.encode("cp1252"))
    assert b"hunter" not in batch.path.read_bytes()
    assert "“Jürgen”, “Groß”." in batch.sentence
    registrar_client.post(answer_page(batch, "encoding"))
    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("previewed", 1)


def test_a_lookup_file_in_a_zip_file_is_asked_about_too(upload, registrar_client):
    classes = (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,"
        "location,schoolSourcedId,termSourcedIds\n"
        "c1,,,Biology A,,k1,,scheduled,,o1,t1\n"
    )
    courses = "sourcedId,status,dateLastModified,title,courseCode,orgSourcedId\nk1,,,Größe,BIO,o1\n"
    terms = (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,schoolYear\n"
        "t1,,,2026J,term,2026-02-01,2026-06-30,2026\n"
    )
    members = {"classes.csv": classes, "courses.csv": courses, "academicSessions.csv": terms}
    content = packed({name: text.encode("cp1252") for name, text in members.items()})
    batch = upload("courses", content, name="all.zip")
    assert "it says: “Größe”." in batch.sentence
    assert values_of(batch.path) == ["Größe"]
    registrar_client.post(answer_page(batch, "encoding"))
    batch.refresh_from_db()
    assert batch.state == "previewed", batch.sentence
    assert batch.encoding == "cp1252"


def test_a_header_that_only_then_is_known_is_asked_about(registrar):
    text = "Prénom,Numéro\nZoë,s1001\n".encode("cp1252")
    delivery = deliver([(io.BytesIO(text), "gens.csv")], registrar)
    assert "“Zoë”, “Prénom”, “Numéro”" in delivery.left_out[0]["sentence"]


@pytest.mark.parametrize(
    "content",
    [
        PEOPLE.encode(),
        PEOPLE.encode("utf-8-sig"),
        PEOPLE.encode().replace("ß".encode(), b"\xdf"),  # damaged in one place
        "student_id,last_name\ns1001,Иванов\n".encode("cp1251"),
        "student_id,last_name\ns1001,Παπαδόπουλος\n".encode("cp1253"),
        "student_id,last_name\ns1001,Jürgen\n".encode("mac-roman"),
        "student_id,last_name\ns1001,Jürgen\n".encode("cp850"),
        "student_id,last_name\ns1001,René\n".encode("cp850"),
        b"student_id,last_name\ns1001,M\xc3",  # cut in the midst of a letter
        b"student_id,last_name\ns1001,\xed\xa0\x80\n",
    ],
)
def test_nobody_is_asked_where_it_is_utf_8_or_no_plausible_text(upload, content):
    batch = upload("users", content)
    assert "encoding_question" not in batch.issues.values_list("code", flat=True)


@pytest.mark.parametrize("value", ["René", "L’Être – “x”", "2 × ½ • 3 µ", "c’è", "Öz", "ÅSA"])
def test_every_western_text_is_asked_about(upload, value):
    batch = upload("users", f"student_id,last_name\ns1001,{value}".encode("cp1252"))
    assert f"“{value}”" in batch.sentence


def test_nobody_is_asked_once_an_encoding_is_named(upload):
    batch = upload("users", PEOPLE.encode("cp1252"), encoding="utf-8")
    assert set(batch.issues.values_list("code", flat=True)) == {"undecodable"}
    assert leave_wrong_rows_out(batch).created == 2


def test_each_file_of_a_delivery_is_asked_about_by_itself(registrar):
    plain = "student_id,last_name\ns1009,Ng\n"
    uploads = [
        (io.BytesIO(PEOPLE.encode("cp1252")), "a.csv"),
        (io.BytesIO(plain.encode()), "b.csv"),
    ]
    delivery = deliver(uploads, registrar)
    read_ready(delivery)
    assert [each.state for each in files_of(delivery)] == ["refused", "received"]


NAMES = st.text(st.sampled_from("abcdefgäöüßéèñçåøœ"), min_size=3, max_size=9).filter(
    lambda name: sum(sign > "~" for sign in name) * 2 <= len(name)
)


@given(names=st.lists(NAMES, min_size=1, max_size=30), upper=st.booleans())
@settings(max_examples=200)
def test_western_names_are_asked_about_unless_they_are_in_utf_8(
    tmp_path_factory: Any, names: list[str], upper: bool
):
    path: Path = tmp_path_factory.getbasetemp() / "names.csv"
    text = "\n".join(name.upper() if upper else name.title() for name in names)
    path.write_bytes(text.encode())
    assert not is_windows_text(path)
    encoded = text.encode("cp1252")
    path.write_bytes(encoded)
    ends_in_half = encoded[-1:] in (b"\xc2", b"\xc3")
    if not (text.isascii() or has_a_letter_of_utf_8(encoded) or ends_in_half):
        assert is_windows_text(path)


def has_a_letter_of_utf_8(content: bytes) -> bool:
    """Whether some of the bytes are one letter of UTF-8, as Python decodes it."""
    for at in range(len(content)):
        for size in (2, 3, 4):
            text = content[at : at + size].decode("utf-8", "replace")
            if len(text) == 1 and text != "\ufffd":
                return True
    return False
