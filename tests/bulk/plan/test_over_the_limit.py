"""A file brings nobody into a full course unless somebody says why; the last lines are refused."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.undo.undo import undo

HEADER = "student_id,course_code,presentation,role,status"
NAMED = "student_id,course_code,presentation,last_name\n"
OF = "BIO101,2026J"
WHY = "The dean wants two more"
FACT = "With this, the course is over its enrollment limit by {}: {} active students of {}."


@pytest.fixture
def full(courses: dict[str, Course], student: Callable[..., Any]) -> Course:
    """A course with room for three, and three in it; as many others wait outside."""
    course = courses["BIO101"]
    Course.objects.filter(pk=course.pk).update(enrollment_limit=3)
    for number in range(1, 7):
        one = student(f"s100{number}")
        if number < 4:
            Enrollment.objects.create(student=one, course=course)
    return course


def roster(*rows: str) -> str:
    """Rows like `s1001 student active`."""
    cells = [row.split() for row in rows]
    return "\n".join([HEADER, *(f"{name},{OF},{role},{status}" for name, role, status in cells)])


def new(*numbers: int) -> list[str]:
    return [f"s100{number} student active" for number in numbers]


def issues(batch: Batch) -> list[tuple[int, str, str, bool]]:
    return list(batch.issues.order_by("pk").values_list("line", "column", "code", "is_warning"))


def active(course: Course) -> int:
    return course.enrollments.active().students().count()


def test_the_last_lines_beyond_the_limit_are_refused_and_say_by_how_many(upload, full):
    full.enrollments.order_by("pk").first().delete()
    batch = upload("enrollments", roster(*new(4, 5, 6)))
    assert batch.state == "refused"
    assert issues(batch) == [
        (3, "course_code", "over_limit", False),
        (4, "course_code", "over_limit", False),
    ]
    message = f"Line 3: course_code “BIO101”: {FACT.format(2, 5, 3)} It takes a reason."
    assert batch.issues.first().message == message
    assert (batch.created, batch.rejected) == (1, 2)


def test_the_others_go_in_where_wrong_rows_are_left_out(import_file, full):
    full.enrollments.order_by("pk").first().delete()
    batch = import_file("enrollments", roster(*new(4, 5)), on_error="skip")
    assert (batch.created, batch.rejected, active(full)) == (1, 1, 3)


@pytest.mark.parametrize(
    "rows",
    [
        ("s1001 student withdrawn", "s1004 student active"),
        ("s1004 student active", "s1001 student completed"),
        ("s1001 observer active", "s1004 student active"),
        ("s1004 observer active", "s1005 teaching_assistant active", "s1006 student failed"),
        ("s1001 student active", "s1002 student active", "s1003 student active"),
    ],
    ids=["leaves first", "leaves last", "changes role", "takes no place", "is there already"],
)
def test_a_full_course_takes_what_adds_nobody(import_file, full, rows):
    assert import_file("enrollments", roster(*rows)).rejected == 0
    assert active(full) <= 3


def test_a_course_that_is_over_takes_updates(import_file, full):
    Course.objects.update(enrollment_limit=1)
    text = f"student_id,course_code,presentation,final_result\ns1001,{OF},Pass\n"
    assert import_file("enrollments", text).updated == 1


def test_whoever_leaves_a_course_that_stays_over_makes_no_room(upload, full):
    Course.objects.update(enrollment_limit=1)
    batch = upload("enrollments", roster("s1001 student withdrawn", *new(4)))
    (error,) = batch.issues.filter(is_warning=False)
    assert (error.line, error.code) == (3, "over_limit")
    assert FACT.format(2, 3, 1) in error.message


@pytest.mark.parametrize("limit", [None, 0])
def test_blank_and_zero_are_no_limit(import_file, full, limit):
    Course.objects.update(enrollment_limit=limit)
    assert import_file("enrollments", roster(*new(4, 5, 6))).created == 3


def test_a_returning_student_and_a_new_role_take_a_place(upload, full):
    Enrollment.objects.filter(student__student_id="s1001").update(status="withdrawn")
    Enrollment.objects.filter(student__student_id="s1002").update(role="observer")
    Course.objects.update(enrollment_limit=1)
    batch = upload("enrollments", roster(*new(1, 2, 3)))
    assert [issue[0] for issue in issues(batch)] == [2, 3]


def test_without_the_columns_a_new_row_takes_a_place(upload, full):
    text = f"student_id,course_code,presentation\ns1004,{OF}\n"
    assert issues(upload("enrollments", text)) == [(2, "course_code", "over_limit", False)]


def test_a_student_who_gets_no_place_is_not_created(import_file, full):
    Course.objects.update(enrollment_limit=4)
    text = f"student_id,course_code,presentation,last_name\ns2001,{OF},Li\ns2002,{OF},Wu\n"
    batch = import_file("enrollments", text, create_students=True, on_error="skip")
    assert (batch.created_students, batch.created, batch.rejected) == (1, 1, 1)
    assert not User.objects.filter(student_id="s2002").exists()


def test_a_roster_that_replaces_three_is_fine(import_file, full):
    text = (
        f"student_id,course_code,presentation,last_name\ns2001,{OF},A\ns2002,{OF},B\ns2003,{OF},C"
    )
    batch = import_file("enrollments", text, create_students=True, mode="sync")
    assert (batch.created, batch.withdrawn, batch.rejected, active(full)) == (3, 3, 0, 3)


def test_a_roster_with_one_too_many_withdraws_all_the_same(import_file, full):
    text = NAMED + "".join(f"s200{number},{OF},Li\n" for number in range(4))
    batch = import_file("enrollments", text, create_students=True, mode="sync", on_error="skip")
    assert (batch.created, batch.withdrawn, batch.rejected, active(full)) == (3, 3, 1, 3)


def test_with_a_reason_they_go_in_and_are_pointed_out(import_file, full):
    batch = import_file("enrollments", roster(*new(4, 5)), allow_over_limit=True, reason=WHY)
    assert active(full) == 5
    assert issues(batch) == [
        (2, "course_code", "over_limit", True),
        (3, "course_code", "over_limit", True),
    ]
    message = f"Line 2: course_code “BIO101”: {FACT.format(2, 5, 3)}"
    assert batch.issues.first().message == message
    assert full.enrollments.first().history.first().change_set.reason == WHY


def test_allowed_without_a_reason_is_not_allowed(upload, full):
    assert upload("enrollments", roster(*new(4)), allow_over_limit=True).state == "refused"


def test_what_filled_up_after_the_preview_is_not_written(upload, full, student, registrar):
    Course.objects.update(enrollment_limit=4)
    batch = upload("enrollments", roster(*new(4)))
    assert batch.state == "previewed"
    Enrollment.objects.create(student=student("s2001"), course=full)
    with pytest.raises(NotApplied):
        apply(batch, batch.digest, registrar)
    assert active(full) == 4
    batch.refresh_from_db()
    assert (batch.state, batch.rejected) == ("refused", 1)


def test_an_allowed_excess_that_grew_is_shown_again(upload, full, student, registrar):
    Course.objects.update(enrollment_limit=4)
    batch = upload("enrollments", roster(*new(4, 5)), allow_over_limit=True, reason=WHY)
    Enrollment.objects.create(student=student("s2001"), course=full)
    with pytest.raises(NotApplied):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert (batch.state, len(issues(batch))) == ("previewed", 2)


def test_an_undo_gives_back_what_was_and_says_that_it_is_over(import_file, full, registrar):
    batch = import_file("enrollments", roster("s1001 student withdrawn"))
    import_file("enrollments", roster(*new(4)))
    made = undo(batch, registrar, "Sent in by mistake")
    assert (made.updated, made.rejected, active(full)) == (1, 0, 4)
    (issue,) = made.issues.all()
    assert (issue.code, issue.is_warning) == ("over_limit", True)
    assert issue.message == (
        f"BIO101 2026J Biology: {FACT.format(1, 4, 3)} The undo gave back what was there before."
    )


def test_the_page_asks_for_a_reason_and_keeps_what_was_chosen(registrar_client, full):
    page = reverse("admin:bulk_batch_upload") + "?kind=enrollments"
    file = io.BytesIO(roster(*new(4)).encode())
    file.name = "roster.csv"
    values = {"file": file, "mode": "upsert", "on_error": "abort", "allow_over_limit": "on"}
    refused = registrar_client.post(page, values)
    error = "Say in at least 10 characters why the limit does not hold."
    assert refused.context["form"].errors == {"reason": [error]}
    file.seek(0)
    registrar_client.post(page, values | {"reason": WHY})
    batch = Batch.objects.get()
    assert (batch.allow_over_limit, batch.state, batch.warnings) == (True, "previewed", 1)


def test_only_kinds_that_take_places_have_the_choice(registrar_client):
    for kind, has_it in (("enrollments", True), ("auto", True), ("courses", False)):
        page = registrar_client.get(reverse("admin:bulk_batch_upload") + f"?kind={kind}")
        assert ("allow_over_limit" in page.context["form"].fields) is has_it


@pytest.fixture
def command(tmp_path: Any) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs `import_csv` with text; its exit code and report."""

    def run(kind: str, text: str, *flags: str) -> tuple[int, dict[str, Any]]:
        path, report = tmp_path / "in.csv", tmp_path / "report.json"
        path.write_text(text)
        out = {"stdout": io.StringIO(), "stderr": io.StringIO()}
        try:
            call_command("import_csv", kind, path, "--report", str(report), *flags, **out)
        except SystemExit as end:
            return int(str(end.code)), json.loads(report.read_text())
        return 0, json.loads(report.read_text())

    return run


