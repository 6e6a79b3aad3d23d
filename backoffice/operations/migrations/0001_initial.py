"""Extensions of PostgreSQL: vectors, trigrams, and plain columns in inverted indexes."""

from django.db import migrations

from backoffice.operations.extensions import Extension


class Migration(migrations.Migration):
    """Does nothing on SQLite: the operation looks at the vendor."""

    initial = True
    dependencies = []
    operations = [
        Extension("vector"),
        Extension("pg_trgm"),
        Extension("btree_gin"),
    ]
