"""What referential actions (ON DELETE, ON UPDATE) would do to rows that a run does not write.

A temporary table notes the fate of each row, known by its heap and its ctid: it is deleted, is
changed in some columns, or blocks, where the action would fail. From there the references are
followed until nothing new is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backend.db import sql
from backend.db.session import Session
from backend.errors import DataError
from backend.schema.references import Reference
from backend.tablecopy.obstacle import Obstacle
from backend.tablecopy.upsert_sql import StagedTable, same_values

_MAKE = """
    CREATE TEMP TABLE tablecopy_reached (heap oid, place tid, fate text, columns text[],
        reference int, action text, UNIQUE (heap, place, fate, columns)) ON COMMIT DROP"""
_DROP = "DROP TABLE pg_temp.tablecopy_reached"
_GOES = """
    INSERT INTO pg_temp.tablecopy_reached SELECT heap, place, 'deleted', '{{}}' FROM {extra}
    ON CONFLICT DO NOTHING"""
_CHANGES = """
    INSERT INTO pg_temp.tablecopy_reached SELECT t.tableoid, t.ctid, 'changed', {referred}::text[]
    FROM {rows} t JOIN {stage} s ON {same_key} WHERE NOT {same} ON CONFLICT DO NOTHING"""
_FOLLOW = """
    INSERT INTO pg_temp.tablecopy_reached
    SELECT c.tableoid, c.ctid, {fate}, {columns}::text[], {reference}, {action}
    FROM {child} c JOIN {parent} p ON {match} JOIN pg_temp.tablecopy_reached r
        ON r.heap = p.tableoid AND r.place = p.ctid AND {cause} ON CONFLICT DO NOTHING"""
_COUNT = """
    SELECT reference, fate, action, count(*) FROM pg_temp.tablecopy_reached r
    WHERE reference IS NOT NULL AND NOT (fate = 'blocks'
        AND EXISTS (SELECT FROM pg_temp.tablecopy_reached g
            WHERE g.heap = r.heap AND g.place = r.place AND g.fate = 'deleted'))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
_UNSEEN = """
    SELECT FROM {parent} p JOIN pg_temp.tablecopy_reached r
        ON r.heap = p.tableoid AND r.place = p.ctid AND {cause} LIMIT 1"""
# A row of the file that is not written, while the one that it refers to is.
_ORPHANS = """
    SELECT FROM {child} t JOIN {parent} p ON {match} JOIN pg_temp.tablecopy_reached r
        ON r.heap = p.tableoid AND r.place = p.ctid AND {cause}
    WHERE NOT EXISTS (SELECT FROM pg_temp.tablecopy_reached g
        WHERE g.heap = t.tableoid AND g.place = t.ctid AND g.fate = 'deleted')"""
_UNTOUCHED = " AND NOT EXISTS (SELECT FROM {stage} s WHERE {same_key} AND NOT {same})"


@dataclass(frozen=True)
class CascadeEffect:
    """What one reference does to how many rows; None where this role cannot see them."""

    reference: Reference
    fate: str
    action: str
    rows: int | None

    @property
    def table(self) -> str:
        """Return the name of the table whose rows are affected."""
        return self.reference.child.name

    @property
    def can_be_allowed(self) -> bool:
        """Tell whether --allow-cascade allows it."""
        return self.fate != "blocks" and not self.reference.child.ours

    def describe(self, when: str = "would be") -> str:
        """Return a sentence about what happens to the rows."""
        rows = "rows that this role cannot see" if self.rows is None else _count(self.rows)
        parent = self.reference.parent.name
        by = f"({self.reference.name}, {self.action})"
        if self.fate == "blocks":
            verb = "refers" if self.rows == 1 else "refer"
            what = "changed" if self.action.startswith("ON UPDATE") else "deleted"
            return f"{rows} {verb} to rows of {parent} that {when} {what} {by}"
        singular = when.replace("were", "was") if self.rows == 1 else when
        return f"{rows} {singular} {self.fate} with rows of {parent} {by}"


