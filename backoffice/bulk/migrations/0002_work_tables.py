"""Where an import keeps its tables on PostgreSQL, and how it makes them without owning them.

The triggers that write history read an import's plan with their owner's rights. So nobody else may
own one: on a table of its own the application could put a policy or an index that runs its code as
the owner. These two functions make and drop such tables, of plain columns, and nothing else.
"""

from typing import Any

from django.db import migrations

NAME = "^bulk_[a-z_]+_[0-9]+$"
TYPES = ("boolean", "integer", "bigint", "numeric", "text", "date", "timestamptz")
MADE = f"""
CREATE OR REPLACE FUNCTION backoffice_work.make_table(name text, columns text[], types text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    defined text;
BEGIN
    IF name !~ '{NAME}' OR NOT types <@ ARRAY['{"', '".join(TYPES)}'] THEN
        RAISE EXCEPTION '% is no table of an import', name;
    END IF;
    SELECT string_agg(format('%I %s', c.name, c.kind), ', ' ORDER BY c.place) INTO defined
        FROM ROWS FROM (unnest(columns), unnest(types)) WITH ORDINALITY AS c(name, kind, place);
    EXECUTE format('CREATE UNLOGGED TABLE backoffice_work.%I (%s)', name, defined);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON backoffice_work.%I TO %I',
        name, session_user);
END $body$
"""
DROPPED = f"""
CREATE OR REPLACE FUNCTION backoffice_work.drop_tables(names text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY names LOOP
        IF name !~ '{NAME}' THEN
            RAISE EXCEPTION '% is no table of an import', name;
        END IF;
        IF to_regclass(format('backoffice_work.%I', name)) IS NOT NULL THEN
            EXECUTE format('DROP TABLE backoffice_work.%I', name);
        END IF;
    END LOOP;
END $body$
"""
# Previews made before are made anew when somebody opens them.
LEFT = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    AND c.relname ~ '^bulk_((newcomer_)?(stage|plan)|repeats)_[0-9]+$'
"""


def make(_apps: Any, editor: Any) -> None:
    """On PostgreSQL alone; SQLite has one role and one schema."""
    if editor.connection.vendor != "postgresql":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('backoffice_work')")
        # A superuser may have made it for an owner who may not.
        if cursor.fetchone()[0] is None:
            cursor.execute("CREATE SCHEMA backoffice_work")
        for sql in (MADE, DROPPED):
            cursor.execute(sql)
        cursor.execute(LEFT)
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE public.{name}")


def unmake(_apps: Any, editor: Any) -> None:
    """Remove the place with what is in it."""
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP SCHEMA backoffice_work CASCADE")


class Migration(migrations.Migration):
    dependencies = [("bulk", "0001_batches")]

    operations = [migrations.RunPython(make, unmake)]
