"""What referential actions would do to rows that nobody has asked to change.

Of a row, known by its heap and its place there, it is noted that it goes (is deleted), changes (in
some columns), or stays, where an action would have to be refused. From there the references are
followed until nothing is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from backend.errors import DataError
from backend.schema.references import Reference
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.upsert_sql import Merge, same_values

_MAKE = """
    CREATE TEMP TABLE tablecopy_reached (heap oid, place tid, fate text, columns text[],
        reference int, action text, UNIQUE (heap, place, fate, columns)) ON COMMIT DROP"""
_DROP = "DROP TABLE pg_temp.tablecopy_reached"
_GOES = """
    INSERT INTO pg_temp.tablecopy_reached SELECT heap, place, 'goes', '{{}}' FROM {extra}
    ON CONFLICT DO NOTHING"""
_CHANGES = """
    INSERT INTO pg_temp.tablecopy_reached SELECT t.tableoid, t.ctid, 'changes', {referred}::text[]
    FROM {rows} t JOIN {stage} s ON {same_key} WHERE NOT {same} ON CONFLICT DO NOTHING"""
_FOLLOW = """
    INSERT INTO pg_temp.tablecopy_reached
    SELECT c.tableoid, c.ctid, {fate}, {columns}::text[], {reference}, {action}
    FROM {child} c JOIN {parent} p ON {match} JOIN pg_temp.tablecopy_reached r
        ON r.heap = p.tableoid AND r.place = p.ctid AND {cause} ON CONFLICT DO NOTHING"""
_COUNT = """
    SELECT reference, fate, action, count(*) FROM pg_temp.tablecopy_reached r
    WHERE reference IS NOT NULL AND NOT (fate = 'stays'
        AND EXISTS (SELECT FROM pg_temp.tablecopy_reached g
            WHERE g.heap = r.heap AND g.place = r.place AND g.fate = 'goes'))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
_UNSEEN = """
    SELECT FROM {parent} p JOIN pg_temp.tablecopy_reached r
        ON r.heap = p.tableoid AND r.place = p.ctid AND {cause} LIMIT 1"""
# A row of the file that stays as it is, while the one that it refers to does not.
_ORPHANS = """
    SELECT FROM {child} t JOIN {parent} p ON {match} JOIN pg_temp.tablecopy_reached r
        ON r.heap = p.tableoid AND r.place = p.ctid AND {cause}
    WHERE NOT EXISTS (SELECT FROM pg_temp.tablecopy_reached g
        WHERE g.heap = t.tableoid AND g.place = t.ctid AND g.fate = 'goes')"""
_UNTOUCHED = " AND NOT EXISTS (SELECT FROM {stage} s WHERE {same_key} AND NOT {same})"


@dataclass(frozen=True)
class Reached:
    """How many rows of a table are reached by a reference; None where they cannot be seen."""

    reference: Reference
    fate: str
    action: str
    rows: int | None

    @property
    def table(self) -> str:
        """Name the table that is reached."""
        return self.reference.child.name

    @property
    def can_be_allowed(self) -> bool:
        """Tell whether it is for the operator to decide."""
        return self.fate != "stays" and not self.reference.child.ours

    def said(self, when: str = "would be") -> str:
        """Say what happens to them."""
        rows = "rows that this role cannot see" if self.rows is None else counted(self.rows)
        parent = self.reference.parent.name
        by = f"({self.reference.name}, {self.action})"
        if self.fate == "stays":
            verb = "refers" if self.rows == 1 else "refer"
            what = "changed" if self.action.startswith("ON UPDATE") else "deleted"
            return f"{rows} {verb} to rows of {parent} that {when} {what} {by}"
        what = "deleted" if self.fate == "goes" else "changed"
        singular = when.replace("were", "was") if self.rows == 1 else when
        return f"{rows} {singular} {what} with rows of {parent} {by}"


def reached(
    session: Session, merges: Sequence[Merge], found: Sequence[Reference], *, deletes: bool
) -> tuple[Reached, ...]:
    """Follow all references from the rows that staged tables would delete or change.

    Raises:
        DataError: an action would take a row of the file with it.
    """
    by_name = {merge.pair.target.name: merge for merge in merges}
    session.execute(_MAKE)
    for merge in merges if deletes else ():
        session.execute(merge.filled(_GOES))
    for one in found:
        if one.parent.ours and one.parent.name in by_name:
            _note_changes(session, by_name[one.parent.name], one)
    session.execute("ANALYZE pg_temp.tablecopy_reached")
    _refuse_orphans(session, by_name, found)
    places = [place for place, one in enumerate(found) if _is_followed(one) and one.child.readable]
    while sum(_follow(session, place, found[place]) for place in places):
        pass
    answer = (*_seen(session, found), *_unseen(session, found))
    session.execute(_DROP)
    return answer


