"""A zip file of tables: the one of the kind is found and read, the others are looked up in."""

import io
import struct
import zipfile
from datetime import date

import pytest
from django.core.management import call_command

from backoffice.apps.assessments.models import AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.report import rejected_rows
from backoffice.bulk.undo.undo import undo

SECTIONS = (
    "section_id,course_id,name,status\nS1,BIO101-2026J,One,active\nS2,GONE1-2026J,Two,active\n"
)
BY_SECTION = (
    "section_id,user_id,role,status\nS1,s1001,student,active\nS9,s1001,student,active\n"
    "S2,s1001,student,active\n"
)
USERS = (
    "user_id,login_id,password,first_name,last_name,email,status\n"
    "s1001,z,hunter2,Zoë,Moore,,active\n"
)
ROSTER = {
    "manifest.csv": (
        "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\nfile.users,bulk\n"
        "file.enrollments,delta\n"
    ),
    "orgs.csv": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n",
    "academicSessions.csv": (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n"
        "term-9,,,2026J,term,2026-10-01,2027-06-26,,2027\n"
    ),
    "courses.csv": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId\n"
        "c-77,,,,Marine biology,BIO300,,o\n"
    ),
    "classes.csv": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,"
        "location,schoolSourcedId,termSourcedIds\n"
        "k-1,,,Period 1,,c-77,BIO300-1,scheduled,,o,term-9\n"
        'k-2,,,Period 2,,c-77,BIO300-2,scheduled,,o,"term-9,term-10"\n'
    ),
    "users.csv": (
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
        "middleName,identifier,email,password\n"
        "u-1,,,true,zoe,,Zoë,Moore,,s1001,z@example.org,hunter2\n"
        "u-2,,,true,tom,,Tom,Lane,,t900,t@example.org,hunter3\n"
    ),
    "roles.csv": (
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,"
        "orgSourcedId,userProfileSourcedId\n"
        "r-1,,,u-1,primary,aide,,,o,\nr-2,,,u-1,secondary,student,,,o,\n"
        "r-3,,,u-2,primary,teacher,,,o,\nr-4,tobedeleted,,u-2,secondary,student,,,o,\n"
    ),
    "enrollments.csv": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,"
        "primary,beginDate,endDate\ne-1,active,2026-10-02,k-2,o,u-1,student,,2026-10-01,\n"
    ),
    "lineItems.csv": (
        "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,"
        "categorySourcedId,gradingPeriodSourcedId,resultValueMin,resultValueMax\n"
        "li-1,,,Essay,,2026-10-01,2026-11-01,k-1,cat,term-9,0,20\n"
    ),
    "results.csv": (
        "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,"
        "scoreDate,comment\nx-1,,,li-1,u-1,fully graded,17,,\n"
    ),
}


