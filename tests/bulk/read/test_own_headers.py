"""A school's own headers stand for columns of ours: chosen once, stored, recorded."""

import io
import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.formats.detect import carried
from backoffice.bulk.jobs.tasks import read_ready
from backoffice.bulk.kinds.header_names import IGNORED
from backoffice.bulk.models import Batch, HeaderMapping
from backoffice.bulk.pipeline.apply import OutcomeChanged, apply
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from backoffice.bulk.pipeline.import_run import Import
from backoffice.bulk.pipeline.preview import leave_wrong_rows_out, preview
from backoffice.bulk.pipeline.report import rejected_rows
from backoffice.bulk.read.header_mapping import unknown_headers

HEADER = "Matrikel;Kurs;Semester;Stand;Bemerkung\n"
GOOD = "s1001;BIO101;2026J;completed;kommt später\n"
WRONG = "s1002;BIO101;2026J;actve;\n"
MAPPINGS = {"Matrikel": "student_id", "KURS": "course_code", " semester ": "presentation"}
FURTHER = {"Stand": "status", "Bemerkung": IGNORED}


def save_mappings(kind: str, headers: dict[str, str]) -> None:
    """What a school's headers stand for, as a form would have it."""
    for header, column in headers.items():
        mapping = HeaderMapping(kind=kind, header=header, column=column)
        mapping.full_clean()
        mapping.save()


@pytest.fixture
def german(courses: Any, student: Any) -> None:
    """A school that writes German."""
    student("s1001"), student("s1002")
    save_mappings("enrollments", MAPPINGS | FURTHER)


def page_of(batch: Batch, name: str = "change") -> str:
    return reverse(f"admin:bulk_batch_{name}", args=[batch.pk])


def page_messages(answer: Any) -> list[str]:
    """The messages on the page one is sent to."""
    return [str(each) for each in answer.context["messages"]]


def test_a_file_with_the_schools_own_headers_comes_in_as_it_is(import_file, german):
    batch = import_file("enrollments", HEADER.upper() + GOOD)
    assert Enrollment.objects.get().status == "completed"
    assert batch.own_headers == {
        "matrikel": "student_id",
        "kurs": "course_code",
        "semester": "presentation",
        "stand": "status",
        "bemerkung": "-",
    }


def test_among_several_files_it_is_known_by_the_schools_own_headers(registrar, german):
    files = {"a.csv": "course_code,presentation\nBIO101,2026J\n", "b.csv": HEADER + GOOD}
    delivery = deliver(
        [(io.BytesIO(text.encode()), name) for name, text in files.items()], registrar
    )
    read_ready(delivery)
    assert [(each.kind, each.state) for each in files_of(delivery)] == [
        ("courses", "previewed"),
        ("enrollments", "previewed"),
    ]
    assert carried(["Matrikel", "Semester"], "auto") == {}


def test_an_error_names_the_column_as_the_file_does(upload, german):
    batch = upload("enrollments", HEADER + WRONG)
    issue = batch.issues.get()
    assert (issue.column, issue.value) == ("Stand", "actve")
    assert issue.message == (
        "Line 2: Stand “actve” is not one of: active, completed, failed, withdrawn. "
        "Did you mean “active”?"
    )


@pytest.mark.parametrize("is_staged", [True, False])
def test_what_is_said_after_the_preview_is_previewed_first(upload, german, registrar, is_staged):
    batch = upload("enrollments", HEADER + GOOD)
    HeaderMapping.objects.filter(header="Stand").update(column="final_result")
    if not is_staged:  # and the file has to be read anew to be applied
        with connection.cursor() as cursor:
            Import(batch).drop(cursor)
    with pytest.raises(OutcomeChanged):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert (batch.state, Enrollment.objects.exists()) == ("previewed", False)
    apply(batch, batch.digest, registrar)
    stored = Enrollment.objects.get()
    assert (batch.state, stored.status, stored.final_result) == ("applied", "active", "completed")


def test_what_is_said_counts_once_the_file_is_read_again(upload, german):
    batch = upload("enrollments", HEADER + GOOD + WRONG)
    HeaderMapping.objects.filter(header="Stand").update(column="final_result")
    before = batch.digest
    leave_wrong_rows_out(batch)
    assert (batch.own_headers["stand"], batch.rejected) == ("final_result", 0)
    assert batch.digest != before


