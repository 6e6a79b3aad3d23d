"""All files of a delivery speak together; while one of them is not understood, nobody leaves."""

import io
from typing import Any

import pytest
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.jobs.tasks import read_ready, resume, skip
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from tests.bulk.readers.test_zip_files import packed

HEADER = "student_id,course_code,presentation\n"
PLACES = {"BIO101": "2026J", "ART200": "2026B"}
LATER = (
    "Who is missing is found with “b.csv”, the last file of the delivery that carries enrollments: "
    "all of them speak together. Nobody is withdrawn before."
)


@pytest.fixture
def roster(courses: dict[str, Course], student: Any) -> dict[str, Course]:
    """Four students and two assistants in both courses."""
    for name in ("s001", "s002", "s003", "s004", "t001", "t002"):
        person = student(name)
        for course in courses.values():
            role = "student" if name[0] == "s" else "teaching_assistant"
            Enrollment.objects.create(
                student=person, course=course, role=role, enrolled_on="2026-02-01"
            )
    return courses


@pytest.fixture
def bring(registrar: User) -> Any:
    """Delivers files in sync mode, and applies what can be applied."""

    def make(files: dict[str, str | bytes], **options: Any) -> Delivery:
        uploads = [
            (io.BytesIO(text.encode() if isinstance(text, str) else text), name)
            for name, text in files.items()
        ]
        delivery = deliver(uploads, registrar, **{"mode": "sync"} | options)
        read_ready(delivery)
        go_on(delivery, registrar)
        return delivery

    return make


def go_on(delivery: Delivery, actor: User) -> None:
    while waiting := [b for b in files_of(delivery) if b.state == "previewed" and b.writes]:
        resume(apply(waiting[0], waiting[0].digest, actor))


def lines(course: str, *names: str) -> str:
    return "".join(f"{name},{course},{PLACES[course]}\n" for name in names)


def left(course: str = "BIO101") -> set[str]:
    rows = Enrollment.objects.filter(status="withdrawn", course__code=course)
    return set(rows.values_list("student__student_id", flat=True))


def warnings(batch: Batch) -> list[str]:
    return list(batch.issues.filter(code="nobody_left").values_list("message", flat=True))


def test_a_group_in_each_file_ends_nobody_of_the_others(bring, roster):
    delivery = bring(
        {"a.csv": HEADER + lines("BIO101", "s001"), "b.csv": HEADER + lines("BIO101", "s002")}
    )
    first, last = files_of(delivery)

    assert left() == {"s003", "s004"}
    assert (first.withdrawn, first.roster_scope) == (0, LATER)
    assert (last.withdrawn, last.roster_scope) == (
        2,
        "All files of the delivery speak together of who is active as student in BIO101 2026J "
        "Biology: whoever of these is missing from all of them is withdrawn. Everybody else stays.",
    )
    assert (warnings(first), warnings(last)) == ([], [])


def test_the_last_file_speaks_for_the_courses_of_all(bring, roster):
    bring({"a.csv": HEADER + lines("BIO101", "s001"), "b.csv": HEADER + lines("ART200", "s002")})
    assert (left(), left("ART200")) == ({"s002", "s003", "s004"}, {"s001", "s003", "s004"})


def test_a_sort_that_one_file_names_is_spoken_of_by_all(bring, roster):
    staff = "student_id,course_code,presentation,role\nt001,BIO101,2026J,teaching_assistant\n"
    bring({"a.csv": staff, "b.csv": HEADER + lines("BIO101", "s001", "s002", "s003")})

    assert left() == {"s004", "t002"}


@pytest.mark.parametrize("name", ["s999", "N/A"])
def test_a_wrong_row_in_another_file_keeps_everybody_of_its_course(bring, roster, name):
    files = {
        "a.csv": HEADER + lines("BIO101", "s001", name),
        "b.csv": HEADER + lines("BIO101", "s002") + lines("ART200", "s001"),
    }
    delivery = bring(files, on_error="skip")

    assert (left(), left("ART200")) == (set(), {"s002", "s003", "s004"})
    assert warnings(files_of(delivery)[1]) == [
        "Line 1: nobody was withdrawn from courses with wrong rows that name no known student. "
        "Correct these rows, and bring the whole file in again."
    ]


