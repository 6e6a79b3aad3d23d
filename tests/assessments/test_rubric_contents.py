"""Equal contents of rubrics have equal hashes, and one changed character has another."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.apps.assessments.models import AssessmentSubmission, GradingRubric, RubricCriterion
from backoffice.apps.assessments.models.totals import score_of
from backoffice.apps.assessments.rubrics.contents import (
    Contents,
    CriterionContents,
    LevelContents,
    contents_by_rubric,
    contents_hash,
    contents_hashes,
    contents_of,
    hash_of,
    plain_points,
)
from backoffice.apps.assessments.rubrics.totals import rubric_total
from backoffice.apps.assessments.rubrics.versions import new_version
from tests.rubric_files import marked_by

TEXTS = st.text(alphabet="ab \n\"',:[]{}é", max_size=6)
AMOUNTS = st.decimals(min_value=0, max_value=99999, places=2)
LEVELS = st.builds(LevelContents, title=TEXTS, description=TEXTS, points=AMOUNTS.map(plain_points))
CRITERIA = st.builds(
    CriterionContents,
    title=TEXTS,
    description=TEXTS,
    max_points=AMOUNTS.map(plain_points),
    has_ranges=st.booleans(),
    is_deduction=st.booleans(),
    levels=st.lists(LEVELS, max_size=3).map(tuple),
)
CONTENTS = st.lists(CRITERIA, max_size=3).map(tuple)


@given(CONTENTS, CONTENTS)
def test_hashes_are_equal_exactly_where_the_contents_are(one: Contents, other: Contents):
    assert (hash_of(one) == hash_of(other)) is (one == other)
    assert hash_of(one) == hash_of(tuple(replace(criterion) for criterion in one))


@given(st.lists(CRITERIA, min_size=1, max_size=3).map(tuple), st.data())
def test_one_changed_character_point_or_place_changes_the_hash(contents: Contents, data: Any):
    at = data.draw(st.integers(0, len(contents) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(CriterionContents)]))
    value = getattr(contents[at], name)
    if isinstance(value, bool):
        changed: Any = not value
    elif isinstance(value, tuple):
        changed = (*value, LevelContents("", "", "0"))
    elif name == "max_points":
        changed = plain_points(Decimal(value) + Decimal("0.01"))
    else:
        place = data.draw(st.integers(0, len(value)))
        changed = f"{value[:place]}x{value[place:]}"
    other = replace(contents[at], **{name: changed})
    assert hash_of((*contents[:at], other, *contents[at + 1 :])) != hash_of(contents)


@given(AMOUNTS)
def test_zeros_at_the_end_of_points_say_nothing(points: Decimal):
    assert Decimal(plain_points(points)) == points
    assert plain_points(points) == plain_points(points.quantize(Decimal("0.0000")))


def test_the_contents_are_texts_points_and_order_and_no_keys(essay: GradingRubric):
    assert contents_of(essay) == (
        '[{"description":"","has_ranges":false,"is_deduction":false,"levels":['
        '{"description":"","points":"10","title":"Strong"},'
        '{"description":"","points":"0","title":"None"}],"max_points":"10","title":"Argument"},'
        '{"description":"","has_ranges":false,"is_deduction":false,"levels":['
        '{"description":"","points":"4.5","title":"Strong"},'
        '{"description":"","points":"0","title":"None"}],"max_points":"4.5","title":"Sources"}]'
    )


def test_a_copy_has_the_same_hash_until_one_thing_differs(essay: GradingRubric):
    copy = new_version(essay)
    assert contents_hash(copy) == contents_hash(essay)
    GradingRubric.objects.filter(pk=copy.pk).update(title="Another title")
    assert contents_hash(copy) == contents_hash(essay)
    first, second = copy.criteria.order_by("position")
    changes = [
        (first, {"title": "Arguments"}),
        (first, {"has_ranges": True}),
        (first, {"is_deduction": True}),
        (second, {"max_points": "4.51"}),
        (second.levels.first(), {"description": "."}),
        (first, {"position": 9}),
    ]
    for row, values in changes:
        before = type(row).objects.filter(pk=row.pk).values(*values).get()
        type(row).objects.filter(pk=row.pk).update(**values)
        assert contents_hash(copy) != contents_hash(essay), values
        type(row).objects.filter(pk=row.pk).update(**before)
    assert contents_hash(copy) == contents_hash(essay)


def test_the_hashes_of_many_rubrics_take_two_queries(
    essay: GradingRubric, django_assert_num_queries: Any
):
    keys = [essay.pk, *(new_version(essay).pk for _number in range(3))]
    with django_assert_num_queries(2):
        hashes = contents_hashes(keys)
    assert set(hashes) == set(keys)
    assert len(set(hashes.values())) == 1
    assert contents_by_rubric([0]) == {0: ()}


def test_the_page_of_a_rubric_names_the_version_with_the_same_contents(
    essay: GradingRubric, instructor_client: Any
):
    second = new_version(essay)
    address = reverse("admin:assessments_gradingrubric_change", args=[second.pk])
    text = " ".join(instructor_client.get(address).content.decode().split())
    assert f'title="{contents_hash(essay)}"' in text
    assert f">{contents_hash(essay)[:12]}</span>" in text
    assert "Same contents as version 1" in text
    second.criteria.update(title="Other")
    text = instructor_client.get(address).content.decode()
    assert "Same contents as" not in text


def test_the_record_of_a_grade_names_the_contents_of_its_rubric(
    essay: GradingRubric, auditor_client: Any
):
    marked_by("Essay")
    work = AssessmentSubmission.objects.get()
    address = reverse("admin:assessments_assessmentsubmission_grade_record", args=[work.pk])
    text = auditor_client.get(address).content.decode()
    assert f'<span title="{contents_hash(essay)}">' in text


def test_a_file_lists_the_versions_with_their_hashes(
    essay: GradingRubric, courses: Any, instructor_client: Any, registrar_client: Any
):
    second = new_version(essay)
    second.criteria.filter(title="Sources").update(title="Works")
    GradingRubric.objects.create(course=courses["ART200"], title="Foreign")
    address = reverse("admin:assessments_gradingrubric_versions")
    lines = instructor_client.get(address).getvalue().decode("utf-8-sig").splitlines()
    rows = [line.split(",") for line in lines]
    assert rows[0][-1] == "Contents SHA-256"
    assert [(row[0], *row[2:5], row[-1]) for row in rows[1:]] == [
        ("BIO101", "Essay", "1", "0", contents_hash(essay)),
        ("BIO101", "Essay", "2", "1", contents_hash(second)),
    ]
    assert registrar_client.get(address).status_code == 403
    assert instructor_client.post(address).status_code == 403


def test_a_criterion_that_deducts_is_not_in_the_total(essay: GradingRubric):
    assert rubric_total(essay) == Decimal("14.5")
    essay.criteria.filter(title="Sources").update(is_deduction=True)
    assert rubric_total(essay) == 10


@given(
    st.lists(st.tuples(st.booleans(), AMOUNTS), max_size=6),
    st.decimals(min_value=0, max_value=1000, places=2),
)
def test_a_score_is_what_is_added_less_what_is_deducted_within_0_and_the_cap(
    marks: list[tuple[bool, Decimal]], cap: Decimal
):
    criteria = [
        RubricCriterion(pk=key, is_deduction=is_deduction)
        for key, (is_deduction, _points) in enumerate(marks)
    ]
    points = {key: amount for key, (_is_deduction, amount) in enumerate(marks)} | {99: cap}
    signed = [-amount if is_deduction else amount for is_deduction, amount in marks]
    score = score_of(points, criteria, cap)
    assert isinstance(score, Decimal)
    assert score == sorted((Decimal(0), sum(signed, Decimal(0)), cap))[1]
