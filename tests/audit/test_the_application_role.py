"""The application's database role does all it has to, and cannot alter the record."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from django.core.management import CommandError
from django.db import connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.test import Client
from django.urls import reverse

from backoffice.apps.courses.models import Course, CourseTag
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import ChangeSet
from backoffice.audit.record.demo_data import source_of_demo_data
from backoffice.audit.record.grants import check_role, grant
from backoffice.audit.record.install import append_only_tables, history_tables
from backoffice.audit.record.owner_role import owner_role
from backoffice.audit.record.recording import recording
from tests.actions import do
from tests.application_role import APPLICATION, separated
from tests.users.people import OWN, TEMPORARY, WHY, change_own, client_of, log_in

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles")
HISTORY = "courses_historicalcourse"
Sql = Callable[[str], Any]


@pytest.fixture
def as_application(two_roles: None, db: None) -> None:
    """Until this test's transaction ends, its connection is the application's."""
    with connection.cursor() as cursor:
        cursor.execute(f'SET LOCAL SESSION AUTHORIZATION "{APPLICATION}"')


@pytest.fixture
def sql(as_application: None, courses: dict[str, Course]) -> Sql:
    """Runs SQL as somebody who got hold of the role; gives the refusal, or the rows."""

    def run(text: str) -> Any:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.cursor.execute(text)
                return cursor.fetchall() if cursor.description else None
        except psycopg2.Error as error:
            return str(error).splitlines()[0]

    return run


def test_the_role_is_made_and_is_nobody(two_roles: None, db: None):
    rights = "rolsuper, rolcreatedb, rolcreaterole, rolcanlogin, rolpassword"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {rights} FROM pg_authid WHERE rolname = %s", [APPLICATION])
        *can, password = cursor.fetchone()
    assert can == [False, False, False, True]
    assert password.startswith("SCRAM-SHA-256$")


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET {} = 0", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_the_record_is_not_changed_deleted_or_emptied(sql: Sql, statement: str):
    tables = [*history_tables(), *append_only_tables()]
    assert {HISTORY, "audit_changeset"} <= set(tables)
    # The setting with which tests empty everything helps nobody here.
    sql("SET backoffice.flush = 'on'")
    for table in tables:
        key = "number" if table == "audit_block" else "id"
        assert sql(statement.format(table, key)) == f"permission denied for table {table}"


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        (
            f"INSERT INTO {HISTORY} SELECT * FROM {HISTORY}",
            f"permission denied for table {HISTORY}",
        ),
        (f"COPY {HISTORY} FROM STDIN", f"permission denied for table {HISTORY}"),
        (f"LOCK TABLE {HISTORY} IN SHARE MODE", f"permission denied for table {HISTORY}"),
        (
            f"SELECT setval(pg_get_serial_sequence('{HISTORY}', 'history_id'), 1)",
            f"permission denied for sequence {HISTORY}_history_id_seq",
        ),
        (
            "INSERT INTO audit_changeset (deed, actor_name, source, reason, request_id, created_at)"
            " VALUES (gen_random_uuid(), 'Ada', 'form', '', '', '2020-01-01')",
            "permission denied for table audit_changeset",
        ),
        (
            "INSERT INTO audit_removal (table_name, before, row_count, ids, change_set_id) "
            "SELECT 'courses_historicalcourse', now(), 0, '', min(id) FROM audit_changeset",
            "permission denied for table audit_removal",
        ),
        (
            "INSERT INTO audit_erasure (table_name, row_id, digest, change_set_id) "
            "SELECT 'courses_historicalcourse', 1, '', min(id) FROM audit_changeset",
            "permission denied for table audit_erasure",
        ),
        (
            "INSERT INTO audit_accessrecord (id) VALUES (4711)",
            "permission denied for table audit_accessrecord",
        ),
        (
            "ALTER TABLE audit_accessrecord DISABLE TRIGGER record_stamp",
            "must be owner of table audit_accessrecord",
        ),
        ("TRUNCATE courses_course CASCADE", "permission denied for table courses_course"),
        (
            "ALTER TABLE courses_course DISABLE TRIGGER record_update",
            "must be owner of table courses_course",
        ),
        (
            f"ALTER TABLE {HISTORY} DISABLE TRIGGER ALL",
            f"must be owner of table {HISTORY}",
        ),
        (
            "DROP TRIGGER record_update ON courses_course",
            "must be owner of relation courses_course",
        ),
        (
            "CREATE TRIGGER z BEFORE UPDATE ON courses_course FOR EACH STATEMENT "
            "EXECUTE FUNCTION backoffice_record_is_kept()",
            "permission denied for table courses_course",
        ),
        (
            "CREATE OR REPLACE FUNCTION record_courses_course() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NULL; END'",
            "permission denied for schema public",
        ),
        ("DROP FUNCTION record_courses_course", "must be owner of function record_courses_course"),
        (
            "ALTER FUNCTION record_courses_course() SECURITY INVOKER",
            "must be owner of function record_courses_course",
        ),
        (
            "SET session_replication_role = replica",
            'permission denied to set parameter "session_replication_role"',
        ),
        (
            f'ALTER TABLE {HISTORY} OWNER TO "{APPLICATION}"',
            f"must be owner of table {HISTORY}",
        ),
        (f"ALTER TABLE {HISTORY} ENABLE ROW LEVEL SECURITY", f"must be owner of table {HISTORY}"),
        (f"CREATE RULE z AS ON INSERT TO {HISTORY} DO INSTEAD NOTHING",
         f"must be owner of table {HISTORY}"),
        ("SET ROLE postgres", 'permission denied to set role "postgres"'),
        ("CREATE TABLE public.mine (id int)", "permission denied for schema public"),
        (
            "CREATE VIEW backoffice_work.bulk_plan_1 AS SELECT 1 AS new_id",
            "permission denied for schema backoffice_work",
        ),
        ("CREATE SCHEMA mine", "permission denied for database {database}"),
        ("DELETE FROM django_migrations", "permission denied for table django_migrations"),
    ],
)  # fmt: skip
def test_what_writes_the_record_is_not_switched_off_or_replaced(
    sql: Sql, statement: str, refusal: str
):
    database = connection.settings_dict["NAME"]
    assert sql(statement) == refusal.format(database=database)


def test_a_table_of_an_import_carries_no_code_of_those_who_fill_it(sql: Sql):
    make = "SELECT backoffice_work.make_table('bulk_plan_1', ARRAY['new_id'], ARRAY['bigint'])"
    assert sql(make) == [("",)]
    plan = "backoffice_work.bulk_plan_1"
    sql("CREATE FUNCTION pg_temp.mine(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'")
    for statement, refusal in (
        (f"CREATE POLICY p ON {plan} USING (pg_temp.mine(new_id))", "must be owner of table"),
        (f"CREATE INDEX i ON {plan} (pg_temp.mine(new_id))", "must be owner of table"),
        (f"CREATE STATISTICS pg_temp.s ON (pg_temp.mine(new_id)), new_id FROM {plan}", "must be"),
        (f"ALTER TABLE {plan} ADD CHECK (pg_temp.mine(new_id))", "must be owner of table"),
        (f"CREATE TABLE pg_temp.child () INHERITS ({plan})", "must be owner of table"),
        (f"DROP TABLE {plan}", "must be owner of table"),
    ):
        assert sql(statement).startswith(refusal), statement
    assert sql("SELECT backoffice_work.drop_tables(ARRAY['bulk_plan_1'])") == [("",)]
    assert "does not exist" in sql(f"SELECT * FROM {plan}")


@pytest.mark.parametrize(
    ("name", "columns", "types"),
    [
        ("courses_course", "id", "bigint"),
        ("bulk_plan_1; DROP TABLE x", "id", "bigint"),
        ("bulk_plan_1", "id", "bigint CHECK (pg_temp.mine(id))"),
        ("bulk_plan_1", "id", "pg_temp.kind"),
    ],
)
def test_nothing_else_is_made_in_their_place(sql: Sql, name: str, columns: str, types: str):
    make = f"SELECT backoffice_work.make_table('{name}', ARRAY['{columns}'], ARRAY['{types}'])"
    assert sql(make) == f"{name} is no table of an import"
    drop = sql("SELECT backoffice_work.drop_tables(ARRAY['courses_course'])")
    assert drop == "courses_course is no table of an import"


def test_a_column_of_their_tables_is_named_and_not_run(sql: Sql):
    name = 'id bigint); DROP TABLE courses_course; --"'
    sql(f"SELECT backoffice_work.make_table('bulk_plan_1', ARRAY['{name}'], ARRAY['bigint'])")
    assert sql("SELECT count(*) FROM courses_course") == [(2,)]
    plan = "'backoffice_work.bulk_plan_1'::regclass"
    named = sql(f"SELECT attname FROM pg_attribute WHERE attrelid = {plan} AND attnum > 0")
    assert named == [(name,)]
    sql("SELECT backoffice_work.drop_tables(ARRAY['bulk_plan_1'])")


@pytest.mark.parametrize(
    "lines",
    ["courses_course", "bulk_plan_1", "pg_temp.bulk_plan_1", "backoffice_work.bulk_plan_1; --"],
)
def test_the_triggers_read_a_plan_in_its_place_only(sql: Sql, lines: str):
    sql("CREATE FUNCTION pg_temp.mine() RETURNS bigint LANGUAGE sql AS "
        "'DELETE FROM audit_changeset RETURNING id'")  # fmt: skip
    sql("CREATE TEMPORARY VIEW bulk_plan_1 AS SELECT pg_temp.mine() AS new_id, 7 AS line_no, "
        "pg_temp.mine() AS target_id, 'u' AS state")  # fmt: skip
    before = sql("SELECT count(*) FROM audit_changeset")
    sql(f"""SET backoffice.deed = '{{"lines": "{lines}"}}'""")
    assert sql("UPDATE courses_course SET title = title || '!'") is None
    assert sql(f"SELECT DISTINCT line FROM {HISTORY}") == [(None,)]
    assert sql("SELECT count(*) FROM audit_changeset") == before


def test_a_temporary_table_does_not_take_the_place_of_the_record(sql: Sql):
    for table in (HISTORY, "audit_changeset"):
        sql(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)")
    assert sql("UPDATE courses_course SET title = 'Zoology' WHERE code = 'BIO101'") is None
    assert sql(f"SELECT count(*) FROM pg_temp.{HISTORY}") == [(0,)]
    assert sql("SELECT count(*) FROM pg_temp.audit_changeset") == [(0,)]
    written = f"SELECT count(*) FROM public.{HISTORY} WHERE title = 'Zoology'"
    assert sql(written) == [(1,)]


def test_what_it_writes_is_recorded_and_signed(as_application: None, registrar: User, courses: Any):
    bio = courses["BIO101"]
    with recording(source="command", actor=registrar, reason="Renamed by the senate"):
        bio.title = "saved"
        bio.save()
        Course.objects.filter(pk=bio.pk).update(title="updated")
        Course.objects.bulk_create([Course(code="NEW1", presentation="2026J", title="New")])
        with transaction.atomic(), connection.cursor() as cursor:
            Course.objects.filter(pk=bio.pk).update(title="told before COPY")
            cursor.copy_expert(
                "COPY courses_coursetag (name, description) FROM STDIN", io.StringIO("sea\t\n")
            )
        Course.objects.get(code="NEW1").delete()
    signed = Course.history.filter(change_set__source="command").order_by("history_id")
    assert [(row.history_type, row.title) for row in signed] == [
        ("~", "saved"),
        ("~", "updated"),
        ("+", "New"),
        ("~", "told before COPY"),
        ("-", "New"),
    ]
    copied = CourseTag.history.get(name="sea")
    assert {row.history_user for row in (*signed, copied)} == {registrar}
    assert len({row.change_set_id for row in (*signed, copied)}) == 1


def test_demo_data_is_the_owners_to_put_in(sql: Sql):
    key = uuid4()
    sql(f"""SET backoffice.deed = '{{"source": "demo", "deed": "{key}"}}'""")
    refusal = "Only the owner of the tables puts in demo data."
    assert sql("UPDATE courses_course SET title = 'by hand'") == refusal
    assert source_of_demo_data() == ChangeSet.Source.COMMAND


def test_sql_nobody_signed_names_the_role(sql: Sql):
    sql("UPDATE courses_course SET title = 'by hand' WHERE code = 'BIO101'")
    assert ChangeSet.objects.first().actor_name == APPLICATION


def test_a_file_comes_in_and_its_history_names_the_lines(
    as_application: None, import_file: Any, courses: Any, registrar: User
):
    text = "student_id,course_code,presentation,first_name\ns1001,BIO101,2026J,Zoë\n"
    batch = import_file("enrollments", text, create_students=True)
    assert (batch.state, batch.created, batch.created_students) == ("applied", 1, 1)
    for written in (Enrollment.history.get(), User.history.get(student_id="s1001")):
        assert (written.line, written.history_user) == (2, registrar)
        assert (written.change_set.source, written.change_set.batch) == ("import", batch.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname ~ '^bulk_.*_[0-9]+$'")
        assert cursor.fetchall() == []


def test_pages_are_read_and_forms_saved(as_application: None, courses: Any, admin_client: Client):
    bio = courses["BIO101"]
    for name, args in (
        ("index", []),
        ("courses_course_changelist", []),
        ("courses_course_history", [bio.pk]),
        ("audit_changeset_changelist", []),
    ):
        assert admin_client.get(reverse(f"admin:{name}", args=args)).status_code == 200
    address = reverse("admin:courses_coursetag_add")
    assert admin_client.post(address, {"name": "sea"}).status_code == 302
    assert CourseTag.history.get().change_set.source == "form"


def test_credentials_are_set_replaced_and_confirmed(
    as_application: None, amina: User, bea: User, instructor: User
):
    new = {"password1": TEMPORARY, "password2": TEMPORARY, "usable_password": "true"}
    page = reverse("admin:auth_user_password_change", args=[instructor.pk])
    assert client_of(amina).post(page, new | {"set-password": "1"}).status_code == 302
    change_own(log_in("instructor", TEMPORARY), TEMPORARY, OWN)
    assert do(client_of(bea), instructor, "confirm_account", reason=WHY).status_code == 302
    confirmation = instructor.confirmations.get()
    changes = instructor.credential_changes.filter(what="password")
    assert (changes.get().setter, confirmation.confirmer) == (amina, bea)
    assert not changes.unconfirmed().exists()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("GRANT TRUNCATE ON audit_changeset TO {}", "may change or empty its tables."),
        (f"GRANT UPDATE ON {HISTORY} TO {{}}", "may change or empty its tables."),
        ("GRANT CREATE ON SCHEMA public TO {}", "may create objects in the schema public."),
        (f"ALTER TABLE {HISTORY} OWNER TO {{}}", "owns its tables."),
        ("ALTER ROLE {} SUPERUSER", "is a superuser."),
    ],
)
def test_the_check_tells_how_the_role_could_alter_the_record(
    two_roles: None, db: None, monkeypatch: pytest.MonkeyPatch, statement: str, why: str
):
    monkeypatch.setitem(connections.settings["default"], "USER", APPLICATION)
    assert check_role(["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(f'"{APPLICATION}"'))
    [warning] = check_role(["default"])
    assert warning.id == "audit.W002"
    assert warning.msg.endswith(f"its database role {APPLICATION} {why}")


def test_the_check_warns_where_one_role_is_all_there_is(db: None):
    [warning] = check_role(["default"])
    assert warning.msg == (
        "The application could alter the record of changes: its database role postgres is a "
        "superuser."
    )
    assert warning.hint == (
        "Set DATABASE_OWNER_USER to the role that owns the tables, DATABASE_USER to another, and "
        "run: python manage.py migrate"
    )
    assert check_role() == []


def current_user() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return cursor.fetchone()[0]


def fail_as_owner() -> None:
    with owner_role():
        assert current_user() == connection.settings_dict["OWNER"]["USER"] != APPLICATION
        with transaction.atomic(), owner_role():
            raise ZeroDivisionError


def test_a_command_works_as_the_owner_and_gives_that_back(two_roles: None, django_db_blocker: Any):
    with django_db_blocker.unblock(), separated():
        assert current_user() == APPLICATION
        with pytest.raises(ZeroDivisionError):
            fail_as_owner()
        assert current_user() == APPLICATION
        with pytest.raises(TransactionManagementError), transaction.atomic(), owner_role():
            pass


def test_nothing_changes_hands_where_one_role_is_all_there_is(db: None):
    before = current_user()
    with transaction.atomic(), owner_role():
        assert current_user() == before


def test_an_owner_who_may_not_make_the_role_says_who_may(
    as_application: None, monkeypatch: pytest.MonkeyPatch
):
    settings = connections.settings["default"]
    monkeypatch.setitem(settings, "USER", "somebody")
    monkeypatch.setitem(settings, "PASSWORD", "secret")
    with pytest.raises(CommandError) as refusal:
        grant()
    assert str(refusal.value) == (
        "There is no database role somebody, and the owner of the tables may not make it. A "
        'superuser does: CREATE ROLE "somebody" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE '
        "PASSWORD '…'; then run migrate again."
    )
