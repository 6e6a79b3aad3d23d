"""What gradebooks of other systems say becomes rows of grades and assessments, line by line."""

from backoffice.apps.assessments.models import Assessment
from backoffice.bulk.formats.gradebooks import CanvasGradebook, EdxOverrides
from backoffice.bulk.formats.oneroster import OneRosterLineItems, OneRosterResults
from backoffice.bulk.kinds.resource import kinds
from backoffice.bulk.readers import Row

CANVAS = """Student;ID;SIS User ID;SIS Login ID;Section;Lab (TMA01);Exam, final (TMA02);Final Score
;;;;;Manual Posting;Manual Posting;
    Points Possible;;;;;10.00;24.00;(read only)
O'Moore, Zoë;1;s1001;zoe;A [1];9.50;;88
Li, Wei;2;s1002;wei;A [1];EX;23,5;88
Student, Test;3;;x;A [1];1;2;3
Nobody;4;s1003"""


def rows_of(table_class: type, text: str, sign: str = ",") -> list[tuple[object, ...]]:
    """Line, cells and remarks of every row that comes out."""
    header, *lines = [line.split(sign) for line in text.splitlines()]
    assert table_class.recognises(header)
    table = table_class(header)
    table.narrow(table.sparse - {"section"})
    rows = [row for at, cells in enumerate(lines, 2) for row in table.translated(Row(at, cells))]
    return [
        (
            row.line,
            dict(zip(table.active_sources, row.cells, strict=False)),
            [issue.fault.code for issue in row.reader_issues],
            row.is_left_out,
        )
        for row in rows
    ]


def grade(student: str, assessment: str, score: str) -> dict[str, str]:
    return {"student_id": student, "assessment_id": assessment, "score": score}


def test_each_score_of_a_canvas_gradebook_is_a_grade_and_totals_are_passed_over():
    most = {"TMA01": {"max_score": "10.00"}, "TMA02": {"max_score": "24.00"}}
    assert rows_of(CanvasGradebook, CANVAS, ";") == [
        (4, grade("s1001", "TMA01", "9.50") | most["TMA01"], [], False),
        (5, {}, ["left_out"], True),
        (5, grade("s1002", "TMA02", "23,5") | most["TMA02"], [], False),
        (7, {}, ["too_few_cells"], False),
    ]


def test_a_gradebook_without_sis_ids_is_not_matched_by_name(upload):
    batch = upload("grades", CANVAS.replace(";SIS User ID;", ";Other;"))
    assert batch.sentence == (
        "The file is a Canvas gradebook without the column “SIS User ID”, and students are not "
        "matched by their names. Export it from Canvas with that column, or add it."
    )
    (issue,) = batch.issues.all()
    assert (issue.code, issue.line, issue.column) == ("missing_column", 1, "SIS User ID")
    assert batch.file  # no attempt to set what no file may set: it is kept


def test_a_header_with_a_student_an_id_and_a_section_alone_is_no_gradebook():
    assert not CanvasGradebook.recognises(["Student", "ID", "Section", "Final Score"])


def test_a_new_override_of_open_edx_is_a_grade():
    text = (
        "user_id,username,student_key,course_id,track,cohort,name-TMA01,grade-TMA01,"
        "original_grade-TMA01,previous_override-TMA01,new_override-TMA01,new_override-TMA02\n"
        "7,zoe,s1001,course-v1:School+BIO101+2026J,audit,,Lab,5,5,,8,\n"
    )
    course = {"course_code": "BIO101", "presentation": "2026J"}
    assert rows_of(EdxOverrides, text) == [(2, course | grade("s1001", "TMA01", "8"), [], False)]


def test_line_items_and_results_of_oneroster_are_assessments_and_grades(courses):
    item = {
        "assessment_id": "TMA01",
        "course_code": "BIO101",
        "presentation": "2026J",
        "title": "",
        "assessment_type": "TMA",
        "due_on": "2026-03-01",
        "weight": "20",
        "max_score": "100",
    }
    written = OneRosterLineItems.write(item)
    header = ",".join(OneRosterLineItems.written)
    line = ",".join(written.get(name, "") for name in OneRosterLineItems.written)
    read = rows_of(OneRosterLineItems, f"{header}\n{line}")[0][1]
    assert read == {name: item[name] for name in read}
    assert {"due_on", "max_score", "title"} < set(read)

    Assessment.objects.create(course=courses["BIO101"], code="TMA01")
    values = grade("s1001", "TMA01", "71.5") | {"submitted_on": "2026-02-20T10:00:00+00:00"}
    values |= {"course_code": "BIO101", "presentation": "2026J"}
    header = ",".join(OneRosterResults.written)
    line = ",".join(OneRosterResults.write(values).get(n, "") for n in OneRosterResults.written)
    exempt = line.replace("fully graded", "exempt")
    assert rows_of(OneRosterResults, f"{header}\n{line}\n{exempt}") == [
        (2, values, [], False),
        (3, {}, ["left_out"], True),
    ]


def test_a_gradebook_where_grades_cannot_be_imported_says_so(upload, monkeypatch):
    monkeypatch.delitem(kinds, "grades", raising=False)
    batch = upload("enrollments", CANVAS)
    assert batch.sentence == (
        "The file reads as “Canvas gradebook”. No grades can be imported in this version."
    )
