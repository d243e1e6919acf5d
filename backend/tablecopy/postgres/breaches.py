"""Questions to the catalog, answered by statements that find the rows which break a constraint.

Rows are known by their place: nothing moves in a table that nobody writes to, and it need not have
a key. Each of these tables lies in one heap, a copy of a partitioned one too. What is not enforced
(since Postgres 18 there is such a thing, and a column that says so) is broken by no row.
"""

from __future__ import annotations

COMMON = """
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
DEPENDANTS = """
    SELECT format('INSERT INTO pg_temp.tablecopy_bad SELECT DISTINCT ON (t.ctid) %%L, t.ctid,'
        ' %%s, ''dependant'', %%L, concat_ws('', '', %%s), o.turn + 1 FROM %%s t JOIN %%s p'
        ' ON (%%s) = (%%s) JOIN pg_temp.tablecopy_bad o ON o.relation = %%L'
        ' AND o.place = p.ctid ON CONFLICT DO NOTHING', f.relname, f.key, f.conname, l.own,
        f.shadow, f.parent_name, l.referred, l.own, f.parent)
    FROM f CROSS JOIN LATERAL (SELECT array_to_string(f.own, ', '),
        array_to_string(f.referred, ', ')) l(own, referred) WHERE f.moved"""

BREACHES = (_DUPLICATES, _ORPHANS, _CHECKS, _DOMAINS, _EXCLUSIONS, _PARTITIONS)
