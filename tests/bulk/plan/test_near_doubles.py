"""Who differs from a known person in the form of the name alone is not created unasked."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.users.models import Enrollment, FormerStudentID, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import NotApplied, apply

PEOPLE = "student_id,first_name,last_name\n"
ROSTER = "student_id,course_code,presentation\n"
ADVICE = (
    "only letter case, zeros in front, width, blanks or hyphens differ. Correct it, or allow "
    "similar people if it is somebody else."
)
SIMILAR = "Line {line}: student_id “{value}” is similar to {other}, and would be a new person: " + (
    ADVICE
)
ALLOWED = "Line {line}: student_id “{value}” becomes a new person, though {other} is similar."


@pytest.fixture
def omar(student: Any) -> User:
    """Omar, whose student ID has zeros in front."""
    return student("00712346", first_name="Omar", last_name="Zerolead")


def messages(batch: Batch) -> list[str]:
    return list(batch.issues.order_by("pk").values_list("message", flat=True))


def codes(batch: Batch) -> list[tuple[int, str, bool]]:
    return list(batch.issues.order_by("pk").values_list("line", "code", "is_warning"))


def lines(*names: str) -> str:
    return ROSTER + "".join(f"{name},BIO101,2026J\n" for name in names)


def known() -> set[str]:
    return set(User.objects.students().values_list("student_id", flat=True))


def test_a_file_of_people_creates_no_near_double(upload, omar):
    batch = upload("users", PEOPLE + "712346,Omar,Zerolead\n")
    assert batch.state == "refused"
    assert messages(batch) == [
        SIMILAR.format(line=2, value="712346", other="00712346 (Omar Zerolead)")
    ]
    assert codes(batch) == [(2, "similar_person", False)]


@pytest.mark.parametrize(
    ("stored", "named"),
    [("00712346", "712346"), ("712346", "00712346"), ("AB1001", "ab1001"), ("0AB1", "ab1")],
)
def test_every_way_to_look_alike_counts_both_ways(upload, student, settings, stored, named):
    settings.STUDENT_ID_PATTERN = r"\S{3,12}"
    student(stored)
    batch = upload("users", PEOPLE + f"{named},Omar,Zerolead\n")
    assert codes(batch) == [(2, "similar_person", False)]


@pytest.mark.parametrize("named", ["AB-1001", "AB 1001", "ＡＢ１００１", "AB‐1001"])
def test_signs_a_school_allows_within_an_id_count_too(upload, student, settings, named):
    settings.STUDENT_ID_PATTERN = r".{3,12}"
    student("ab1001", first_name="Ada")
    batch = upload("users", PEOPLE + f"{named},Ada,\n")
    assert messages(batch) == [SIMILAR.format(line=2, value=named, other="ab1001 (Ada)")]


def test_create_students_creates_no_near_double(upload, courses, omar):
    batch = upload("enrollments", lines("712346", "712347"), create_students=True)
    assert codes(batch) == [(2, "similar_person", False)]
    assert (batch.rejected, batch.created, batch.created_students) == (1, 1, 1)


def test_left_out_the_others_go_in(import_file, courses, omar):
    text = lines("712346", "712347")
    batch = import_file("enrollments", text, create_students=True, on_error="skip")
    assert (batch.created, batch.rejected, known()) == (1, 1, {"00712346", "712347"})


def test_allowed_they_are_created_and_pointed_out(import_file, courses, omar):
    options = {"create_students": True, "allow_similar": True}
    batch = import_file("enrollments", lines("712346"), **options)
    assert messages(batch)[0] == ALLOWED.format(
        line=2, value="712346", other="00712346 (Omar Zerolead)"
    )
    assert codes(batch)[0] == (2, "similar_person", True)
    assert known() == {"00712346", "712346"}
    again = import_file("enrollments", lines("712346"), create_students=True)
    assert (again.created, again.unchanged, again.created_students) == (0, 1, 0)


def test_two_new_people_of_one_file_are_compared_too(upload, db):
    text = PEOPLE + "AB1001,Ada,\nCD2002,Cy,\nab1001,Ada,\n"
    batch = upload("users", text)
    assert messages(batch) == [SIMILAR.format(line=4, value="ab1001", other="AB1001 on line 2")]
    assert (batch.created, batch.rejected) == (2, 1)
    allowed = upload("users", text, allow_similar=True)
    assert messages(allowed) == [ALLOWED.format(line=4, value="ab1001", other="AB1001 on line 2")]
    assert (allowed.state, allowed.created) == ("previewed", 3)


def test_a_refused_row_is_no_one_to_resemble(upload, db):
    text = "student_id,email\n0712346,no address\n712346,omar@example.org\n"
    batch = upload("users", text)
    assert [code for _line, code, _is_warning in codes(batch)] == ["invalid_email"]
    assert (batch.created, batch.rejected) == (1, 1)


def test_new_people_of_a_roster_are_compared_person_by_person(upload, courses):
    text = lines("0712346", "712346") + "712346,ART200,2026B\n0712346,ART200,2026B\n"
    batch = upload("enrollments", text, create_students=True)
    assert codes(batch) == [(3, "similar_person", False), (4, "similar_person", False)]
    assert (batch.created, batch.created_students) == (2, 1)


def test_a_near_double_of_a_former_student_id_is_one_too(upload, omar):
    FormerStudentID.objects.create(user=omar, student_id="AB0009")
    batch = upload("users", PEOPLE + "ab0009,Omar,Zerolead\n")
    assert messages(batch) == [
        SIMILAR.format(line=2, value="ab0009", other="00712346 (Omar Zerolead)")
    ]


UNKNOWN = "Line 2: student_id “712346” names no person that exists. Check it, or add it first. "


def test_a_grade_for_nobody_names_the_near_one(upload, courses, omar):
    Assessment.objects.create(course=courses["BIO101"], code="TMA01", title="Essay", max_score=100)
    batch = upload("grades", "student_id,assessment_id,score\n712346,TMA01,15\n")
    assert messages(batch) == [UNKNOWN + "Did you mean 00712346 (Omar Zerolead)?"]


def test_an_enrollment_of_nobody_names_the_near_one(upload, courses, omar):
    batch = upload("enrollments", lines("712346", "712347"))
    assert messages(batch) == [
        UNKNOWN + "Did you mean 00712346 (Omar Zerolead)?",
        UNKNOWN.replace("712346", "712347").replace("Line 2", "Line 3").strip(),
    ]


def test_an_update_of_nobody_names_the_near_one(upload, omar):
    batch = upload("users", PEOPLE + "712346,Omar,Zerolead\n", mode="update")
    (message,) = messages(batch)
    assert message.endswith(
        "this import only changes rows that do. Did you mean 00712346 (Omar Zerolead)?"
    )


def test_an_unknown_username_of_staff_names_the_near_one(upload, admin, person):
    person("instructor", "ingrid.moe")
    batch = upload("users", "username,language\nIngrid.Moe,nb\n", actor=None)
    (message,) = messages(batch)
    assert message.endswith("Did you mean ingrid.moe (Ingrid.Moe Example)?")


def test_nobody_is_named_whom_the_uploader_may_not_bring_in(upload, person):
    """An instructor once studied here: the account is none of a registrar's business."""
    person("instructor", "ingrid", student_id="00712346")
    batch = upload("users", PEOPLE + "712346,Omar,Zerolead\n")
    assert messages(batch) == [SIMILAR.format(line=2, value="712346", other="somebody else")]


