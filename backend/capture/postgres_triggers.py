"""The triggers by which a Postgres notes what changes, and the tables they write to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from backend.capture.postgres_values import read
from backend.capture.tables import SyncedColumn, SyncedTable, SyncedTables
from backend.db.sql import Sql, SqlPart, join, name, statement, value
from backend.values.kinds import ValueKind

TRIGGER = "tablecopy_capture"
_EMPTIED = "tablecopy_emptied"

TABLES = """
    CREATE SEQUENCE IF NOT EXISTS tablecopy_stamps;
    CREATE TABLE IF NOT EXISTS tablecopy_changes (
        tbl text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
        root text COLLATE "C" NOT NULL, base text,
        stamp bigint NOT NULL DEFAULT nextval('tablecopy_stamps'),
        PRIMARY KEY (tbl, key));
    CREATE INDEX IF NOT EXISTS tablecopy_changes_root ON tablecopy_changes (root);
    CREATE TABLE IF NOT EXISTS tablecopy_sync (
        one integer PRIMARY KEY CHECK (one = 1), token text NOT NULL, previous text NOT NULL,
        synced_at text NOT NULL, tables text NOT NULL, emptied text NOT NULL DEFAULT '');
    CREATE TABLE IF NOT EXISTS tablecopy_applying (number bigint NOT NULL);
    ALTER TABLE tablecopy_sync
        ADD COLUMN IF NOT EXISTS coming text NOT NULL DEFAULT '',
        ADD COLUMN IF NOT EXISTS generation bigint NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS seen bigint NOT NULL DEFAULT 0"""

# Whatever the owner's default privileges say: the log holds what people have typed.
OPEN_TO_OTHERS = """
    SELECT DISTINCT format('REVOKE ALL ON %s %s FROM %s', kind, thing,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
    FROM (
        SELECT 'TABLE', c.oid::regclass::text, c.relowner, c.relacl FROM pg_class AS c
            WHERE c.oid = ANY(ARRAY['tablecopy_changes', 'tablecopy_sync', 'tablecopy_stamps',
                'tablecopy_applying']::regclass[])
        UNION ALL
        SELECT 'FUNCTION', p.oid::regprocedure::text, p.proowner,
                coalesce(p.proacl, acldefault('f', p.proowner)) FROM pg_proc AS p
            WHERE p.pronamespace = current_schema()::regnamespace
                AND starts_with(p.proname, 'tablecopy_')
    ) AS o(kind, thing, owner, acl), aclexplode(acl) WHERE grantee <> owner"""

# Anybody may set a variable; only the owner can write this transaction's number into the table.
# The variable comes first: where it is not set, as for the app, nothing is looked up.
_SET = "current_setting('tablecopy.applying', true) = 'on'"
_SET_BY_US = (
    "current_setting('tablecopy.applying', true) = 'on'"
    " AND EXISTS (SELECT FROM {table} WHERE number = txid_current())"
)
# Keep the triggers from noting what this transaction writes; the table may not be there yet.
APPLYING = "INSERT INTO tablecopy_applying VALUES (txid_current())"
BEGIN_APPLYING = """
    SET LOCAL tablecopy.applying = 'on';
    DO $$ BEGIN
        IF to_regclass('tablecopy_applying') IS NOT NULL THEN
            INSERT INTO tablecopy_applying VALUES (txid_current());
        END IF;
    END $$"""
END_APPLYING = "DELETE FROM tablecopy_applying"

# Runs as whoever installed it: the app's own login needs no right to the log.
_FUNCTION = """
    CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp {settings} AS {body}"""
# A column that the models do not know is noted as text: in our words, not in those of the session.
_SETTINGS_OF_TEXT = """
    SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres'
    SET bytea_output = 'hex' SET extra_float_digits = 1"""
_BODY = """
BEGIN
    IF {applying} THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND ROW({old_visible}) IS NOT DISTINCT FROM ROW({new_visible}) THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO {changes} (tbl, key, root, base)
        VALUES ({table}, {old_key}, {old_root}, {old_image})
        ON CONFLICT (tbl, key) DO UPDATE SET stamp = nextval({stamps});
    END IF;
    -- A row that gets another key is one that goes and one that comes.
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND {old_key} <> {new_key}) THEN
        INSERT INTO {changes} (tbl, key, root)
        VALUES ({table}, {new_key}, {new_root})
        ON CONFLICT (tbl, key) DO UPDATE SET stamp = nextval({stamps});
    END IF;
    RETURN NULL;
{otherwise}END
"""
# The contract of a release may drop such a column: the app has to go on, and the next sync sees
# that these are not its triggers any more.
_UNLESS_DROPPED = """EXCEPTION WHEN undefined_column THEN
    RETURN NULL;
