"""Whether demo data may be put in as such: by the owner, where nobody has been."""

from django.db import connection

from backoffice.audit.models import ChangeSet

Source = ChangeSet.Source


def source_of_demo_data() -> ChangeSet.Source:
    """How demo data is marked: as demo data, or, in a database that is in use, as a command's."""
    is_used = ChangeSet.objects.exclude(source=Source.DEMO).exists()
    return Source.COMMAND if is_used or not _is_owner() else Source.DEMO


def _is_owner() -> bool:
    if connection.vendor != "postgresql":
        return True  # SQLite has no owner
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(session_user, relowner, 'USAGE') FROM pg_class "
            "WHERE oid = %s::regclass",
            [ChangeSet._meta.db_table],
        )
        return bool(cursor.fetchone()[0])
