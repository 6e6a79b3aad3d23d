"""An undo gives the sections of an enrollment back with it."""

from typing import Any

import pytest

from backoffice.apps.users.models import Enrollment, SectionMembership
from backoffice.bulk.models import Batch
from backoffice.bulk.undo.undo import prospect_of, undo
from tests.bulk.plan.sections import canvas_file
from tests.stored_rows import stored_rows

TABLES = ("users_enrollment", "users_sectionmembership")


def stored() -> dict[str, list[tuple[Any, ...]]]:
    return stored_rows(TABLES)


@pytest.fixture
def canvas(import_file: Any, courses: Any, student: Any) -> Any:
    """Brings in rows of Canvas."""
    student("s1001")
    student("s1002")
    return lambda *rows, **options: import_file("enrollments", canvas_file(*rows), **options)


def test_what_was_added_goes_with_its_sections(canvas, registrar):
    before = stored()
    batch = canvas("s1001 S1 deleted", "s1001 S2 active", "s1002 S1 active")
    assert (batch.created, batch.sections) == (2, 3)
    assert prospect_of(batch).removed == 2
    made = undo(batch, registrar)
    assert stored() == before
    assert (made.removed, made.sections, made.rejected) == (2, 3, 0)


def test_sections_have_their_former_state_again(canvas, registrar):
    canvas("s1001 S1 active 2026-02-01", "s1001 S2 active 2026-02-01")
    before = stored()
    # The first ends no enrollment: its section is all that there is to give back.
    first = canvas("s1001 S2 deleted 2026-02-01 2026-03-01")
    between = stored()
    second = canvas("s1001 S1 deleted 2026-02-01 2026-04-01")
    undo(second, registrar)
    assert stored() == between
    assert first.can_be_undone
    made = undo(first, registrar)
    assert stored() == before
    assert (made.updated, made.sections, made.can_be_undone) == (0, 1, True)


def test_the_page_offers_to_give_sections_back(canvas, registrar_client):
    canvas("s1001 S1 active", "s1001 S2 active")
    batch = canvas("s1001 S2 deleted")
    page = registrar_client.get(f"/admin/bulk/batch/{batch.pk}/undo/").content.decode()
    assert "Sections to give back" in page
    assert "Undo: 1 row goes back" in page


def test_an_undo_is_undone_with_its_sections(canvas, registrar):
    canvas("s1001 S1 active", "s1001 S2 active")
    batch = canvas("s1001 S1 deleted", "s1001 S2 deleted")
    after = stored()
    made = undo(batch, registrar)
    assert Enrollment.objects.get().status == "active"
    undo(made, registrar)
    assert stored() == after


def test_a_section_that_another_file_changed_since_stays_and_is_listed(canvas, registrar):
    batch = canvas("s1001 S1 active", "s1001 S2 active")
    canvas("s1001 S2 deleted")
    made = undo(batch, registrar)
    assert (made.rejected, Enrollment.objects.count()) == (1, 1)
    issue = made.issues.get(code="changed")
    assert issue.message.startswith("Line 3: ")
    assert " – S2 was changed since, by " in issue.message
    assert SectionMembership.objects.get().section == "S2"


def test_the_page_of_an_import_lists_the_sections_it_wrote(canvas, registrar_client):
    batch: Batch = canvas("s1001 S1 deleted", "s1001 S2 active")
    page = registrar_client.get(
        f"/admin/bulk/batch/{batch.pk}/change/?of=sections"
    ).content.decode()
    assert " – S1" in page
    assert " – S2" in page
