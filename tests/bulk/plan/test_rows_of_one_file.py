"""Rows of one file that repeat or contradict each other: the first accepted row stands."""

from typing import Any

import pytest

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.pipeline.apply import apply

HEADER = "student_id,course_code,presentation,first_name,last_name,email\n"


@pytest.fixture
def enroll(upload: Any, courses: Any, registrar: User) -> Any:
    """Uploads enrollments with new students, the good rows of it, and gives what was reported."""

    def import_rows(
        *rows: str, header: str = HEADER, **options: Any
    ) -> tuple[Any, list[tuple[int, str]]]:
        options = {"create_students": True, "on_error": "skip"} | options
        batch = upload("enrollments", header + "\n".join(rows) + "\n", **options)
        reported = [(issue.row, issue.code) for issue in batch.issues.all()]
        if batch.state == "previewed" and batch.writes:
            apply(batch, batch.digest, registrar)
        return batch, reported

    return import_rows


@pytest.fixture
def people(upload: Any, registrar: User) -> Any:
    """The same for people."""

    def import_rows(*rows: str) -> tuple[Any, list[tuple[int, str]]]:
        text = "student_id,email\n" + "\n".join(rows) + "\n"
        batch = upload("users", text, on_error="skip")
        reported = [(issue.row, issue.code) for issue in batch.issues.all()]
        if batch.writes:
            apply(batch, batch.digest, registrar)
        return batch, reported

    return import_rows


def assert_nothing_new(run: Any, *rows: str) -> None:
    """The same file again changes nothing."""
    batch, _reported = run(*rows)
    assert (batch.created, batch.updated, batch.created_students) == (0, 0, 0)


def test_a_row_behind_a_refused_one_with_the_same_key_goes_in(enroll):
    rows = (
        "s2001,BIO101,2026J,,,a@x.org",
        "s2001,ART200,2026B,,,b@x.org",
        "s2001,ART200,2026B,,,a@x.org",
    )
    batch, reported = enroll(*rows)
    assert reported == [(2, "other_email")]
    assert (batch.created, batch.rejected, batch.duplicates) == (2, 1, 0)
    assert Enrollment.objects.filter(student__student_id="s2001").count() == 2
    assert_nothing_new(enroll, *rows)


def test_a_person_behind_a_refused_row_goes_in(people):
    rows = ("s2001,x@x.org", "s2002,x@x.org", "s2002,y@x.org")
    batch, reported = people(*rows)
    assert reported == [(2, "email_taken")]
    assert batch.created == 2
    assert User.objects.get(student_id="s2002").email == "y@x.org"
    assert_nothing_new(people, *rows)


def test_a_refused_row_is_no_first_row(people):
    _batch, reported = people("s2001,x@x.org", "s2002,x@x.org", "s2002,x@x.org")
    assert reported == [(2, "email_taken"), (3, "email_taken")]


def test_a_refused_row_owns_no_value(people):
    batch, reported = people("s2001,x@x.org", "s2001,y@x.org", "s2002,y@x.org")
    assert reported == [(2, "conflicting_duplicate")]
    assert User.objects.get(student_id="s2002").email == "y@x.org"
    assert batch.created == 2


@pytest.mark.parametrize("email", ["", "own@x.org"])
def test_a_student_is_made_of_the_rows_that_were_accepted(enroll, email: str):
    rows = (
        "s2001,BIO101,2026J,,,x@x.org",
        "s2002,BIO101,2026J,,,x@x.org",
        f"s2002,ART200,2026B,Li,,{email}",
    )
    batch, reported = enroll(*rows)
    assert reported == [(2, "email_taken")]
    assert (batch.created, batch.created_students) == (2, 2)
    other = User.objects.get(student_id="s2002")
    assert (other.first_name, other.email) == ("Li", email)


