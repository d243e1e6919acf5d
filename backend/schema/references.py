"""The references by which a change of some tables reaches others, as the catalog knows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.db.session import ResultRow, Session
from backend.db.sql import Sql, SqlPart, join, name, statement, verbatim
from backend.schema.postgres import with_key_columns

_ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT", "a": "NO ACTION"}

# From the tables that are written to, to whatever is behind them; a table that is written to too
# is a start of its own. A partition stands for the table that it belongs to.
_REFERENCES = """
    WITH RECURSIVE ours AS (SELECT c.oid FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s)),
        k AS (SELECT k.*, coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid AS child,
                coalesce(pg_partition_root(k.confrelid), k.confrelid)::oid AS parent
            FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
                AND to_jsonb(k)->>'conenforced' IS DISTINCT FROM 'false'),
        behind AS (SELECT k.oid, k.child FROM k WHERE k.parent IN (SELECT oid FROM ours)
            UNION SELECT k.oid, k.child FROM behind b JOIN k ON k.parent = b.child
            WHERE b.child NOT IN (SELECT oid FROM ours))
    SELECT k.conname, n.nspname, c.relname, c.relkind = 'p', m.nspname, p.relname,
        p.relkind = 'p', k.parent IN (SELECT oid FROM ours), k.child IN (SELECT oid FROM ours),
        {columns}, {referred}, array(SELECT format('OPERATOR(%%I.%%s)', x.nspname, o.oprname)
            FROM unnest(k.conpfeqop) WITH ORDINALITY e(oid, place)
            JOIN pg_operator o ON o.oid = e.oid JOIN pg_namespace x ON x.oid = o.oprnamespace
            ORDER BY place),
        k.confdeltype::text, k.confupdtype::text,
        array(SELECT a.attname::text FROM unnest(k.confdelsetcols) number
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = number),
        has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
            AND NOT row_security_active(c.oid),
        has_schema_privilege(m.oid, 'USAGE') AND has_table_privilege(p.oid, 'SELECT')
            AND NOT row_security_active(p.oid)
    FROM k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace m ON m.oid = p.relnamespace
    WHERE k.oid IN (SELECT oid FROM behind) ORDER BY c.relname, k.conname"""


@dataclass(frozen=True)
class ReferenceEnd:
    """One of two tables: rows of `ours` travel; of a `readable` one this role sees every row."""

    schema: str
    name: str
    partitioned: bool
    ours: bool
    readable: bool

    @property
    def rows(self) -> SqlPart:
        """Return what to read its rows from, as a reference sees them."""
        table = name(self.schema, self.name)
        return table if self.partitioned else statement("ONLY {}", table)


@dataclass(frozen=True)
class Reference:
    """A foreign key: columns of the child refer to columns of the parent."""

    name: str
    child: ReferenceEnd
    parent: ReferenceEnd
    columns: tuple[str, ...]
    referred: tuple[str, ...]
    operators: tuple[str, ...]
    on_delete: str
    on_update: str
    # What SET NULL and SET DEFAULT write to.
    set_columns: tuple[str, ...]

    def matches(self, child: str, parent: str) -> Sql:
        """Return the condition that a row of the one refers to a row of the other."""
        parts = zip(self.columns, self.referred, self.operators, strict=True)
        return join(
            " AND ",
            (
                statement(
                    "{} {} {}",
                    name(parent, referred),
                    verbatim(operator),
                    name(child, column),
                )
                for column, referred, operator in parts
            ),
        )


def references(session: Session, schema: str, tables: Iterable[str]) -> tuple[Reference, ...]:
    """Return every reference by which rows of these tables are reached, or what hangs on them."""
    values = {"schema": schema, "tables": list(tables)}
    return tuple(map(_reference, session.execute(with_key_columns(_REFERENCES), values).fetchall()))


def _reference(row: ResultRow) -> Reference:
    constraint, schema, table, parted, p_schema, p_table, p_parted, p_ours, ours = row[:9]
    columns, referred, operators, on_delete, on_update, chosen, readable, p_readable = row[9:]
    return Reference(
        constraint,
        ReferenceEnd(schema, table, parted, ours, readable),
        ReferenceEnd(p_schema, p_table, p_parted, p_ours, p_readable),
        tuple(columns),
        tuple(referred),
        tuple(operators),
        _ACTIONS[on_delete],
        _ACTIONS[on_update],
        tuple(chosen or columns),
    )