def test_new_people_of_an_earlier_file_are_in_the_course(bring, roster):
    files = {
        "a.csv": HEADER + lines("BIO101", "s001", "s900"),
        "b.csv": HEADER + lines("BIO101", "s002", "s003"),
    }
    bring(files, create_students=True)

    assert left() == {"s004"}
    assert Enrollment.objects.get(student__student_id="s900").status == "active"


def test_the_same_delivery_again_withdraws_nobody(bring, roster):
    files = {"a.csv": HEADER + lines("BIO101", "s001"), "b.csv": HEADER + lines("BIO101", "s002")}
    bring(files)
    again = bring(files)

    assert [batch.writes for batch in files_of(again)] == [0, 0]
    assert left() == {"s003", "s004"}


def test_nobody_leaves_while_a_file_is_unknown(bring, roster):
    delivery = bring({"a.csv": HEADER + lines("BIO101", "s001"), "odd.csv": "kennung,kurs\n1,2\n"})
    (batch,) = files_of(delivery)
    sentence = (
        "obody is withdrawn: “odd.csv” came with the file, is not known here, and may be another "
        "part of the roster. Bring all of them in again once it is known, or without it."
    )
    assert (left(), batch.roster_scope) == (set(), f"N{sentence}")
    assert warnings(batch) == [f"Line 1: n{sentence}"]


def test_who_returns_is_back_while_a_file_is_unknown(bring, roster):
    Enrollment.objects.filter(student__student_id="s001").update(status="withdrawn")
    bring({"a.csv": HEADER + lines("BIO101", "s001"), "odd.csv": "kennung,kurs\n1,2\n"})

    assert left() == set()


@pytest.mark.parametrize("extra", ["terms.csv", "logins.csv", "demographics.csv"])
def test_a_file_nobody_needs_keeps_nobody(bring, roster, extra):
    text = {
        "terms.csv": "term_id,name,status\n1,2,active\n",
        "logins.csv": "login_id,user_id,existing_user_id\nx,y,z\n",
        "demographics.csv": "",
    }[extra]
    delivery = bring({"a.csv": HEADER + lines("BIO101", "s001"), extra: text})

    assert left() == {"s002", "s003", "s004"}
    assert [each["is_known"] for each in delivery.left_out] == [True]


@pytest.mark.parametrize(
    "name", ["second.csv", "second.xlsx", "second.ods", "second.txt", "enrollments.csv"]
)
def test_a_table_in_a_zip_file_that_is_not_understood_keeps_all(bring, roster, name):
    text = {"second.csv": "", "enrollments.csv": ""}.get(name, "kennung;kurs\n1;2\n")
    package = packed({"a.csv": HEADER + lines("BIO101", "s001"), name: text})
    bring({"all.zip": package})

    assert left() == set()


