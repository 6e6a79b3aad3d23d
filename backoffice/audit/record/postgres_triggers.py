"""The triggers by which PostgreSQL writes the history of every audited table.

They fire once for each statement and see all its rows, whichever way they came: form, `update()`,
COPY, MERGE, a cascade, psql. Actor and reason come from the setting `backoffice.deed`, which ends
with the transaction (see session_context.py). Without it the change set names the database role and
its source is SQL. A row that stays as it was leaves nothing.
"""

from collections.abc import Iterable, Iterator

from backoffice.audit.models import Audited

CONTEXT_SETTING, CHANGE_SET = "backoffice.deed", "backoffice.change_set"
UNLOCK_SETTING = "backoffice.letting_go"  # set by retaining and forgetting
FLUSH = "backoffice.flush"  # set by the engine when the whole database is emptied
TABLE = "audit_changeset"
# Where imports keep their tables: the application works in them, and they belong to the owner.
WORK = "backoffice_work"
PLANS = f"^{WORK}[.](bulk_[a-z_]*plan_[0-9]+)$"
# The functions run with their owner's rights: no name in them may lead to what others put there.
# A temporary table comes first where the path does not name it.
PATH = "public, pg_temp"
HISTORY_FIELDS = ("history_date", "history_type", "history_user_id", "history_change_reason")

# The number of the change set of the current action in this transaction; made when the first change
# asks for it. A rollback takes row and setting away together.
# Anybody may write a setting or name a key: what counts is that this very transaction made the row.
# A restored cluster counts its transactions anew, so the time counts as well. And whoever a history
# names is whoever its change set names: the setting may name another for each statement.
_OWN = (
    "transaction_id = txid_current() AND created_at >= transaction_timestamp() "
    "AND actor_id IS NOT DISTINCT FROM who"
)
CHANGE_SET_SQL = f"""
CREATE OR REPLACE FUNCTION backoffice_change_set() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {PATH} AS $body$
DECLARE
    action jsonb := coalesce(nullif(current_setting('{CONTEXT_SETTING}', true), ''), '{{}}')::jsonb;
    known text := coalesce(current_setting('{CHANGE_SET}', true), '');
    key text := coalesce(action->>'deed', 'sql');
    who bigint := (action->>'actor_id')::bigint;
    keys uuid[] := ARRAY[gen_random_uuid()];
    candidate uuid;
    number bigint;
BEGIN
    IF split_part(known, ' ', 1) = key AND split_part(known, ' ', 2) ~ '^[0-9]{{1,18}}$' THEN
        SELECT id INTO number FROM {TABLE}
            WHERE id = split_part(known, ' ', 2)::bigint AND {_OWN};
        IF number IS NOT NULL THEN
            RETURN number;
        END IF;
    END IF;
    IF key <> 'sql' THEN
        -- An action's further transactions, and actors, have change sets with keys of their own.
        keys := ARRAY[key::uuid, md5(concat_ws(
            ' ', key, txid_current(), extract(epoch FROM transaction_timestamp()), who))::uuid];
        -- There is one at most; an order would lead the planner along all ids.
        SELECT id INTO number FROM {TABLE} WHERE deed = ANY (keys) AND {_OWN};
    END IF;
    FOREACH candidate IN ARRAY keys LOOP
        EXIT WHEN number IS NOT NULL;
        INSERT INTO {TABLE}
            (deed, actor_id, actor_name, source, reason, request_id, address, batch, created_at)
        VALUES (
            candidate,
            who,
            coalesce(action->>'actor_name', CASE WHEN key = 'sql' THEN session_user ELSE '' END),
            coalesce(action->>'source', 'sql'),
            coalesce(action->>'reason', ''),
            coalesce(
                nullif(action->>'request_id', ''),
                CASE WHEN key = 'sql' THEN '' ELSE replace(key, '-', '') END),
            (action->>'address')::inet,
            (action->>'batch')::bigint,
            clock_timestamp())
        ON CONFLICT (deed) DO NOTHING RETURNING id INTO number;
    END LOOP;
    IF number IS NULL THEN
        RAISE EXCEPTION 'The key % is of another change set.', key;
    END IF;
    PERFORM set_config('{CHANGE_SET}', key || ' ' || number, true);
    RETURN number;
END $body$;
"""

