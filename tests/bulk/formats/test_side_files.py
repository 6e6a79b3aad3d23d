"""What files that came along say of sections, classes, terms and people, a reader looks up."""

from functools import partial
from typing import Any

import pytest

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.formats.lookup_files import SideFiles, Term, side_files
from backoffice.bulk.formats.open_file import open_file
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline import import_run
from backoffice.bulk.readers import Row

ORGS = (
    "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\no,,,School,school,,\n"
)
SESSIONS = """\
sourcedId,status,dateLastModified,title,type,startDate,endDate,\
parentSourcedId,schoolYear
t1,,,2026J,semester,2026-02-01,2026-06-30,,2026
t2,,,Spring,term,2026-02-01,2026-04-15,,2026
t3,,,Spring,term,2027-02-01,2027-04-15,,2027
"""
COURSES = """\
sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,\
grades,orgSourcedId
c-1,,,,Biology,BIO101,,o
c-2,,,,Art,,,o
"""
CLASSES = """\
sourcedId,status,dateLastModified,title,grades,courseSourcedId,\
classCode,classType,location,schoolSourcedId,termSourcedIds
k-1,,,Biology period 1,,c-1,B1,scheduled,,o,t1
k-2,,,Biology period 2,,c-1,B2,scheduled,,o,"t1, t2"
k-3,,,Art,,c-2,A,scheduled,,o,t3
BIO9-2026J,,,Elsewhere,,c-9,X,scheduled,,o,t9
"""
ROLES = """\
sourcedId,status,dateLastModified,userSourcedId,roleType,role,\
beginDate,endDate,orgSourcedId
r1,,,u-1,primary,Student,,,o
r2,,,u-2,primary,teacher,,,o
r3,,,u-3,primary,teacher,,,o
r4,,,u-3,secondary,student,,,o
r5,tobedeleted,,u-1,secondary,teacher,,,o
"""
PEOPLE = """\
sourcedId,status,dateLastModified,enabledUser,username,userIds,\
givenName,familyName,middleName,identifier,email
u-1,,,true,zoe,,Zoë,Moore,,s1001,
u-2,,,true,tea,,Tea,Cher,,s1002,
u-3,,,true,wei,,Wei,Li,,s1003,
s1004,,,true,ann,,Ann,Lee,,s1004,
"""
ENROLLED = """\
sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,\
userSourcedId,role,primary,beginDate,endDate
e1,,,k-1,o,u-1,student,,2026-02-02,
e2,,,k-3,o,u-3,student,,2027-02-02,
"""
SECTIONS = (
    "section_id,course_id,name,status\nA1,BIO101,Morning,active\nB1,ART200-2026B,All,active\n"
)
CANVAS_COURSES = "course_id,short_name,long_name,term_id,status\nBIO101,BIO,Biology,2026J,active\n"


def table(text: str) -> tuple[list[str], list[Row]]:
    header, *lines = (line.replace('"t1, t2"', "t1;t2").split(",") for line in text.splitlines())
    cells = [[cell.replace(";", ", ") for cell in line] for line in lines]
    return header, [Row(at, each) for at, each in enumerate(cells, 2)]


@pytest.fixture
def together(upload: Any, import_file: Any, monkeypatch: Any) -> Any:
    """Gives the way to bring files in as if others had come along."""

    def import_with(*texts: str) -> Any:
        known = partial(open_file, side=side_files(map(table, texts)))
        monkeypatch.setattr(import_run, "open_file", known)
        return import_file

    return import_with


def issue_messages(batch: Batch) -> list[str]:
    return [issue.message for issue in batch.issues.all()]


