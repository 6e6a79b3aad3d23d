"""Where the levels of a criterion are ranges, whoever marks sees where each of them ends."""

import pytest
from django.forms import modelform_factory

from backoffice.apps.assessments.models import (
    CriterionScore,
    GradingRubric,
    RubricCriterion,
    RubricLevel,
)
from backoffice.apps.assessments.rubric_marking import CriterionScoreForm


@pytest.mark.parametrize(
    ("has_ranges", "labels"),
    [
        (False, ["Strong (10)", "Weak (4.5)", "None (0)"]),
        (True, ["Strong (10 to more than 4.5)", "Weak (4.5 to more than 0)", "None (0)"]),
    ],
)
def test_a_level_is_offered_with_its_points_or_its_range(courses, has_ranges, labels):
    rubric = GradingRubric.objects.create(course=courses["BIO101"], title="Essay")
    criterion = RubricCriterion.objects.create(
        rubric=rubric, position=1, title="Argument", max_points=10, has_ranges=has_ranges
    )
    for title, points in (("None", 0), ("Strong", 10), ("Weak", "4.5")):
        RubricLevel.objects.create(criterion=criterion, title=title, points=points)
    criterion.refresh_from_db()
    made = modelform_factory(
        CriterionScore, form=CriterionScoreForm, fields=["criterion", "level", "points"]
    )

    choices = made(criteria=[criterion]).fields["level"].widget.choices
    groups = dict(choices[1:])
    assert [label for _pk, label in groups["Argument"]] == labels
