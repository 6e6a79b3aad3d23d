"""A score follows its marks, levels say their points, and rules that came later let old rows be."""

from typing import Any

from django.db import migrations, models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Sum

from backoffice.admin_site.models.rule_migration import RemoveRule, name_rows
from backoffice.admin_site.models.trigger_rules import LenientRowRule
from backoffice.admin_site.models.triggers import RemoveTriggersBackwards


def name_broken_rows(apps: Any, _schema_editor: Any) -> None:
    work, marks, reviews, points = (
        apps.get_model("assessments", name)._base_manager
        for name in ("AssessmentSubmission", "CriterionScore", "PeerReview", "PeerReviewScore")
    )
    levels = apps.get_model("assessments", "RubricLevel")._base_manager
    _name_points(marks, levels)
    for rows, rubric in (
        (marks, "submission__assessment__rubric"),
        (points, "review__submission__assessment__rubric"),
    ):
        name_rows(
            rows.exclude(criterion__rubric=F(rubric)),
            "points for a criterion of another rubric than the assessment's",
            "They stand as they are, and count for no score that is computed from now on.",
        )
    _name_scores(work, marks)
    late = Q(submitted_at__gt=F("assessment__due_date"))
    name_rows(
        work.filter(Q(late, is_late=False) | Q(~late, is_late=True)),
        "late by their times and not by their mark, or the other way round",
        "The mark is set when the times of the work or of its assessment are saved next.",
    )
    submitted = reviews.filter(status="submitted")
    unscored = Q(submission__assessment__rubric__isnull=True, feedback="") | Q(
        submission__assessment__rubric__isnull=False, scores__isnull=True
    )
    name_rows(
        submitted.filter(Q(submitted_at__isnull=True) | unscored).distinct(),
        "submitted without points, words or a moment",
        "Give each back to its reviewer, or leave it as it is.",
    )


def _name_points(marks: Any, levels: Any) -> None:
    own = levels.filter(criterion=OuterRef("criterion"))
    next_best = own.filter(points__lt=OuterRef("level__points")).order_by("-points")
    below = Subquery(next_best.values("points")[:1])
    within = Q(points__lt=F("level__points"), criterion__has_ranges=True) & (
        Q(below__isnull=True) | Q(points__gt=F("below"))
    )
    name_rows(
        marks.annotate(below=below).filter(
            Q(level__isnull=True) & Exists(own)
            | Q(level__isnull=False) & ~Q(points=F("level__points")) & ~within
        ),
        "points that are no level's",
        "Choose a level when the grade is looked at again; until then they count.",
    )


def _name_scores(work: Any, marks: Any) -> None:
    criteria = Count("assessment__rubric__criteria", distinct=True)
    own = marks.filter(
        submission=OuterRef("pk"), criterion__rubric=OuterRef("assessment__rubric")
    ).order_by()
    summed = own.values("submission").annotate(total=Sum("points"), count=Count("pk"))
    rows = work.filter(score__isnull=False, assessment__rubric__isnull=False).annotate(
        wanted=criteria,
        total=Subquery(summed.values("total")),
        given=Subquery(summed.values("count")),
    )
    name_rows(
        rows.filter(given=F("wanted")).exclude(score=F("total")),
        "with another score than their criteria give",
        "The score counts; the next change of a criterion marks it as an override.",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0003_graded_work_is_checked"),
    ]

    operations = [
        migrations.RunPython(name_broken_rows, migrations.RunPython.noop),
        RemoveRule(
            model_name="assessmentsubmission",
            name="submission_graded_has_score",
        ),
        migrations.AddField(
            model_name="assessmentsubmission",
            name="computed_score",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                editable=False,
                max_digits=7,
                null=True,
                verbose_name="computed score",
            ),
        ),
        migrations.AddField(
            model_name="assessmentsubmission",
            name="override_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Needed where it is not the one that criteria or questions give.",
                max_length=500,
                verbose_name="why the score differs",
            ),
        ),
        migrations.AddField(
            model_name="assessmentsubmission",
            name="rubric",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=models.PROTECT,
                related_name="marked_submissions",
                to="assessments.gradingrubric",
                verbose_name="marked by",
            ),
        ),
        migrations.AddField(
            model_name="historicalassessmentsubmission",
            name="computed_score",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                editable=False,
                max_digits=7,
                null=True,
                verbose_name="computed score",
            ),
        ),
        migrations.AddField(
            model_name="historicalassessmentsubmission",
            name="override_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Needed where it is not the one that criteria or questions give.",
                max_length=500,
                verbose_name="why the score differs",
            ),
        ),
        migrations.AddField(
            model_name="historicalassessmentsubmission",
            name="rubric",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=models.DO_NOTHING,
                related_name="+",
                to="assessments.gradingrubric",
                verbose_name="marked by",
            ),
        ),
        migrations.AddField(
            model_name="historicalpeerreviewscore",
            name="level",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DO_NOTHING,
                related_name="+",
                to="assessments.rubriclevel",
                verbose_name="level",
            ),
        ),
        migrations.AddField(
            model_name="peerreviewscore",
            name="level",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=models.PROTECT,
                related_name="peer_scores",
                to="assessments.rubriclevel",
                verbose_name="level",
            ),
        ),
        migrations.AlterField(
            model_name="assessmentsubmission",
            name="is_late",
            field=models.BooleanField(default=False, editable=False, verbose_name="late"),
        ),
        migrations.AlterField(
            model_name="historicalassessmentsubmission",
            name="is_late",
            field=models.BooleanField(default=False, editable=False, verbose_name="late"),
        ),
        migrations.AddConstraint(
            model_name="assessmentsubmission",
            constraint=LenientRowRule(
                condition=models.Q(
                    ("computed_score__isnull", True),
                    ("score__isnull", True),
                    ("score", models.F("computed_score")),
                    models.Q(("override_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="submission_override_explained",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessmentsubmission",
            constraint=LenientRowRule(
                condition=models.Q(
                    models.Q(("status__in", ("graded", "finalized")), _negated=True),
                    ("score__isnull", False),
                    _connector="OR",
                ),
                name="submission_graded_has_score",
            ),
        ),
        # The last, so that it is the first on the way back.
        RemoveTriggersBackwards(),
    ]