def _both_travel(one: Reference) -> bool:
    return one.parent.ours and one.child.ours


def _is_followed(one: Reference) -> bool:
    return one.parent.readable and not _both_travel(one)


def _note_changes(session: Session, merge: Merge, one: Reference) -> None:
    """Note rows of which other values are referred to than those by which rows are found."""
    key = {column.target.name for column in merge.pair.key}
    travels = {column.target.name for column in merge.pair.columns}
    names = [name for name in one.referred if name in travels]
    if merge.has_key and not set(names) <= key:
        same = same_values([sql.Identifier(name) for name in names])
        referred = sql.Literal(list(one.referred))
        session.execute(merge.filled(_CHANGES, referred=referred, same=same))


def _refuse_orphans(
    session: Session, by_name: dict[str, Merge], found: Sequence[Reference]
) -> None:
    for one in filter(_both_travel, found):
        for cause, fate, _columns, _action in _rules(one):
            if fate == "stays":
                continue
            query = sql.SQL(_ORPHANS).format(**_sides(one, "t", cause))
            merge = by_name.get(one.child.name)
            if merge is not None and merge.has_key:
                same = same_values([sql.Identifier(name) for name in one.columns])
                query += merge.filled(_UNTOUCHED, same=same)
            if session.execute(query).rowcount:
                raise DataError(f"rows of {one.child.name} refer to rows that the file lacks")


def _follow(session: Session, place: int, one: Reference) -> int:
    new = 0
    for cause, fate, columns, action in _rules(one):
        statement = sql.SQL(_FOLLOW).format(
            fate=sql.Literal(fate),
            columns=sql.Literal(list(columns)),
            reference=sql.Literal(place),
            action=sql.Literal(action),
            **_sides(one, "c", cause),
        )
        new += session.execute(statement).rowcount
    return new


def _rules(one: Reference) -> Iterator[tuple[sql.Composable, str, tuple[str, ...], str]]:
    """Yield by what the child's rows are reached, what becomes of them, and the action's name."""
    deleted, changed = _fate(one.on_delete, "goes"), _fate(one.on_update, "changes")
    columns = one.set_columns if deleted == "changes" else ()
    yield sql.SQL("r.fate = 'goes'"), deleted, columns, f"ON DELETE {one.on_delete}"
    cause = sql.SQL("r.columns && {}::text[]").format(sql.Literal(list(one.referred)))
    columns = one.columns if changed == "changes" else ()
    yield cause, changed, columns, f"ON UPDATE {one.on_update}"


def _fate(action: str, cascade: str) -> str:
    return {"CASCADE": cascade, "SET NULL": "changes", "SET DEFAULT": "changes"}.get(
        action, "stays"
    )


def _sides(one: Reference, child: str, cause: sql.Composable) -> dict[str, sql.Composable]:
    return {
        "child": one.child.rows,
        "parent": one.parent.rows,
        "match": one.matches(child, "p"),
        "cause": cause,
    }


def _seen(session: Session, found: Sequence[Reference]) -> Iterator[Reached]:
    for place, fate, action, rows in session.execute(_COUNT).fetchall():
        yield Reached(found[place], fate, action, rows)


def _unseen(session: Session, found: Sequence[Reference]) -> Iterator[Reached]:
    for one in found:
        if one.child.readable or not _is_followed(one):
            continue
        for cause, fate, _columns, action in _rules(one):
            query = sql.SQL(_UNSEEN).format(parent=one.parent.rows, cause=cause)
            if session.execute(query).rowcount:
                yield Reached(one, fate, action, None)


def refused(found: Iterable[Reached], *, allowed: bool) -> Iterator[Obstacle]:
    """Say what the operator has not allowed, or cannot."""
    for one in found:
        if not one.can_be_allowed:
            way_out = "delete or change those first, or leave out --delete"
            yield Obstacle(one.said(), way_out, one.table)
        elif not allowed:
            yield Obstacle(one.said(), "--allow-cascade", one.table)


def counted(rows: int) -> str:
    """Say how many rows."""
    return f"{rows:,} row{'' if rows == 1 else 's'}"
