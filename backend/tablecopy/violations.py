"""Name every row that breaks a constraint of the target, and every row that depends on one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from backend.db import sql
from backend.db.errors import translated
from backend.db.session import ResultRow, Session
from backend.errors import DataError


class ViolationKind(StrEnum):
    """Why a row cannot be stored as it is."""

    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    CHECK = "check"
    EXCLUSION = "exclusion"
    NO_PARTITION = "no partition"
    TRIGGER = "changed by a trigger"
    REFUSED = "refused"
    DEPENDANT = "dependant"


@dataclass(frozen=True)
class RowViolation:
    """A row that breaks `constraint` with `value`, or that refers to one that does."""

    table: str
    key: str
    kind: ViolationKind
    constraint: str
    value: str


@dataclass(frozen=True)
class RowViolations:
    """What was found: the first rows, and how many there are of each kind."""

    rows: tuple[RowViolation, ...] = ()
    counts: Mapping[ViolationKind, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[RowViolation]) -> Self:
        """Return rows that are all there are, with how many there are of each kind."""
        return cls(tuple(rows), Counter(one.kind for one in rows))

    @property
    def unnamed(self) -> int:
        """How many rows are counted but not named."""
        return sum(self.counts.values()) - len(self.rows)


class ViolationsError(DataError):
    """Rows that the target's constraints refuse, alone or together."""

    def __init__(self, found: RowViolations) -> None:
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

_COMMON = """
    WITH RECURSIVE c AS (SELECT c.oid, c.relname, c.relkind,
            format('%%I.%%I', %(shadow)s::text, c.relname) AS shadow,
            coalesce((SELECT 'concat_ws('', '', ' || string_agg('t.' || quote_ident(a.attname), ', '
                    ORDER BY array_position(i.indkey::int2[], a.attnum)) || ')'
                FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid
                    AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1])
                WHERE i.indrelid = c.oid AND i.indisprimary), 't::text') AS key
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND c.relkind IN ('r', 'p')),
    f AS (SELECT k.conname, k.confmatchtype, c.*, p.relname AS parent,
            coalesce(m.shadow, format('%%I.%%I', n.nspname, p.relname)) AS parent_name,
            m.oid IS NOT NULL AS moved, (SELECT array_agg(format('t.%%I', a.attname) ORDER BY place)
                FROM unnest(k.conkey) WITH ORDINALITY e(attnum, place)
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.attnum) AS own,
            (SELECT array_agg(format('p.%%I', a.attname) ORDER BY place)
                FROM unnest(k.confkey) WITH ORDINALITY e(attnum, place)
                JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = e.attnum) AS referred
        FROM c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
            AND coalesce((to_jsonb(k)->>'conenforced')::boolean, true)
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
    FROM c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'c'
        AND coalesce((to_jsonb(k)->>'conenforced')::boolean, true)"""
# The name VALUE, by which a domain's CHECK calls what it looks at, is a column's too.
_DOMAINS = """
    , d AS (SELECT c.relname, c.shadow, c.key, a.attname, a.atttypid AS domain
        FROM c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT d.relname, d.shadow, d.key, d.attname, t.typbasetype
        FROM d JOIN pg_type t ON t.oid = d.domain AND t.typtype = 'd')
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT %%L, place, key, ''check'', %%L,'
        ' value, 0 FROM (SELECT t.ctid AS place, %%s AS key, t.%%I AS value FROM %%s t) t'
        ' WHERE NOT (%%s) ON CONFLICT DO NOTHING', d.relname, k.conname, d.key, d.attname,
        d.shadow, pg_get_expr(k.conbin, 0))
    FROM d JOIN pg_constraint k ON k.contypid = d.domain AND k.contype = 'c'"""
