"""Whom a command names has not logged in: the import and the record say so."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backoffice.apps.users.models import User
from backoffice.audit.models import ChangeSet, CredentialChange
from backoffice.bulk.models import Batch

HEADER = "student_id,course_code,presentation\n"
CLAIMED = "claimed at the command line"


@pytest.fixture
def roster(tmp_path: Path, courses: Any, import_file: Any) -> list[str]:
    """The words of a command that withdraws 39 of 40 students."""
    lines = [f"s{number},BIO101,2026J\n" for number in range(1001, 1041)]
    import_file("enrollments", HEADER + "".join(lines), create_students=True)
    file = tmp_path / "roster.csv"
    file.write_text(HEADER + lines[0])
    return ["import_csv", "enrollments", str(file), "--mode", "sync"]


def test_actor_and_approver_of_a_command_are_claimed(
    roster, registrar, registrar2, registrar_client
):
    call_command(*roster, "--actor", "registrar", "--approved-by", "registrar2")
    batch = Batch.objects.latest("pk")
    assert (batch.state, batch.uploaded_by, batch.approved_by) == ("applied", registrar, registrar2)
    assert batch.uploader_name == f"Registrar Example, {CLAIMED}"
    assert batch.approver_name == f"Registrar2 Example (registrar2), {CLAIMED}"
    assert batch.change_set.actor_name == f"Registrar Example (registrar), {CLAIMED}"
    assert batch.change_set.source == "import"
    page = registrar_client.get(f"/admin/bulk/batch/{batch.pk}/change/").content.decode()
    assert batch.uploader_name in page
    assert batch.approver_name in page
    call_command("undo_import", str(batch.pk), "--actor", "registrar")
    undone = ChangeSet.objects.filter(source="undo").get()
    assert undone.actor_name == f"Registrar Example (registrar), {CLAIMED}"


def test_the_operator_claims_no_name(roster):
    with pytest.raises(SystemExit):
        call_command(*roster)
    assert Batch.objects.latest("pk").uploader_name == "Operator at the command line"


def test_a_name_stays_whole_enough_to_carry_its_mark(roster, registrar):
    User.objects.filter(pk=registrar.pk).update(first_name="R" * 150, last_name="R" * 150)
    with pytest.raises(SystemExit):
        call_command(*roster, "--actor", "registrar")
    name = Batch.objects.latest("pk").uploader_name
    assert (len(name), name.endswith(CLAIMED)) == (320, True)


@pytest.mark.parametrize("words", [("--actor", "registrar"), ()])
def test_no_account_is_claimed_that_may_be_the_actors(words, roster, registrar, registrar2):
    """The operator without a name, too: whose password they set does not agree for them."""
    CredentialChange.objects.create(
        account=registrar2, what="password", setter=registrar if words else None
    )
    with pytest.raises(CommandError) as refusal:
        call_command(*roster, *words, "--approved-by", "registrar2")
    assert refusal.value.returncode == 2
    assert str(refusal.value).startswith("This takes another person.")
    assert Batch.objects.latest("pk").state == Batch.State.HELD