def test_the_command_refuses_and_with_the_flag_warns(command, full, registrar):
    text = roster(*new(4))
    code, report = command("enrollments", text)
    assert (code, report["state"], report["rejected"]) == (1, "refused", 1)
    assert [each["code"] for each in report["errors"]] == ["over_limit"]
    flags = ("--allow-over-limit", "--reason", WHY, "--actor", "registrar")
    code, report = command("enrollments", text, *flags)
    assert (code, report["state"], report["created"], report["errors"]) == (0, "applied", 1, [])
    assert [each["code"] for each in report["warnings"]] == ["over_limit"]


@pytest.mark.parametrize(
    ("kind", "flags", "sentence"),
    [
        (
            "enrollments",
            ("--allow-over-limit", "--reason", "Because"),
            "--allow-over-limit takes a --reason of at least 10 characters.",
        ),
        (
            "grades",
            ("--allow-over-limit", "--reason", WHY),
            "--allow-over-limit is for enrollments; rows of another kind take no places.",
        ),
    ],
)
def test_the_flag_alone_is_wrong_usage(tmp_path, db, kind, flags, sentence):
    path = tmp_path / "in.csv"
    path.write_text(roster(*new(4)))
    with pytest.raises(Exception, match=sentence):  # noqa: PT011  the sentence says which
        call_command("import_csv", kind, path, *flags)


def test_the_limit_costs_a_statement_for_a_preview_and_one_for_an_apply(upload, full, registrar):
    Course.objects.update(enrollment_limit=1000)
    rows = "".join(f"s{number:05},{OF}\n" for number in range(500))
    text = f"student_id,course_code,presentation\n{rows}"
    with CaptureQueriesContext(connection) as queries:
        batch = upload("enrollments", text, create_students=True)
        apply(batch, batch.digest, registrar)
    asked = [query["sql"] for query in queries if "enrollment_limit" in query["sql"]]
    assert len(asked) == 2
    assert active(full) == 503
