"""Several reviews are assigned at once, from two columns, all of them or none."""

import string
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, PeerReview
from backoffice.apps.assessments.reviews.pairs import HEADS, PairList, _lines_in, folded
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet


@pytest.fixture
def address(essay: Any, works: Any) -> str:
    return f"/admin/assessments/assessment/{essay.pk}/peer-reviews/pairs/"


def errors(essay: Assessment, user: User, text: str) -> dict[int, list[str]]:
    """What is wrong, by the number of the line."""
    return {line.number: line.errors for line in PairList(essay, user, text).wrong}


def pairs() -> set[tuple[str, str]]:
    rows = PeerReview.objects.values_list("reviewer__student_id", "submission__student__student_id")
    return set(rows)


def test_what_is_pasted_is_looked_at_first(instructor_client, address):
    answer = instructor_client.post(address, {"pairs": "s1002\ts1001\ns1003\ts1002"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "All 2 pairs are right. Nothing is assigned yet." in page
    assert "Assign 2 reviews" in page
    assert "reviews <bdi>Ada Zeta</bdi>" in page
    assert not PeerReview.objects.exists()


def test_all_are_made_at_once_in_one_change_set(instructor_client, address):
    before = ChangeSet.objects.count()
    values = {"pairs": "s1002,s1001\ns1003;s1002", "due_date": "2026-12-24T18:00", "make": "1"}
    answer = instructor_client.post(address, values)
    assert (answer.status_code, answer.url) == (302, address.removesuffix("pairs/"))
    assert pairs() == {("s1002", "s1001"), ("s1003", "s1002")}
    assert ChangeSet.objects.count() == before + 1
    for row in PeerReview.objects.all():
        assert row.due_date == datetime(2026, 12, 24, 18, tzinfo=UTC)
        assert (row.status, row.author_id) == ("assigned", row.submission.student_id)
        assert row.history.count() == 1


def test_one_wrong_line_keeps_all_of_them_out(instructor_client, address):
    values = {"pairs": "s1002,s1001\ns1003,nobody", "make": "1"}
    answer = instructor_client.post(address, values)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "1 line is wrong. Nothing is assigned before all lines are right." in page
    assert "Line 2" in page
    assert "s1003,nobody" in page
    assert not PeerReview.objects.exists()


def test_people_are_found_by_each_of_their_names(essay, works, instructor):
    User.objects.filter(student_id="s1003").update(email="cy@example.org")
    for text in ("S1003", "CY@example.org", "cy mu", "Cy  Mu"):
        found = PairList(essay, instructor, f"{text};s1001")
        assert found.is_right, text
        assert found.lines[0].reviewer.student_id == "s1003"


def test_a_head_and_blank_lines_are_no_pairs(essay, works, instructor):
    found = PairList(essay, instructor, 'Reviewer\tAuthor\n\n"s1002"\t"s1001"\n')
    assert found.is_right
    assert [line.number for line in found.lines] == [3]


def test_each_wrong_line_says_what_to_do(essay, works, instructor, student):
    two = [student(key, first_name="Di", last_name="Twin") for key in ("s2001", "s2002")]
    for one in two:
        Enrollment.objects.create(course=essay.course, student=one)
    helper = student("s2003")
    Enrollment.objects.create(course=essay.course, student=helper, role="observer")
    lines = ("s1001", "s1002,s1001,s1003", ",s1001", "nobody,s1001", "s1002,nobody",
             "Di Twin,s1001", "s2003,s1001", "s1001,s2001", "s1001,s1001", "s1003,s1001",
             "s1003,s1001")  # fmt: skip
    columns = ("Write two columns: the reviewer, then the author, with a tab, a comma or a "
               "semicolon between them.")  # fmt: skip
    unknown = ("“nobody” is nobody known here. Write a student ID, a username, an e-mail address "
               "or a full name.")  # fmt: skip
    assert errors(essay, instructor, "\n".join(lines)) == {
        1: [columns],
        2: [columns],
        3: [columns],
        4: [unknown],
        5: [unknown],
        6: ["“Di Twin” may be one of 2 people. Write the student ID."],
        7: ["“s2003” is no student of this course, or has withdrawn from it. Choose a reviewer "
            "who takes it."],
        8: ["“s2001” has handed in nothing for this assessment. Take the line away until there "
            "is work."],
        9: ["Nobody reviews their own work. Choose another reviewer."],
        11: ["Line 10 has this pair already. Take one of the two away."],
    }  # fmt: skip


def test_a_pair_that_is_assigned_already_is_wrong(essay, review, instructor):
    assert errors(essay, instructor, "s1002,s1001") == {
        1: ["Bo Alpha reviews this work already. Take the line away."]
    }


@pytest.mark.parametrize("changed", [{"status": "withdrawn"}, {"role": "teaching_assistant"}])
def test_who_does_not_take_the_course_reviews_nobody(essay, works, instructor, changed):
    Enrollment.objects.filter(student__student_id="s1002").update(**changed)
    assert errors(essay, instructor, "s1002,s1001") == {
        1: ["“s1002” is no student of this course, or has withdrawn from it. Choose a reviewer "
            "who takes it."]
    }  # fmt: skip


def test_somebody_of_another_school_of_thought_is_nobody_known(
    essay, works, instructor, courses, student
):
    Enrollment.objects.create(course=courses["ART200"], student=student("s3001"))
    assert list(errors(essay, instructor, "s3001,s1001")) == [1]


def test_the_newest_attempt_is_reviewed(essay, works, instructor):
    second = AssessmentSubmission.objects.create(
        assessment=essay, student=works[0].student, attempt=2, text="Again.",
        submitted_at=works[0].submitted_at,
    )  # fmt: skip
    assert PairList(essay, instructor, "s1002,s1001").lines[0].submission == second


@pytest.mark.parametrize("text", ["", " \n ", "reviewer,author"])
def test_nothing_pasted_is_said(instructor_client, address, text):
    answer = instructor_client.post(address, {"pairs": text})
    assert answer.status_code == 422
    message = "Paste at least one line: the reviewer, then the author."
    assert message in answer.content.decode()


def test_too_many_lines_are_said(essay, works, instructor):
    found = PairList(essay, instructor, "s1002,s1001\n" * 2_001)
    assert found.general == ["These are 2001 lines. Paste at most 2000 at once."]


def test_a_due_date_that_is_none_is_said(instructor_client, address):
    values = {"pairs": "s1002,s1001", "due_date": "soon", "make": "1"}
    assert instructor_client.post(address, values).status_code == 422
    assert not PeerReview.objects.exists()


def test_what_is_pasted_is_text_and_no_page(instructor_client, address):
    answer = instructor_client.post(address, {"pairs": "<script>x</script>,s1001"})
    assert "<script>x" not in answer.content.decode()


def test_only_the_instructor_assigns(
    address, admin_client, auditor_client, registrar_client, assistant_client, stranger_client
):
    everybody = (admin_client, auditor_client, registrar_client, assistant_client, stranger_client)
    for client in everybody:
        assert client.get(address).status_code == 403
        values = {"pairs": "s1002,s1001", "make": "1"}
        assert client.post(address, values).status_code == 403
    assert not PeerReview.objects.exists()


def test_many_pairs_take_no_more_queries(essay, works, instructor, django_assert_num_queries):
    PairList(essay, instructor, "s1002,s1001")
    with django_assert_num_queries(4):
        PairList(essay, instructor, "s1002,s1001\ns1003,s1002\ns1001,s1003")


CELLS = st.text(string.ascii_letters + string.digits + "@.-äé", min_size=1, max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8), st.sampled_from("\t;,"))
def test_lines_are_read_as_they_were_written(rows: list[tuple[str, str]], mark: str):
    text = "\n".join(mark.join(row) for row in rows)
    heads = 1 if rows and tuple(map(folded, rows[0])) in HEADS else 0
    assert [tuple(line.cells) for line in _lines_in(text)] == rows[heads:]


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str):
    for line in _lines_in(text):
        assert line.text
        assert line.number >= 1