@pytest.mark.parametrize("named", ["AB-1001", "AB 1001", "ＡＢ１００１"])
@pytest.mark.parametrize("kind", ["users", "enrollments"])
def test_a_refused_cell_names_the_near_one_too(upload, courses, student, kind, named):
    student("ab1001", first_name="Ada")
    text = PEOPLE + f"{named},Ada,\n" if kind == "users" else lines(named)
    batch = upload(kind, text, create_students=True)
    assert messages(batch) == [
        f"Line 2: student_id “{named}”: “{named}” is not a student ID of this school. Did you mean "
        "ab1001 (Ada)?"
    ]


def test_who_became_known_since_the_preview_stops_it(upload, registrar, student):
    batch = upload("users", PEOPLE + "712346,Omar,Zerolead\n")
    assert batch.state == "previewed"
    student("00712346", first_name="Omar")
    with pytest.raises(NotApplied):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert (batch.state, codes(batch)) == ("refused", [(2, "similar_person", False)])


class TestARoster:
    """In mode `sync` a near double means the person it resembles, and nobody else."""

    @pytest.fixture(autouse=True)
    def enrolled(self, courses, student, omar) -> None:
        people = [omar, *map(student, ("s1001", "s1002"))]
        for each in people:
            Enrollment.objects.create(student=each, course=courses["BIO101"])

    def left(self) -> set[str]:
        gone = Enrollment.objects.filter(status="withdrawn")
        return set(gone.values_list("student__student_id", flat=True))

    def test_whom_a_refused_row_resembles_stays_and_others_leave(self, import_file):
        options = {"mode": "sync", "on_error": "skip"}
        batch = import_file("enrollments", lines("712346", "s1001"), **options)
        assert (self.left(), batch.withdrawn) == ({"s1002"}, 1)
        stays = [m for m in messages(batch) if "is not withdrawn" in m]
        assert stays == [
            "Line 1: “Omar Zerolead – BIO101 2026J Biology” is missing from the file and is not "
            "withdrawn: the file has 712346, who is similar. Correct the file, or withdraw them "
            "on their page."
        ]

    def test_a_row_of_nobody_at_all_keeps_everybody(self, import_file):
        options = {"mode": "sync", "on_error": "skip"}
        import_file("enrollments", lines("712347", "s1001"), **options)
        assert self.left() == set()

    def test_a_near_double_that_is_created_withdraws_nobody_either(self, import_file):
        options = {"mode": "sync", "create_students": True, "allow_similar": True}
        batch = import_file("enrollments", lines("712346", "s1001"), **options)
        assert (self.left(), batch.created_students) == ({"s1002"}, 1)

    def test_nor_does_it_the_next_night(self, import_file):
        options = {"mode": "sync", "create_students": True}
        import_file("enrollments", lines("712346", "s1001"), **options, allow_similar=True)
        batch = import_file("enrollments", lines("712346", "s1001"), **options)
        assert (self.left(), batch.withdrawn) == ({"s1002"}, 0)

    def test_whose_former_student_id_is_resembled_stays(self, import_file, omar):
        FormerStudentID.objects.create(user=omar, student_id="AB0009")
        options = {"mode": "sync", "on_error": "skip"}
        import_file("enrollments", lines("ab0009", "s1001"), **options)
        assert self.left() == {"s1002"}