def test_the_digest_stands_for_what_the_headers_meant(upload, german):
    first = upload("enrollments", HEADER + GOOD)
    HeaderMapping.objects.filter(header="Bemerkung").delete()
    second = upload("enrollments", HEADER + GOOD, ignore_unknown_columns=True)
    first.ignore_unknown_columns = True
    assert preview(first).digest == second.digest  # read again, by what is said now
    save_mappings("enrollments", {"Bemerkung": IGNORED})
    assert preview(first).digest != second.digest


NO_HEADER = "No file of people may set “%s”, so no header of this name is taken."
RULES = {
    ("users", "Password", "student_id"): ("header", NO_HEADER % "password"),
    ("users", "Role", "-"): ("header", NO_HEADER % "role"),
    ("users", "is staff", "-"): ("header", NO_HEADER % "is_staff"),
    ("users", "ID", "student_id"): ("header", NO_HEADER % "id"),
    ("users", "Funktion", "role"): (
        "column",
        "No file of people may set “role”. Choose another column.",
    ),
    ("users", "Kennwort", "password"): ("column", "Value 'password' is not a valid choice."),
    ("users", "First name", "last_name"): (
        "header",
        "In files of people “first_name” has its own meaning and keeps it.",
    ),
    ("enrollments", "email", "-"): (
        "header",
        "In files of enrollments “email” has its own meaning and keeps it.",
    ),
    ("courses", "length_days", "title"): (
        "header",
        "In files of courses “length_days” has its own meaning and keeps it.",
    ),
    ("courses", "Errors", "-"): (
        "header",
        "In files of courses “errors” has its own meaning and keeps it.",
    ),
    ("courses", "Note", "score"): (
        "column",
        "Files of courses have no column “score”. Choose one of: course_code, presentation, "
        "title, starts_on, ends_on, status, instructor, enrollment_limit.",
    ),
    ("nothing", "Note", "score"): ("kind", "Value 'nothing' is not a valid choice."),
    ("users", "matrikel ", "username"): (
        "header",
        "This header stands for a column of this kind already.",
    ),
}


@pytest.mark.parametrize(("mapping", "expected"), RULES.items())
def test_a_header_stands_only_for_what_it_may(db, mapping, expected):
    save_mappings("users", {"Matrikel": "student_id"})
    with pytest.raises(ValidationError) as refusal:
        save_mappings(mapping[0], {mapping[1]: mapping[2]})
    assert refusal.value.message_dict == {expected[0]: [expected[1]]}


@pytest.mark.parametrize("header", ["Matrikel;MatNr", "student_id;MatNr"])
def test_two_headers_of_one_file_are_not_one_column(upload, db, header: str):
    save_mappings("users", {"Matrikel": "student_id", "MatNr": "student_id"})
    batch = upload("users", f"{header}\ns1001;s1001\n")
    first = header.partition(";")[0]
    assert batch.issues.get().code == "duplicate_column"
    assert batch.sentence == (
        f"The header has student_id more than once, as “{first}”, “MatNr”. Keep one of them."
    )


def test_a_name_that_has_a_meaning_keeps_it_whatever_was_stored_before(upload, db):
    HeaderMapping(kind="users", header="first_name", column="last_name").save()
    HeaderMapping(kind="users", header="Gewesen", column="no_longer_there").save()
    batch = upload("users", "student_id,first_name\ns1001,Zoë\n")
    assert (batch.state, batch.own_headers) == ("previewed", {})
    batch = upload("users", "student_id,gewesen\ns1001,Zoë\n")
    assert batch.issues.get().code == "unknown_column"


def test_a_file_of_another_system_is_read_as_before(upload, courses, student):
    student("s1001")
    save_mappings(
        "enrollments", {"user_id": "student_id", "section_id": "final_result", "type": IGNORED}
    )
    canvas = "course_id,user_id,role,section_id,status\nBIO101-2026J,s1001,student,A,active\n"
    batch = upload("enrollments", canvas)
    assert (batch.state, batch.read_as) == ("previewed", "Canvas SIS enrollments")
    assert (batch.own_headers, batch.created) == ({}, 1)
    assert "final_result" not in batch.header