_EXCLUSIONS = """
    , x AS (SELECT k.conname, k.conexclop, c.*, i.indexrelid, pg_get_indexdef(i.indexrelid) AS made,
            coalesce(pg_get_expr(i.indpred, c.oid), 'true') AS only
        FROM c JOIN pg_constraint k ON k.conrelid = c.oid AND k.conexclop IS NOT NULL
        JOIN pg_index i ON i.indexrelid = k.conindid)
    SELECT format('CREATE INDEX ON %%s ', x.shadow) || substr(x.made, strpos(x.made, ' USING ') + 1)
    FROM x WHERE strpos(x.conname, ' USING ') + strpos(x.relname, ' USING ') = 0
    UNION ALL
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT DISTINCT ON (t.place) %%L, t.place,'
        ' t.key, ''exclusion'', %%L, t.value, 0 FROM (SELECT t.ctid AS place, %%s AS key,'
        ' concat_ws('', '', %%s) AS value, %%s FROM %%s t WHERE %%s) t JOIN (SELECT t.ctid AS'
        ' place, %%s FROM %%s t WHERE %%s) p ON p.place <> t.place AND %%s', x.relname, x.conname,
        x.key, e.bare, e.named, x.shadow, x.only, e.named, x.shadow, x.only, e.alike)
    FROM x CROSS JOIN LATERAL (SELECT string_agg(w.word, ', ' ORDER BY place),
            string_agg(format('%%s AS e%%s', w.word, place), ', ' ORDER BY place),
            string_agg(format('t.e%%s OPERATOR(%%I.%%s) p.e%%s', place, n.nspname, o.oprname,
                place), ' AND ')
        FROM unnest(x.conexclop) WITH ORDINALITY op(oid, place)
        JOIN pg_operator o ON o.oid = op.oid JOIN pg_namespace n ON n.oid = o.oprnamespace
        CROSS JOIN LATERAL (SELECT pg_get_indexdef(x.indexrelid, place::int, false)) w(word)
        ) e(bare, named, alike)"""
# A row of a partitioned table that no partition takes; what one takes, all above it take too.
_PARTITIONS = """
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT %%L, t.ctid, %%s, ''no partition'','
        ' %%L, concat_ws('', ''%%s), 0 FROM %%s t WHERE (%%s) IS NOT TRUE', c.relname, c.key,
        c.relname,
        (SELECT string_agg(format(', t.%%I', a.attname), '') FROM pg_partitioned_table k
            JOIN pg_attribute a ON a.attrelid = k.partrelid AND a.attnum = ANY(k.partattrs)
            WHERE k.partrelid = c.oid), c.shadow,
        (SELECT coalesce(string_agg(coalesce(pg_get_partition_constraintdef(l.relid), 'true'),
                ' OR '), 'false')
            FROM pg_partition_tree(c.oid) l WHERE l.isleaf AND l.relid <> c.oid))
    FROM c WHERE c.relkind = 'p'"""
# Whatever refers to a row that cannot be there cannot be there either.
_DEPENDANTS = """
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT DISTINCT ON (t.ctid) %%L, t.ctid,'
        ' %%s, ''dependant'', %%L, concat_ws('', '', %%s), o.turn + 1 FROM %%s t JOIN %%s p'
        ' ON (%%s) = (%%s) JOIN pg_temp.tablecopy_bad o ON o.relation = %%L'
        ' AND o.place = p.ctid ON CONFLICT DO NOTHING', f.relname, f.key, f.conname, l.own,
        f.shadow, f.parent_name, l.referred, l.own, f.parent)
    FROM f CROSS JOIN LATERAL (SELECT array_to_string(f.own, ', '),
        array_to_string(f.referred, ', ')) l(own, referred) WHERE f.moved"""

_QUERIES = (_DUPLICATES, _ORPHANS, _CHECKS, _DOMAINS, _EXCLUSIONS, _PARTITIONS)


def find_violations(
    session: Session, *, schema: str, shadow: str, tables: Iterable[str]
) -> RowViolations:
    """Find the rows in `shadow` that break constraints of the tables of that name in `schema`."""
    values = {"schema": schema, "shadow": shadow, "tables": list(tables)}
    with translated("looking for rows that break a constraint"):
        first = _queries(session, values, *_QUERIES)
        later = _queries(session, values, _DEPENDANTS)
        session.execute(_MAKE)
        for query in first:
            session.execute(query)
        while sum(session.execute(query).rowcount for query in later):
            pass
        rows = session.execute(_READ, (_MOST_NAMED,)).fetchall()
        found: dict[str, int] = dict(session.execute(_COUNT).fetchall())
        session.execute("DROP TABLE pg_temp.tablecopy_bad")
    counts = {kind: found[kind] for kind in ViolationKind if kind in found}
    return RowViolations(tuple(_violation(row) for row in rows), counts)


def _queries(session: Session, values: Mapping[str, object], *parts: str) -> list[sql.Sql]:
    # Rolled back, so that the queries themselves find the operators of the schema's own types.
    with session.transaction(force_rollback=True):
        session.execute("SET LOCAL search_path TO ''")
        common = sql.statement(_COMMON)
        queries = [sql.statement("{}{}", common, sql.statement(part)) for part in parts]
        found = [session.execute(query, values).fetchall() for query in queries]
    return [sql.verbatim(row[0]) for rows in found for row in rows]


def _violation(row: ResultRow) -> RowViolation:
    table, key, kind, constraint, value = row
    return RowViolation(table, key, ViolationKind(kind), constraint, value or "")
