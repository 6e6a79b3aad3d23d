"""Saved comments: whose they are, how they are found, and what is put in."""

import pytest

from backoffice.apps.assessments.desk.bank import filled_in
from backoffice.apps.assessments.models import GradingRubric, RubricCriterion, SavedComment
from tests.assessments.desk.desk import Desk


def texts(desk: Desk, work, **query) -> list[str]:
    page = desk.client.get(desk.address(work, "bank"), query)
    assert page.status_code == 200
    return [each.text for each in page.context["comments"]]


def save(desk: Desk, work, text: str, **values):
    return desk.send(work, "save_comment", text=text, **values)


def test_ones_own_are_found_by_three_letters(desk: Desk, works):
    save(desk, works[0], "Name your sources.")
    save(desk, works[0], "Well argued.")
    assert texts(desk, works[0], q="sou") == ["Name your sources."]
    assert texts(desk, works[0], q="xyz") == []


def test_anothers_own_are_not_there_and_shared_ones_are(desk: Desk, assistant_desk: Desk, works):
    save(desk, works[0], "For me.")
    save(desk, works[0], "For us.", shared="on")
    assert texts(assistant_desk, works[0]) == ["For us."]


def test_the_first_name_takes_its_place(desk: Desk, works):
    save(desk, works[0], "{first_name}, well done.")
    assert texts(desk, works[0]) == ["Ada, well done."]
    assert texts(desk, works[1]) == ["Bo, well done."]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("{first_name}, well done.", "well done."),
        ("Well done, {first_name}.", "Well done."),
        ("Well done {first_name}!", "Well done!"),
        ("{first_name}", ""),
    ],
)
def test_without_a_name_no_gap_is_left(text: str, without: str):
    assert filled_in(text, "") == without


def test_one_bound_to_a_criterion_is_offered_with_its_rubric_only(desk: Desk, works, rubric):
    criterion = rubric.criteria.first()
    save(desk, works[0], "Argue.", criterion=criterion.pk)
    page = desk.client.get(desk.address(works[0], "bank"))
    assert [each.criterion for each in page.context["comments"]] == [criterion.pk]
    desk.assessment.rubric = None
    desk.assessment.save()
    assert texts(desk, works[0]) == []


def test_a_criterion_of_another_rubric_is_refused(desk: Desk, works, course):
    other = GradingRubric.objects.create(course=course, title="Other")
    foreign = RubricCriterion.objects.create(rubric=other, position=1, title="X", max_points=1)
    answer = save(desk, works[0], "Argue.", criterion=foreign.pk)
    assert answer.status_code == 422
    assert answer.json() == {"message": "This criterion belongs to another rubric."}
    assert not SavedComment.objects.exists()


def test_one_without_words_is_refused(desk: Desk, works):
    answer = save(desk, works[0], "   ")
    assert answer.status_code == 422
    assert not SavedComment.objects.exists()


def test_use_is_counted_and_is_no_change_of_the_comment(desk: Desk, works):
    save(desk, works[0], "Name your sources.")
    comment = SavedComment.objects.get()
    versions = SavedComment.history.count()
    for _time in range(2):
        assert desk.send(works[0], "use", comment=comment.pk).status_code == 200
    comment.refresh_from_db()
    assert comment.use_count == 2
    assert SavedComment.history.count() == versions


def test_the_one_used_most_comes_first(desk: Desk, works):
    save(desk, works[0], "First.")
    save(desk, works[0], "Second.")
    first = SavedComment.objects.get(text="First.")
    desk.send(works[0], "use", comment=first.pk)
    assert texts(desk, works[0]) == ["First.", "Second."]


def test_anothers_own_is_not_used(desk: Desk, assistant_desk: Desk, works):
    save(desk, works[0], "For me.")
    comment = SavedComment.objects.get()
    assert assistant_desk.send(works[0], "use", comment=comment.pk).status_code == 403
    assert assistant_desk.send(works[0], "use", comment="x").status_code == 403


def test_an_empty_bank_says_how_to_fill_it(desk: Desk, works):
    page = desk.client.get(desk.address(works[0], "bank")).content.decode()
    assert "No comment is saved yet." in page
