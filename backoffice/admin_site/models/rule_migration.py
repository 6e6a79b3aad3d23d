"""New rules and indexes for tables that are in use.

Rows that break a rule are named, and stay as they are.
"""

from typing import Any

from django.db import models
from django.db.migrations.operations import AddConstraint, AddIndex
from django.db.migrations.operations.base import Operation

FIRST = 10  # ids that are named


def name_rows(rows: models.QuerySet[Any], what: str, advice: str) -> None:
    """Print how many rows there are, the first ids, and what to do; nothing where there is none.

    `what` says what the rows are, `advice` how they are put right.
    """
    count = rows.count()
    if count:
        ids = ", ".join(str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)[:FIRST])
        more = ", …" if count > FIRST else ""
        table = rows.model._meta.db_table
        print(f"\n  {table}, {what}: {count} (id {ids}{more}). Nothing was changed. {advice}")


class AddRule(AddConstraint):
    """Adds a check that new and changed rows meet from now on; stored ones are not looked at.

    On PostgreSQL without reading the table, so that nobody waits. SQLite has no such check: there
    it is left out while a stored row breaks it, and the model alone refuses.
    """

    # Any: a schema editor of either database.
    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"{self.constraint.create_sql(model, schema_editor)} NOT VALID")
        elif not _broken(model, self.constraint).exists():
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddIndexOpenly(AddIndex):
    """Adds an index while others write the table; the migration is not atomic then.

    On PostgreSQL what is left of an attempt that broke off goes first. SQLite knows one writer.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if schema_editor.connection.vendor == "postgresql":
            name = schema_editor.quote_name(self.index.name)
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            schema_editor.add_index(model, self.index, concurrently=True)
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class ValidateRule(Operation):
    """Makes a check that `AddRule` added hold of all rows, unless one breaks it.

    In a migration of its own: the table stays open to writers while it is read.
    """

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name, self.name = model_name, name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The rule is in the state already."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, _from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.connection.vendor != "postgresql":
            return
        rule = next(each for each in model._meta.constraints if each.name == self.name)
        if not _broken(model, rule).exists():
            quote = schema_editor.quote_name
            table, name = quote(model._meta.db_table), quote(self.name)
            schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")

    def database_backwards(self, *_args: Any) -> None:
        """The check goes with the migration that added it."""

    def describe(self) -> str:
        return f"Check {self.name} of {self.model_name} against the rows that are there"


def _broken(model: type[models.Model], rule: Any) -> models.QuerySet[Any]:
    return model._base_manager.filter(~rule.condition)
