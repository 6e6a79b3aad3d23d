"""The peculiarities of each maker's gradebook, and what is said of a file that cannot be read."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.bulk.formats.gradebooks.brightspace import BrightspaceGrades
from backoffice.bulk.formats.tables import readable_as
from backoffice.bulk.models import Batch

MOODLE = (
    "First name,Last name,ID number,Institution,Department,Email address,{columns},"
    "Last downloaded from this course\n"
)
BLACKBOARD = "Last Name\tFirst Name\tUsername\tStudent ID\tLast Access\tAvailability\t"
BRIGHTSPACE = "OrgDefinedId,Username,Last Name,First Name,"
NBGRADER = (
    "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
    "late_submission_penalty,score,max_score\n"
)


@pytest.fixture
def tests_of_bio(gradebook: Any) -> None:
    """BIO101 with T1 and T2, of 100 points each, and s1001 to s1003."""
    gradebook()


def score(student: str, code: str) -> Decimal | None:
    found = AssessmentSubmission.objects.filter(
        student__student_id=student, assessment__code=code
    ).first()
    return found.score if found else None


def messages(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def utf16(text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")


def test_a_dash_of_moodle_is_no_grade_and_totals_are_no_assessments(tests_of_bio, import_file):
    text = MOODLE.format(columns="T1 (Real),T2 (Real),Homework total (Real),Course total (Real)")
    batch = import_file("grades", text + "Ada,Li,s1001,,,a@example.org,66.00,-,66.00,66.00,1\n")
    assert (batch.read_as, batch.rows, messages(batch)) == ("Moodle grade export", 1, [])
    assert (score("s1001", "T1"), score("s1001", "T2")) == (66, None)


def test_a_moodle_from_before_ways_of_showing_grades_is_read_too(tests_of_bio, import_file):
    text = MOODLE.format(columns="Assignment: T1,Feedback: T1,Course total")
    batch = import_file("grades", text + "Ada,Li,s1001,,,a@example.org,66.00,Well,66.00,1\n")
    assert (batch.created, score("s1001", "T1")) == (1, 66)


def test_percentages_and_letters_of_moodle_are_no_points(tests_of_bio, import_file, upload):
    ways = "T1 (Real),T1 (Percentage),T1 (Letter),T1 (Feedback),T2 (Letter)"
    text = MOODLE.format(columns=ways)
    batch = import_file("grades", text + "Ada,Li,s1001,,,a@example.org,66,66 %,D,x,A,1\n")
    assert (batch.created, score("s1001", "T1"), score("s1001", "T2")) == (1, 66, None)
    assert messages(batch) == ["Line 1: T2 (Letter) holds no points; the column is passed over."]

    text = MOODLE.format(columns="T1 (Percentage)")
    assert upload("grades", text + "Ada,Li,s1001,,,a@example.org,66 %,1\n").sentence == (
        "The file reads as “Moodle grade export”, but has no column of points. Export it from "
        "Moodle with the grade display type “Real”."
    )


WITHOUT_IDS = {
    "Moodle grade export": (
        "ID number",
        "First name,Last name,Email address,T1 (Real),Last downloaded from this course\n"
        "Ada,Li,a@example.org,1,1\n",
    ),
    "Gradescope grades": ("SID", "First Name,Email,T1,T1 - Max Points\nAda,a@example.org,1,100\n"),
    "Brightspace grades": (
        "OrgDefinedId",
        "Last Name,First Name,T1 Points Grade <Numeric MaxPoints:100>,End-of-Line Indicator\n"
        "Li,Ada,1,#\n",
    ),
    "PrairieLearn gradebook": ("UIN", "UID,Name,Role,T1\na@example.org,Ada Li,Student,1\n"),
    "PrairieLearn assessment instances": (
        "UIN",
        "UID,Name,Role,Assessment,Instance,Points,Max points\na@example.org,A,Student,T1,1,1,9\n",
    ),
}


@pytest.mark.parametrize("title", WITHOUT_IDS)
def test_nobody_is_matched_by_name(tests_of_bio, upload, title):
    column, text = WITHOUT_IDS[title]
    batch = upload("grades", text)
    assert batch.sentence == (
        f"The file reads as “{title}”, without the column “{column}”, and students are not matched "
        "by their names. Export it again with that column, or add it."
    )
    assert (batch.issues.get().code, batch.issues.get().column) == ("missing_column", column)


def test_a_minimal_gradebook_of_canvas_is_known_and_lacks_its_sis_ids(tests_of_bio, upload):
    for header in ("Student,SIS Login ID,Section,T one (T1)", "Student,SIS Login ID,Section,T1"):
        sentence = upload("grades", f"{header}\nLi,s1001,,61\n").sentence
        assert sentence.startswith(
            "The file is a Canvas gradebook without the column “SIS User ID”"
        )


def test_gradescope_says_the_maximum_and_when_work_was_handed_in(tests_of_bio, import_file):
    text = (
        "First Name,Last Name,SID,Email,Sections,T1,T1 - Max Points,T1 - Submission Time,"
        "T1 - Lateness (H:M:S),Total Lateness (H:M:S)\n"
        "Ada,Li,s1001,a@example.org,,66.0,100.0,2026-02-20 23:00:00 -0800,25:00:00,25:00:00\n"
        "Bo,Li,s1002,b@example.org,,,100.0,,,00:00:00\n"
    )
    batch = import_file("grades", text)
    work = AssessmentSubmission.objects.get(student__student_id="s1001")
    assert (batch.rows, work.score) == (1, 66)
    assert work.submitted_at.isoformat() == "2026-02-21T07:00:00+00:00"


def test_another_maximum_of_gradescope_is_told_at_its_own_column(tests_of_bio, upload):
    text = "SID,Email,T1,T1 - Max Points\ns1001,a@example.org,6.0,10.0\n"
    (issue,) = upload("grades", text).issues.all()
    assert (issue.code, issue.column, issue.value) == ("other_max_score", "T1 - Max Points", "10.0")


def test_a_file_of_one_assignment_of_gradescope_is_led_on(tests_of_bio, upload):
    text = (
        "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID\n"
        "Ada,Li,s1001,a@example.org,,9.0,10.0,Graded,77\n"
    )
    assert upload("grades", text).sentence == (
        "The file is Gradescope's of one assignment, and does not say of which. Download the "
        "grades of the course instead: “Assignments”, then “Download Grades”."
    )


def test_number_signs_of_brightspace_are_no_part_of_an_id(tests_of_bio, import_file, upload):
    text = f"{BRIGHTSPACE}T1 Points Grade <Numeric MaxPoints:100>,Calculated Final Grade Numerator,"
    text += "End-of-Line Indicator\n#s1001,#ada,Li,Ada,66,30,#\n,#s1002,Li,Bo,67,30,#\n"
    batch = import_file("grades", text)
    assert (batch.created, score("s1001", "T1"), score("s1002", "T1")) == (2, 66, 67)

    wrong = text.replace("#s1001", "#s9999").replace("MaxPoints:100", "MaxPoints:50")
    assert messages(upload("grades", wrong)) == [
        "Line 2: OrgDefinedId “#s9999” names no person that exists. Check it, or add it first.",
        "Line 2: T1 Points Grade <Numeric MaxPoints:50> “50” contradicts “100”, which the "
        "assessment has. Correct the file, or the assessment first.",
        "Line 3: T1 Points Grade <Numeric MaxPoints:50> “50” contradicts “100”, which the "
        "assessment has. Correct the file, or the assessment first.",
    ]


def test_blackboard_says_of_a_cell_that_it_is_no_grade(tests_of_bio, import_file):
    header = (
        "T1 [Total Pts: 100 Score] |11\tT2 [Total Pts: 100] |12\tTalk [Total Pts: 9 Letter] |13"
    )
    text = f"{BLACKBOARD}Weighted Total [Total Pts: up to 100 Percentage] |10\t{header}\n"
    text += "Li\tAda\tada\ts1001\t2026-09-01\tYes\t61\t66.00\tNeeds Grading\tA\n"
    text += "Li\tBo\tbo\ts1002\t2026-09-01\tYes\t61\tExempt\tIn Progress(5.00)\tA\n"
    text += "Li\tCy\ts1003\t\t2026-09-01\tYes\t61\t0.00\t\t\n"
    batch = import_file("grades", utf16(text), name="gc_BIO101_fullgc_2026.xls")
    assert (batch.read_as, batch.rows) == ("Blackboard gradebook", 2)
    assert (score("s1001", "T1"), score("s1001", "T2")) == (66, None)
    assert (score("s1002", "T1"), score("s1003", "T1")) == (None, 0)
    assert messages(batch) == [
        "Line 1: Talk [Total Pts: 9 Letter] |13 holds no points; the column is passed over.",
        "Line 2: T2 [Total Pts: 100] |12 “Needs Grading”: this is not graded yet; nothing of it is "
        "stored.",
        "Line 3: T1 [Total Pts: 100 Score] |11 “Exempt”: an excused assessment has no grade here.",
        "Line 3: T2 [Total Pts: 100] |12 “In Progress(5.00)”: this is not graded yet; nothing of "
        "it is stored.",
    ]


def test_a_column_of_blackboard_downloaded_alone_has_only_user_names(tests_of_bio, import_file):
    text = (
        '"Last Name","First Name","Username","T1 [Total Pts: 100 Score] |11","Grading Notes",'
        '"Notes Format","Feedback to Learner","Feedback Format"\n'
        '"Li","Ada","s1001","66.00","","","Well, done","HTML"\n'
    )
    assert import_file("grades", text).created == 1


def test_nbgrader_writes_nothing_for_nothing(tests_of_bio, import_file):
    text = (
        f"{NBGRADER}T1,,2026-02-20 10:00:00,s1001,Li,Ada,,67.5,1.5,66.0,100.0\n"
        "T1,,,s1002,Li,Bo,,0.0,0.0,0.0,100.0\n"
        "T1,,2026-02-20 10:00:00,s1003,Li,Cy,,0.0,0.0,0.0,100.0\n"
    )
    batch = import_file("grades", text)
    assert [score(f"s100{number}", "T1") for number in (1, 2, 3)] == [66, None, 0]
    moment = AssessmentSubmission.objects.get(student__student_id="s1001").submitted_at
    assert moment.isoformat() == "2026-02-20T10:00:00+00:00"
    assert messages(batch) == [
        "Line 3: score “0.0” without a time: nothing was handed in, or nobody knows when. It is "
        "not stored as a grade."
    ]


def test_percent_of_prairielearn_are_points_of_the_assessments_maximum(tests_of_bio, import_file):
    Assessment.objects.filter(code="T2").update(max_score=12)
    text = (
        "UID,UIN,Name,Role,T1,T2\n"
        "a@example.org,s1001,Ada Li,Student,66.5,83.33333333333334\n"
        "t@example.org,,A Teacher,Staff,100,100\n"
    )
    batch = import_file("grades", text)
    assert (score("s1001", "T1"), score("s1001", "T2")) == (Decimal("66.5"), 10)
    assert messages(batch) == [
        "Line 1: PrairieLearn's gradebook is in percent: each score is that share of the maximum "
        "that its assessment has here.",
        "Line 3: Role “Staff” is not kept here; the row is left out.",
    ]


def test_a_share_that_is_no_number_of_points_is_refused_as_it_stands(tests_of_bio, upload):
    text = "UID,UIN,Name,Role,T1\na@example.org,s1001,Ada Li,Student,66.66666666666667\n"
    batch = upload("grades", text)
    (issue,) = batch.issues.filter(is_warning=False)
    assert (issue.code, issue.column, issue.value) == ("invalid_number", "T1", "66.66666666666667")


def test_points_of_prairielearn_stand_in_the_file_of_instances(tests_of_bio, import_file, upload):
    text = (
        "UID,UIN,Username,Name,Role,Assessment,Instance,Score (%),Points,Max points\n"
        "a@example.org,s1001,a,Ada,Student,T1,1,8.1,8.100000000000001,100\n"
    )
    import_file("grades", text)
    assert score("s1001", "T1") == Decimal("8.1")

    assert upload("grades", "UID,UIN,Homework 1\na@example.org,s1001,8.1\n").sentence == (
        "The file is PrairieLearn's of one assessment, and does not say whether “Homework 1” is in "
        "percent or in points. Download the file of its instances, or the gradebook of the course."
    )


NOT_WRITTEN = {
    "gradescope": "Gradescope takes no grades from a file, so there is none to write for it.",
    "nbgrader": "nbgrader takes no grades from a file, so there is none to write for it.",
    "prairielearn": (
        "PrairieLearn takes scores of one assessment at a time, by its own UID, which is not "
        "stored here; so there is no file to write for it."
    ),
}


@pytest.mark.parametrize("dialect", NOT_WRITTEN)
def test_for_who_takes_no_grades_none_are_written(tests_of_bio, registrar_client, dialect):
    course = ("--course", "BIO101", "--presentation", "2026J")
    with pytest.raises(CommandError) as refusal:
        call_command("export_csv", "grades", *course, "--dialect", dialect)
    assert str(refusal.value) == NOT_WRITTEN[dialect]
    page = registrar_client.get("/admin/bulk/batch/export/").content.decode()
    assert f'value="{dialect}"' not in page
    assert 'value="brightspace"' in page


def test_the_report_says_what_a_file_was_read_as(tests_of_bio, tmp_path, capsys):
    file, report = tmp_path / "grades.csv", tmp_path / "report.json"
    file.write_text(f"{NBGRADER}T1,,2026-02-20 10:00:00,s1001,Li,Ada,,66.0,0.0,66.0,100.0\n")
    call_command("import_csv", "auto", str(file))
    call_command("import_csv", "grades", str(file), "--report", str(report))
    assert '"read_as": "nbgrader grades"' in report.read_text()
    assert "It was read as “nbgrader grades” of BIO101 2026J." in capsys.readouterr().out


@pytest.mark.parametrize("text", ["a points grade <", "a text grade <"])
def test_a_header_of_a_megabyte_is_looked_at_once(text):
    # One that does not end as it begins was tried from each of its signs, for minutes.
    header = ["OrgDefinedId", text * 50_000]
    assert BrightspaceGrades not in readable_as(header)
    assert BrightspaceGrades(header).columns == {}
