"""A school's own words for roles and states: chosen once, stored, recorded, read by every file."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from backoffice.apps.users.models import Enrollment
from backoffice.bulk.kinds.value_words import LEFT_OUT, choices_of
from backoffice.bulk.models import Batch, ValueMapping
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.pipeline.preview import leave_wrong_rows_out, preview
from backoffice.bulk.read.value_mapping import OwnWords, own_mappings_of
from backoffice.bulk.values.cells import plain_word
from tests.bulk.read.test_own_headers import save_mappings

HEAD = "student_id,course_code,presentation,status\n"
OWN = HEAD + "".join(
    f"s100{number},BIO101,2026J,{word}\n"
    for number, word in enumerate(["Enrolled", "Dropped", "Waitlisted", "W"], 1)
)
CANVAS = "course_id,user_id,role,section_id,status\n"
MEANINGS = {
    "Enrolled": "active",
    "DROPPED": "withdrawn",
    " waitlisted ": LEFT_OUT,
    "Ｗ": "withdrawn",
}


def save_values(column: str, meanings: dict[str, str], kind: str = "enrollments") -> None:
    """What a school's words stand for, as a form would have it."""
    for word, meaning in meanings.items():
        mapping = ValueMapping(kind=kind, column=column, word=word, meaning=meaning)
        mapping.full_clean()
        mapping.save()


@pytest.fixture(autouse=True)
def roster(courses: Any, student: Any) -> None:
    for number in range(1, 6):
        student(f"s100{number}")


def statuses() -> dict[str, str]:
    return dict(Enrollment.objects.values_list("student__student_id", "status"))


def roles() -> dict[str, str]:
    return dict(Enrollment.objects.values_list("student__student_id", "role"))


def found(batch: Batch) -> list[tuple[int, str, str, str]]:
    return [(i.line, i.column, i.value, i.code) for i in batch.issues.all()]


def test_words_of_the_school_are_refused_with_a_way_to_say_what_they_mean(upload):
    batch = upload("enrollments", OWN)
    assert batch.state == "refused"
    assert batch.sentence == (
        "4 rows of 4 are wrong; nothing was written. Correct the file. “Enrolled”, “Dropped”, "
        "“Waitlisted” and “W” may be your school's own values: say once under “Value mappings” "
        "what each stands for, and every file is read so."
    )
    assert batch.unknown_values == {"status": ["Enrolled", "Dropped", "Waitlisted", "W"]}


def test_they_are_read_once_somebody_said_what_they_mean(import_file):
    save_values("status", MEANINGS)
    batch = import_file("enrollments", OWN)
    assert statuses() == {"s1001": "active", "s1002": "withdrawn", "s1004": "withdrawn"}
    assert (batch.rows, batch.created, batch.rejected) == (3, 3, 0)
    assert (4, "status", "Waitlisted", "left_out") in found(batch)
    message = batch.issues.get(code="left_out").message
    assert message == "Line 4: status “Waitlisted” is not kept here; the row is left out."
    assert batch.own_values == {
        "status": {
            "Enrolled": "active",
            "Dropped": "withdrawn",
            "Waitlisted": LEFT_OUT,
            "W": "withdrawn",
        }
    }


def test_a_typing_error_is_better_corrected(upload):
    batch = upload("enrollments", HEAD + "s1001,BIO101,2026J,complete\n")
    assert batch.sentence == "1 row of 1 is wrong; nothing was written. Correct the file."
    assert batch.issues.get().message.endswith("Did you mean “completed”?")
    assert batch.unknown_values == {"status": ["complete"]}  # the page asks all the same


def test_a_word_stands_for_something_in_its_own_column_only(upload):
    save_values("role", {"W": "observer"})
    batch = upload("enrollments", HEAD + "s1001,BIO101,2026J,W\n")
    assert found(batch) == [(2, "status", "W", "invalid_choice")]


def test_it_stands_for_it_under_the_schools_own_header_too(upload):
    save_mappings("enrollments", {"Stand": "status"})
    save_values("status", {"ab": "withdrawn"})
    text = (
        "student_id,course_code,presentation,Stand\ns1001,BIO101,2026J,AB\ns1002,BIO101,2026J,x\n"
    )
    batch = upload("enrollments", text, on_error="skip")
    assert (3, "Stand", "x", "invalid_choice") in found(batch)
    assert (batch.created, batch.unknown_values) == (1, {"status": ["x"]})


CASES = {
    "Student": "student",
    "StudentEnrollment": "student",
    "STUDENTENROLLMENT": "student",
    "TaEnrollment": "teaching_assistant",
    "ObserverEnrollment": "observer",
}


@pytest.mark.parametrize(("word", "role"), CASES.items())
def test_canvas_own_names_of_roles_are_read_in_any_case(import_file, word, role):
    import_file("enrollments", CANVAS + f"BIO101-2026J,s1001,{word},S1,Active \n")
    assert (roles(), statuses()) == ({"s1001": role}, {"s1001": "active"})


