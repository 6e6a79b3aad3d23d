"""A migration's operation: many small ones about indexes, with the models built anew once.

Django builds all models anew for each operation, and for those of thirty history tables that takes
longer than everything else a new database needs.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class Together(Operation):
    """Operations, each about another index or field, none of which needs what another one did."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How a migration writes it."""
        return type(self).__name__, [self.operations], {}

    def describe(self) -> str:
        """What `migrate` says of it."""
        return f"{len(self.operations)} changes of indexes"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Each changes the state; the models follow at the end."""
        apps = state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)
        if apps is not None:
            state.__dict__["apps"] = apps
            names = {each.model_name_lower for each in self.operations}
            state.reload_models({(app_label, name) for name in names}, delay=True)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """One after the other."""
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """From the last to the first."""
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)
