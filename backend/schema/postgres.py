"""Read the tables of a Postgres schema from its catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal, LiteralString

from backend.db.session import ResultRow, Session
from backend.db.sql import Sql, statement
from backend.schema.tables import Column, ColumnType, ForeignKey, PostgresTable

# What CREATE TABLE makes; a partition is reached through the table it belongs to.
_TABLES = """
    SELECT c.oid, c.relname, c.relkind = 'p', array(SELECT h.relname::text FROM pg_inherits i
        JOIN pg_class h ON h.oid = i.inhrelid AND NOT h.relispartition
        WHERE i.inhparent = c.oid ORDER BY 1)
    FROM pg_class c
    WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname COLLATE "C" """
# A column of a domain holds what the domain's own type holds, and that may be a domain again.
_COLUMNS = """
    SELECT a.attrelid, a.attname, format_type(b.oid, NULL), format_type(b.oid, b.typmod), b.typmod,
        array(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = coalesce(e.oid, b.oid)
            ORDER BY enumsortorder),
        format_type(e.oid, NULL), format_type(e.oid, coalesce(nullif(b.typmod, -1), e.typmod)),
        coalesce(nullif(b.typmod, -1), e.typmod), a.attnotnull OR b.not_null,
        a.atthasdef OR t.typdefault IS NOT NULL,
        a.attgenerated <> '', a.attidentity::text,
        coalesce((SELECT format('%%I.%%I', n.nspname, s.relname)
            FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_namespace n ON n.oid = s.relnamespace
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
                AND d.deptype IN ('a', 'i') LIMIT 1),
            (SELECT format('%%I.%%I', n.nspname, s.relname)
            FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass
                AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
            JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
            JOIN pg_namespace n ON n.oid = s.relnamespace
            WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum LIMIT 1), ''),
        EXISTS (SELECT FROM pg_collation l WHERE l.oid = a.attcollation
            AND NOT l.collisdeterministic)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL ({own_type}) b
    LEFT JOIN pg_type y ON y.oid = b.oid AND y.typcategory = 'A' AND y.typelem <> 0
        AND y.oid NOT IN ('int2vector'::regtype, 'oidvector'::regtype)
    LEFT JOIN LATERAL ({element_type}) e ON y.oid IS NOT NULL
    WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum"""
_BASE = """
    WITH RECURSIVE chain(oid, typmod, not_null, depth) AS (
        SELECT {oid}, {typmod}, false, 0 UNION ALL
        SELECT d.typbasetype, d.typtypmod, chain.not_null OR d.typnotnull, depth + 1
        FROM chain JOIN pg_type d ON d.oid = chain.oid AND d.typtype = 'd')
    SELECT oid, typmod, not_null FROM chain ORDER BY depth DESC LIMIT 1"""
_ALL_COLUMNS = statement(
    _COLUMNS,
    own_type=statement(_BASE, oid=statement("t.oid"), typmod=statement("a.atttypmod")),
    element_type=statement(_BASE, oid=statement("y.typelem"), typmod=statement("-1")),
)
_UNIQUE = """
    SELECT i.indrelid, i.indisprimary, array(SELECT a.attname::text
        FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY place)
    FROM pg_index i WHERE i.indrelid = ANY(%s) AND i.indisunique AND i.indisvalid
        AND i.indpred IS NULL AND i.indexprs IS NULL
    ORDER BY i.indrelid, i.indexrelid"""
_FOREIGN_KEYS = """
    SELECT k.conrelid, k.conname, p.relname, {columns}, {referred}
    FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid
    WHERE k.conrelid = ANY(%s) AND k.contype = 'f' AND k.conparentid = 0
    ORDER BY k.conrelid, k.conname COLLATE "C" """
_KEY_COLUMNS = """array(SELECT a.attname::text
        FROM unnest(k.{keys}) WITH ORDINALITY e(attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.{table} AND a.attnum = e.attnum ORDER BY place)"""

# The columns of tables of the search path, in one round trip beside others.
COLUMNS_OF_TABLES = """
    SELECT n.name, a.attname, format_type(a.atttypid, NULL), format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attgenerated <> '', a.attidentity::text
    FROM unnest(%s::text[]) AS n(name)
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(quote_ident(n.name))
    WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY n.name, a.attname"""

_IDENTITIES: dict[str, Literal["", "always", "by default"]] = {"a": "always", "d": "by default"}
_HEADER_BYTES = 4  # of a length in a type modifier
_SIZED = {"character varying", "character", "bit", "bit varying"}
_MOMENTS = {"time", "timestamp", "interval"}
_FULL_PRECISION = 0xFFFF  # of an interval that names its fields, as `day to second` does


def reflect_postgres(session: Session, schema: str) -> tuple[PostgresTable, ...]:
    """Return every table of the schema, ordered by name; views are no tables."""
    with session.transaction():
        # Names of types then come out qualified unless they are Postgres's own.
        session.execute("SET LOCAL search_path TO ''")
        tables = session.execute(_TABLES, (_regnamespace(session, schema),)).fetchall()
        oids = ([oid for oid, *_ in tables],)
        columns = _grouped(session.execute(_ALL_COLUMNS, oids))
        keys = _grouped(session.execute(_UNIQUE, oids))
        foreign = _grouped(session.execute(with_key_columns(_FOREIGN_KEYS), oids))
    return tuple(
        PostgresTable(
            name,
            tuple(_column(row) for row in columns[oid]),
            next((tuple(names) for primary, names in keys[oid] if primary), ()),
            tuple(tuple(names) for primary, names in keys[oid] if not primary),
            tuple(ForeignKey(n, tuple(own), t, tuple(ref)) for n, t, own, ref in foreign[oid]),
            schema=schema,
            partitioned=partitioned,
            heirs=tuple(heirs),
        )
        for oid, name, partitioned, heirs in tables
    )


def with_key_columns(query: LiteralString) -> Sql:
    """Return a query with the columns of its foreign key `k` at `{columns}` and `{referred}`."""
    return statement(
        query,
        columns=statement(_KEY_COLUMNS, keys=statement("conkey"), table=statement("conrelid")),
        referred=statement(_KEY_COLUMNS, keys=statement("confkey"), table=statement("confrelid")),
    )


def columns_of_tables(rows: Iterable[ResultRow]) -> Mapping[str, tuple[Column, ...]]:
    """Return the columns of each table, as `COLUMNS_OF_TABLES` has found them."""
    tables: defaultdict[str, list[Column]] = defaultdict(list)
    for table, name, type_name, full, not_null, generated, identity in rows:
        column = Column(
            name,
            ColumnType(type_name, full),
            not_null,
            generated=generated,
            identity=_IDENTITIES.get(identity, ""),
        )
        tables[table].append(column)
    return {table: tuple(columns) for table, columns in tables.items()}


def _regnamespace(session: Session, schema: str) -> str:
    row = session.execute("SELECT quote_ident(%s)", (schema,)).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return str(row[0])


def _grouped(rows: Iterable[ResultRow]) -> defaultdict[int, list[ResultRow]]:
    """Sort rows by the table's oid in their first place."""
    found: defaultdict[int, list[ResultRow]] = defaultdict(list)
    for oid, *rest in rows:
        found[oid].append(tuple(rest))
    return found


def _column(row: ResultRow) -> Column:
    name, type_name, full, typmod, labels = row[:5]
    element_name, element_full, element_typmod = row[5:8]
    not_null, has_default, generated, identity, sequence, folded = row[8:]
    element = None
    if element_name:
        element = replace(_type(element_name, element_full, element_typmod), labels=tuple(labels))
        labels, typmod = (), -1
    return Column(
        name,
        replace(_type(type_name, full, typmod), labels=tuple(labels), element=element),
        not_null,
        has_default and not generated,
        generated,
        _IDENTITIES.get(identity, ""),
        sequence,
        folded,
    )


def _type(name: str, full: str, typmod: int) -> ColumnType:
    """Read a type's modifier, which means something else for each family of types."""
    if typmod < 0:
        return ColumnType(name, full)
    if name in _SIZED:
        bits = name.startswith("bit")
        return ColumnType(name, full, length=typmod if bits else typmod - _HEADER_BYTES)
    if name == "numeric":
        packed = typmod - _HEADER_BYTES
        # The scale is a signed number of eleven bits since Postgres 15.
        scale = ((packed & 0x7FF) ^ 1024) - 1024
        return ColumnType(name, full, precision=packed >> 16 & 0xFFFF, scale=scale)
    if name.split(maxsplit=1)[0] in _MOMENTS:
        precision = typmod & 0xFFFF
        return ColumnType(name, full, precision=None if precision == _FULL_PRECISION else precision)
    return ColumnType(name, full)