def follow_cascades(
    session: Session,
    stages: Sequence[StagedTable],
    found: Sequence[Reference],
    *,
    deletes: bool,
) -> tuple[CascadeEffect, ...]:
    """Follow the references from all rows that staged tables would delete or change.

    Raises:
        DataError: an action would take a row of the file with it.
    """
    by_name = {staged.pair.target.name: staged for staged in stages}
    session.execute(_MAKE)
    for staged in stages if deletes else ():
        session.execute(staged.filled(_GOES))
    for one in found:
        if one.parent.ours and one.parent.name in by_name:
            _note_changes(session, by_name[one.parent.name], one)
    session.execute("ANALYZE pg_temp.tablecopy_reached")
    _refuse_orphans(session, by_name, found)
    places = [place for place, one in enumerate(found) if _is_followed(one) and one.child.readable]
    while sum(_follow(session, place, found[place]) for place in places):
        pass
    effects = (*_counted(session, found), *_unseen(session, found))
    session.execute(_DROP)
    return effects


def _both_written(one: Reference) -> bool:
    return one.parent.ours and one.child.ours


def _is_followed(one: Reference) -> bool:
    return one.parent.readable and not _both_written(one)


def _note_changes(session: Session, staged: StagedTable, one: Reference) -> None:
    """Note rows in which a referred value changes that is not part of the key."""
    key = {column.target.name for column in staged.pair.key}
    written = {column.target.name for column in staged.pair.columns}
    names = [name for name in one.referred if name in written]
    if staged.has_key and not set(names) <= key:
        same = same_values([sql.name(name) for name in names])
        referred = sql.value(list(one.referred))
        session.execute(staged.filled(_CHANGES, referred=referred, same=same))


def _refuse_orphans(
    session: Session, by_name: dict[str, StagedTable], found: Sequence[Reference]
) -> None:
    for one in filter(_both_written, found):
        for cause, fate, _columns, _action in _actions(one):
            if fate == "blocks":
                continue
            query = sql.statement(_ORPHANS, **_parts(one, "t", cause))
            staged = by_name.get(one.child.name)
            if staged is not None and staged.has_key:
                same = same_values([sql.name(name) for name in one.columns])
                query += staged.filled(_UNTOUCHED, same=same)
            if session.execute(query).rowcount:
                raise DataError(f"rows of {one.child.name} refer to rows that the file lacks")


def _follow(session: Session, place: int, one: Reference) -> int:
    new = 0
    for cause, fate, columns, action in _actions(one):
        statement = sql.statement(
            _FOLLOW,
            fate=sql.value(fate),
            columns=sql.value(list(columns)),
            reference=sql.value(place),
            action=sql.value(action),
            **_parts(one, "c", cause),
        )
        new += session.execute(statement).rowcount
    return new


def _actions(one: Reference) -> Iterator[tuple[sql.SqlPart, str, tuple[str, ...], str]]:
    """Yield the condition on the parent's row, the child's fate and columns, the action's name."""
    deleted, changed = _fate(one.on_delete, "deleted"), _fate(one.on_update, "changed")
    columns = one.set_columns if deleted == "changed" else ()
    yield sql.statement("r.fate = 'deleted'"), deleted, columns, f"ON DELETE {one.on_delete}"
    cause = sql.statement("r.columns && {}::text[]", sql.value(list(one.referred)))
    columns = one.columns if changed == "changed" else ()
    yield cause, changed, columns, f"ON UPDATE {one.on_update}"


def _fate(action: str, cascade: str) -> str:
    return {"CASCADE": cascade, "SET NULL": "changed", "SET DEFAULT": "changed"}.get(
        action, "blocks"
    )


def _parts(one: Reference, child: str, cause: sql.SqlPart) -> dict[str, sql.SqlPart]:
    return {
        "child": one.child.rows,
        "parent": one.parent.rows,
        "match": one.matches(child, "p"),
        "cause": cause,
    }


def _counted(session: Session, found: Sequence[Reference]) -> Iterator[CascadeEffect]:
    for place, fate, action, rows in session.execute(_COUNT).fetchall():
        yield CascadeEffect(found[place], fate, action, rows)


def _unseen(session: Session, found: Sequence[Reference]) -> Iterator[CascadeEffect]:
    for one in found:
        if one.child.readable or not _is_followed(one):
            continue
        for cause, fate, _columns, action in _actions(one):
            query = sql.statement(_UNSEEN, parent=one.parent.rows, cause=cause)
            if session.execute(query).rowcount:
                yield CascadeEffect(one, fate, action, None)


def cascade_obstacles(found: Iterable[CascadeEffect], *, allowed: bool) -> Iterator[Obstacle]:
    """Return the effects that have not been allowed, or cannot be."""
    for one in found:
        if not one.can_be_allowed:
            way_out = "delete or change those first, or leave out --delete"
            yield Obstacle(one.describe(), way_out, one.table)
        elif not allowed:
            yield Obstacle(one.describe(), "--allow-cascade", one.table)


def _count(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"