STAFF = ["TeacherEnrollment", "DesignerEnrollment", "teacher", "StudentViewEnrollment"]


@pytest.mark.parametrize("word", STAFF)
def test_staff_by_their_long_names_are_left_out(import_file, word):
    text = CANVAS + f"BIO101-2026J,s1001,student,S1,active\nBIO101-2026J,s1002,{word},S1,active\n"
    batch = import_file("enrollments", text)
    assert (roles(), found(batch)) == ({"s1001": "student"}, [(3, "role", word, "left_out")])


CUSTOM = CANVAS + (
    "BIO101-2026J,s1001,student,S1,active\nBIO101-2026J,s1002,Peer Mentor,S1,active\n"
)


def test_a_role_of_the_schools_own_is_left_out_and_listed(import_file):
    batch = import_file("enrollments", CUSTOM)
    assert roles() == {"s1001": "student"}
    assert [issue.message for issue in batch.issues.all()] == [
        "Line 3: role “Peer Mentor” is a role of your school's own; the row is left out. Say under "
        "“Value mappings” if it stands for a role here."
    ]
    assert batch.unknown_values == {"role": ["Peer Mentor"]}


def test_a_file_of_such_roles_alone_asks_what_they_mean(upload):
    batch = upload("enrollments", CANVAS + "BIO101-2026J,s1002,Peer Mentor,S1,active\n")
    assert batch.sentence == (
        "Nothing of the file is kept here: its 1 row is left out. “Peer Mentor” may be one of your "
        "school's own values: say once under “Value mappings” what it stands for, and every file "
        "is read so."
    )
    save_values("role", {"Peer Mentor": "teaching_assistant"})
    batch = preview(batch)
    assert (batch.state, batch.created) == ("previewed", 1)


def test_a_role_of_the_schools_own_may_stand_for_one_of_ours(import_file):
    save_values("role", {"peer mentor": "teaching_assistant"})
    batch = import_file("enrollments", CUSTOM)
    assert roles() == {"s1001": "student", "s1002": "teaching_assistant"}
    assert (found(batch), batch.unknown_values) == ([], {})


ROSTER = CANVAS + "BIO101-2026J,s1001,student,S1,active\n"


@pytest.mark.parametrize(
    ("row", "withdrawn"),
    [
        ("BIO101-2026J,s1002,Peer Mentor,S1,active\n", ["s1003"]),
        ("BIO101-2026J,,Peer Mentor,S1,active\n", []),
        ("BIO101-2026J,s1002,teacher,S1,active\n", ["s1002", "s1003"]),
        ("", ["s1002", "s1003"]),
    ],
)
def test_a_whole_roster_withdraws_nobody_whose_role_nobody_knows(import_file, row, withdrawn):
    for number in (2, 3):
        import_file("enrollments", HEAD + f"s100{number},BIO101,2026J,active\n")
    batch = import_file("enrollments", ROSTER + row, mode="sync")
    assert batch.withdrawn == len(withdrawn)
    assert sorted(key for key, state in statuses().items() if state == "withdrawn") == withdrawn


def test_a_misspelt_role_is_no_role_of_the_schools_own(upload):
    batch = upload("enrollments", CUSTOM.replace("Peer Mentor", "Studnet"))
    assert found(batch) == [(3, "role", "Studnet", "invalid_choice")]


@pytest.mark.parametrize(
    ("text", "column"), [(ROSTER, "role"), (HEAD + "s1001,BIO101,2026J,active\n", "status")]
)
def test_a_header_that_stands_in_the_file_again_is_no_word_of_its_own(upload, text, column):
    header = text.splitlines()[0]
    batch = upload("enrollments", f"{text}{header}\n")
    assert (column, column, "invalid_choice") in [each[1:] for each in found(batch)]
    assert batch.unknown_values == {}


def test_a_mapped_state_of_canvas_decides_about_the_date_too(import_file):
    save_values("status", {"dropped": "withdrawn"})
    text = (
        "course_id,user_id,role,section_id,status,end_date\n"
        "BIO101-2026J,s1001,student,S1,Dropped,2026-10-01\n"
    )
    import_file("enrollments", text)
    one = Enrollment.objects.get()
    assert (one.status, str(one.withdrawn_on)) == ("withdrawn", "2026-10-01")


def test_what_a_format_says_itself_stands(import_file):
    ValueMapping(kind="enrollments", column="role", word="ta", meaning="observer").save()
    ValueMapping(kind="enrollments", column="status", word="active", meaning="failed").save()
    import_file("enrollments", CANVAS + "BIO101-2026J,s1001,ta,S1,active\n")
    assert (roles(), statuses()) == ({"s1001": "teaching_assistant"}, {"s1001": "active"})


