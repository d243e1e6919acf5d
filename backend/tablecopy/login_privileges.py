"""Privileges that this login lacks for a run, each with the GRANT that gives it."""

from __future__ import annotations

from collections.abc import Iterator

from backend.db.session import Session
from backend.tablecopy.obstacle import Intent, Method, Obstacle

_ON_DATABASE = """
    SELECT r.right_name, r.place, r.what FROM (
        SELECT 'CREATE', format('DATABASE %%I', current_database()), 'making tables to load into',
            %(swap)s AND NOT has_database_privilege(current_database(), 'CREATE')
        UNION ALL
        SELECT 'TEMPORARY', format('DATABASE %%I', current_database()), 'temporary tables',
            %(staged)s AND NOT has_database_privilege(current_database(), 'TEMPORARY')
        UNION ALL
        SELECT 'USAGE', format('SCHEMA %%I', n.nspname), 'reading its tables',
            NOT has_schema_privilege(n.oid, 'USAGE')
        FROM pg_namespace n WHERE n.nspname = %(schema)s
        UNION ALL
        SELECT 'CREATE', format('SCHEMA %%I', n.nspname), 'moving loaded tables there',
            %(swap)s AND NOT has_schema_privilege(n.oid, 'CREATE')
        FROM pg_namespace n WHERE n.nspname = %(schema)s
    ) r(right_name, place, what, missing) WHERE r.missing"""
_ON_TABLES = """
    SELECT c.relname, string_agg(p.right_name, ', ' ORDER BY p.place), c.oid::regclass::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN unnest(%(rights)s::text[]) WITH ORDINALITY p(right_name, place)
    WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND c.relkind IN ('r', 'p')
        AND NOT has_table_privilege(c.oid, p.right_name)
    GROUP BY c.oid, c.relname ORDER BY c.relname"""
# The owner too where it is forced; a role that bypasses it is not in the answer.
_HIDDEN = """
    SELECT c.relname, c.oid::regclass::text,
        c.relforcerowsecurity AND pg_has_role(c.relowner, 'USAGE')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND row_security_active(c.oid)
    ORDER BY c.relname"""
_READABLE = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND c.relkind IN ('r', 'p')
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        AND NOT row_security_active(c.oid) ORDER BY c.relname"""
# Of checks, generated columns and indexes; a trigger's is asked for when the trigger is made again.
_FUNCTIONS = """
    SELECT DISTINCT c.relname, f.oid::regprocedure::text FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = c.oid UNION ALL
        SELECT 'pg_attrdef'::regclass, f.oid FROM pg_attrdef f JOIN pg_attribute a
            ON a.attrelid = f.adrelid AND a.attnum = f.adnum AND a.attgenerated <> ''
        WHERE f.adrelid = c.oid UNION ALL
        SELECT 'pg_class'::regclass, indexrelid FROM pg_index WHERE indrelid = c.oid UNION ALL
        SELECT 'pg_trigger'::regclass, oid FROM pg_trigger
        WHERE %(swap)s AND tgrelid = c.oid AND NOT tgisinternal) o(kind, oid)
    JOIN pg_depend d ON d.classid = o.kind AND d.objid = o.oid
        AND d.refclassid = 'pg_proc'::regclass
    JOIN pg_proc f ON f.oid = d.refobjid
    WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s)
        AND NOT has_function_privilege(f.oid, 'EXECUTE') ORDER BY 1, 2"""
# A sequence is read to see where it stands; it is moved by its owner, or by setval.
_SEQUENCES = """
    WITH c AS (SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s)),
    used AS (
        SELECT c.relname, d.objid AS oid FROM c JOIN pg_depend d ON d.refobjid = c.oid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.deptype IN ('a', 'i')
        UNION
        SELECT c.relname, d.refobjid FROM c JOIN pg_attrdef f ON f.adrelid = c.oid
        JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
        WHERE d.refclassid = 'pg_class'::regclass)
    SELECT u.relname, s.oid::regclass::text FROM used u
    JOIN pg_class s ON s.oid = u.oid AND s.relkind = 'S'
    WHERE NOT (has_sequence_privilege(s.oid, 'SELECT')
        AND (pg_has_role(s.relowner, 'USAGE') OR has_sequence_privilege(s.oid, 'UPDATE')))
    ORDER BY 1, 2"""


def readable_tables(session: Session, intent: Intent) -> list[str]:
    """Return those of the tables of which this login may read every row."""
    return [row[0] for row in session.execute(_READABLE, intent.values)]


def missing_on_database(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Return the privileges on the database and its schema that are missing."""
    rows = session.execute(_ON_DATABASE, intent.values).fetchall()
    who = _current_user(session)
    for right, place, purpose in rows:
        granted = f"GRANT {right} ON {place} TO {who}"
        reason = f"{who} lacks the right {right} on {place.lower()}, for {purpose}"
        stays = right == "CREATE"
        yield Obstacle(reason, f"{granted}{_or_stay(intent) if stays else ''}")


def missing_on_tables(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Return the privileges on the tables that are missing."""
    rows = session.execute(_ON_TABLES, {**intent.values, "rights": _needed(intent)}).fetchall()
    who = _current_user(session)
    for table, rights, name in rows:
        granted = f"GRANT {rights} ON {name} TO {who}"
        yield Obstacle(f"{who} lacks the rights {rights}", granted, table)


def hidden_rows(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Return the tables of which row security hides rows from this login."""
    for table, name, forced in session.execute(_HIDDEN, intent.values).fetchall():
        reason = "row security hides rows of it from this login"
        lifted = f"ALTER TABLE {name} {'NO FORCE' if forced else 'DISABLE'} ROW LEVEL SECURITY"
        way_out = f"log in as a role with BYPASSRLS, or {lifted} for the transfer"
        yield Obstacle(reason, way_out, table)


def missing_on_sequences(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Return the sequences that this login cannot read and set."""
    if intent.method is Method.NONE:
        return
    rows = session.execute(_SEQUENCES, intent.values).fetchall()
    who = _current_user(session)
    for table, name in rows:
        reason = f"its sequence {name} cannot be read and set by {who}"
        yield Obstacle(reason, f"GRANT SELECT, UPDATE ON SEQUENCE {name} TO {who}", table)


def missing_on_functions(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Return the functions at work in the tables that this login may not call."""
    if intent.method is Method.NONE:
        return
    rows = session.execute(_FUNCTIONS, intent.values).fetchall()
    who = _current_user(session)
    for table, name in rows:
        granted = f"GRANT EXECUTE ON FUNCTION {name} TO {who}"
        yield Obstacle(f"{who} may not call its function {name}", granted, table)


def _needed(intent: Intent) -> list[str]:
    if intent.method is Method.NONE:
        return ["SELECT"]
    if intent.method is Method.SWAP:
        # For LOCK TABLE any of the three is enough, and Postgres takes the list as just that.
        return ["SELECT", "UPDATE, DELETE, TRUNCATE"]
    # UPDATE is what LOCK TABLE asks for, whether or not a row is changed.
    return ["SELECT", "INSERT", "UPDATE", *(["DELETE"] if intent.deletes else [])]


def _or_stay(intent: Intent) -> str:
    return f", or {intent.in_place}, which needs no tables of its own"


def _current_user(session: Session) -> str:
    row = session.execute("SELECT quote_ident(current_user)").fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return str(row[0])
