"""Lines above a known header are a title: they are passed over and said; a row never is."""

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.formats.known_headers import HeaderOfKind
from backoffice.bulk.formats.tables import recognised
from backoffice.bulk.jobs.tasks import read_ready
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from backoffice.bulk.pipeline.report import rejected_rows
from backoffice.bulk.readers import open_table
from tests.bulk.read.test_own_headers import save_mappings
from tests.bulk.readers.test_file_formats import workbook

HEADER = ("student_id", "course_code", "presentation")
ROW = ("s1001", "BIO101", "2026J")
TITLES = [("Report of autumn",), ("Printed", "2026-11-29")]
WARNING = (
    "Line {0}: 2 lines above the header are no rows of the table and were passed over: “Report of "
    "autumn”, “Printed 2026-11-29”."
)


def text_of(*rows: tuple[str, ...], delimiter: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


def issues_of(batch: Any) -> list[tuple[int, int, str, str]]:
    return [(each.line, each.row, each.code, each.message) for each in batch.issues.all()]


FILES = {
    "comma": text_of(*TITLES, HEADER, ROW).encode(),
    "semicolon": text_of(*TITLES, HEADER, ROW, delimiter=";").encode(),
    "tab": text_of(*TITLES, HEADER, ROW, delimiter="\t").encode("utf-16"),
    "as wide as the table": text_of(
        *((*title, "", "")[:3] for title in TITLES), HEADER, ROW, delimiter=";"
    ).encode(),
    "xlsx": workbook([TITLES[1], HEADER, ROW], TITLES[0]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_title_is_passed_over_and_said(import_file, courses, student, name):
    student("s1001")
    file_name = "a.xlsx" if name == "xlsx" else "a.csv"
    batch = import_file("enrollments", FILES[name], name=file_name)
    assert (batch.rows, batch.created) == (1, 1)
    assert issues_of(batch) == [(3, 0, "title_lines", WARNING.format(3))]


def test_lines_and_rows_below_a_title_count_as_they_do_elsewhere(upload, courses, student):
    student("s1001")
    text = text_of(*TITLES, (), HEADER, ROW, ("N/A", "BIO101", "2026J"))
    batch = upload("enrollments", text, on_error="skip")
    assert [(each.line, each.row) for each in batch.issues.all()] == [(4, 0), (6, 2)]
    lines = "".join(rejected_rows(batch)).splitlines()
    assert lines[0] == "\ufeffstudent_id,course_code,presentation,line,errors"
    assert lines[1].startswith("N/A,BIO101,2026J,6,")


@pytest.mark.parametrize(("count", "state"), [(20, "previewed"), (21, "refused")])
@pytest.mark.parametrize("is_workbook", [False, True])
def test_twenty_lines_may_stand_above_a_header(upload, courses, student, count, state, is_workbook):
    student("s1001")
    rows = [(f"Line {number} of the title",) for number in range(count)]
    content = (
        workbook([*rows[1:], HEADER, ROW], rows[0]) if is_workbook else text_of(*rows, HEADER, ROW)
    )
    batch = upload("enrollments", content, name="a.xlsx" if is_workbook else "a.csv")
    assert batch.state == state


def test_what_is_wrong_with_a_header_is_said_at_its_line(upload, db):
    batch = upload("enrollments", text_of(*TITLES, (*HEADER, "statsu"), (*ROW, "active")))
    (issue,) = batch.issues.all()
    assert (issue.line, issue.code) == (3, "unknown_column")


def test_a_header_of_the_schools_own_is_found_below_a_title_and_asked_about(
    upload, import_file, courses, student, registrar_client
):
    student("s1001")
    save_mappings("enrollments", {"Matrikel": "student_id", "Kurs": "course_code"})
    own = ("Matrikel", "Kurs", "presentation", "Bemerkung")
    batch = upload("enrollments", text_of(*TITLES, own, (*ROW, "x")))
    assert batch.issues.get(is_warning=False).line == 3
    page = registrar_client.get(f"/admin/bulk/batch/{batch.pk}/change/").content.decode()
    assert "What your own headers mean" in page
    save_mappings("enrollments", {"Bemerkung": "-"})
    import_file("enrollments", text_of(*TITLES, own, (*ROW, "x")))
    assert Enrollment.objects.count() == 1


@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_row_above_the_header_refuses_the_file_instead_of_being_lost(upload, courses, where):
    # As where somebody sorted the sheet, header and all.
    rows = [*TITLES]
    rows.insert(where, ROW)
    batch = upload("enrollments", text_of(*rows, HEADER, ROW))
    assert issues_of(batch) == [
        (
            where + 1,
            0,
            "rows_above_header",
            f"Line {where + 1} could be a row of the table, and the header stands below it, in "
            "line 4. Move the header to the top, or remove what stands above it.",
        )
    ]


def test_a_canvas_gradebook_stands_below_a_title_too(import_file, gradebook):
    gradebook(T1={})
    table = (
        "Student,ID,SIS User ID,SIS Login ID,Section,T one (T1)\n"
        "    Points Possible,,,,,100\n"
        '"Li, No 1",,s1001,s1001,,61\n'
    )
    batch = import_file("grades", "Grades of autumn,,,,,\n" + table)
    assert (batch.read_as, batch.created) == ("Canvas gradebook", 1)
    assert [each.code for each in batch.issues.all()] == ["title_lines"]


def test_a_file_with_passwords_keeps_its_title_and_its_lines(upload, db):
    text = (
        "sep=;\nUsers of autumn;;\n\nuser_id;login_id;password;status;first_name;last_name\n"
        "s1001;ann;hunter2;active;Ann;Li\ns1002;bob;hunter3;actve;Bob;Ng\n"
    )
    batch = upload("users", text)
    stored = batch.path.read_text("utf-8-sig")
    assert "hunter" not in stored
    assert stored.splitlines()[:4] == [
        "sep=;",
        "Users of autumn;;",
        "",
        "user_id;login_id;status;first_name;last_name",
    ]
    assert [(each.line, each.code) for each in batch.issues.all()] == [
        (4, "title_lines"),
        (6, "invalid_choice"),
    ]


def test_files_of_a_delivery_are_recognised_below_their_titles(courses, student, registrar):
    student("s1001")
    people = text_of(("People",), ("student_id", "last_name"), ("s1002", "Ng"))
    uploads = [(io.BytesIO(text_of(*TITLES, HEADER, ROW).encode()), "a.csv")]
    uploads += [(io.BytesIO(people.encode()), "b.csv")]
    delivery = deliver(uploads, registrar)
    read_ready(delivery)
    assert [(each.kind, each.rows) for each in files_of(delivery)] == [
        ("users", 1),
        ("enrollments", 0),  # it waits for the people
    ]


WORDS = st.text(st.sampled_from('abé "=(:'), max_size=8)


@given(
    titles=st.lists(st.lists(WORDS, min_size=1, max_size=5), max_size=20),
    rows=st.lists(st.tuples(st.from_regex("s[0-9]{4}", fullmatch=True), WORDS, WORDS), max_size=5),
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    padded=st.booleans(),
)
@settings(max_examples=200)
def test_whatever_stands_above_a_header_no_row_below_is_lost(titles, rows, delimiter, end, padded):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    header = ["student_id", "first_name", "last_name"]
    writer.writerows(
        [[*title, "", "", ""][: max(3, len(title))] if padded else title for title in titles]
    )
    writer.writerows([header, *rows])
    test = HeaderOfKind("users", lambda names: recognised(names, "auto", "users"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text(stream.getvalue(), "utf-8", newline="")
        with open_table(path, header_test=test) as reader:
            assert (reader.delimiter, reader.header) == (delimiter, header)
            assert [tuple(row.cells) for row in reader.records()] == rows
            filled = [title for title in titles if "".join(title).strip()]
            assert len(reader.titles) == len(filled)


def test_a_user_file_of_one_column_below_a_title_is_read(import_file, db):
    import_file("users", "People of autumn\nstudent_id\ns1001\n")
    assert User.objects.filter(student_id="s1001").exists()


class CountingTest:
    """Knows no header, and counts the cells it is asked about."""

    def __init__(self) -> None:
        self.cells = 0

    def is_header(self, cells: Sequence[str]) -> bool:
        self.cells += len(cells)
        return False

    def is_row(self, header: Sequence[str], cells: Sequence[str]) -> bool:
        return False


@pytest.mark.parametrize("line", ["t" * 400_000, "a," * 200_000, "a|" * 200_000, '"a" |' * 80_000])
def test_long_lines_are_no_titles_and_cost_little(tmp_path, line):
    # 99 lines of a megabyte took 82 seconds and a gigabyte.
    path, test = tmp_path / "a.csv", CountingTest()
    path.write_text("x\n" + f"{line}\n" * 20)
    with open_table(path, header_test=test) as reader:
        assert (reader.header, reader.header_line) == (["x"], 1)
        assert len(list(reader.records())) == 20
    assert test.cells < 5_000
