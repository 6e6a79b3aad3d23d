"""Forgetting a student reaches what graders typed, noted and quoted about the work."""

import pytest

from backoffice.apps.assessments.models import Annotation, GradeDraft, GradingNote, SubmissionFlag
from backoffice.apps.users.models import User
from backoffice.audit.models import ChangeSet
from backoffice.audit.models.personal_data import FORGOTTEN
from backoffice.audit.record.recording import recording
from backoffice.audit.seal.erasure import forget
from tests.assessments.desk.desk import Desk


@pytest.mark.django_db(transaction=True)
def test_drafts_notes_flags_and_passages_are_forgotten(desk: Desk, works, admin):
    desk.send(works[0], "draft", feedback="zq Ada zq")
    desk.send(works[0], "note", text="zq Ada zq")
    desk.send(works[0], "flag", text="zq Ada zq")
    desk.send(works[0], "annotate", start=4, end=11, comment="Which one?")
    desk.send(works[1], "note", text="Of another one.")
    student = works[0].student
    User.objects.filter(pk=student.pk).update(is_active=False)
    student.refresh_from_db()
    with recording(source=ChangeSet.Source.COMMAND, actor=admin, reason="Asked to be forgotten."):
        forget(student)
    assert GradeDraft.objects.get().payload is None
    assert GradingNote.objects.get(submission=works[0]).text == FORGOTTEN
    assert GradingNote.history.filter(submission=works[0].pk).first().text == FORGOTTEN
    assert SubmissionFlag.objects.get().text == FORGOTTEN
    assert Annotation.objects.get().quoted == ""
    assert Annotation.history.first().quoted == ""
    assert GradingNote.objects.get(submission=works[1]).text == "Of another one."
    page = desk.open(works[0]).content.decode()
    assert "zq" not in page
    assert "herring" not in page


def test_what_is_left_opens(desk: Desk, works):
    desk.send(works[0], "annotate", start=4, end=11, comment="Which one?")
    type(works[0])._base_manager.filter(pk=works[0].pk).update(text="")
    Annotation._base_manager.update(quoted=FORGOTTEN)
    assert desk.open(works[0]).status_code == 200