# The columns of new rows that the database alone fills; the trigger's arguments name them.
STAMP_SQL = f"""
CREATE OR REPLACE FUNCTION backoffice_stamp() RETURNS trigger
LANGUAGE plpgsql SET search_path = {PATH} AS $body$
BEGIN
    IF 'transaction_id' = ANY (TG_ARGV) THEN
        NEW.transaction_id := txid_current();
    END IF;
    IF 'created_at' = ANY (TG_ARGV) THEN
        -- A clock that is set back within a transaction does not make its row another's.
        NEW.created_at := greatest(clock_timestamp(), transaction_timestamp());
    END IF;
    RETURN NEW;
END $body$;
"""

# Demo data is answered for by nobody; so only the owner puts it in, and only where nobody has been.
DEMO_SQL = f"""
CREATE OR REPLACE FUNCTION backoffice_demo() RETURNS trigger
LANGUAGE plpgsql SET search_path = {PATH} AS $body$
BEGIN
    IF NOT pg_has_role(
        session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'Only the owner of the tables puts in demo data.';
    END IF;
    IF EXISTS (SELECT FROM {TABLE} WHERE source < 'demo')
        OR EXISTS (SELECT FROM {TABLE} WHERE source > 'demo') THEN
        RAISE EXCEPTION 'Demo data goes into a database that nobody has used.';
    END IF;
    RETURN NEW;
END $body$;
"""
DEMO_TRIGGER = (
    f"CREATE OR REPLACE TRIGGER record_demo BEFORE INSERT ON {TABLE} FOR EACH ROW "
    "WHEN (NEW.source = 'demo') EXECUTE FUNCTION backoffice_demo()"
)


# What is recorded stands. The owner of the tables may say that it forgets or removes (retention and
# forgetting do, and leave their own record); who switches this off is found out by sealing.
APPEND_ONLY_SQL = f"""
CREATE OR REPLACE FUNCTION backoffice_record_is_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path = {PATH} AS $body$
BEGIN
    IF TG_OP = 'TRUNCATE' AND coalesce(current_setting('{FLUSH}', true), '') = 'on' THEN
        RETURN NULL;
    END IF;
    IF coalesce(current_setting('{UNLOCK_SETTING}', true), '') = 'on' AND TG_OP <> 'TRUNCATE'
        AND pg_has_role(
            current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The record in % is not changed and not deleted.', TG_TABLE_NAME;
END $body$;
"""


def append_only_sql(table: str) -> str:
    """SQL: the trigger that keeps a table of the record as it is."""
    return (
        f"CREATE OR REPLACE TRIGGER record_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION backoffice_record_is_kept()"
    )


def stamp_sql(table: str, columns: Iterable[str]) -> str:
    """SQL: the trigger by which the database fills these columns of new rows."""
    arguments = ", ".join(f"'{column}'" for column in columns)
    return (
        f"CREATE OR REPLACE TRIGGER record_stamp BEFORE INSERT ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION backoffice_stamp({arguments})"
    )


def context_sql(context_json: str) -> str:
    """SQL: sets the context until the transaction ends, so the pool's next borrower sees none."""
    # As text, not as a parameter: it goes in front of another statement.
    quoted = context_json.replace("\\", "\\\\").replace("'", "''")
    return f"SELECT set_config('{CONTEXT_SETTING}', E'{quoted}', true)"


def copied_columns(model: type[Audited]) -> list[str]:
    """The columns that a history row takes over from the row."""
    own = {field.column for field in model._meta.concrete_fields}
    return [f.column for f in model.history.model._meta.concrete_fields if f.column in own]


