"""A file gives students other student IDs, and the former ones stay with them."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as properties
from hypothesis import strategies as st

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, FormerStudentID, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from backoffice.bulk.undo.undo import undo
from tests.school import rolled_back

KIND = "change_sis_id"
HEADER = "old_id,new_id\n"
CANVAS = "old_id,new_id,old_integration_id,new_integration_id,type\n"
IN_USE = (
    "Line {line}: new_id “{value}” is in use, and no row of the file gives it up. Correct it, or "
    "add the row that changes it, too."
)


@pytest.fixture
def people(student: Any) -> dict[str, User]:
    """Ada, Bo and Cy: a1001, b1001 and c1001."""
    names = {"a1001": "Ada", "b1001": "Bo", "c1001": "Cy"}
    return {name: student(key, first_name=name) for key, name in names.items()}


def changes(**moved: str) -> str:
    return HEADER + "".join(f"{old},{new}\n" for old, new in moved.items())


def ids() -> dict[str, str]:
    rows = User.objects.students().values_list("first_name", "student_id", "username")
    assert all(student_id == username for _name, student_id, username in rows)
    return {name: student_id for name, student_id, _username in rows}


def former() -> dict[str, str]:
    rows = FormerStudentID.objects.order_by("student_id")
    return dict(rows.values_list("student_id", "user__first_name"))


def messages(batch: Batch) -> list[str]:
    return list(batch.issues.order_by("pk").values_list("message", flat=True))


def test_a_student_gets_another_id_and_the_former_one_stays(import_file, people, registrar):
    batch = import_file(KIND, changes(a1001="x2002"))
    assert (batch.updated, batch.created, messages(batch)) == (1, 0, [])
    assert ids() == {"Ada": "x2002", "Bo": "b1001", "Cy": "c1001"}
    assert former() == {"a1001": "Ada"}
    version = FormerStudentID.history.get()
    assert (version.change_set, version.history_user) == (batch.change_set, registrar)


def test_the_same_file_again_changes_nothing(import_file, people):
    for text in (changes(a1001="x2002"), changes(b1001="c1001", c1001="y1"), changes()):
        if text != HEADER:
            import_file(KIND, text.replace("y1", "y1001"))
    before = User.history.count(), FormerStudentID.history.count(), ids()
    for text, count in (
        (changes(a1001="x2002"), 1),
        (changes(b1001="c1001", c1001="y1001"), 2),
    ):
        batch = import_file(KIND, text)
        assert (batch.updated, batch.unchanged, messages(batch)) == (0, count, [])
    assert before == (User.history.count(), FormerStudentID.history.count(), ids())


def test_two_students_exchange_theirs_and_the_file_again_does_not_exchange_them_back(
    import_file, people
):
    swap = changes(a1001="b1001", b1001="a1001")
    batch = import_file(KIND, swap)
    assert (batch.updated, ids()) == (2, {"Ada": "b1001", "Bo": "a1001", "Cy": "c1001"})
    assert former() == {"a1001": "Ada", "b1001": "Bo"}
    again = import_file(KIND, swap)
    assert (again.updated, again.unchanged) == (0, 2)


def test_an_exchanged_id_leads_to_whoever_has_it_now(import_file, people):
    import_file(KIND, changes(a1001="b1001", b1001="a1001"))
    batch = import_file("users", "student_id,specialization\na1001,Whales\n")
    assert messages(batch) == []
    assert User.objects.get(specialization="Whales").first_name == "Bo"


@pytest.mark.parametrize("turned", [False, True])
def test_a_chain_works_in_any_order(import_file, people, turned):
    rows = [("a1001", "b1001"), ("b1001", "c1001"), ("c1001", "d1001")]
    import_file(KIND, changes(**dict(reversed(rows) if turned else rows)))
    assert ids() == {"Ada": "b1001", "Bo": "c1001", "Cy": "d1001"}
    assert former() == {"a1001": "Ada", "b1001": "Bo", "c1001": "Cy"}


def test_a_new_id_that_the_file_does_not_give_up_is_refused(upload, people):
    batch = upload(KIND, changes(a1001="b1001"))
    assert (batch.state, batch.rejected) == ("refused", 1)
    assert messages(batch) == [IN_USE.format(line=2, value="b1001")]
    assert batch.issues.get().code == "student_id_taken"


def test_who_waits_for_a_refused_row_is_refused_as_well(upload, people):
    text = changes(a1001="b1001", b1001="c1001", c1001="no ID at all")
    batch = upload(KIND, text, on_error="skip")
    assert (batch.updated, batch.rejected) == (0, 3)
    assert messages(batch)[1:] == [
        IN_USE.format(line=2, value="b1001"),
        IN_USE.format(line=3, value="c1001"),
    ]


def test_nobody_gets_the_former_id_of_another(upload, import_file, people):
    import_file(KIND, changes(a1001="x2002"))
    batch = upload(KIND, changes(b1001="a1001"))
    assert messages(batch) == [
        "Line 2: new_id “a1001”: Another student had this student ID formerly. It leads to them, "
        "and is not given again."
    ]


def test_back_to_the_former_one_and_on(import_file, people):
    import_file(KIND, changes(a1001="x2002"))
    import_file(KIND, changes(x2002="a1001"))
    assert (ids()["Ada"], former()) == ("a1001", {"a1001": "Ada", "x2002": "Ada"})
    import_file(KIND, changes(a1001="y3003"))
    assert (ids()["Ada"], former()) == ("y3003", {"a1001": "Ada", "x2002": "Ada"})


def test_a_former_id_in_the_file_means_its_person(import_file, people):
    import_file(KIND, changes(a1001="x2002"))
    batch = import_file(KIND, changes(a1001="y3003"))
    assert (ids()["Ada"], former()) == ("y3003", {"a1001": "Ada", "x2002": "Ada"})
    assert messages(batch) == [
        "Line 2: old_id “a1001” is a former one of x2002 (Ada). The row is taken for theirs."
    ]


def test_an_unknown_id_is_refused_and_the_near_one_named(upload, people):
    batch = upload(KIND, HEADER + "A1001,x2002\nz9999,y3003\n")
    sentence = "no such row exists, and this import only changes rows that do."
    assert messages(batch) == [
        f"Line 2: old_id “A1001”: {sentence} Did you mean a1001 (Ada)?",
        f"Line 3: old_id “z9999”: {sentence}",
    ]


def test_a_new_id_like_that_of_somebody_else_is_pointed_out(import_file, people):
    batch = import_file(KIND, changes(a1001="A1001", b1001="C1001"))
    assert messages(batch) == [
        "Line 3: new_id “C1001” is similar to c1001 (Cy): only letter case, zeros in front, width, "
        "blanks or hyphens differ."
    ]
    assert ids() == {"Ada": "A1001", "Bo": "C1001", "Cy": "c1001"}


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ("a1001,\n", ["required"]),
        ("a1001,N/A\n", ["invalid_identifier"]),
        ("a1001,x2002\na1001,y3003\n", ["conflicting_duplicate"]),
        ("a1001,x2002\nb1001,x2002\n", ["student_id_taken"]),
        ("registrar,x2002\n", ["invalid_identifier"]),
        ("a1001,prof1000\n", ["username_taken"]),
        ("p7777,x2002\n", ["not_permitted"]),
    ],
)
def test_what_else_is_wrong(upload, people, person, rows, codes):
    person("instructor", "prof1000")
    person("instructor", "prof2000", student_id="p7777")
    batch = upload(KIND, HEADER + rows)
    assert list(batch.issues.order_by("pk").values_list("code", flat=True)) == codes
    assert batch.rejected == 1


def test_canvas_own_file_is_known_and_what_is_no_person_is_listed(import_file, people):
    rows = "a1001,x2002,,,user\nMATH,MATH2,,,course\nb1001,y3003,i1,i2,User\n"
    batch = import_file("change_sis_id", CANVAS + rows)
    assert (batch.read_as, batch.updated, batch.rows) == ("Canvas SIS ID changes", 2, 2)
    assert messages(batch) == [
        "Line 3: type “course” is not kept here; the row is left out.",
    ]
    assert (ids()["Ada"], ids()["Bo"]) == ("x2002", "y3003")


def test_the_command_finds_out_what_it_is(tmp_path, people, registrar):
    path = tmp_path / "change_sis_id.csv"
    path.write_text(CANVAS + "a1001,x2002,,,user\n")
    call_command("import_csv", "auto", path, "--actor", "registrar", stdout=io.StringIO())
    assert ids()["Ada"] == "x2002"


def test_it_is_braked_like_other_changes(upload, student):
    for number in range(60):
        student(f"s{number:05}")
    few = User.objects.count() // 5
    for count, state in ((few, "previewed"), (few + 1, "held")):
        rows = "".join(f"s{number:05},t{number:05}\n" for number in range(count))
        assert upload(KIND, HEADER + rows).state == state


def test_what_was_set_by_hand_does_not_hold_it_up(import_file, people, registrar_client):
    page = reverse("admin:users_user_change", args=[people["Ada"].pk])
    registrar_client.get(page)
    one = people["Ada"]
    one.student_id = "x2002"
    one.save()
    batch = import_file(KIND, changes(x2002="y3003"))
    assert (batch.updated, ids()["Ada"]) == (1, "y3003")


def test_the_preview_shows_old_and_new(upload, people, registrar_client):
    batch = upload(KIND, changes(a1001="x2002"))
    page = registrar_client.get(reverse("admin:bulk_batch_change", args=[batch.pk]), follow=True)
    text = page.content.decode()
    assert "a1001" in text
    assert "x2002" in text


class TestAnUndo:
    """It gives back the former student IDs, and takes away what was noted of them."""

    @pytest.mark.parametrize(
        "rows",
        [
            {"a1001": "x2002"},
            {"a1001": "b1001", "b1001": "a1001"},
            {"a1001": "b1001", "b1001": "c1001", "c1001": "d1001"},
            {"a1001": "b1001", "b1001": "c1001", "c1001": "a1001"},
        ],
    )
    def test_and_an_undo_of_the_undo(self, import_file, people, registrar, rows):
        batch = import_file(KIND, changes(**rows))
        after = ids(), former()
        undone = undo(batch, registrar)
        assert (undone.state, messages(undone)) == ("applied", [])
        assert ids() == {"Ada": "a1001", "Bo": "b1001", "Cy": "c1001"}
        assert former() == {}
        again = undo(undone, registrar)
        assert (messages(again), (ids(), former())) == ([], after)

    def test_leaves_whom_somebody_changed_since(self, import_file, people, registrar):
        batch = import_file(KIND, changes(a1001="x2002", b1001="y3003"))
        ada = people["Ada"]
        ada.refresh_from_db()
        ada.specialization = "Whales"
        ada.save()
        undone = undo(batch, registrar)
        assert ids() == {"Ada": "x2002", "Bo": "b1001", "Cy": "c1001"}
        assert former() == {"a1001": "Ada"}
        assert undone.warnings == 2

    def test_of_a_second_change_gives_a_former_id_back_to_whoever_had_it(
        self, import_file, people, registrar
    ):
        import_file(KIND, changes(a1001="b1001", b1001="a1001"))
        batch = import_file(KIND, changes(b1001="x2002"))
        assert former() == {"a1001": "Ada", "b1001": "Ada"}
        undo(batch, registrar)
        assert former() == {"a1001": "Ada", "b1001": "Bo"}
        assert ids()["Ada"] == "b1001"


def test_no_export_offers_it(registrar_client):
    page = registrar_client.get(reverse("admin:bulk_batch_export")).content.decode()
    assert "student IDs" not in page


def test_the_upload_page_explains_it(registrar_client):
    page = registrar_client.get(reverse("admin:bulk_batch_upload") + f"?kind={KIND}")
    text = page.content.decode()
    assert "Two students may exchange" in text
    assert "allow_similar" not in page.context["form"].fields


def outcome(held: dict[str, str], rows: list[tuple[str, str]]) -> dict[str, str] | None:
    """Who has which ID afterwards, found by trying all; None where a row has to be refused.

    An oracle of its own: rows that can never go in are struck out until none is left.
    """
    live = dict(rows)
    if len(live) < len(rows) or len(set(live.values())) < len(live):
        return None
    if any(old not in held.values() for old in live):
        return None
    after = {name: live.get(student_id, student_id) for name, student_id in held.items()}
    return after if len(set(after.values())) == len(after) else None


POOL = [f"p{number}000" for number in range(7)]


@properties(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    holders=st.integers(1, 5),
    rows=st.lists(st.tuples(st.sampled_from(POOL), st.sampled_from(POOL)), min_size=1, max_size=6),
)
def test_any_permutation_goes_in_whole_or_not_at_all_and_comes_back(db, registrar, holders, rows):
    with rolled_back():
        held = {f"N{number}": POOL[number] for number in range(holders)}
        for name, key in held.items():
            User.objects.create(
                username=key, student_id=key, first_name=name, role="student", password="!"
            )
        Course.objects.all()
        text = HEADER + "".join(f"{old},{new}\n" for old, new in dict.fromkeys(rows))
        stream = io.BytesIO(text.encode())
        batch = preview(receive(stream, "ids.csv", registrar, kind=KIND, max_changed=100))
        expected = outcome(held, list(dict.fromkeys(rows)))
        assert (batch.state == "previewed") is (expected is not None), messages(batch)
        if expected is None:
            return
        apply(batch, batch.digest, registrar)
        assert ids() == expected
        moved = {held[name]: name for name in held if held[name] != expected[name]}
        assert former() == moved
        if batch.updated:
            undo(batch, registrar)
            assert (ids(), former()) == (held, {})


def test_enrollments_and_their_students_stay_together(import_file, people, courses):
    Enrollment.objects.create(student=people["Ada"], course=courses["BIO101"])
    import_file(KIND, changes(a1001="x2002"))
    roster = "student_id,course_code,presentation\na1001,BIO101,2026J\n"
    batch = import_file("enrollments", roster, mode="sync")
    assert (batch.unchanged, batch.withdrawn) == (1, 0)
