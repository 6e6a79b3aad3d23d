"""A note for oneself, a line for a colleague, and comments on passages of a text."""

import pytest

from backoffice.apps.assessments.desk.passages import stretches
from backoffice.apps.assessments.models import Annotation, GradingNote, SubmissionFlag
from tests.assessments.desk.desk import Desk


def test_a_note_is_its_authors_alone(desk: Desk, assistant_desk: Desk, works):
    answer = desk.send(works[0], "note", text="zq-note-zq")
    assert answer.json() == {"message": "Your note is kept."}
    assert "zq-note-zq" in desk.open(works[0]).content.decode()
    assert "zq-note-zq" not in assistant_desk.open(works[0]).content.decode()
    listed = assistant_desk.client.get("/admin/assessments/gradingnote/").content.decode()
    assert "zq-note-zq" not in listed


def test_a_note_is_changed_and_goes_and_its_history_stays(desk: Desk, works, instructor):
    for text in ("One.", "Two.", " "):
        desk.send(works[0], "note", text=text)
    assert not GradingNote.objects.exists()
    kinds = GradingNote.history.order_by("history_id").values_list("history_type", flat=True)
    assert list(kinds) == ["+", "~", "-"]


def test_a_flag_is_for_everybody_who_grades(desk: Desk, assistant_desk: Desk, works, instructor):
    answer = desk.send(works[0], "flag", text="Is it long enough?")
    assert answer.json() == {"message": "Flagged for a colleague.", "text": "Is it long enough?"}
    assert "Is it long enough?" in assistant_desk.open(works[0]).content.decode()
    assert "Is it long enough?" in assistant_desk.queue(only="flagged").content.decode()
    assistant_desk.send(works[0], "flag", text="")
    assert not SubmissionFlag.objects.exists()


def test_a_flag_of_more_than_a_line_is_refused(desk: Desk, works):
    answer = desk.send(works[0], "flag", text="x" * 201)
    assert answer.status_code == 422
    assert not SubmissionFlag.objects.exists()


def test_a_comment_keeps_the_words_of_its_passage(desk: Desk, works, instructor):
    answer = desk.send(works[0], "annotate", start=4, end=11, comment="Which herring?")
    assert answer.status_code == 200
    assert "<mark>herring</mark>" in answer.content.decode()
    row = Annotation.objects.get()
    assert (row.quoted, row.author) == ("herring", instructor)


@pytest.mark.parametrize(
    "bounds", [(4, 4), (9, 4), (0, 9999), ("x", 5), ("", ""), ("-1", 5), ("1e1", 12)]
)
def test_a_passage_that_is_not_there_is_refused(desk: Desk, works, bounds):
    start, end = bounds
    answer = desk.send(works[0], "annotate", start=start, end=end, comment="Hm.")
    assert answer.status_code == 422
    text = "The text does not have this passage at this place. Mark it again."
    assert answer.json() == {"message": text}


def test_a_comment_on_a_passage_has_words(desk: Desk, works):
    answer = desk.send(works[0], "annotate", start=4, end=11, comment=" ")
    assert answer.status_code == 422
    assert not Annotation.objects.exists()


def test_a_passage_outlives_a_change_of_the_text(desk: Desk, works):
    desk.send(works[0], "annotate", start=4, end=11, comment="Which herring?")
    type(works[0])._base_manager.filter(pk=works[0].pk).update(text="Another text.")
    page = desk.open(works[0]).content.decode()
    assert "<mark>" not in page
    assert "The text no longer has this passage." in page
    assert "herring" in page


def test_a_comment_is_taken_away_from_its_own_work_only(desk: Desk, works):
    desk.send(works[0], "annotate", start=4, end=11, comment="Which herring?")
    row = Annotation.objects.get()
    assert desk.send(works[1], "take_back", annotation=row.pk).status_code == 403
    assert desk.send(works[0], "take_back", annotation=row.pk).status_code == 200
    assert not Annotation.objects.exists()


def test_the_pieces_of_a_text_are_the_text():
    text = "One two three four"
    rows = [
        Annotation(start=s, end=e, quoted=text[s:e]) for s, e in ((0, 7), (4, 13), (4, 7), (14, 18))
    ]
    pieces = list(stretches(text, rows))
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.comments for piece in pieces] == [(1,), (1, 2, 3), (2,), (), (4,)]


def test_what_a_student_wrote_is_shown_as_it_was_written(desk: Desk, works):
    text = "<script>alert(1)</script>\n  two  spaces"
    type(works[0])._base_manager.filter(pk=works[0].pk).update(text=text)
    page = desk.open(works[0]).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n  two  spaces</div>" in page