def statements(model: type[Audited]) -> Iterator[str]:
    """SQL: what puts the triggers on a model's table."""
    table, name = model._meta.db_table, function_of(model)
    yield function_sql(model)
    for event, transition_tables in (
        ("insert", "NEW TABLE AS new_rows"),
        ("update", "NEW TABLE AS new_rows OLD TABLE AS old_rows"),
        ("delete", "OLD TABLE AS old_rows"),
    ):
        yield (
            f"CREATE OR REPLACE TRIGGER record_{event} AFTER {event.upper()} ON {table} "
            f"REFERENCING {transition_tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    yield append_only_sql(model.history.model._meta.db_table)
    yield (
        f"CREATE OR REPLACE TRIGGER record_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def function_of(model: type[Audited]) -> str:
    return f"record_{model._meta.db_table}"


def function_sql(model: type[Audited]) -> str:
    key = f'"{model._meta.pk.column}"'
    same = f"o.{key} = n.{key}"
    new, old = _row(model, "n"), _row(model, "o")
    # EXECUTE plans a statement each time: the plan of a first call without rows, once cached,
    # would join the transition tables row by row for minutes.
    return f"""
CREATE OR REPLACE FUNCTION {function_of(model)}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {PATH} AS $body$
DECLARE
    action jsonb := coalesce(nullif(current_setting('{CONTEXT_SETTING}', true), ''), '{{}}')::jsonb;
    plan text := substring(action->>'lines' FROM '{PLANS}');
    line text := CASE WHEN plan IS NULL THEN 'NULL::integer' ELSE 'p.line_no' END;
    who bigint := (action->>'actor_id')::bigint;
    why text := coalesce(action->>'reason', '');
    beside text := '';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF plan IS NOT NULL THEN
            beside := format('LEFT JOIN {WORK}.%I p ON p.new_id = n.{key}', plan);
        END IF;
        EXECUTE {_inserted(model, "n", "'+'")}
            || line || ' FROM new_rows n ' || beside USING who, why;
    ELSIF TG_OP = 'UPDATE' THEN
        IF plan IS NOT NULL THEN
            beside := format(
                'LEFT JOIN {WORK}.%I p ON p.target_id = n.{key} AND p.state = ''u''', plan);
        END IF;
        EXECUTE {_inserted(model, "n", f"CASE WHEN o.{key} IS NULL THEN '+' ELSE '~' END")}
            || line || ' FROM new_rows n LEFT JOIN old_rows o ON {same} ' || beside
            || ' WHERE o.{key} IS NULL OR {new} IS DISTINCT FROM {old}' USING who, why;
        -- A single row that kept its key left nothing behind: most saves, and a statement less.
        IF (SELECT count(*) FROM old_rows) = 1 THEN
            IF (SELECT n.{key} FROM new_rows n) = (SELECT o.{key} FROM old_rows o) THEN
                RETURN NULL;
            END IF;
        END IF;
        EXECUTE {_inserted(model, "o", "'-'")} || 'NULL::integer FROM old_rows o '
            || 'WHERE NOT EXISTS (SELECT FROM new_rows n WHERE {same})' USING who, why;
    ELSIF TG_OP = 'DELETE' THEN
        EXECUTE {_inserted(model, "o", "'-'")} || 'NULL::integer FROM old_rows o'
            USING who, why;
    ELSE
        IF coalesce(current_setting('{FLUSH}', true), '') <> 'on' THEN
            RAISE EXCEPTION 'TRUNCATE of {model._meta.db_table} would leave no history'
                USING HINT = 'Use DELETE.';
        END IF;
    END IF;
    RETURN NULL;
END $body$;
"""


def _row(model: type[Audited], alias: str) -> str:
    return "(" + ", ".join(f'{alias}."{column}"' for column in copied_columns(model)) + ")"


def _inserted(model: type[Audited], alias: str, kind: str) -> str:
    """A literal of SQL: the insert into the history, up to the value of `line`."""
    columns = copied_columns(model)
    names = ", ".join(f'"{name}"' for name in (*columns, *HISTORY_FIELDS, "change_set_id", "line"))
    values = ", ".join(f'{alias}."{column}"' for column in columns)
    # A subquery without a reference to the row runs once, and only if there is a row: so a
    # statement that changes nothing makes no change set.
    sql = (
        f"INSERT INTO {model.history.model._meta.db_table} ({names}) "
        f"SELECT {values}, (SELECT clock_timestamp()), {kind}, $1, $2, "
        f"(SELECT backoffice_change_set()), "
    )
    return "'" + sql.replace("'", "''") + "'"
