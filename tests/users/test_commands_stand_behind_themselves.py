"""What the product's own commands write is accounted for: each leaves its run in the record."""

import io
from typing import Any

import pytest
from django.core.management import call_command

from backoffice.audit.models import AccessRecord, ChangeSet
from tests.users.people import OWN, TEMPORARY, WHY, change_own, log_in


def unaccounted() -> list[str]:
    """The change sets behind whose actor nothing stands, as they are named."""
    return [f"{each.source} {each.actor_name}" for each in ChangeSet.objects.unaccounted()]


def call(*words: str) -> None:
    call_command(*words, stdout=io.StringIO())


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda *_args, **_kwargs: TEMPORARY)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", TEMPORARY)


@pytest.mark.parametrize("actor", [(), ("--actor", "amina")])
def test_accounts_made_and_set_at_the_server_are_accounted_for(cast, typed, actor):
    call("createsuperuser", "--noinput", "--username", "root", "--email", "r@example.org", *actor)
    call("changepassword", "bea", *actor)
    change_own(log_in("bea", TEMPORARY), TEMPORARY, OWN)
    call("confirm_account", "bea", "--reason", WHY)
    assert unaccounted() == []
    runs = AccessRecord.objects.filter(kind="command").order_by("pk").values_list("path", flat=True)
    assert list(runs) == [
        "manage.py createsuperuser",
        "manage.py changepassword",
        "manage.py confirm_account",
    ]


@pytest.mark.parametrize("actor", [(), ("--actor", "registrar")])
def test_files_brought_in_and_undone_at_the_server_are_accounted_for(
    registrar: Any, courses: Any, student: Any, tmp_path: Any, actor: tuple[str, ...]
):
    student("s1001")
    path = tmp_path / "autumn.csv"
    path.write_text("student_id,course_code,presentation\ns1001,BIO101,2026J\n")
    call("import_csv", "enrollments", str(path), *actor)
    batch = ChangeSet.objects.latest("pk").batch
    call("undo_import", str(batch), *actor)
    assert ChangeSet.objects.filter(source__in=("import", "undo")).count() == 2
    assert unaccounted() == []
