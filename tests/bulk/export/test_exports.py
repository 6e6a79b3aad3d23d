"""Exports: two formats, the rows a list shows, safe, and unchanged when they come in again."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.models.expressions import RawSQL
from openpyxl import load_workbook

from backoffice.admin_site.permissions import roles
from backoffice.admin_site.spreadsheets import STARTS, csv_line, formula_safe
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import AccessRecord
from backoffice.bulk.export import copy_to, download, xlsx_export
from backoffice.bulk.export.csv_export import exported_rows, write_csv
from backoffice.bulk.export.list_export import ListExport
from backoffice.bulk.export.selection import Selection
from backoffice.bulk.kinds.resource import kinds

ROSTER = """student_id,course_code,presentation,status,enrolled_on,withdrawn_on
s0001,BIO101,2026J,active,2026-02-01,
s0002,BIO101,2026J,withdrawn,2026-02-01,2026-03-01
s0003,ART200,2026B,active,1899-12-31,
"""
PEOPLE, LIST = "/admin/users/user/", "/admin/users/enrollment/"
TOO_MANY = (
    "These are 3 rows; an Excel sheet takes 2 below its header. Choose CSV, or export fewer rows."
)


@pytest.fixture
def roster(import_file: Any, courses: Any, student: Any) -> None:
    """Three students in two courses; one has a name that a spreadsheet would run."""
    student("s0001", last_name="=1+1", email="a@example.org", graduation_year=2027)
    student("s0002", last_name='Li, "Bo"', specialization="-5")
    student("s0003", first_name="@SUM(A1)", is_active=False)
    import_file("enrollments", ROSTER)


def content_of(answer: Any) -> bytes:
    assert answer.status_code == 200, answer
    return b"".join(answer)


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def students_in(content: bytes) -> list[str]:
    return [row["student_id"] for row in table(content)]


def written(kind: str, write: Any = write_csv) -> bytes:
    stream = io.BytesIO()
    write(Selection.of_all(kinds[kind]), stream)
    return stream.getvalue()


def test_the_database_writes_the_very_lines_the_one_rule_would(db):
    """Every beginning of a formula, behind quotation marks, commas and line ends as well."""
    starts = [sign + start for sign in ("", "'", "''", '"', ",", "\n", "x") for start in STARTS]
    endings = ("1", '1,"2"\n=3', "", "\r\n-4")
    names = [f"{start}{ending}" for start in starts for ending in endings]
    names += ["", '"', "'", "-12.50", "+3", "a\rb", "a-b@c=d", "\\.", "\\N", "ø＝"]
    User.objects.bulk_create(
        User(
            username=f"s{number:04}",
            student_id=f"s{number:04}",
            password="!",
            last_name=name,
            specialization=names[-number],
            is_active=number % 2 == 0,
            graduation_year=None if number % 3 else 2027,
        )
        for number, name in enumerate(names)
    )
    everyone = Selection.of_all(kinds["users"])
    lines = "".join(map(csv_line, [everyone.header, *exported_rows(everyone)])).encode()

    assert written("users") == lines
    last_names = [row["last_name"] for row in table(lines)]
    assert last_names == list(map(formula_safe, names))
    assert {row["is_active"] for row in table(lines)} == {"0", "1"}


def test_a_file_that_cannot_be_written_leaves_the_connection_as_it_was(roster):
    class Full(io.BytesIO):
        def write(self, text: Any) -> int:
            if b"s0001" in text:
                raise OSError("No space left on device")
            return super().write(text)

    with pytest.raises(OSError, match="No space left"):
        write_csv(Selection.of_all(kinds["enrollments"]), Full())
    assert Enrollment.objects.count() == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no COPY")
def test_what_the_database_refuses_comes_as_an_error_of_djangos(roster, monkeypatch):
    nonsense = RawSQL("no_such_function()", [])
    monkeypatch.setattr(copy_to, "_value", lambda _column, _field: nonsense)
    with pytest.raises(DatabaseError, match="no_such_function"):
        written("users")


@pytest.mark.parametrize("kind", ["users", "courses", "enrollments"])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_goes_out_comes_in_again_without_a_change(roster, upload, kind, ending):
    content = written(kind, download.FORMATS[ending].write)
    batch = upload(kind, content, name=f"{kind}.{ending}")
    messages = [str(issue) for issue in batch.issues.all()]
    assert (batch.state, batch.unchanged, batch.rows) == ("previewed", batch.rows, batch.rows), (
        messages
    )
    assert batch.rows == kinds[kind].exportable().count() > 0


def test_a_workbook_has_text_numbers_and_days(roster, student):
    student("120000000001", last_name="x\x01y", graduation_year=2030)
    people = _sheet(written("users", xlsx_export.write_workbook))
    assert people[0] == ["student_id", "first_name", "last_name", "email", "graduation_year",
                         "specialization", "language", "timezone", "is_active"]  # fmt: skip
    assert people[1][0] == "120000000001"
    assert people[1][2] == "x\ufffdy"  # an import refuses it, aloud
    assert people[2] == ["s0001", None, "'=1+1", "a@example.org", 2027, None, "en", "UTC", 1]
    assert people[3][5] == "-5"

    rows = _sheet(written("enrollments", xlsx_export.write_workbook))
    assert [row[5] for row in rows[1:]] == [*[datetime(2026, 2, 1)] * 2, "1899-12-31"]


def _sheet(content: bytes) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    assert sheet["A2"].number_format == "@"
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_a_list_hands_out_what_it_shows_and_the_record_says_so(registrar_client, roster):
    filters = {"status__exact": "active", "q": "s0003"}
    listed = registrar_client.get(LIST, {**filters, "p": "1"})
    links = {item["title"]: item["path"] for item in listed.context["actions_list"][-1]["items"]}
    assert links == {
        "CSV": f"{LIST}export/csv/?status__exact=active&q=s0003",
        "Excel (XLSX)": f"{LIST}export/xlsx/?status__exact=active&q=s0003",
    }
    assert links["CSV"].replace("&", "&amp;") in listed.content.decode()

    answer = registrar_client.get(links["CSV"])
    assert students_in(content_of(answer)) == ["s0003"]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="enrollments.csv"'
    noted = AccessRecord.objects.get(kind="export")
    assert (noted.label, noted.rows, noted.asked) == (
        "users.enrollment",
        1,
        "status__exact=active&q=s0003",
    )

    book = registrar_client.get(links["Excel (XLSX)"])
    assert [row[0] for row in _sheet(content_of(book))] == ["student_id", "s0003"]


def test_a_list_hands_out_no_row_that_may_not_be_exported(instructor_client, instructor, roster):
    Course.objects.filter(code="ART200").update(instructor=instructor)
    assert students_in(content_of(instructor_client.get(f"{LIST}export/csv/"))) == ["s0003"]
    narrowed = {"course__id__exact": Course.objects.get(code="BIO101").pk}
    assert students_in(content_of(instructor_client.get(f"{LIST}export/csv/", narrowed))) == []


def test_selected_rows_go_out_by_an_action(registrar_client, registrar, roster):
    chosen = User.objects.filter(username__in=["s0001", "s0002", "registrar"])
    values = {"action": "export_csv", "_selected_action": [row.pk for row in chosen]}
    # Staff have no student identifier, by which a file names people.
    assert students_in(content_of(registrar_client.post(PEOPLE, values))) == ["s0001", "s0002"]
    assert AccessRecord.objects.get(kind="export").rows == 2


def test_without_the_right_there_is_no_way_and_a_forged_one_is_refused_and_recorded(
    instructor_client, instructor, roster
):
    Course.objects.update(instructor=instructor)
    listed = instructor_client.get(PEOPLE)
    assert f"{PEOPLE}export/" not in listed.content.decode()
    offered = listed.context["action_form"]
    assert not offered or "export_csv" not in dict(offered.fields["action"].choices)

    assert instructor_client.get(f"{PEOPLE}export/csv/").status_code == 403
    noted = AccessRecord.objects.get(kind="refused")
    assert (noted.label, noted.path) == ("users.user", f"{PEOPLE}export/csv/")
    forged = {"action": "export_csv", "_selected_action": [User.objects.get(username="s0001").pk]}
    assert "Content-Disposition" not in instructor_client.post(PEOPLE, forged).headers
    assert not AccessRecord.objects.filter(kind="export").exists()


def test_a_format_nobody_knows_and_a_narrowing_nobody_may_ask_for_hand_nothing_out(
    registrar_client, roster, monkeypatch
):
    monkeypatch.setattr(admin.site.get_model_admin(Enrollment), "list_per_page", 1)
    assert registrar_client.get(f"{LIST}export/exe/").status_code == 404
    assert registrar_client.get(f"{PEOPLE}export/csv/?password__startswith=p").status_code == 400
    astray = registrar_client.get(f"{LIST}export/csv/?p=99")
    assert (astray.status_code, astray.headers["Location"]) == (302, f"{LIST}?e=1")


def test_a_field_a_role_does_not_see_is_not_in_its_files(registrar_client, roster, monkeypatch):
    visible = {"student_id", "first_name", "is_active"}
    monkeypatch.setitem(roles.VISIBLE, "users.user", {roles.REGISTRAR: visible})
    people = content_of(registrar_client.get(f"{PEOPLE}export/csv/")).decode()
    assert people.splitlines()[0] == "student_id,first_name,is_active"

    monkeypatch.setitem(roles.VISIBLE, "users.user", {roles.REGISTRAR: {"first_name"}})
    enrolled = content_of(
        registrar_client.get("/admin/bulk/batch/export/", {"kind": "enrollments"})
    ).decode()
    assert enrolled.splitlines()[0] == (
        "course_code,presentation,role,status,enrolled_on,withdrawn_on,final_result"
    )


def test_more_rows_than_a_sheet_takes_are_refused_in_a_sentence(
    registrar_client, roster, monkeypatch, tmp_path
):
    monkeypatch.setattr(xlsx_export, "MOST_ROWS", 3)
    query = {"kind": "enrollments", "format": "xlsx"}
    page = registrar_client.get("/admin/bulk/batch/export/", query)
    assert page.context["form"].non_field_errors() == [TOO_MANY]

    answer = registrar_client.get(f"{LIST}export/xlsx/?role__exact=student", follow=True)
    assert answer.redirect_chain == [(f"{LIST}?role__exact=student", 302)]
    assert [str(message) for message in answer.context["messages"]] == [TOO_MANY]
    assert not AccessRecord.objects.filter(kind="export").exists()

    out = tmp_path / "out.xlsx"
    with pytest.raises(CommandError, match="Choose CSV"):
        call_command("export_csv", "enrollments", "--output", str(out))
    assert not out.exists()


def test_the_command_writes_a_workbook_where_the_name_says_so(roster, tmp_path: Path, capsys: Any):
    out = tmp_path / "out.XLSX"
    call_command("export_csv", "enrollments", "--output", str(out))
    assert capsys.readouterr().out == f"3 enrollments written to {out}.\n"
    assert len(_sheet(out.read_bytes())) == 4


def test_the_list_of_every_kind_has_its_export():
    lists = {
        kind: admin.site._registry[resource.listed_model()] for kind, resource in kinds.items()
    }
    assert [kind for kind, each in lists.items() if not isinstance(each, ListExport)] == []
