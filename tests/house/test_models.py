"""What the description of the database promises, kept for every model."""

import io
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.models.deletion import PROTECT

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.audit.models import Audited
from tests.forging import unwatched

APPS = ("users", "courses", "assessments", "communications")
OWN_APPS = (*APPS, "audit", "bulk", "operations")
AUDITED = [model for model in apps.get_models() if issubclass(model, Audited)]
FIELDS = {
    User: (
        *("username", "email", "first_name", "last_name", "role", "bio", "avatar", "timezone"),
        *("language", "student_id", "graduation_year", "specialization", "is_active"),
        *("is_verified", "is_staff"),
    ),
    Course: (
        *("title", "slug", "description", "short_description", "instructor", "difficulty_level"),
        *("estimated_hours", "learning_objectives", "prerequisites", "language", "status"),
        *("is_featured", "enrollment_limit", "created_at", "updated_at", "published_at"),
    ),
    Assessment: (
        *("title", "description", "assessment_type", "max_score", "passing_score"),
        *("grading_method", "available_from", "due_date", "time_limit_minutes", "max_attempts"),
        *("allow_late_submission", "auto_generate_feedback", "plagiarism_check"),
    ),
}
INDEXES = {
    "users_user_last_login_idx": ("users_user", ["last_login"], ["DESC"]),
    "users_user_role_active_idx": ("users_user", ["role", "is_active"], ["ASC", "ASC"]),
    "courses_course_status_created_idx": (
        *("courses_course", ["status", "created_at"], ["ASC", "DESC"]),
    ),
    "courses_course_instructor_status_idx": (
        *("courses_course", ["instructor_id", "status"], ["ASC", "ASC"]),
    ),
    "assessments_submission_student_submitted_idx": (
        *("assessments_submission", ["student_id", "submitted_at"], ["ASC", "DESC"]),
    ),
    "assessments_assessment_course_type_idx": (
        *("assessments_assessment", ["course_id", "assessment_type"], ["ASC", "ASC"]),
    ),
}
# What nobody may read in a history, and what only says that something was saved.
NEVER_IN_HISTORY = {
    "User": {"password", "last_login", "search_text"},
    "FormerStudentID": {"search_text"},
    "DirectMessage": {"subject", "body"},
    "ChatMessage": {"body"},
}


def test_every_field_of_the_description_is_there():
    for model, names in FIELDS.items():
        known = {field.name for field in model._meta.concrete_fields}
        assert set(names) <= known


def test_the_indexes_have_the_names_columns_and_order_of_the_description(db: None):
    with connection.cursor() as cursor:
        for name, (table, columns, orders) in INDEXES.items():
            index = connection.introspection.get_constraints(cursor, table)[name]
            assert (index["columns"], index["orders"]) == (columns, orders), name


@pytest.mark.skipif(connection.vendor != "postgresql", reason="extensions are PostgreSQL's")
def test_the_extensions_are_there(db: None):
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        assert {"vector", "pg_trgm", "btree_gin"} <= {name for (name,) in cursor.fetchall()}


def test_every_key_has_64_bits_and_so_has_every_history_row():
    for model in AUDITED:
        assert isinstance(model._meta.pk, models.BigAutoField)
        history = model.history.model
        assert isinstance(history._meta.pk, models.BigAutoField)
        assert history._meta.pk.name == "history_id"


def test_nothing_is_deleted_because_something_else_is():
    for model in AUDITED:
        for field in model._meta.concrete_fields:
            if field.is_relation:
                assert field.remote_field.on_delete is PROTECT, field


def test_history_holds_every_field_but_secrets_and_stamps():
    stamps = {"updated_at", "maximum"}
    for model in AUDITED:
        own = {field.name for field in model._meta.concrete_fields}
        held = {field.name for field in model.history.model._meta.concrete_fields}
        secret = NEVER_IN_HISTORY.get(model.__name__, set())
        assert own - held == secret | (own & stamps), model


def test_a_dump_by_natural_keys_loads_into_an_empty_database(demo: None, tmp_path: Any):
    file = tmp_path / "dump.json"
    options = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    mappings = ("bulk.HeaderMapping", "bulk.ValueMapping", "bulk.AssessmentMapping")
    labels = (*APPS, *mappings)
    call_command("dumpdata", *labels, exclude=histories(), output=str(file), **options)
    before = counts()
    User.groups.through.objects.all().delete()
    for model in reversed(in_order_of_need()):
        with unwatched():
            model.history.model.objects.all().delete()
        model._base_manager.all()._raw_delete(connection.alias)

    assert set(counts().values()) == {0}
    call_command("loaddata", str(file), verbosity=0)
    assert counts() == before


def histories() -> list[str]:
    return [model.history.model._meta.label for model in AUDITED]


def counts() -> dict[type[models.Model], int]:
    return {model: model._base_manager.count() for model in AUDITED}


def in_order_of_need() -> list[type[models.Model]]:
    """The models, each after those it refers to."""
    ordered: list[type[models.Model]] = []

    def place(model: type[models.Model]) -> None:
        for field in model._meta.concrete_fields:
            target = field.related_model
            if target and target is not model and target in AUDITED and target not in ordered:
                place(target)
        if model not in ordered:
            ordered.append(model)

    for model in AUDITED:
        place(model)
    return ordered


def test_no_migration_is_missing(db: None):
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="going back is for the product")
def test_the_migrations_go_back_and_forth():
    every = MigrationExecutor(connection).loader.graph.leaf_nodes()
    MigrationExecutor(connection).migrate([(app, None) for app, _name in every if app in OWN_APPS])
    tables = set(connection.introspection.table_names())
    assert not {model._meta.db_table for model in AUDITED} & tables

    MigrationExecutor(connection).migrate(every)
    call_command("migrate", verbosity=0)
    tables = set(connection.introspection.table_names())
    assert {model._meta.db_table for model in AUDITED} <= tables


def test_every_empty_list_says_what_to_do():
    silent = [str(each) for each in admin.site._registry.values() if not each.empty_hint]
    assert not silent