def packed(files: dict[str, str | bytes], **options: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def stored(batch: Batch) -> dict[str, str]:
    with zipfile.ZipFile(batch.path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def canvas() -> bytes:
    return packed(
        {
            "export/users.csv": USERS,
            "export/sections.csv": SECTIONS,
            "export/enrollments.csv": BY_SECTION,
            "__MACOSX/export/._users.csv": b"\0\5\26\7",
            "export/.DS_Store": b"\0",
            "export/readme.md": "Hello",
        }
    )


def test_the_file_of_the_kind_is_found_and_sections_give_the_course(
    upload, courses, student, registrar, canvas
):
    student("s1001")
    batch = upload("enrollments", canvas, name="school.zip", on_error="skip")

    assert (batch.file_name, batch.read_as) == (
        "school.zip/export/enrollments.csv",
        "Canvas SIS enrollments",
    )
    assert (batch.rows, batch.created, batch.rejected) == (3, 1, 2)
    assert [issue.message for issue in batch.issues.all()] == [
        "Line 3: section_id “S9” does not say which course it is a section of. Add the column "
        "course_id, or upload sections.csv together with it.",
        "Line 4: section_id “S2” names no course that exists. Check it, or add it first.",
    ]
    apply(batch, batch.digest, registrar)
    assert Enrollment.objects.get().course == courses["BIO101"]


def test_what_is_kept_needs_nothing_else_and_is_the_same_each_time(
    upload, import_file, courses, student, registrar, canvas
):
    student("s1001")
    first = import_file("enrollments", canvas, name="school.zip", on_error="skip")
    again = upload("enrollments", canvas, name="other.zip", on_error="skip")
    members = stored(first)

    assert list(members) == ["enrollments.csv", "beside/sections.csv"]
    assert (again.file_hash, again.unchanged) == (first.file_hash, 1)
    assert first.download_name == "enrollments.zip"
    wrong = "".join(rejected_rows(first)).splitlines()
    assert [line.split(",")[0] for line in wrong] == ["\ufeffsection_id", "S9", "S2"]
    undo(first, registrar)
    assert not Enrollment.objects.exists()
    anew = upload("enrollments", first.path.read_bytes(), name=first.download_name, on_error="skip")
    assert anew.created == 1


def test_no_password_of_any_file_is_kept(upload, canvas):
    users = upload("users", canvas, name="school.zip")
    roster = upload("users", packed(ROSTER), name="roster.zip")

    assert (users.state, users.created, users.path.suffix) == ("previewed", 1, ".csv")
    assert b"hunter" not in users.path.read_bytes()
    assert list(stored(roster)) == ["users.csv", "beside/manifest.csv", "beside/roles.csv"]
    assert b"hunter" not in roster.path.read_bytes()
    lessons = upload("grades", packed(ROSTER), name="roster.zip")
    assert stored(lessons)["beside/people.csv"].splitlines()[1] == "u-1,zoe,s1001"


@pytest.mark.usefixtures("registrar")
def test_a_whole_one_roster_delivery_of_opaque_numbers_comes_in(import_file):
    zipped = packed(ROSTER)
    users = import_file("users", zipped, name="roster.zip")
    assert users.read_as == "OneRoster users (1.2, all rows)"
    assert [issue.message for issue in users.issues.all()] == [
        "Line 3: role “teacher” is not kept here; the row is left out."
    ]
    assert list(User.objects.filter(role="student").values_list("student_id")) == [("s1001",)]

    classes = import_file("courses", zipped, name="roster.zip")
    course = Course.objects.get()
    assert (classes.rows, classes.created, classes.duplicates) == (2, 1, 1)
    assert (course.code, course.presentation, course.title) == ("BIO300", "2026J", "Marine biology")
    assert (course.starts_on, course.ends_on) == (date(2026, 10, 1), date(2027, 6, 26))

    import_file("enrollments", zipped, name="roster.zip")
    assert Enrollment.objects.get().course == course
    import_file("assessments", zipped, name="roster.zip")
    import_file("grades", zipped, name="roster.zip")
    assert AssessmentSubmission.objects.get().score == 17


def test_changes_are_no_roster(upload):
    batch = upload("enrollments", packed(ROSTER), name="roster.zip", mode="sync")
    assert batch.sentence == (
        "manifest.csv says that enrollments.csv holds changes only (delta): who is missing from it "
        "has not left. Choose another mode than sync."
    )
    absent = ROSTER | {"manifest.csv": "propertyName,value\nfile.users,absent\n"}
    assert upload("users", packed(absent), name="a.zip").sentence == (
        "manifest.csv says that there is no users.csv (absent), so the one that is there is not "
        "read. Correct the manifest, or upload the file by itself."
    )
    newer = ROSTER | {"manifest.csv": "propertyName,value\noneroster.version,2.0\n"}
    assert upload("users", packed(newer), name="a.zip").sentence == (
        "manifest.csv says that this is OneRoster 2.0; 1.1 and 1.2 can be read."
    )


def test_a_zip_without_the_kind_says_what_is_in_it_and_two_of_it_are_named(upload, canvas):
    assert upload("grades", canvas, name="school.zip").sentence == (
        "The zip file holds no file of grades. It holds “export/users.csv” (Canvas SIS users), "
        "“export/sections.csv” (Canvas SIS sections), “export/enrollments.csv” (Canvas SIS "
        "enrollments), “export/readme.md” (not recognised). Choose another kind, or another file."
    )
    native = "student_id,course_code,presentation\ns1001,BIO101,2026J\n"
    twice = packed({"a.csv": BY_SECTION, "old/b.csv": native})
    assert upload("enrollments", twice, name="a.zip").sentence == (
        "Several files in the zip file are files of enrollments: “a.csv” (Canvas SIS enrollments), "
        "“old/b.csv” (enrollments). Keep one of them."
    )


def test_a_zip_comes_in_from_the_command_line(courses, student, tmp_path, capsys, canvas):
    student("s1001")
    path = tmp_path / "school.zip"
    path.write_bytes(canvas)
    call_command("import_csv", "enrollments", str(path), "--on-error", "skip")
    assert Enrollment.objects.count() == 1
    assert "school.zip/export/enrollments.csv was applied" in capsys.readouterr().out


def _entry(name: str, **changes: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    for field, value in changes.items():
        setattr(entry, field, value)
    return entry


def _with(*entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _patched(archive: bytes, at: int, mark: bytes, change: bytes) -> bytes:
    """The archive with some bytes of its list of members changed."""
    place = archive.rindex(mark) + at
    return archive[:place] + change + archive[place + len(change) :]


def _lying(size: int) -> bytes:
    """A member that claims another size than it has, in both of its headers."""
    archive = packed({"a.csv": "student_id\n" + "s1001\n" * 50})
    claimed = struct.pack("<I", size)
    return _patched(_patched(archive, 24, b"PK\1\2", claimed), 22, b"PK\3\4", claimed)


def _quine() -> bytes:
    """Two members that are the same bytes."""
    archive = packed({"a.csv": "student_id\ns1001\n", "b.csv": "student_id\ns1002\n"})
    return _patched(archive, 42, b"PK\1\2", struct.pack("<I", 0))


NAMES = ("../up.csv", "/root.csv", "a\\b.csv", "C:/a.csv", "a/../../b.csv", "a\nb.csv")
TRICKS = {
    "nested": (packed({"inner.zip": packed({"a.csv": "a"})}), "nested_archive"),
    "nested under another name": (packed({"a.csv": packed({"b.csv": "b"})}), "nested_archive"),
    "workbook inside": (packed({"a.xlsx": "PK"}), "nested_archive"),
    "encrypted": (_patched(packed({"a.csv": "a"}), 8, b"PK\1\2", b"\1"), "encrypted_member"),
    "link": (_with((_entry("a.csv", external_attr=0o120777 << 16), b"/etc/x")), "not_a_file"),
    "twice": (_with((_entry("a.csv"), b"a"), (_entry("A.csv"), b"b")), "repeated_member"),
    "many": (packed({f"{n}.csv": "a" for n in range(101)}), "too_many_members"),
    "very many": (packed({f"{n}.csv": "" for n in range(20_000)}), "unpacks_too_large"),
    "dense": (packed({"a.csv": b"a" * 20_000_000}), "unpacks_too_large"),
    "huge": (_lying(4_000_000_000), "unpacks_too_large"),
    "larger than said": (_lying(12), "damaged_archive"),
    "smaller than said": (_lying(100_000), "damaged_archive"),
    "on top of each other": (_quine(), "overlapping_members"),
    "cut off": (packed({"a.csv": "student_id\n" * 50})[:-30], "unreadable_workbook"),
    "bzip": (_patched(packed({"a.csv": "a"}), 10, b"PK\1\2", b"\x0c"), "unknown_packing"),
    **{name: (_with((_entry(name), b"student_id\ns1001\n")), "unsafe_name") for name in NAMES},
}


# What may be a workbook is kept like one, to be looked at.
STORED_CODES = ("unreadable_workbook", "unpacks_too_large")


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_are_refused_and_nothing_of_them_is_kept(upload, private_files, name):
    content, code = TRICKS[name]
    batch = upload("users", content, name="a.zip")

    assert (batch.state, batch.issues.get().code) == ("refused", code), batch.sentence
    assert batch.sentence.endswith(".")
    assert not batch.file or code in STORED_CODES


def test_a_table_is_found_again_whatever_it_was_called(upload, courses, student):
    student("s1001")
    held = packed({"!._enrollments.csv": BY_SECTION, "sections.csv": SECTIONS})
    batch = upload("enrollments", held, name="school.zip", on_error="skip")

    assert list(stored(batch)) == ["enrollments.csv", "beside/sections.csv"]
    assert (batch.rows, batch.created, batch.rejected) == (3, 1, 2)