def test_wrong_rows_come_back_under_the_schools_own_headers_and_go_in(upload, import_file, german):
    batch = upload("enrollments", HEADER + GOOD + WRONG)
    text = "".join(rejected_rows(batch)).removeprefix("\ufeff")
    assert text.splitlines()[0] == "Matrikel;Kurs;Semester;Stand;Bemerkung;line;errors"
    import_file("enrollments", text.replace("actve", "active", 1))
    assert Enrollment.objects.get().student.student_id == "s1002"


def test_a_companions_column_is_told_with_the_option_it_needs(upload, import_file, courses):
    save_mappings("enrollments", MAPPINGS | {"Vorname": "first_name"})
    text = "Matrikel;Kurs;Semester;Vorname\ns1001;BIO101;2026J;Zoë\n"
    assert upload("enrollments", text).sentence == (
        "The column first_name is for people who are not known yet. Turn on “Create students”, "
        "or choose to ignore unknown columns."
    )
    import_file("enrollments", text, create_students=True)
    assert User.objects.get(student_id="s1001").first_name == "Zoë"


def test_the_command_knows_them_too(german, tmp_path, capsys):
    file = tmp_path / "herbst.csv"
    file.write_text(HEADER + GOOD)
    call_command("import_csv", "enrollments", str(file), "--reason", "Autumn roster.")
    assert Enrollment.objects.get().status == "completed"
    assert "1 created, 0 updated, 0 unchanged, 0 rejected" in capsys.readouterr().out


# On screen


@pytest.fixture
def refused(upload: Any, courses: Any, student: Any) -> Batch:
    """A file refused for headers that nobody has given a meaning yet."""
    student("s1001")
    text = "Matrikel;course code;presentaton;Stand\ns1001;BIO101;2026J;completed\n"
    return upload("enrollments", text)


def selected(page: str) -> dict[str, str]:
    """What is chosen in each select of the form: its label, and the option's value."""
    form = page[page.index('id="own-headers"') :].partition("</section>")[0]
    labels = re.findall(r'<label[^>]*for="id_(header_\d)"[^>]*>\s*([^<]+?)\s*<', form)
    chosen = {}
    for name, label in labels:
        select = form[form.index(f'name="{name}"') :].partition("</select>")[0]
        chosen[label] = re.search(r'value="([^"]*)" selected', select).group(1)  # type: ignore[union-attr]
    return chosen


def test_a_refused_file_asks_what_its_headers_mean_and_guesses(refused, registrar_client):
    page = registrar_client.get(page_of(refused)).content.decode()
    assert selected(page) == {"Matrikel": "", "presentaton": "presentation", "Stand": ""}
    options = re.findall(r'<option value="([^"]*)"', page.partition('name="header_0"')[2])
    assert options[:4] == ["", "-", "student_id", "presentation"]  # course_code is there already


def test_meanings_chosen_for_a_refused_file_are_stored_and_it_is_read_again(
    refused, registrar_client, registrar
):
    chosen = {"header_0": "student_id", "header_2": "presentation", "header_3": "-"}
    answer = registrar_client.post(page_of(refused, "own_headers"), chosen, follow=True)
    refused.refresh_from_db()
    assert (refused.state, refused.created) == ("previewed", 1)
    stored = HeaderMapping.objects.values_list("kind", "header", "column", "made_by")
    assert set(stored) == {
        ("enrollments", "Matrikel", "student_id", registrar.pk),
        ("enrollments", "presentaton", "presentation", registrar.pk),
        ("enrollments", "Stand", "-", registrar.pk),
    }
    assert set(HeaderMapping.history.values_list("history_user", flat=True)) == {registrar.pk}
    page = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
    assert "Read with your school&#x27;s own headers: Matrikel → student_id" in page.replace(
        "school's", "school&#x27;s"
    )
    assert "Stand → ignored" in page


def test_a_file_refused_for_missing_columns_may_ask_as_well(upload, courses, registrar_client):
    batch = upload("enrollments", HEADER + GOOD, ignore_unknown_columns=True)
    assert batch.issues.get().code == "missing_column"
    assert b'id="own-headers"' in registrar_client.get(page_of(batch)).content