class TestAFormerStudentID:
    """It leads to its person, in every kind of file."""

    @pytest.fixture(autouse=True)
    def former(self, omar) -> None:
        FormerStudentID.objects.create(user=omar, student_id="AB0009")

    LED = (
        "Line 2: student_id “AB0009” is a former one of 00712346 (Omar Zerolead). The row is "
        "taken for theirs."
    )

    def test_in_a_file_of_people(self, import_file, omar):
        batch = import_file("users", "student_id,graduation_year\nAB0009,2029\n")
        omar.refresh_from_db()
        assert (omar.graduation_year, batch.updated, batch.created) == (2029, 1, 0)
        assert (messages(batch), codes(batch)) == ([self.LED], [(2, "former_name", True)])

    def test_in_a_roster_that_would_create_them(self, import_file, courses, omar):
        options = {"mode": "sync", "create_students": True}
        batch = import_file("enrollments", lines("AB0009"), **options)
        assert (batch.created, batch.created_students) == (1, 0)
        assert Enrollment.objects.get().student == omar
        again = import_file("enrollments", lines("00712346"), **options)
        assert (again.unchanged, again.withdrawn) == (1, 0)

    def test_in_a_file_of_grades(self, import_file, courses, omar):
        course = courses["BIO101"]
        Enrollment.objects.create(student=omar, course=course)
        Assessment.objects.create(course=course, code="TMA01", title="Essay", max_score=100)
        batch = import_file("grades", "student_id,assessment_id,score\nAB0009,TMA01,15\n")
        assert (batch.created, omar.submissions.get().score) == (1, 15)
        assert messages(batch)[0] == self.LED

    def test_beside_todays_it_is_the_same_row_twice(self, upload, courses):
        text = ROSTER.replace("\n", ",enrolled_on\n")
        same = "AB0009,BIO101,2026J,2026-02-01\n00712346,BIO101,2026J,2026-02-01\n"
        assert upload("enrollments", text + same).duplicates == 1
        other = same.replace("2026-02-01\n0", "2026-02-02\n0")
        batch = upload("enrollments", text + other)
        assert (3, "conflicting_duplicate", False) in codes(batch)

    def test_a_file_never_gives_it_to_another(self, upload, omar):
        batch = upload("users", PEOPLE + "AB0009,Eve,Other\n", mode="create")
        assert [code for _line, code, _is_warning in codes(batch)] == ["already_exists"]


def test_the_command_refuses_and_with_the_flag_warns(tmp_path, omar):
    path, report = tmp_path / "people.csv", tmp_path / "report.json"
    path.write_text(PEOPLE + "712346,Omar,Other\n")
    out = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    with pytest.raises(SystemExit):
        call_command("import_csv", "users", path, "--report", str(report), **out)
    assert [each["code"] for each in json.loads(report.read_text())["errors"]] == ["similar_person"]
    call_command("import_csv", "users", path, "--allow-similar", "--report", str(report), **out)
    written = json.loads(report.read_text())
    assert (written["created"], written["errors"]) == (1, [])
    assert [each["code"] for each in written["warnings"]] == ["similar_person"]


def test_the_option_is_wrong_usage_where_nobody_is_created(tmp_path, db):
    path = tmp_path / "grades.csv"
    path.write_text("student_id,assessment_id,score\n")
    sentence = "--allow-similar is for people and enrollments; rows of another kind create nobody."
    with pytest.raises(Exception, match=sentence):  # noqa: PT011  the sentence says which
        call_command("import_csv", "grades", path, "--allow-similar")


def test_the_page_has_a_tick_for_it_where_people_are_created(registrar_client, omar):
    for kind, has_it in (
        ("users", True),
        ("enrollments", True),
        ("auto", True),
        ("courses", False),
    ):
        page = registrar_client.get(reverse("admin:bulk_batch_upload") + f"?kind={kind}")
        assert ("allow_similar" in page.context["form"].fields) is has_it
    file = io.BytesIO((PEOPLE + "712346,Omar,Other\n").encode())
    file.name = "people.csv"
    values = {"file": file, "mode": "upsert", "on_error": "abort", "allow_similar": "on"}
    registrar_client.post(reverse("admin:bulk_batch_upload") + "?kind=users", values)
    batch = Batch.objects.get()
    assert (batch.allow_similar, batch.state, batch.warnings) == (True, "previewed", 1)
    page = registrar_client.get(reverse("admin:bulk_batch_change", args=[batch.pk]), follow=True)
    assert "Similar people" in page.content.decode()
