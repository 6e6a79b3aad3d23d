"""A whole roster withdraws who is missing; too much of it waits for a second person."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import Batch
from backoffice.bulk.pages import changed_rows
from backoffice.bulk.pipeline.apply import NotApplied, apply
from backoffice.bulk.pipeline.approval import agree, held_for

HEADER = "student_id,course_code,presentation,enrolled_on,status\n"


@pytest.fixture
def roster(courses: dict[str, Course]) -> list[str]:
    """Forty students of BIO101."""
    names = [f"s{number}" for number in range(1001, 1041)]
    people = [
        User(username=name, student_id=name, password="!", email=f"{name}@example.org")
        for name in names
    ]
    for person in User.objects.bulk_create(people):
        Enrollment.objects.create(
            student=person, course=courses["BIO101"], enrolled_on="2026-02-01"
        )
    return names


def file_of(names: list[str], status: str = "active") -> str:
    lines = [f"{name},BIO101,2026J,2026-02-01,{status}\n" for name in names]
    return HEADER + "".join(lines)


def withdrawn() -> list[str]:
    rows = Enrollment.objects.filter(status="withdrawn").order_by("student__student_id")
    return list(rows.values_list("student__student_id", flat=True))


def test_who_is_missing_from_the_roster_is_withdrawn_today(import_file, roster, courses):
    other = Enrollment.objects.create(
        student=User.objects.get(username="s1040"), course=courses["ART200"]
    )
    batch = import_file("enrollments", file_of(roster[:-1]), mode="sync")

    assert (batch.withdrawn, batch.unchanged, batch.updated) == (1, 39, 0)
    assert withdrawn() == ["s1040"]
    absent = Enrollment.objects.get(student__username="s1040", course=courses["BIO101"])
    assert absent.withdrawn_on == batch.applied_at.date()
    assert absent.history.latest().change_set_id == batch.change_set_id
    other.refresh_from_db()
    assert other.status == "active"


def test_who_was_withdrawn_stands_on_the_page_of_the_import(registrar_client, import_file, roster):
    batch = import_file("enrollments", file_of(roster[:-2]), mode="sync")
    page = registrar_client.get(reverse("admin:bulk_batch_change", args=[batch.pk]))
    names = [row.name for row in page.context["changes"].rows]
    assert [name.split(" – ")[0] for name in names] == ["s1039", "s1040"]


def test_changed_rows_stand_by_line_and_those_without_a_line_by_name(
    registrar_client, import_file, courses, roster
):
    """The withdrawn stand on no line; their history has the order in which the database came by."""
    for name in ("s3002", "s3001", "s3003"):
        person = User.objects.create(username=name, student_id=name, password="!")
        Enrollment.objects.create(student=person, course=courses["BIO101"])
    on_roster = "s1040,BIO101,2026J,2026-02-0"
    text = file_of([*roster[1:], "s0900", "s0800"])
    lines = text.replace(f"{on_roster}1", f"{on_roster}2")
    batch = import_file("enrollments", lines, mode="sync", create_students=True, max_withdrawn=50)
    page = registrar_client.get(reverse("admin:bulk_batch_change", args=[batch.pk]))

    rows = [(row.line, row.name.split(" – ")[0]) for row in page.context["changes"].rows]
    assert rows == [
        *((40, "s1040"), (41, "s0900"), (42, "s0800")),
        *((None, "s1001"), (None, "s3001"), (None, "s3002"), (None, "s3003")),
    ]
    assert "too many to be sorted" not in page.content.decode()


def test_so_many_changed_rows_that_sorting_is_dear_say_in_which_order_they_stand(
    registrar_client, import_file, roster, monkeypatch
):
    monkeypatch.setattr(changed_rows, "MOST_SORTED", 1)
    batch = import_file("enrollments", file_of(roster[:-2]), mode="sync")
    page = registrar_client.get(reverse("admin:bulk_batch_change", args=[batch.pk]))

    written = Enrollment.history.filter(change_set=batch.change_set_id).order_by("history_id")
    pages = [row.page for row in page.context["changes"].rows]
    assert pages == [reverse("admin:users_enrollment_change", args=[row.id]) for row in written]
    assert (
        "The rows are too many to be sorted by line: they stand in the order in which they were "
        "written."
    ) in page.content.decode()


def test_the_same_roster_again_withdraws_nobody(import_file, roster):
    import_file("enrollments", file_of(roster[:-1]), mode="sync")
    before = Enrollment.history.count()
    again = import_file("enrollments", file_of(roster[:-1]), mode="sync")

    assert (again.withdrawn, again.writes, Enrollment.history.count()) == (0, 0, before)


def test_without_sync_nobody_leaves(import_file, roster):
    assert import_file("enrollments", file_of(roster[:-1])).withdrawn == 0
    assert withdrawn() == []


def test_a_wrong_row_keeps_everybody_of_its_course(import_file, roster):
    text = file_of([*roster[:-1], "N/A"])
    batch = import_file("enrollments", text, mode="sync", on_error="skip")

    assert withdrawn() == []
    assert [issue.message for issue in batch.issues.filter(is_warning=True)] == [
        "Line 1: nobody was withdrawn from courses with wrong rows that name no known student. "
        "Correct these rows, and bring the whole file in again."
    ]


def test_a_refused_row_of_a_known_student_is_not_missing(import_file, roster):
    text = file_of(roster).replace("s1040,BIO101,2026J,2026-02-01", "s1040,BIO101,2026J,2026-02-30")
    import_file("enrollments", text, mode="sync", on_error="skip")

    assert withdrawn() == []


def test_who_left_or_came_since_the_preview_makes_a_new_one(upload, registrar, roster, courses):
    batch = upload("enrollments", file_of(roster[:-1]), mode="sync")
    late = User.objects.create(username="s2001", student_id="s2001", password="!")
    Enrollment.objects.create(student=late, course=courses["BIO101"])

    with pytest.raises(NotApplied, match="The data changed since the preview"):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()
    assert (batch.withdrawn, withdrawn()) == (2, [])


def test_too_many_withdrawals_wait_for_a_second_person(upload, roster, registrar):
    batch = upload("enrollments", file_of(roster[:-3]), mode="sync")

    assert batch.state == Batch.State.HELD
    assert batch.sentence == (
        "It withdraws 3 of 40 enrollments of BIO101 2026J Biology: 7.5 %, and at most 5 % go in "
        "without a second person."
    )
    with pytest.raises(NotApplied, match="This file waits for a second person"):
        apply(batch, batch.digest, registrar)
    assert withdrawn() == []


@pytest.mark.parametrize("mode", ["upsert", "update", "sync"])
def test_withdrawals_that_the_file_spells_out_are_withdrawals_too(upload, roster, mode):
    text = file_of(roster[3:]) + "".join(
        f"{name},BIO101,2026J,2026-02-01,Withdrawn\n" for name in roster[:3]
    )
    batch = upload("enrollments", text, mode=mode)

    assert (batch.state, batch.updated, batch.withdrawn) == (Batch.State.HELD, 3, 0)
    assert batch.sentence == (
        "It withdraws 3 of 40 enrollments of BIO101 2026J Biology: 7.5 %, and at most 5 % go in "
        "without a second person."
    )


def test_who_is_missing_and_who_is_withdrawn_by_a_row_count_together(upload, roster):
    text = file_of(roster[2:]) + f"{roster[0]},BIO101,2026J,2026-02-01,withdrawn\n"
    free = upload("enrollments", text, mode="sync")
    held = upload(
        "enrollments", text.replace(f"{roster[5]},", "s1045,"), mode="sync", create_students=True
    )

    assert (free.state, free.withdrawn, free.updated) == (Batch.State.PREVIEWED, 1, 1)
    assert (held.state, held.withdrawn, held.updated) == (Batch.State.HELD, 2, 1)


def test_a_date_of_somebody_long_withdrawn_is_a_change_and_no_withdrawal(
    upload, import_file, roster
):
    Enrollment.objects.update(status="withdrawn", withdrawn_on="2026-03-01")
    text = file_of(roster[:4], "withdrawn").replace("2026-02-01", "2026-02-02")

    assert upload("enrollments", text).state == Batch.State.PREVIEWED


def test_too_many_changes_wait_too_and_few_rows_do_not(upload, roster, courses):
    held = upload("enrollments", file_of(roster[:9], "completed"))
    Enrollment.objects.filter(student__username__gt="s1019").delete()
    free = upload("enrollments", file_of(roster[:9], "completed"))

    assert held.sentence == (
        "It changes 9 of 40 enrollments of BIO101 2026J Biology: 22.5 %, and at most 20 % go in "
        "without a second person."
    )
    assert (held.state, free.state) == (Batch.State.HELD, Batch.State.PREVIEWED)


def test_a_second_registrar_approves_and_the_uploader_applies(
    upload, roster, registrar_client, registrar2_client, registrar2
):
    batch = upload("enrollments", file_of(roster[:-3]), mode="sync")
    page = f"/admin/bulk/batch/{batch.pk}/"
    own = registrar_client.post(f"{page}approve/", {"digest": batch.digest})
    text = registrar2_client.get(f"{page}change/").content.decode()
    stale = registrar2_client.post(f"{page}approve/", {"digest": "0" * 64}, follow=True)
    other = registrar2_client.post(f"{page}approve/", {"digest": batch.digest}, follow=True)
    registrar_client.post(f"{page}apply/", {"digest": batch.digest})

    assert own.status_code == 403
    assert "It withdraws 3 of 40 enrollments" in text
    assert "s1040" in text or "To withdraw" in text
    assert "This import does not wait for an approval any more." in stale.content.decode()
    assert "Approved." in other.content.decode()
    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == (Batch.State.APPLIED, registrar2)
    assert withdrawn() == roster[-3:]


def test_the_home_page_tells_others_what_waits_for_them(
    upload, roster, registrar_client, registrar2_client, registrar2
):
    batch = upload("enrollments", file_of(roster[:-3]), mode="sync")
    card = "Imports waiting for your approval"
    own, other = (each.get("/admin/") for each in (registrar_client, registrar2_client))

    assert card in own.content.decode()
    assert "It withdraws 3 of 40 enrollments" not in own.content.decode().partition(card)[2]
    assert "It withdraws 3 of 40 enrollments" in other.content.decode().partition(card)[2]
    assert [*held_for(registrar2)] == [batch]
    agree(batch, batch.digest, registrar2)
    assert not held_for(registrar2)


def test_an_approval_is_for_one_outcome_only(upload, roster, registrar, registrar2):
    from_preview = upload("enrollments", file_of(roster[:-3]), mode="sync")
    Batch.objects.filter(pk=from_preview.pk).update(
        state="previewed", approved_by=registrar2, approved_digest=from_preview.digest
    )
    Enrollment.objects.filter(student__username="s1037").update(status="completed")
    from_preview.refresh_from_db()

    with pytest.raises(NotApplied, match="The data changed since the preview"):
        apply(from_preview, from_preview.digest, registrar)
    from_preview.refresh_from_db()
    assert from_preview.state == Batch.State.HELD


def test_nobody_is_named_for_what_they_did_not_approve(upload, roster, registrar, registrar2):
    batch = upload("enrollments", file_of(roster[:-3]), mode="sync")
    agree(batch, batch.digest, registrar2)
    Enrollment.objects.filter(student__username__in=("s1037", "s1038", "s1039")).delete()
    with pytest.raises(NotApplied, match="The data changed since the preview"):
        apply(batch, batch.digest, registrar)
    batch.refresh_from_db()

    assert (batch.state, batch.withdrawn) == (Batch.State.PREVIEWED, 1)
    assert (batch.approved_by, batch.approver_name, batch.approved_at) == (None, "", None)


@pytest.mark.parametrize("role", ["instructor", "auditor"])
def test_who_brings_no_files_in_approves_none(upload, roster, request, role):
    batch = upload("enrollments", file_of(roster[:-3]), mode="sync")
    client = request.getfixturevalue(f"{role}_client")
    answer = client.post(f"/admin/bulk/batch/{batch.pk}/approve/", {"digest": batch.digest})

    batch.refresh_from_db()
    assert (answer.status_code in (403, 404), batch.state) == (True, Batch.State.HELD)


def test_a_final_grade_changes_with_a_reason_and_a_second_person(upload, roster, courses):
    essay = Assessment.objects.create(course=courses["BIO101"], code="ESSAY")
    ada = User.objects.get(username="s1001")
    AssessmentSubmission.objects.create(assessment=essay, student=ada, score=40, status="finalized")
    text = "student_id,assessment_id,score\ns1001,ESSAY,45\n"
    batch = upload("grades", text, reason="Appeal of 3 March granted.")

    assert (batch.state, batch.sentence) == ("held", "It replaces 1 final grade.")


@pytest.fixture
def run_command(tmp_path: Path, registrar: User, registrar2: User) -> Any:
    """Runs `import_csv enrollments` on a text as the registrar; gives exit status and report."""

    def run(text: str, *options: str) -> tuple[int, dict[str, Any]]:
        file, report = tmp_path / "roster.csv", tmp_path / "report.json"
        file.write_text(text)
        words = ["--actor", registrar.username, "--report", str(report), *options]
        try:
            call_command("import_csv", "enrollments", str(file), *words)
        except SystemExit as end:
            return int(end.code or 0), json.loads(report.read_text())
        return 0, json.loads(report.read_text())

    return run


def test_the_command_holds_and_takes_the_name_of_a_second_person(run_command, roster, registrar2):
    text = file_of(roster[:-3])
    held, report = run_command(text, "--mode", "sync")
    done, after = run_command(text, "--mode", "sync", "--approved-by", registrar2.username)

    assert (held, report["state"], report["withdrawn"]) == (1, "held", 3)
    assert (done, after["state"], after["withdrawn"]) == (0, "applied", 3)


def test_the_command_takes_other_limits(run_command, roster):
    code, report = run_command(file_of(roster[:-3]), "--mode", "sync", "--max-withdrawn", "10")

    assert (code, report["state"]) == (0, "applied")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-withdrawn", "101"], "--max-withdrawn is a percentage from 0 to 100."),
        (["--approved-by", "registrar"], "--approved-by names another person than --actor."),
        (["--approved-by", "auditor"], "An import is approved by another registrar or an admin."),
    ],
)
def test_the_command_says_what_it_cannot_take(run_command, roster, auditor, options, message):
    with pytest.raises(CommandError) as refusal:
        run_command(file_of(roster[:-3]), "--mode", "sync", *options)
    assert (str(refusal.value), refusal.value.returncode) == (message, 2)
