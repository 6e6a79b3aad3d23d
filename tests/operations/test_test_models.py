"""`test_models`: tries every model, keeps nothing, and says which model is broken and why."""

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, models

from backoffice.admin_site.models.rules import RowRule, UniqueRule
from backoffice.apps.courses.models import CourseTag, CourseTagging
from backoffice.apps.users.models import Profile
from backoffice.audit.models import Audited, AuditedQuerySet
from backoffice.operations.model_trial.examples import Examples
from backoffice.operations.model_trial.trials import models_to_try, try_models

pytestmark = pytest.mark.django_db


def output_lines(*options: str) -> list[str]:
    """What the command prints."""
    out = io.StringIO()
    call_command("test_models", *options, stdout=out)
    return out.getvalue().splitlines()


def failed_output() -> tuple[list[str], str]:
    """What the command prints, and its closing sentence, when it fails."""
    out = io.StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("test_models", stdout=out)
    assert refusal.value.returncode == 1
    return out.getvalue().splitlines(), str(refusal.value)


def counts() -> dict[str, int]:
    """How many rows every table has."""
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def test_every_model_is_tried_on_an_empty_database():
    lines = output_lines()
    labels = [model._meta.label for model in models_to_try()]
    assert lines == [f"{label}: works" for label in labels] + [
        f"All {len(labels)} models work; nothing was kept."
    ]
    assert set(models_to_try()) == {m for m in apps.get_models() if issubclass(m, Audited)}


def test_nothing_is_kept_and_nothing_stored_changes(demo: None):
    before = counts()
    rows = list(CourseTag.objects.values())
    output_lines("--verbose", "--test-queries")
    assert counts() == before
    assert list(CourseTag.objects.values()) == rows


def test_every_constraint_is_broken_and_refuses_in_its_own_name():
    for trial in try_models():
        held = trial.model._meta.constraints
        named = [field for field in trial.model._meta.concrete_fields if field.is_relation]
        assert trial.counts["constraints"] == len(held) + len(named), trial.model


def test_verbose_says_what_was_counted(demo: None):
    stored = CourseTagging.objects.count()
    assert (
        "courses.CourseTagging: works; made, found by key, changed and deleted, with history; "
        "relations walked: 2; constraints that refused a violation: 3; kinds of people asked what "
        f"they see: 6; rows stored: {stored}"
    ) in output_lines("--verbose")


def test_lists_take_the_same_queries_however_many_rows_there_are(demo: None):
    for trial in try_models(with_lists=True):
        page, with_parts, _for_instructor, count = trial.timings
        behind = [each for each in trial.model._meta.related_objects if each.one_to_many]
        assert (page.queries, count.queries) == (1, 1)
        assert with_parts.queries == 1 + len(behind)
    assert any(
        line.startswith("    how many there are: 1 query, ")
        for line in output_lines("--test-queries")
    )


def assert_tag_is_broken(message: str) -> None:
    (trial,) = try_models(CourseTag)
    assert trial.fault == message


def test_a_check_the_database_does_not_hold_is_told(monkeypatch: Any):
    rule = RowRule(
        name="tag_has_no_description",
        condition=~models.Q(description=""),
        field="description",
        code="x",
        message="x",
    )
    held = [*CourseTag._meta.constraints, rule]
    monkeypatch.setattr(CourseTag._meta, "constraints", held)
    before = counts()
    lines, closing = failed_output()
    assert counts() == before
    line = next(each for each in lines if each.startswith("courses.CourseTag: "))
    assert line.startswith("courses.CourseTag: the database takes ")
    assert line.endswith(", which tag_has_no_description forbids.")
    assert closing == f"1 of {len(models_to_try())} models are broken: courses.CourseTag."


def test_a_unique_rule_the_database_does_not_hold_is_told(monkeypatch: Any):
    rule = UniqueRule(
        name="tag_description_unique", fields=["description"], field="name", code="x", message="x"
    )
    held = [*CourseTag._meta.constraints, rule]
    monkeypatch.setattr(CourseTag._meta, "constraints", held)
    assert_tag_is_broken("the database does not hold tag_description_unique.")


def test_a_change_without_history_is_told():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE courses_coursetag DISABLE TRIGGER record_update")
        else:
            cursor.execute("DROP TRIGGER record_update_courses_coursetag")
    assert_tag_is_broken("its history says '+' where it should say '~+'.")


def test_a_natural_key_that_finds_nothing_is_told(monkeypatch: Any):
    monkeypatch.setattr(CourseTag, "natural_key", lambda self: ("another",))
    assert_tag_is_broken("DoesNotExist: CourseTag matching query does not exist.")


def test_a_value_that_is_not_stored_as_it_was_saved_is_told(monkeypatch: Any):
    save = CourseTag.save

    def cut(self: Any, *args: Any, **kwargs: Any) -> None:
        save(self, *args, **kwargs)
        CourseTag.objects.filter(pk=self.pk).update(description="cut")

    monkeypatch.setattr(CourseTag, "save", cut)
    (trial,) = try_models(CourseTag)
    assert trial.fault.startswith("description was saved as 'example")
    assert trial.fault.endswith("and is read as 'cut'.")


def test_rows_that_anybody_sees_are_told(monkeypatch: Any):
    monkeypatch.setattr(AuditedQuerySet, "visible_to", lambda self, user: self.all())
    assert_tag_is_broken("somebody not logged in sees it, against the table of roles.")


def test_rows_that_nobody_sees_are_told(monkeypatch: Any):
    monkeypatch.setattr(AuditedQuerySet, "visible_to", lambda self, user: self.none())
    assert_tag_is_broken("a superuser does not see it, against the table of roles.")


def test_a_reference_that_does_not_protect_is_told(monkeypatch: Any):
    relation = CourseTagging._meta.get_field("tag").remote_field
    monkeypatch.setattr(relation, "on_delete", models.CASCADE)
    (trial,) = try_models(CourseTagging)
    assert trial.fault == "what its tag names can be deleted, and the row with it."


def test_a_model_whose_rows_are_never_valid_is_told_and_the_others_are_tried(monkeypatch: Any):
    def refuse(self: Any, exclude: Any = None) -> None:
        self.clean_fields_of_base(exclude)
        raise ValueError("cannot be")

    monkeypatch.setattr(Profile, "clean_fields_of_base", Profile.clean_fields, raising=False)
    monkeypatch.setattr(Profile, "clean_fields", refuse)
    lines, closing = failed_output()
    assert "users.Profile: ValueError: cannot be" in lines
    assert closing == f"1 of {len(models_to_try())} models are broken: users.Profile."


def test_a_database_without_its_tables_is_told_at_once(monkeypatch: Any):
    health = {"status": "healthy", "pending_migrations": 3}
    name = "backoffice.operations.management.commands.test_models.check_database_health"
    monkeypatch.setattr(name, lambda: health)
    assert failed_output() == ([], "3 migrations are not applied. Run migrate first.")


@pytest.mark.parametrize("pattern", ["[0-9]{6}", "[A-Za-z]{0,4}[0-9]{3,12}", "s[0-9]{7}"])
def test_examples_follow_the_schools_pattern_of_student_ids(settings: Any, pattern: str):
    settings.STUDENT_ID_PATTERN = pattern
    row = Examples().of(Profile).user
    assert row.student_id == row.username
    assert connection.in_atomic_block
