"""A rubric is written as one table, and nobody overwrites another's changes unseen."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.apps.assessments.models import (
    Assessment,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from tests.actions import messages_of
from tests.assessments.rubric_grids import address_of, cells_of, opened_form, send
from tests.rubric_files import marked_by, stored


def rows() -> list[tuple[str, Decimal, list[tuple[str, Decimal]]]]:
    """The stored criteria with their points and levels."""
    return [
        (title, most, [(name, points) for name, _text, points in levels])
        for _rubric, _place, title, _text, _ranges, most, levels in stored()
    ]


def texts_of(page: Any) -> list[str]:
    """The errors listed above the grid."""
    return [
        f"{each.place}, {each.field} “{each.value}”: {each.message}"
        for each in page.context["errors"]
    ]


@pytest.fixture
def ada(person: Any, essay: GradingRubric) -> Client:
    """Another person who may change the rubric."""
    client = Client()
    client.force_login(
        User.objects.create_superuser("ada", first_name="Ada", last_name="Lovelace", role="admin")
    )
    return client


def test_one_save_stores_everything_in_one_change_set(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    before = ChangeSet.objects.count()
    answer = send(
        instructor_client,
        essay,
        form
        | {
            "criterion-0-title": " Claim ",
            "criterion-0-max_points": "8",
            "criterion-0-level-0-points": "8.00",
            "criterion-0-level-2-title": "Weak",
            "criterion-0-level-2-points": "4.5",
            "criterion-1-max_points": "20",
            "criterion-1-level-0-points": "20",
            "criterion-1-level-1-title": "",
            "criterion-1-level-1-points": "",
            "criterion-1-has_ranges": "on",
            "criterion-2-title": "Late",
            "criterion-2-max_points": "5",
            "criterion-2-is_deduction": "on",
        },
    )
    assert (answer.status_code, answer.url) == (302, address_of(essay))
    assert messages_of(answer) == ["The rubric was saved."]
    assert rows() == [
        ("Claim", 8, [("Strong", 8), ("Weak", Decimal("4.5")), ("None", 0)]),
        ("Sources", 20, [("Strong", 20)]),
        ("Late", 5, []),
    ]
    assert ChangeSet.objects.count() == before + 1
    late = RubricCriterion.objects.get(title="Late")
    assert (late.is_deduction, late.position) == (True, 3)
    assert GradingRubric.objects.get().version == 1


def test_criteria_change_places_and_go(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    keys = list(essay.criteria.order_by("position").values_list("pk", flat=True))
    send(instructor_client, essay, form | {"criterion-0-place": "2", "criterion-1-place": "1"})
    assert list(essay.criteria.order_by("position").values_list("pk", flat=True)) == keys[::-1]
    form = opened_form(instructor_client, essay)
    send(instructor_client, essay, form | {"criterion-0-remove": "1"})
    assert [row[0] for row in rows()] == ["Argument"]
    assert essay.criteria.get().position == 1


def test_two_levels_change_their_titles_with_each_other(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    titles = {"criterion-0-level-0-title": "None", "criterion-0-level-1-title": "Strong"}
    assert send(instructor_client, essay, form | titles).status_code == 302
    assert rows()[0] == ("Argument", 10, [("None", 10), ("Strong", 0)])


def test_points_left_blank_are_those_of_the_best_level(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    changed = {"criterion-0-max_points": "", "criterion-0-level-0-points": "12.5"}
    assert send(instructor_client, essay, form | changed).status_code == 302
    assert rows()[0][1] == Decimal("12.5")


def test_what_a_form_leaves_out_is_not_removed(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    few = {k: v for k, v in form.items() if k in ("version", "opened") or "criterion-0-title" in k}
    few |= {k: v for k, v in form.items() if k.startswith("criterion-0-") and "level" not in k}
    send(instructor_client, essay, few | {"criterion-0-title": "Claim"})
    assert [(title, len(levels)) for title, _most, levels in rows()] == [
        ("Claim", 2),
        ("Sources", 2),
    ]


def test_a_grid_as_it_was_opened_stores_nothing(essay, instructor_client):
    before = ChangeSet.objects.count()
    answer = send(instructor_client, essay, opened_form(instructor_client, essay))
    assert messages_of(answer) == ["Nothing was changed, so nothing was saved."]
    assert ChangeSet.objects.count() == before


def test_all_errors_are_listed_at_their_cells_and_all_that_was_typed_stays(
    essay, instructor_client
):
    form = opened_form(instructor_client, essay)
    answer = send(
        instructor_client,
        essay,
        form
        | {
            "criterion-0-title": "",
            "criterion-0-level-0-points": "10.01",
            "criterion-0-level-1-points": "-1",
            "criterion-1-max_points": "0",
            "criterion-1-level-0-title": "None",
            "criterion-1-level-0-points": "4,5",
            "criterion-2-description": "Words alone",
        },
    )
    assert answer.status_code == 422
    assert texts_of(answer) == [
        "Criterion “1”, Criterion “”: This field cannot be blank.",
        "Level “Strong” of criterion “1”, Points “10.01”: A level cannot have more points than its "
        "criterion.",
        "Level “None” of criterion “1”, Points “-1”: The points of a level are 0 or more.",
        "Criterion “Sources”, Points at most “0”: A criterion has more than 0 points.",
        "Level “None” of criterion “Sources”, Points “4,5”: Points have a decimal point and no "
        "comma: 4.5.",
        "Level “None” of criterion “Sources”, Level “None”: Another level of this criterion has "
        "this title already.",
        "Criterion “3”, Criterion “”: This field cannot be blank.",
        "Criterion “3”, Points at most “”: Say how many points.",
    ]
    cells = cells_of(answer)
    assert cells["criterion-1-level-0-points"] == "4,5"
    assert cells["criterion-2-description"] == "Words alone"
    assert rows()[0][0] == "Argument"
    # Corrected, the same form is saved.
    corrected = form | {"criterion-0-title": "Claim"}
    assert send(instructor_client, essay, corrected).status_code == 302


@pytest.mark.parametrize(
    "text", ["7_0", "1e1", "٣", "３", "NaN", "1" * 1000, "=1+1", "<b>5</b>", "1.234", "1 0"]
)
def test_what_is_no_plain_number_of_points_is_refused(essay, instructor_client, text):
    form = opened_form(instructor_client, essay)
    answer = send(instructor_client, essay, form | {"criterion-0-max_points": text})
    assert answer.status_code == 422
    assert answer.context["errors"][0].cell == "criterion-0-max_points"
    assert rows()[0][1] == 10


def test_too_many_criteria_are_refused_in_a_sentence(essay, instructor_client):
    form = opened_form(instructor_client, essay)
    many = {f"criterion-{n}-title": "x" for n in range(100)}
    answer = send(instructor_client, essay, form | many)
    assert answer.status_code == 422
    assert answer.context["refusals"] == [
        "A rubric on this page has at most 60 criteria of 12 levels."
    ]


def test_a_second_person_meets_both_values_and_nothing_is_lost(essay, instructor_client, ada):
    form = opened_form(instructor_client, essay)
    theirs = opened_form(ada, essay)
    send(
        ada,
        essay,
        theirs
        | {
            "criterion-0-title": "Thesis",
            "criterion-1-description": "Their words",
            "criterion-1-level-1-title": "Nothing",
        },
    )
    entered = form | {"criterion-0-title": "Claim", "criterion-1-max_points": "5"}
    answer = send(instructor_client, essay, entered)

    assert answer.status_code == 409
    assert [row[0] for row in rows()] == ["Thesis", "Sources"]
    changes = answer.context["merge"].changes
    assert [(c.cell, c.stored, c.entered, c.is_touched, c.who) for c in changes] == [
        ("criterion-0-title", "Thesis", "Claim", True, "Ada Lovelace (ada)"),
        ("criterion-1-description", "Their words", "", False, "Ada Lovelace (ada)"),
        ("criterion-1-level-1-title", "Nothing", "None", False, "Ada Lovelace (ada)"),
    ]
    cells = cells_of(answer)
    assert cells["criterion-0-title"] == "Claim"
    assert cells["criterion-1-max_points"] == "5"
    assert cells["criterion-1-description"] == "Their words"

    # Saving again means it.
    assert send(instructor_client, essay, cells).status_code == 302
    assert rows() == [
        ("Claim", 10, [("Strong", 10), ("None", 0)]),
        ("Sources", 5, [("Strong", Decimal("4.5")), ("Nothing", 0)]),
    ]


def test_one_may_take_what_the_other_stored(essay, instructor_client, ada):
    form = opened_form(instructor_client, essay)
    send(ada, essay, opened_form(ada, essay) | {"criterion-0-title": "Thesis"})
    conflict = send(instructor_client, essay, form | {"criterion-0-title": "Claim"})
    taken = cells_of(conflict) | {"take-criterion-0-title": "theirs", "criterion-1-title": "Works"}
    assert send(instructor_client, essay, taken).status_code == 302
    assert [row[0] for row in rows()] == ["Thesis", "Works"]


def test_criteria_that_somebody_added_or_removed_meanwhile_are_named(essay, instructor_client, ada):
    form = opened_form(instructor_client, essay)
    changed = {"criterion-0-remove": "1", "criterion-2-title": "Style", "criterion-2-max_points": 5}
    send(ada, essay, opened_form(ada, essay) | changed)
    answer = send(instructor_client, essay, form | {"criterion-0-title": "Claim"})
    assert answer.status_code == 409
    assert answer.context["merge"].notes == [
        "Somebody removed the criterion “Claim”, which you changed. Saving adds it anew.",
        "Ada Lovelace (ada) added the criterion “Style”.",
    ]
    send(instructor_client, essay, cells_of(answer))
    assert [row[0] for row in rows()] == ["Claim", "Sources", "Style"]


def test_a_form_that_does_not_say_what_it_was_opened_with_overwrites_nothing(
    essay, instructor_client
):
    form = opened_form(instructor_client, essay) | {"criterion-0-title": "Claim"}
    for forged in ({"version": "", "opened": ""}, {"version": "x", "opened": '{"order": 5}'}):
        assert send(instructor_client, essay, form | forged).status_code == 409
    assert rows()[0][0] == "Argument"


def test_saving_a_used_rubric_makes_its_next_version(essay, instructor_client):
    marked_by("Essay")
    page = instructor_client.get(address_of(essay))
    assert (
        "Work was marked by version 1; saving makes version 2. Assessments stay with their version "
        "until you move them."
    ) in page.content.decode()
    before = ChangeSet.objects.count()
    answer = send(instructor_client, essay, cells_of(page) | {"criterion-0-title": "Claim"})

    second = GradingRubric.objects.get(version=2)
    essay.refresh_from_db()
    assert (answer.status_code, answer.url) == (302, address_of(second))
    assert messages_of(answer) == [
        "Version 2 was made. Version 1 is put away and stays with the work marked by it."
    ]
    assert (essay.is_active, second.is_active) == (False, True)
    assert [c.title for c in essay.criteria.order_by("position")] == ["Argument", "Sources"]
    assert [c.title for c in second.criteria.order_by("position")] == ["Claim", "Sources"]
    assert RubricLevel.objects.filter(criterion__rubric=second).count() == 4
    assert Assessment.objects.get().rubric == essay
    assert ChangeSet.objects.count() == before + 1


def test_a_used_rubric_saved_unchanged_makes_no_version(essay, instructor_client):
    marked_by("Essay")
    send(instructor_client, essay, opened_form(instructor_client, essay))
    assert GradingRubric.objects.count() == 1


def test_two_people_who_change_a_used_rubric_make_one_version_after_the_other(
    essay, instructor_client, ada
):
    marked_by("Essay")
    form = opened_form(instructor_client, essay)
    send(ada, essay, opened_form(ada, essay) | {"criterion-0-title": "Thesis"})
    second = GradingRubric.objects.get(version=2)
    answer = send(instructor_client, essay, form | {"criterion-1-title": "Works"})
    assert answer.status_code == 409
    assert answer.context["rubric"] == second
    (change,) = answer.context["merge"].changes
    assert (change.cell, change.stored, change.is_touched) == ("criterion-0-title", "Thesis", False)
    assert send(instructor_client, second, cells_of(answer)).status_code == 302
    titles = [c.title for c in second.criteria.order_by("position")]
    assert (titles, GradingRubric.objects.count()) == (["Thesis", "Works"], 2)


def test_an_earlier_version_is_only_read(essay, instructor_client):
    marked_by("Essay")
    send(
        instructor_client,
        essay,
        opened_form(instructor_client, essay) | {"criterion-0-title": "Claim"},
    )
    text = instructor_client.get(address_of(essay)).content.decode()
    assert "There is a later version, so this one is only read here." in text
    assert address_of(GradingRubric.objects.get(version=2)) in text
    assert "<textarea" not in text


def test_the_difference_to_each_assessments_maximum_is_named(essay, instructor_client):
    course = essay.course
    Assessment.objects.create(course=course, code="TMA01", rubric=essay, max_score=100)
    Assessment.objects.create(course=course, code="TMA02", rubric=essay, max_score="14.50")
    messages = instructor_client.get(address_of(essay)).context["assessments"]
    assert [each["message"] for each in messages] == [
        "The rubric gives 14.5, the assessment 100.",
        "",
    ]
    essay.criteria.filter(title="Sources").update(is_deduction=True)
    messages = instructor_client.get(address_of(essay)).context["assessments"]
    assert messages[0]["message"] == "The rubric gives 10, the assessment 100."


def test_the_rubric_and_its_list_lead_to_the_grid(essay, instructor_client):
    for address in ("/admin/assessments/gradingrubric/", address_of(essay)[:-5] + "change/"):
        assert address_of(essay) in instructor_client.get(address).content.decode()


@pytest.mark.parametrize("who", ["admin", "auditor", "assistant"])
def test_whoever_may_only_see_it_reads_it(who, request, essay, person):
    client = Client()
    if who == "assistant":
        helper = person("instructor", "helper")
        Enrollment.objects.create(student=helper, course=essay.course, role="teaching_assistant")
        client.force_login(helper)
    else:
        client.force_login(request.getfixturevalue(who))
    page = client.get(address_of(essay))
    text = page.content.decode()
    assert page.status_code == 200
    assert "You may read this rubric, and not change it." in text
    assert "Argument" in text
    assert "<textarea" not in text
    assert send(client, essay, {"criterion-0-title": "x"}).status_code == 403
    assert rows()[0][0] == "Argument"


@pytest.mark.parametrize("who", ["registrar", "other"])
def test_nobody_else_sees_it(who, request, essay, person):
    client = Client()
    one = person("instructor", "ingrid") if who == "other" else request.getfixturevalue(who)
    client.force_login(one)
    assert client.get(address_of(essay)).status_code == 403
    assert send(client, essay, {"criterion-0-title": "x"}).status_code == 403


def test_rows_of_another_course_are_not_touched(essay, courses, instructor_client):
    foreign = GradingRubric.objects.create(course=courses["ART200"], title="Talk")
    other = RubricCriterion.objects.create(rubric=foreign, position=1, title="Voice", max_points=5)
    level = RubricLevel.objects.create(criterion=other, title="Clear", points=5)
    form = opened_form(instructor_client, essay)
    forged = {"criterion-0-id": str(other.pk), "criterion-0-level-0-id": str(level.pk)}
    send(instructor_client, essay, form | forged | {"criterion-0-title": "Forged"})
    other.refresh_from_db()
    level.refresh_from_db()
    assert (other.title, other.rubric, level.criterion) == ("Voice", foreign, other)


def test_the_page_asks_as_much_of_12_criteria_as_of_2(essay, instructor_client):
    counts = []
    for _round in range(2):
        instructor_client.get(address_of(essay))
        with CaptureQueriesContext(connection) as asked:
            instructor_client.get(address_of(essay))
        counts.append(len(asked))
        for position in range(len(counts) * 10, len(counts) * 10 + 10):
            row = {"title": f"C{position}", "max_points": 5, "position": position}
            criterion = essay.criteria.create(**row)
            RubricLevel.objects.create(criterion=criterion, title="All", points=5)
    assert counts[0] == counts[1]
    assert counts[0] <= 30