DOCUMENTS = {
    "letter.pdf": b"%PDF-1.7\n",
    "letter.docx": packed({"word/document.xml": "<x/>", "[Content_Types].xml": "<x/>"}),
    "page.html": b"<html><body>Dear registrar</body></html>",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_beside_a_roster_is_no_table(bring, roster, name):
    """As in a zip file, it is listed and stops nothing."""
    delivery = bring({"a.csv": HEADER + lines("BIO101", "s001"), name: DOCUMENTS[name]})
    (listed,) = delivery.left_out
    assert (listed["name"], listed["is_known"], "is_refused" in listed) == (name, True, False)
    assert left() == {"s002", "s003", "s004"}


@pytest.mark.parametrize("name", ["grades.xls", "roster.csv", "roster"])
def test_a_document_called_a_table_was_meant_as_one(bring, roster, name):
    page = b"<html><table><tr><td>student_id</td></tr></table></html>"
    delivery = bring({"a.csv": HEADER + lines("BIO101", "s001"), name: page})
    (listed,) = delivery.left_out
    assert (listed["is_known"], listed["is_refused"]) == (False, True)
    assert left() == set()


def test_a_letter_in_a_zip_file_is_no_table(bring, roster):
    package = packed({"a.csv": HEADER + lines("BIO101", "s001"), "readme.txt": "Hello\n"})
    bring({"all.zip": package})

    assert left() == {"s002", "s003", "s004"}


def test_nobody_leaves_when_an_earlier_file_was_skipped(bring, roster, registrar):
    wrong = HEADER + lines("BIO101", "s001", "N/A")
    delivery = bring({"a.csv": wrong, "b.csv": HEADER + lines("BIO101", "s002")})
    first, last = files_of(delivery)
    assert (first.state, last.state) == ("refused", "received")
    skip(first)
    go_on(delivery, registrar)
    last = files_of(delivery)[1]

    assert (left(), last.withdrawn) == (set(), 0)
    assert warnings(last) == [
        "Line 1: nobody is withdrawn: “a.csv” came with the file, was not taken, and may be "
        "another part of the roster. Correct it, and bring all of them in again."
    ]


def test_nobody_leaves_when_a_good_file_was_thrown_away(bring, roster, registrar, upload):
    files = {"a.csv": HEADER + lines("BIO101", "s900"), "b.csv": HEADER + lines("BIO101", "s002")}
    uploads = [(io.BytesIO(text.encode()), name) for name, text in files.items()]
    delivery = deliver(uploads, registrar, mode="sync", create_students=True)
    read_ready(delivery)
    skip(files_of(delivery)[0])
    go_on(delivery, registrar)

    assert files_of(delivery)[0].state == "discarded"
    assert left() == set()


def test_nobody_leaves_while_the_file_of_people_is_refused(bring, roster, registrar):
    people = "student_id,email\nN/A,x\n"
    delivery = bring({"p.csv": people, "b.csv": HEADER + lines("BIO101", "s002")})
    skip(files_of(delivery)[0])
    go_on(delivery, registrar)

    assert left() == set()


def test_a_file_that_is_gone_by_then_keeps_all(bring, roster, registrar, monkeypatch):
    files = {"a.csv": HEADER + lines("BIO101", "s900"), "b.csv": HEADER + lines("BIO101", "s002")}
    uploads = [(io.BytesIO(text.encode()), name) for name, text in files.items()]
    delivery = deliver(uploads, registrar, mode="sync", create_students=True)
    read_ready(delivery)
    first = files_of(delivery)[0]
    apply(first, first.digest, registrar)
    first.path.unlink()
    read_ready(delivery)
    go_on(delivery, registrar)

    assert (files_of(delivery)[1].state, left()) == ("previewed", set())


def test_a_zip_file_of_one_kind_holds_nothing_unknown_or_nobody_leaves(import_file, roster):
    good = {"a.csv": HEADER + lines("BIO101", "s001"), "terms.csv": "term_id,name,status\n"}
    batch = import_file("enrollments", packed(good | {"odd.csv": "x,y\n1,2\n"}), mode="sync")
    assert (batch.left_out, batch.withdrawn) == (["odd.csv"], 0)
    assert warnings(batch)[0].startswith("Line 1: nobody is withdrawn: “odd.csv” came with")

    batch = import_file("enrollments", packed(good), mode="sync")
    assert (batch.left_out, batch.withdrawn) == ([], 3)


def test_without_sync_an_unknown_file_is_no_warning(bring, roster):
    files = {"a.csv": HEADER + lines("BIO101", "s001"), "odd.csv": "kennung,kurs\n1,2\n"}
    delivery = bring(files, mode="upsert")

    (batch,) = files_of(delivery)
    assert (warnings(batch), batch.roster_scope) == ([], "")


def test_the_page_of_a_delivery_counts_who_returns(registrar_client, bring, roster):
    Enrollment.objects.filter(student__student_id="s001").update(status="withdrawn")
    delivery = bring({"a.csv": HEADER + lines("BIO101", "s001", "s002", "s003", "s004")})
    page = registrar_client.get(reverse("admin:bulk_batch_delivery", args=[delivery.pk]))

    assert "1 returned" in page.content.decode()


def test_who_resembles_somebody_of_another_file_stays(bring, roster):
    a, b = HEADER + lines("BIO101", "S001", "s002"), HEADER + lines("BIO101", "s003", "s004")
    options = {"create_students": True, "allow_similar": True}
    for files in ({"a.csv": a, "b.csv": b}, {"a.csv": b, "b.csv": a}, {"a.csv": a, "b.csv": b}):
        delivery = bring(files, **options)
        assert left() == set()
        (issue,) = files_of(delivery)[1].issues.filter(code="similar_stays")
        assert issue.message.startswith("Line 1: “s001 – BIO101 2026J Biology” is missing from the")
