"""The health page finds what came to a record while it was merged."""

from backoffice.apps.communications.models import DirectMessage
from backoffice.apps.users.merging.late_rows import merged_records
from backoffice.apps.users.models import Enrollment
from tests.users.twins import merged, undone


def test_messages_between_the_two_are_no_late_rows(ada, twin, registrar, admin):
    DirectMessage.objects.create(sender=twin, recipient=ada, body="Is this me?")
    DirectMessage.objects.create(sender=ada, recipient=twin, body="It is.")
    merged(ada, twin, registrar, admin)
    check = merged_records()
    assert str(check.detail) == "No row came late to a merged record (1 of them)."


def test_a_row_that_came_late_is_found_and_an_undo_and_another_merge_move_it(
    ada, twin, registrar, admin, courses
):
    merged(ada, twin, registrar, admin)
    late = Enrollment.objects.create(student=twin, course=courses["ART200"])
    DirectMessage.objects.create(sender=admin, recipient=twin, body="Hello")
    check = merged_records()
    assert str(check.detail) == (
        "Rows came to a record while it was merged into another one: enrollments, messages. Undo "
        "that merge, and merge the two again."
    )
    undone(twin, registrar, admin)
    twin.refresh_from_db()
    merged(ada, twin, registrar, admin)
    late.refresh_from_db()
    assert late.student == ada
    assert str(merged_records().detail) == "No row came late to a merged record (1 of them)."
