"""A file of people changes names and addresses of known students, and two may swap addresses."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as properties
from hypothesis import strategies as st

from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.undo.undo import undo

HEADER = "student_id,first_name,last_name,email\n"
NAMES = {f"s200{n}": f"p{n}@x.org" for n in range(1, 6)}


@pytest.fixture
def people(student: Any) -> dict[str, User]:
    """Five students, p1@x.org to p5@x.org."""
    return {
        key: student(key, first_name="Ann", last_name=f"No{key[-1]}", email=email)
        for key, email in NAMES.items()
    }


def emails() -> dict[str, str]:
    return dict(User.objects.filter(student_id__in=NAMES).values_list("student_id", "email"))


def rows(**moved: str) -> str:
    return "student_id,email\n" + "".join(f"{key},{email}\n" for key, email in moved.items())


def issues(batch: Any) -> list[tuple[int, str, str]]:
    return [(each.line, each.code, each.message) for each in batch.issues.all()]


def test_a_new_surname_goes_in_and_the_history_has_it(import_file, people):
    batch = import_file("users", HEADER + "s2001,Ann,Newname,p1@x.org\n", mode="update")
    assert (batch.updated, batch.unchanged, issues(batch)) == (1, 0, [])
    one = people["s2001"]
    one.refresh_from_db()
    assert one.last_name == "Newname"
    assert [each.last_name for each in one.history.all()[:2]] == ["Newname", "No1"]
    again = import_file("users", HEADER + "s2001,Ann,Newname,p1@x.org\n")
    assert (again.updated, again.unchanged) == (0, 1)


def test_a_new_address_goes_in_lower_case(import_file, people):
    batch = import_file("users", HEADER + "s2001,Ann,No1,New@X.org\n")
    assert (batch.updated, emails()["s2001"]) == (1, "new@x.org")


def test_a_blank_takes_neither_name_nor_address_away(import_file, people):
    batch = import_file("users", HEADER + "s2001,,,\n")
    assert (batch.updated, batch.unchanged) == (0, 1)
    assert emails() == NAMES


def test_a_change_counts_for_the_limit(upload, student):
    for number in range(30):
        student(f"s30{number:02}", last_name="Old")
    few = User.objects.count() // 5
    for count, state in ((few, "previewed"), (few + 1, "held")):
        text = "".join(f"s30{number:02},New\n" for number in range(count))
        batch = upload("users", "student_id,last_name\n" + text)
        assert (batch.state, batch.updated) == (state, count)


def edit_by_hand(student_id: str, **values: str) -> User:
    """Change a student as a form does."""
    one = User.objects.get(student_id=student_id)
    with recording(source=ChangeSet.Source.FORM):
        for name, value in values.items():
            setattr(one, name, value)
        one.save()
    return one


def test_what_somebody_entered_by_hand_since_stays(import_file):
    import_file("users", HEADER + "s2001,Ann,Lee,p1@x.org\n")
    one = edit_by_hand("s2001", last_name="Hand")
    batch = import_file("users", HEADER + "s2001,Anna,Other,p1@x.org\n")
    one.refresh_from_db()
    assert (one.first_name, one.last_name) == ("Anna", "Hand")
    assert [code for _line, code, _message in issues(batch)] == ["local_edit_kept"]


def test_a_member_of_staff_keeps_name_and_address(upload, instructor):
    batch = upload("users", "username,first_name\ninstructor,Other\n", actor=None)
    assert (batch.updated, [code for _l, code, _m in issues(batch)]) == (0, ["first_name_kept"])
    batch = upload("users", "username,email\ninstructor,other@x.org\n", actor=None)
    assert batch.state == "refused"
    assert "staff_email" in [code for _l, code, _m in issues(batch)]


def test_other_kinds_leave_name_and_address(import_file, upload, courses, people):
    head = "student_id,course_code,presentation,first_name,email\n"
    batch = import_file("enrollments", head + "s2001,BIO101,2026J,Anna,\n", create_students=True)
    assert [code for _l, code, _m in issues(batch)] == ["first_name_kept"]
    batch = upload("enrollments", head + "s2002,BIO101,2026J,,other@x.org\n", create_students=True)
    assert [code for _l, code, _m in issues(batch)] == ["other_email"]
    assert Enrollment.objects.count() == 1
    people["s2001"].refresh_from_db()
    assert people["s2001"].first_name == "Ann"


MOVES = {
    "two swap": {"s2001": "p2@x.org", "s2002": "p1@x.org"},
    "three in a circle": {"s2001": "p2@x.org", "s2002": "p3@x.org", "s2003": "p1@x.org"},
    "a chain into a free address": {
        "s2001": "p2@x.org",
        "s2002": "p3@x.org",
        "s2003": "free@x.org",
    },
    "a new student takes one that is given up": {"s2001": "free@x.org", "s2009": "p1@x.org"},
    "a circle and a chain": {
        "s2004": "p5@x.org",
        "s2001": "p2@x.org",
        "s2005": "free@x.org",
        "s2002": "p1@x.org",
    },
}


@pytest.mark.parametrize("moved", MOVES.values(), ids=MOVES)
def test_addresses_move_within_one_file_and_back(upload, registrar, people, moved):
    batch = upload("users", rows(**moved))
    assert (batch.state, issues(batch)) == ("previewed", [])
    assert batch.created + batch.updated == len(moved)
    apply(batch, batch.digest, registrar)
    assert emails() == NAMES | {key: each for key, each in moved.items() if key in NAMES}
    written = User.history.filter(change_set=batch.change_set_id).exclude(email="")
    assert sorted(written.values_list("student_id", "email")) == sorted(moved.items())
    again = upload("users", rows(**moved))
    assert (again.unchanged, again.writes, issues(again)) == (len(moved), 0, [])
    undone = undo(batch, registrar, "Two rows were mixed up.")
    assert (emails(), undone.rejected) == (NAMES, 0)
    redone = undo(undone, registrar, "They were right after all.")
    assert redone.rejected == 0
    assert emails() == NAMES | {key: each for key, each in moved.items() if key in NAMES}


TAKEN = "Line {line}: email “{email}” belongs to {owner} already. Correct it, or the key."


def test_an_address_that_is_not_given_up_is_refused_with_all_that_wait_for_it(
    upload, registrar, people
):
    text = (
        "student_id,email,graduation_year\n"
        "s2001,p2@x.org,\n"
        "s2002,p3@x.org,\n"
        "s2003,free@x.org,1066\n"
        "s2004,p5@x.org,\n"
        "s2005,p4@x.org,\n"
    )
    batch = upload("users", text, on_error="skip")
    taken = [message for _line, code, message in issues(batch) if code == "email_taken"]
    assert taken == [
        TAKEN.format(line=2, email="p2@x.org", owner="s2002"),
        TAKEN.format(line=3, email="p3@x.org", owner="s2003"),
    ]
    assert (batch.updated, batch.rejected) == (2, 3)
    apply(batch, batch.digest, registrar)
    assert emails() == NAMES | {"s2004": "p5@x.org", "s2005": "p4@x.org"}


def test_who_keeps_an_address_in_a_later_row_does_not_give_it_up(upload, people):
    text = "student_id,email\ns2002,p2@x.org\ns2001,p2@x.org\ns2002,free@x.org\n"
    batch = upload("users", text, on_error="skip")
    assert [(line, code) for line, code, _message in issues(batch)] == [
        (3, "email_taken"),
        (4, "conflicting_duplicate"),
    ]


def test_two_do_not_get_the_address_that_one_gives_up(upload, people):
    batch = upload("users", rows(s2001="free@x.org", s2002="p1@x.org", s2003="p1@x.org"))
    assert [(line, code) for line, code, _message in issues(batch)] == [(4, "email_taken")]


def test_a_wrong_row_is_not_blamed_for_an_address_that_is_given_up(upload, people):
    text = "student_id,email,graduation_year\ns2001,p2@x.org,1066\ns2002,free@x.org,\n"
    batch = upload("users", text, on_error="skip")
    assert [(line, code) for line, code, _message in issues(batch)] == [(2, "out_of_range")]
    assert batch.updated == 1


def test_an_address_entered_by_hand_is_not_given_up(upload, import_file):
    import_file("users", rows(s2001="p1@x.org", s2002="p2@x.org"))
    edit_by_hand("s2001", email="hand@x.org")
    batch = upload("users", rows(s2001="p1@x.org", s2002="hand@x.org"), on_error="skip")
    assert sorted(code for _line, code, _message in issues(batch)) == [
        "email_taken",
        "local_edit_kept",
    ]
    assert (batch.updated, batch.rejected) == (0, 1)


def test_what_changes_between_preview_and_apply_is_looked_at_again(upload, registrar, people):
    batch = upload("users", rows(s2001="p2@x.org", s2002="p1@x.org"))
    User.objects.filter(student_id="s2002").update(email="elsewhere@x.org")
    people["s2003"].email = "p2@x.org"
    people["s2003"].save()
    with pytest.raises(Exception, match="The data changed since the preview"):
        apply(batch, batch.digest, registrar)
    assert emails()["s2001"] == "p1@x.org"


def test_an_undo_leaves_an_address_that_somebody_else_has_by_now(upload, registrar, people):
    batch = upload("users", rows(s2001="p2@x.org", s2002="p3@x.org", s2003="free@x.org"))
    apply(batch, batch.digest, registrar)
    people["s2003"].refresh_from_db()
    people["s2003"].email = "later@x.org"
    people["s2003"].save()
    people["s2004"].email = "p3@x.org"
    undone = undo(batch, registrar, "The file was of last year.")
    assert emails() == NAMES | {"s2003": "later@x.org"}
    assert [(each.line, each.code) for each in undone.issues.all()] == [(4, "changed")]
    taken = upload("users", rows(s2001="p2@x.org", s2002="p3@x.org"))
    apply(taken, taken.digest, registrar)
    User.objects.filter(student_id="s2004").update(email="p1@x.org")
    undone = undo(taken, registrar, "The file was of last year.")
    assert {each.code for each in undone.issues.all()} == {"taken"}
    assert emails()["s2002"] == "p3@x.org"


def test_the_record_of_a_swap_is_one_change_set_and_the_page_lists_each_once(
    import_file, registrar, registrar_client, people
):
    batch = import_file("users", rows(s2001="p2@x.org", s2002="p1@x.org"))
    history = User.history.filter(change_set=batch.change_set_id).order_by("history_id")
    versions = list(history.values_list("student_id", "email"))
    assert sorted(versions[:2]) == [("s2001", ""), ("s2002", "")]
    assert sorted(versions[2:]) == [("s2001", "p2@x.org"), ("s2002", "p1@x.org")]
    assert ChangeSet.objects.filter(batch=batch.pk).count() == 1
    page = registrar_client.get(f"/admin/bulk/batch/{batch.pk}/change/")
    assert [(row.line, row.what) for row in page.context["changes"].rows] == [
        (2, "Changed"),
        (3, "Changed"),
    ]
    undone = undo(batch, registrar, "Two rows were mixed up.")
    page = registrar_client.get(f"/admin/bulk/batch/{undone.pk}/change/")
    assert len(page.context["changes"].rows) == 2


@st.composite
def files(draw: Any) -> tuple[dict[str, str], list[tuple[str, str, bool]]]:
    """Students with their addresses, and rows: who, which address, and whether it is wrong."""
    keys = [f"s3{number:03}" for number in range(draw(st.integers(1, 7)))]
    blanks = draw(st.sets(st.sampled_from(keys), max_size=1))
    stored = {key: "" if key in blanks else f"{key}@x.org" for key in keys}
    named = draw(st.lists(st.sampled_from([*keys, "s3998", "s3999"]), unique=True, min_size=1))
    addresses = [*filter(None, stored.values()), "free1@x.org", "free2@x.org", ""]
    is_shuffled = draw(st.booleans())
    targets = draw(st.permutations(addresses)) if is_shuffled else []
    rows = []
    for at, key in enumerate(named):
        target = targets[at] if at < len(targets) else draw(st.sampled_from(addresses))
        rows.append((key, target, draw(st.integers(0, 7)) == 7))
    return stored, rows


def expected_of(stored: dict[str, str], rows: list[tuple[str, str, bool]]) -> dict[str, str]:
    """Who has which address in the end: rows are refused one at a time until all others fit."""
    accepted = {key: email for key, email, is_wrong in rows if not is_wrong}
    while True:
        after = stored | {k: email or stored.get(k, "") for k, email in accepted.items()}
        owners: dict[str, list[str]] = {}
        for key in [*(k for k in stored if k not in accepted), *accepted]:
            owners.setdefault(after[key], []).append(key)
        crowded = [names for email, names in owners.items() if email and len(names) > 1]
        if not crowded:
            return after
        # Whoever has no row, or keeps what they have, was there first.
        names = sorted(crowded[0], key=lambda k: k in accepted and after[k] != stored.get(k))
        del accepted[names[-1] if names[-1] in accepted else names[0]]


@given(files())
@properties(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_addresses_end_where_a_plain_reading_of_the_file_puts_them(upload, registrar, one_file):
    stored, rows = one_file
    with transaction.atomic():
        for key, email in stored.items():
            User.objects.create(username=key, student_id=key, email=email, password="!")
        text = "student_id,email,graduation_year\n" + "".join(
            f"{key},{email},{1066 if is_wrong else 2027}\n" for key, email, is_wrong in rows
        )
        batch = upload("users", text, on_error="skip")
        students = User.objects.filter(student_id__startswith="s3")
        expected = expected_of(stored, rows)
        if batch.writes:
            apply(batch, batch.digest, registrar)
        assert dict(students.values_list("student_id", "email")) == expected
        assert sum((batch.created, batch.updated, batch.unchanged, batch.rejected)) == len(rows)
        if batch.state == "applied":
            undone = undo(batch, registrar, "It was a test.")
            assert (undone.rejected, dict(students.values_list("student_id", "email"))) == (
                0,
                stored,
            )
        transaction.set_rollback(True)


GUESSED = "user_id,login_id,full_name,email,status\n"


def test_a_family_name_that_is_a_guess_replaces_no_stored_one(import_file, student):
    student("s2001", first_name="Ana", last_name="López Silva")
    text = GUESSED + "s2001,s2001,Ana López Silva,,active\ns2002,s2002,Ana López Silva,,active\n"
    batch = import_file("users", text)
    assert (batch.created, batch.updated, batch.unchanged) == (1, 0, 1)
    names = User.objects.filter(student_id__in=NAMES).values_list("first_name", "last_name")
    assert list(names.order_by("student_id")) == [("Ana", "López Silva"), ("Ana López", "Silva")]


def test_a_family_name_that_canvas_tells_apart_replaces_it(import_file, student):
    student("s2001", first_name="Ana", last_name="López")
    head = "user_id,login_id,sortable_name,status\n"
    batch = import_file("users", head + 's2001,s2001,"López Silva, Ana",active\n')
    assert batch.updated == 1
    assert User.objects.get(student_id="s2001").last_name == "López Silva"