def test_what_the_files_of_oneroster_say_for_each_other():
    side = side_files(map(table, (ORGS, SESSIONS, COURSES, CLASSES, ROLES, PEOPLE, ENROLLED)))
    spring = ("2027-02-01", "2027-04-15")
    assert side == SideFiles(
        courses={"k-1": ("BIO101", "2026J"), "k-2": ("BIO101", "2026J"), "k-3": ("c-2", "t3")},
        titles={"k-1": "Biology", "k-2": "Biology", "k-3": "Art"},
        terms={
            "t1": Term("2026J", "2026-02-01", "2026-06-30"),
            "t2": Term("t2", "2026-02-01", "2026-04-15"),
            "t3": Term("t3", *spring),
        },
        people={"u-1": "s1001", "u-2": "s1002", "u-3": "s1003"},
        others={"u-2": "teacher"},
    )
    assert side.days("t2, t3, t9") == ("2026-02-01", "2027-04-15")
    assert side.days("t9") == ("", "")


def test_files_that_say_nothing_and_broken_rows_are_passed():
    header, rows = table(SECTIONS)
    rows += [Row(9, ["A2"]), Row(10, ['A3,"'], syntax_error="open")]
    side = side_files([table(ORGS), (header, rows), table(CANVAS_COURSES)])
    assert side == SideFiles(
        sections={"A1": "BIO101", "B1": "ART200-2026B"}, courses={"BIO101": ("BIO101", "2026J")}
    )


def test_classes_of_oneroster_are_courses_in_terms_with_their_days(together):
    batch = together(COURSES, SESSIONS, CLASSES)("courses", CLASSES)
    assert (batch.created, batch.duplicates) == (3, 1)  # both periods are one course here
    rows = Course.objects.order_by("code").values_list(
        "code", "presentation", "title", "starts_on", "ends_on"
    )
    assert [tuple(map(str, row)) for row in rows] == [
        ("BIO101", "2026J", "Biology", "2026-02-01", "2026-06-30"),
        ("BIO9", "2026J", "Elsewhere", "None", "None"),
        ("c-2", "t3", "Art", "2027-02-01", "2027-04-15"),
    ]


def test_without_the_other_files_classes_have_no_days_and_keep_those_stored(import_file, courses):
    text = CLASSES.replace("k-1", "BIO101-2026J").splitlines()[:2]
    import_file("courses", "\n".join(text))
    assert str(Course.objects.get(code="BIO101").starts_on) == "2026-02-01"


def test_people_are_students_by_their_roles_and_enrolled_by_their_student_ids(together):
    import_file = together(COURSES, SESSIONS, CLASSES, ROLES, PEOPLE)
    people = import_file("users", PEOPLE)
    assert issue_messages(people) == [
        "Line 3: role “teacher” is not kept here; the row is left out."
    ]
    assert set(User.objects.filter(role="student").values_list("student_id", flat=True)) == {
        "s1001",
        "s1003",
        "s1004",
    }
    import_file("courses", CLASSES)
    import_file("enrollments", ENROLLED)
    rows = Enrollment.objects.order_by("id").values_list("student__student_id", "course__code")
    assert list(rows) == [("s1001", "BIO101"), ("s1003", "c-2")]


SECTIONED = "section_id,user_id,role,status\nA1,s1001,student,active\nB1,s1001,student,active\n"


def test_a_section_of_canvas_leads_to_its_course(together, courses, student):
    student("s1001")
    Course.objects.create(code="BIO101", presentation="2027J", slug="later")
    batch = together(SECTIONS, CANVAS_COURSES)("enrollments", SECTIONED)
    assert batch.created == 2
    assert set(Enrollment.objects.values_list("course__code", "course__presentation")) == {
        ("BIO101", "2026J"),
        ("ART200", "2026B"),
    }


def test_a_section_nobody_knows_is_refused_with_what_to_do(upload, courses, student):
    student("s1001")
    batch = upload("enrollments", SECTIONED)
    assert batch.read_as == "Canvas SIS enrollments"
    assert issue_messages(batch) == [
        f"Line {line}: section_id “{name}” does not say which course it is a section of. Add the "
        "column course_id, or upload sections.csv together with it."
        for line, name in ((2, "A1"), (3, "B1"))
    ]
