"""With “auto” each kind in a workbook is a file of the delivery; whatever is not read is named."""

import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.pipeline.report import rejected_rows
from tests.bulk.workbooks import NOTES, ROSTER, Shown, book, roster


def test_with_auto_each_kind_is_a_file_of_the_delivery(run, courses):
    sheets = {
        "Read me": NOTES,
        "Group A": roster("s1001"),
        "People": [("student_id", "last_name"), ("s1001", "Moore"), ("s1002", "Wei")],
        "Group B": roster("s1002"),
    }
    code, report = run("auto", book(sheets))
    assert code == 0, report
    files = report["files"]
    assert [(each["file"], each["kind"], each["created"]) for each in files] == [
        ("in.xlsx/People", "users", 2),
        ("in.xlsx/Group A, Group B", "enrollments", 2),
    ]
    left = [{each["value"] for each in file["warnings"]} for file in files]
    assert left == [{"Read me"}, {"Read me"}]
    assert report["left_out"] == []


def test_with_auto_a_workbook_of_one_kind_keeps_its_name(run, people):
    code, report = run("auto", book({"A": roster("s1001"), "B": roster("s1002")}))
    assert (code, [each["file"] for each in report["files"]]) == (0, ["in.xlsx"])


def test_with_auto_a_workbook_of_no_known_header_says_it_of_each_sheet(run, people):
    code, report = run("auto", book({"A": NOTES, "B": []}))
    assert code == 1
    assert report["left_out"][0]["message"] == (
        "Sheet “A”: Its header is that of no kind of file known here. Sheet “B”: It is empty."
    )


def test_what_a_person_may_not_import_is_left_out_of_a_delivery(instructor, student, courses):
    student("s1001")
    Course.objects.update(instructor=instructor)
    sheets = {"People": [("student_id", "last_name"), ("s1001", "M")], "Roster": roster("s1001")}
    delivery = deliver([(io.BytesIO(book(sheets)), "both.xlsx")], instructor)
    named = {each["name"] for each in delivery.left_out}
    assert named == {"both.xlsx/People", "both.xlsx/Roster"} - {
        b.file_name for b in files_of(delivery)
    }


def test_gradebooks_on_several_sheets_are_one_file(import_file, gradebook, registrar):
    gradebook()
    head = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
    first = [
        (*head, "One (T1)"),
        ("Points Possible", "", "", "", "", 100),
        ("Li, No 1", 1, "s1001", "s1001", "A", 51),
        ("Li, No 9", 9, "s1009", "s1009", "A", 52),
    ]
    second = [
        (*head, "Two (T2)", "One (T1)"),
        ("Points Possible", "", "", "", "", 100, 100),
        ("Li, No 2", 2, "s1002", "s1002", "B", 61, Shown(62.25, "0")),
        ("Li, No 8", 8, "s1008", "s1008", "B", 63, ""),
    ]
    content = book({"Section A": first, "Section B": second})
    batch = preview(
        receive(io.BytesIO(content), "a.xlsx", registrar, kind="grades", on_error="skip")
    )
    places = [(each.sheet, each.line, each.row) for each in batch.issues.all()]
    assert places == [("Section A", 4, 2), ("Section B", 3, 3), ("Section B", 4, 4)]
    apply(batch, batch.digest, registrar)
    rows = AssessmentSubmission.objects.exclude(score=None)
    stored = rows.values_list("student__student_id", "assessment__code", "score")
    assert {(who, code, float(score)) for who, code, score in stored} == {
        ("s1001", "T1", 51),
        ("s1002", "T1", 62.25),
        ("s1002", "T2", 61),
    }
    lines = "".join(rejected_rows(batch)).splitlines()
    assert lines[0].removeprefix("\ufeff").split(",")[5:7] == ["One (T1)", "Two (T2)"]
    assert any(line.startswith('"Li, No 9",9,s1009') for line in lines)
    assert any(line.startswith('"Li, No 8",8,s1008,s1008,B,,63,4,') for line in lines)


NAMES = st.text("AB bé“”'&<{%(", min_size=1, max_size=12).map(str.strip).filter(bool)
SORTS = st.sampled_from(["roster", "swapped", "notes", "empty", "header", "hidden", "titled"])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, SORTS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_each_sheet_is_read_or_said(registrar, people, plan, random):
    """Whatever the sheets are, each is named once, or all of its students are in the outcome."""
    by_name = {name.casefold(): (name, sort) for name, sort in plan.items()}
    sheets, expected, left, pool = {}, [], set(), people.copy()
    for name, sort in by_name.values():
        mine = [pool.pop() for _one in range(random.randint(1, 2)) if pool]
        rows = {
            "roster": roster(*mine),
            "swapped": [row[::-1] for row in roster(*mine)],
            "notes": NOTES,
            "empty": [],
            "header": [ROSTER],
            "hidden": roster(*mine),
            "titled": [("A title",)] * random.randint(1, 20) + roster(*mine),
        }[sort]
        sheets[name] = rows
        if sort in ("roster", "swapped", "titled"):
            expected += mine
        else:
            left.add(name)
    hidden = [name for name, sort in by_name.values() if sort == "hidden"]
    if not expected or len(hidden) == len(sheets) or len(sheets) == 1:
        return
    batch = preview(
        receive(io.BytesIO(book(sheets, hidden=hidden)), "a.xlsx", registrar, kind="enrollments")
    )
    assert (batch.state, batch.created, batch.rows) == ("previewed", len(expected), len(expected))
    warned = [each.value for each in batch.issues.filter(code="sheet_left_out")]
    assert sorted(warned) == sorted(left)
    batch.delete()
