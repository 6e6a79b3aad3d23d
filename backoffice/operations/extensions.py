"""Extensions of PostgreSQL as migrations, on a project that also runs on SQLite."""

from typing import Any

from django.contrib.postgres.operations import CreateExtension


class Extension(CreateExtension):
    """Django's operation looks at the vendor on the way forward only; this one on both ways."""

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
