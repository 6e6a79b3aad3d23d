"""Extensions of PostgreSQL: vectors, trigrams, and plain columns in inverted indexes."""

from django.contrib.postgres.operations import CreateExtension
from django.db import migrations


class Migration(migrations.Migration):
    """Does nothing on SQLite: the operation looks at the vendor."""

    initial = True
    dependencies = []
    operations = [
        CreateExtension("vector"),
        CreateExtension("pg_trgm"),
        CreateExtension("btree_gin"),
    ]