REFUSED_MAPPINGS = {
    (("header_0", "password"),): (
        "Matrikel Select a valid choice. password is not one of the available choices."
    ),
    (("header_0", "course_code"),): (
        "Matrikel Select a valid choice. course_code is not one of the available choices."
    ),
    (("header_0", "score"),): (
        "Matrikel Select a valid choice. score is not one of the available choices."
    ),
    (("header_0", "student_id"), ("header_3", "student_id")): (
        "Two headers of one file cannot both be student_id."
    ),
    (("header_1", "student_id"),): "Choose a column for at least one header.",
    (): "Choose a column for at least one header.",
}


@pytest.mark.parametrize(("chosen", "message"), REFUSED_MAPPINGS.items())
def test_what_may_not_be_said_is_not_kept(refused, registrar_client, chosen, message):
    answer = registrar_client.post(page_of(refused, "own_headers"), dict(chosen), follow=True)
    assert page_messages(answer) == [message]
    assert not HeaderMapping.objects.exists()
    refused.refresh_from_db()
    assert refused.state == "refused"


def test_only_the_uploader_says_it_of_a_file_and_only_while_it_is_refused(
    refused, import_file, registrar_client, registrar2_client, admin_client, auditor_client
):
    address = page_of(refused, "own_headers")
    chosen = {"header_0": "student_id"}
    answers = [client.post(address, chosen) for client in (admin_client, auditor_client)]
    assert [each.status_code for each in answers] == [403, 403]
    assert registrar2_client.post(address, chosen).status_code == 404
    assert registrar_client.get(address).status_code == 405
    assert b'id="own-headers"' not in admin_client.get(page_of(refused)).content
    done = import_file("users", "student_id\ns1001\n")
    answer = registrar_client.post(page_of(done, "own_headers"), chosen, follow=True)
    assert page_messages(answer) == ["This file does not wait for a meaning of its headers."]
    assert not HeaderMapping.objects.exists()


def test_a_column_of_the_upload_page_says_how_the_school_writes_it(german, registrar_client):
    address = reverse("admin:bulk_batch_upload") + "?kind=enrollments"
    page = registrar_client.get(address).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert "In your files also: “Matrikel”" in text
    assert "Ignored in your files: “Bemerkung”" in text


def selected_on(answer: Any) -> dict[str, str]:
    """What a form chooses by itself."""
    form = answer.context["adminform"].form
    return {name: form.fields[name].choices[0][0] for name in ("kind", "column")}


ADD = "/admin/bulk/headermapping/add/"


def test_a_registrar_makes_one_on_its_own_page_and_an_auditor_looks(
    registrar_client: Client, auditor_client: Client, instructor_client: Client, registrar: User
):
    data = {"kind": "grades", "header": "Punkte", "column": "title"}
    assert selected_on(registrar_client.get(ADD)) == {"kind": "", "column": ""}
    answer = registrar_client.post(ADD, data)
    assert answer.context["adminform"].form.errors == {
        "column": [
            "Files of grades have no column “title”. Choose one of: student_id, assessment_id, "
            "course_code, presentation, assessment_type, score, max_score, submitted_on, "
            "is_banked, base_score, base_version."
        ]
    }
    data["column"] = "score"
    answer = registrar_client.post(ADD, data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    mapping = HeaderMapping.objects.get()
    assert (mapping.name, mapping.made_by) == ("punkte", registrar)
    page = auditor_client.get("/admin/bulk/headermapping/").content.decode()
    assert "Punkte" in page
    assert auditor_client.post(ADD, data).status_code == 403
    assert instructor_client.get("/admin/bulk/headermapping/").status_code == 403
    form = registrar_client.get(f"/admin/bulk/headermapping/{mapping.pk}/change/")
    columns = [value for value, _label in form.context["adminform"].form.fields["column"].choices]
    assert columns[:3] == ["", "student_id", "assessment_id"]
    assert "title" not in columns


def test_columns_that_stand_in_groups_have_their_meaning_too(preview_rubrics, taught):
    text = "Rubric Name,Criteria Name,Rating Name,Rating Points,Extra\nEssay,Voice,Clear,5,x\n"
    batch = preview_rubrics(text)

    assert batch.state == "refused"
    assert unknown_headers(batch) == {4: "Extra"}
    with pytest.raises(ValidationError, match="“rating_name” has its own meaning and keeps it."):
        save_mappings("rubrics", {"Rating Name": "criteria_name"})