@pytest.mark.parametrize("is_staged", [True, False])
def test_what_is_said_after_the_preview_changes_nothing_of_it(upload, registrar, is_staged):
    save_values("status", MEANINGS)
    batch = upload("enrollments", OWN)
    ValueMapping.objects.filter(name="dropped").update(meaning="failed")
    ValueMapping.objects.exclude(name="dropped").delete()
    if not is_staged:  # and the file has to be read anew to be applied
        with connection.cursor() as cursor:
            Import(batch).drop(cursor)
    apply(batch, batch.digest, registrar)
    assert (batch.state, statuses()["s1002"]) == ("applied", "withdrawn")


def test_the_digest_stands_for_what_the_words_meant(upload):
    save_values("status", MEANINGS)
    batch = upload("enrollments", OWN)
    before = batch.digest
    assert preview(batch).digest == before
    ValueMapping.objects.filter(name="w").update(meaning="withdrawn", word="w")
    assert preview(batch).digest == before
    ValueMapping.objects.filter(name="w").delete()
    leave_wrong_rows_out(batch)
    assert batch.digest != before


def test_the_command_names_the_page_and_reads_them_afterwards(tmp_path, capsys):
    file = tmp_path / "states.csv"
    file.write_text(OWN)
    with pytest.raises(SystemExit):
        call_command("import_csv", "enrollments", str(file), "--reason", "Autumn roster.")
    assert "say once under “Value mappings” what each stands for" in capsys.readouterr().out
    save_values("status", MEANINGS)
    call_command("import_csv", "enrollments", str(file), "--reason", "Autumn roster.")
    assert "3 created, 0 updated, 0 unchanged, 0 rejected" in capsys.readouterr().out


def test_a_file_of_which_wrong_rows_are_left_out_says_it_too(tmp_path, capsys):
    file = tmp_path / "states.csv"
    file.write_text(OWN + "s1005,BIO101,2026J,active\n")
    call_command("import_csv", "enrollments", str(file), "--on-error", "skip")
    assert "“Value mappings”" in capsys.readouterr().out
    assert statuses() == {"s1005": "active"}


RULES = {
    ("enrollments", "status", "Active", "withdrawn"): (
        "word",
        "“Active” is a value here already and keeps its meaning.",
    ),
    ("enrollments", "status", "Gone", "observer"): (
        "meaning",
        "The column status has no value “observer”. Choose one of: active, completed, failed, "
        "withdrawn.",
    ),
    ("enrollments", "status", "Gone", "vanished"): (
        "meaning",
        "Value 'vanished' is not a valid choice.",
    ),
    ("enrollments", "final_result", "P", "active"): (
        "column",
        "Value 'final_result' is not a valid choice.",
    ),
    ("courses", "role", "P", "student"): (
        "column",
        "Files of courses have no column “role” with values of its own.",
    ),
    ("enrollments", "status", "ＤＲＯＰＰＥＤ", "failed"): (
        "word",
        "This value of the column has a meaning already.",
    ),
}


@pytest.mark.parametrize(("mapping", "expected"), RULES.items())
def test_a_word_stands_only_for_what_it_may(mapping, expected):
    save_values("status", {"dropped": "withdrawn"})
    kind, column, word, meaning = mapping
    with pytest.raises(ValidationError) as refusal:
        save_values(column, {word: meaning}, kind)
    assert refusal.value.message_dict == {expected[0]: [expected[1]]}


def in_another_form(draw: Any, word: str) -> str:
    """The word in other letter case, some of its letters wide, with blanks around."""
    letters = []
    for letter in word:
        other = draw(st.sampled_from([letter, letter.upper(), letter.lower()]))
        is_wide = draw(st.booleans()) and "!" <= other <= "~"
        letters.append(chr(ord(other) + 0xFEE0) if is_wide else other)
    around = st.sampled_from(["", " ", "\t", "\u00a0", "\u3000"])
    return draw(around) + "".join(letters) + draw(around)


WORDS = st.sampled_from([*choices_of("enrollments", "status"), "Dropped", "W", "No show", "Zurück"])


@given(st.data())
def test_any_word_is_found_in_any_case_and_width(data):
    word = data.draw(WORDS)
    other = in_another_form(data.draw, word)
    meanings = {
        "status": {plain_word(each): each for each in ("Dropped", "W", "No show", "Zurück")}
    }
    words = OwnWords(meanings)
    known = choices_of("enrollments", "status")
    assert words.meaning("status", other) == (None if word in known else word)
    assert plain_word(other) == plain_word(word)


def test_what_is_stored_is_what_files_are_read_with(roster):
    save_values("status", {"Dropped": "withdrawn"})
    save_values("role", {"Tutor": "teaching_assistant"})
    save_mappings("enrollments", {"Stand": "status"})
    words = {"status": {"dropped": "withdrawn"}, "role": {"tutor": "teaching_assistant"}}
    assert own_mappings_of("enrollments") == ({"stand": "status"}, words)
    assert own_mappings_of("users") == ({}, {})