"""
_BODY_EMPTIED = """
BEGIN
    IF ({applying}) IS NOT TRUE THEN
        UPDATE {sync} SET emptied = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
"""
_ON_ROWS = """
    CREATE OR REPLACE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {function}()"""
_ON_TRUNCATE = """
    CREATE OR REPLACE TRIGGER {trigger} AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {function}()"""

# They fire even where a load disables triggers. Whoever enables all triggers again changes this
# state, and the check of the capture notices it.
_ALWAYS = "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}, ENABLE ALWAYS TRIGGER {emptied}"


def bodies(tables: SyncedTables, schema: str) -> dict[str, str]:
    """Return the body of the function of each table's trigger, by the function's name."""
    return _bodies(tables, schema, by_us=True)


def former_bodies(tables: SyncedTables, schema: str) -> dict[str, str]:
    """Return the bodies of the first release, which note the same: they can be replaced."""
    return _bodies(tables, schema, by_us=False)


# Each check of a database needs both, several times in a run.
@lru_cache(maxsize=8)
def _bodies(tables: SyncedTables, schema: str, *, by_us: bool) -> dict[str, str]:
    applying = _applying(schema) if by_us else statement(_SET)
    return {
        f"{TRIGGER}_{table.name}": _body(table, schema, applying).as_string(None)
        for table in tables.tables
    }


def _applying(schema: str) -> Sql:
    return statement(_SET_BY_US, table=name(schema, "tablecopy_applying"))


def statements(tables: SyncedTables, schema: str) -> list[Sql]:
    """Return what installs the capture, or brings it up to date."""
    emptied = name(schema, _EMPTIED)
    body = statement(_BODY_EMPTIED, sync=name(schema, "tablecopy_sync"), applying=_applying(schema))
    made = [_function(emptied, body.as_string(None))]
    each_body = bodies(tables, schema)
    for table in tables.tables:
        function_name = f"{TRIGGER}_{table.name}"
        function, on = name(schema, function_name), name(schema, table.name)
        made += [
            _function(function, each_body[function_name], table.extras),
            statement(_ON_ROWS, trigger=name(TRIGGER), table=on, function=function),
            statement(_ON_TRUNCATE, trigger=name(_EMPTIED), table=on, function=emptied),
            statement(_ALWAYS, table=on, trigger=name(TRIGGER), emptied=name(_EMPTIED)),
        ]
    return made


def _function(function: SqlPart, body: str, extras: Sequence[SyncedColumn] = ()) -> Sql:
    settings = statement(_SETTINGS_OF_TEXT if extras else "")
    return statement(_FUNCTION, function=function, body=value(body), settings=settings)


def _body(table: SyncedTable, schema: str, applying: SqlPart) -> Sql:
    return statement(
        _BODY,
        applying=applying,
        table=value(table.name),
        changes=name(schema, "tablecopy_changes"),
        stamps=value(name(schema, "tablecopy_stamps").as_string(None)),
        old_visible=_raw("old", table),
        new_visible=_raw("new", table),
        old_key=key_text("old", table, table.key),
        new_key=key_text("new", table, table.key),
        old_root=key_text("old", table, table.root_columns),
        new_root=key_text("new", table, table.root_columns),
        old_image=_image("old", table),
        otherwise=statement(_UNLESS_DROPPED if table.extras else ""),
    )


def key_text(row: str, table: SyncedTable, columns: Sequence[str]) -> Sql:
    """Return the expression that gives these columns of a row as the log writes keys."""
    values = join(", ", (read(row, column) for column in table.named(columns)))
    return statement("json_build_array({})::text", values)


def _image(row: str, table: SyncedTable) -> Sql:
    values = join(
        ", ",
        (statement("{} AS {}", read(row, column), name(column.name)) for column in table.visible),
    )
    return statement("(SELECT row_to_json(r)::text FROM (SELECT {}) AS r)", values)


def _raw(row: str, table: SyncedTable) -> Sql:
    """Return the columns to be compared; of some types no two values can be, but as text."""
    return join(
        ", ",
        (
            read(row, column) if column.kind is ValueKind.OTHER else name(row, column.name)
            for column in table.visible
        ),
    )
