"""Name every row that breaks a constraint of the target, and every row that depends on one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from backend.errors import DataError
from backend.tablecopy.postgres.blueprint import Blueprint
from backend.tablecopy.postgres.session import Row, Session, translated


class OffenceKind(StrEnum):
    """Why a row cannot be as it is."""

    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    CHECK = "check"
    DEPENDANT = "dependant"


@dataclass(frozen=True)
class Offence:
    """A row that breaks `constraint` with `value`, or that refers to one that does."""

    table: str
    key: str
    kind: OffenceKind
    constraint: str
    value: str


@dataclass(frozen=True)
class Offences:
    """What was found: the first rows, and how many there are of each kind."""

    rows: tuple[Offence, ...] = ()
    counts: Mapping[OffenceKind, int] = field(default_factory=dict)

    @property
    def unnamed(self) -> int:
        """How many are counted alone."""
        return sum(self.counts.values()) - len(self.rows)


class OffendingRowsError(DataError):
    """Rows that cannot be together, or cannot be at all."""

    def __init__(self, found: Offences) -> None:
        self.found = found
        said = ", ".join(f"{count} × {kind}" for kind, count in found.counts.items())
        super().__init__(
            f"rows of the source break the target's constraints: {said}",
            hint="correct them in the source; the target is as it was",
        )


# Beyond this many nobody reads them one by one, and memory has to end somewhere.
_MOST_NAMED = 10_000

_MAKE = """
    CREATE TEMP TABLE tablecopy_bad (relation text, place tid, key text, kind text, name text,
        value text, turn int, UNIQUE (relation, place, name))"""
_READ = """
    SELECT relation, key, kind, name, value FROM pg_temp.tablecopy_bad
    ORDER BY turn, 1, 4, 5, 2 LIMIT %s"""
_COUNT = "SELECT kind, count(*) FROM pg_temp.tablecopy_bad GROUP BY kind"

# Each answers one statement that finds the rows which break one constraint. Rows are known by
# their place: nothing moves in a table that nobody writes to, and it need not have a key.
_COMMON = """
    WITH c AS (SELECT c.oid, c.relname, format('%%I.%%I', %(shadow)s::text, c.relname) AS shadow,
            coalesce((SELECT 'concat_ws('', '', ' || string_agg('t.' || quote_ident(a.attname), ', '
                    ORDER BY array_position(i.indkey::int2[], a.attnum)) || ')'
                FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid
                    AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1])
                WHERE i.indrelid = c.oid AND i.indisprimary), 't::text') AS key
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND c.relkind = 'r'),
    f AS (SELECT k.conname, k.confmatchtype, c.*, p.relname AS parent,
            coalesce(m.shadow, format('%%I.%%I', n.nspname, p.relname)) AS parent_name,
            m.oid IS NOT NULL AS moved, (SELECT array_agg(format('t.%%I', a.attname) ORDER BY place)
                FROM unnest(k.conkey) WITH ORDINALITY e(attnum, place)
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.attnum) AS own,
            (SELECT array_agg(format('p.%%I', a.attname) ORDER BY place)
                FROM unnest(k.confkey) WITH ORDINALITY e(attnum, place)
                JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = e.attnum) AS referred
        FROM c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
        JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace n ON n.oid = p.relnamespace
        LEFT JOIN c m ON m.oid = p.oid)"""
_DUPLICATES = """
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT %%L, place, key, ''duplicate'', %%L,'
        ' value, 0 FROM (SELECT t.ctid AS place, %%s AS key, concat_ws('', '', %%s) AS value,'
        ' count(*) OVER (PARTITION BY %%s) AS alike FROM %%s t WHERE (%%s)%%s) d WHERE alike > 1',
        c.relname, x.relname, c.key, e.list, e.list, c.shadow,
        coalesce(pg_get_expr(i.indpred, c.oid), 'true'),
        CASE WHEN i.indnullsnotdistinct THEN '' ELSE e.filled END)
    FROM c JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique AND NOT i.indisexclusion
    JOIN pg_class x ON x.oid = i.indexrelid
    CROSS JOIN LATERAL (SELECT string_agg(w.word, ', ' ORDER BY place), string_agg(
            format(' AND (%%s) IS NOT NULL', w.word), '')
        FROM generate_series(1, i.indnkeyatts) place
        CROSS JOIN LATERAL (SELECT pg_get_indexdef(x.oid, place, false)) w(word)) e(list, filled)"""
_ORPHANS = """
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT %%L, t.ctid, %%s, ''orphan'', %%L,'
        ' concat_ws('', '', %%s), 0 FROM %%s t WHERE (%%s AND NOT EXISTS (SELECT FROM %%s p WHERE'
        ' (%%s) = (%%s)))%%s', f.relname, f.key, f.conname, l.own, f.shadow, l.filled,
        f.parent_name, l.referred, l.own, CASE f.confmatchtype WHEN 'f' THEN
            format(' OR num_nulls(%%s) BETWEEN 1 AND %%s', l.own, cardinality(f.own) - 1)
            ELSE '' END)
    FROM f CROSS JOIN LATERAL (SELECT array_to_string(f.own, ', '),
        array_to_string(f.referred, ', '), array_to_string(f.own, ' IS NOT NULL AND ')
            || ' IS NOT NULL') l(own, referred, filled)"""
_CHECKS = """
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT %%L, t.ctid, %%s, ''check'', %%L, %%s,'
        ' 0 FROM %%s t WHERE NOT (%%s)', c.relname, c.key, k.conname,
        coalesce((SELECT 'concat_ws('', '', ' || string_agg('t.' || quote_ident(a.attname), ', ')
            || ')' FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY(k.conkey)),
            ''''''), c.shadow, pg_get_expr(k.conbin, c.oid))
    FROM c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'c'"""
# Whatever refers to a row that cannot be there cannot be there either.
_DEPENDANTS = """
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT DISTINCT ON (t.ctid) %%L, t.ctid,'
        ' %%s, ''dependant'', %%L, concat_ws('', '', %%s), o.turn + 1 FROM %%s t JOIN %%s p'
        ' ON (%%s) = (%%s) JOIN pg_temp.tablecopy_bad o ON o.relation = %%L'
        ' AND o.place = p.ctid ON CONFLICT DO NOTHING', f.relname, f.key, f.conname, l.own,
        f.shadow, f.parent_name, l.referred, l.own, f.parent)
    FROM f CROSS JOIN LATERAL (SELECT array_to_string(f.own, ', '),
        array_to_string(f.referred, ', ')) l(own, referred) WHERE f.moved"""


def offences(session: Session, blueprint: Blueprint) -> Offences:
    """Look through all loaded tables and return what is wrong with them."""
    with translated("looking for rows that break a constraint"):
        first = _queries(session, blueprint, _DUPLICATES, _ORPHANS, _CHECKS)
        later = _queries(session, blueprint, _DEPENDANTS)
        session.execute(_MAKE)
        for query in first:
            session.execute(query)
        while sum(session.execute(query).rowcount for query in later):
            pass
        rows = session.execute(_READ, (_MOST_NAMED,)).fetchall()
        found: dict[str, int] = dict(session.execute(_COUNT).fetchall())
        session.execute("DROP TABLE pg_temp.tablecopy_bad")
    counts = {kind: found[kind] for kind in OffenceKind if kind in found}
    return Offences(tuple(_offence(row) for row in rows), counts)


def _queries(session: Session, blueprint: Blueprint, *parts: str) -> list[bytes]:
    values = {
        "schema": blueprint.schema,
        "shadow": blueprint.shadow,
        "tables": list(blueprint.tables),
    }
    # Undone, so that the queries themselves find the operators of the schema's own types.
    with session.transaction(force_rollback=True):
        session.execute("SET LOCAL search_path TO ''")
        found = [session.execute(f"{_COMMON}{part}".encode(), values).fetchall() for part in parts]
    return [str(row[0]).encode() for rows in found for row in rows]


def _offence(row: Row) -> Offence:
    table, key, kind, constraint, value = row
    return Offence(table, key, OffenceKind(kind), constraint, value or "")