def test_a_blank_first_row_does_not_make_a_student_without_a_name(enroll):
    batch, reported = enroll(
        "s2001,BIO101,2026J,,,",
        "s2001,ART200,2026B,Ann,Lee,b@x.org",
        "s2001,ART200,2026B,Anne,Lee,c@x.org",
    )
    assert reported == [(3, "other_email")]
    one = User.objects.get(student_id="s2001")
    assert (one.get_full_name(), one.email) == ("Ann Lee", "b@x.org")


def test_the_first_name_given_stands_and_another_is_listed(enroll):
    batch, reported = enroll("s2001,BIO101,2026J,Ann,Lee,", "s2001,ART200,2026B,Anne,Lee,")
    assert reported == [(2, "first_name_kept")]
    (issue,) = batch.issues.all()
    assert issue.message == "Line 3: first_name “Anne” differs from “Ann”, which stands."
    assert User.objects.get(student_id="s2001").first_name == "Ann"


def test_a_known_student_has_one_address_in_one_file(enroll, student):
    student("s1002")
    _batch, reported = enroll("s1002,BIO101,2026J,,,e1@x.org", "s1002,ART200,2026B,,,e2@x.org")
    assert reported == [(1, "email_not_stored"), (2, "other_email")]
    assert User.objects.get(student_id="s1002").email == ""


@pytest.mark.parametrize(
    "rows",
    [
        ("s2001,BIO101,2026J,,,", "s2001,ART200,2026B,,,a@x.org", "s2002,ART200,2026B,,,A@x.org"),
        ("s2001,BIO101,2026J,,,a@x.org", "s2002,BIO101,2026J,,,", "s2002,ART200,2026B,,,a@x.org"),
    ],
)
def test_an_address_belongs_to_whoever_brought_it_first(enroll, rows):
    _batch, reported = enroll(*rows)
    assert reported == [(3, "email_taken")]


def test_all_that_is_wrong_is_reported_at_once(enroll):
    header = "student_id,course_code,presentation,status,email\n"
    batch, reported = enroll(
        "s2001,BIO101,2026J,active,x@x.org",
        "s2001,ART200,2026B,foo,y@x.org",
        "s2002,ART200,2026B,foo,x@x.org",
        "s2001,BIO101,2026J,failed,x@x.org",
        header=header,
    )
    assert sorted(reported) == [
        (2, "invalid_choice"),
        (2, "other_email"),
        (3, "email_taken"),
        (3, "invalid_choice"),
        (4, "conflicting_duplicate"),
    ]
    assert batch.rejected == 3


def test_one_fact_is_reported_once(people, student):
    student("s1001", email="anna@x.org")
    _batch, reported = people("s1001,anna@x.org", "s2001,anna@x.org")
    assert reported == [(2, "email_taken")]


def test_update_creates_nobody(enroll, student):
    student("s1001")
    batch, reported = enroll("s1001,BIO101,2026J,,,", "s2001,BIO101,2026J,,,", mode="update")
    assert (batch.created, batch.created_students) == (0, 0)
    assert reported == [(1, "unknown_row"), (2, "unknown_student")]


def test_create_does_not_make_a_person_of_a_username(upload, registrar):
    batch = upload("users", "username,first_name\nnobody,a\n", mode="create")
    assert [issue.code for issue in batch.issues.all()] == ["unknown_row"]


def test_a_file_with_both_names_of_a_student_goes_by_the_student_id(import_file):
    batch = import_file("users", "student_id,username,first_name\ns3001,s3001,Zoë\n")
    assert batch.created == 1
    again = import_file("users", "student_id,username,first_name\ns3001,s3001,Zoë\n")
    assert (again.created, again.unchanged) == (0, 1)


def test_a_shared_placeholder_address_lets_the_first_row_in(people):
    """`make drill-bad-files` measures 20,000 of them: the cost once grew with the square."""
    batch, reported = people(*(f"s{number:06},none@x.org" for number in range(500)))
    assert (batch.created, batch.rejected) == (1, 499)
    assert {code for _row, code in reported} == {"email_taken"}
