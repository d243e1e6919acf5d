"""The parts of a report as lines for people: aligned, and never longer than somebody reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from backend.sync.merge.result import (
    Conflict,
    Deletion,
    FieldDifference,
    Mismatch,
    Paired,
    Status,
    TableCount,
)

SHOWN = 20

T = TypeVar("T")


def status_lines(status: Status, ways: Sequence[str]) -> list[str]:
    """Say where both sides are, and table by table what they hold and what would travel."""
    names = list({**status.local.rows, **status.remote.rows})
    counted = (status.local.rows, status.remote.rows, status.to_remote, status.to_local)
    rows: list[list[str | int]] = [
        [name, *(numbers.get(name, 0) for numbers in counted)] for name in names
    ]
    return [
        f"local   {status.local.where}  (schema {status.local.revision or 'none'})",
        f"remote  {status.remote.where}  (schema {status.remote.revision or 'none'})",
        *ways,
        f"last sync: {_moment(status.synced_at)}",
        "",
        *_aligned(("table", "local", "remote", "to remote", "to local"), rows),
        "",
    ]


def _moment(text: str | None) -> str:
    return f"{text.replace('T', ' ').removesuffix('+00:00')} UTC" if text else "never"


def table_lines(tables: Mapping[str, TableCount]) -> list[str]:
    """Say what happened to each table to which something happened."""
    rows = [
        (name, count.inserted, count.updated, count.deleted, count.same)
        for name, count in tables.items()
        if count.written or count.same
    ]
    return _aligned(("table", "inserted", "updated", "deleted", "alike"), rows) if rows else []


def paired_lines(pairs: Sequence[Paired]) -> list[str]:
    """Name each pair and what moved with it."""
    return _some("paired", pairs, _paired)


def conflict_lines(conflicts: Sequence[Conflict]) -> list[str]:
    """Name each conflict with its fields; those to decide come first."""
    return _some("conflict", sorted(conflicts, key=lambda one: bool(one.resolved)), _conflict)


def deletion_lines(deletions: Sequence[Deletion]) -> list[str]:
    """Name the deletions that travelled, and those that were held back and why."""
    gone = [one for one in deletions if one.travelled]
    held = [one for one in deletions if not one.travelled]
    lines = _some("deleted", gone, _deletion) + _some("deleted on one side only", held, _deletion)
    if held:
        lines.append(f"{counted(len(held), 'deletion')} held back: --deletes lets deletions travel")
    return lines


def mismatch_lines(mismatches: Sequence[Mismatch]) -> list[str]:
    """Name each row that differs."""
    return _some("difference", mismatches, lambda one: [f"{one.table} {one.key}: {one.says}"])


def _deletion(one: Deletion) -> list[str]:
    return [f"{one.table} {one.key}"]


def _paired(one: Paired) -> list[str]:
    said = f"{one.table} {one.local_key} is {one.survivor_key} there, and is called so here now"
    return [said, *_some("moved", one.moved, lambda row: [" ".join(row)])]


def _conflict(one: Conflict) -> list[str]:
    because = f" ({one.because})" if one.because else ""
    kept = f"; the {one.resolved} one was kept" if one.resolved else ""
    head = f"{one.table} {one.key}: {one.kind.value}{because}{kept}"
    return [head, *(_field(each, one) for each in one.fields)]


def _field(each: FieldDifference, of: Conflict) -> str:
    own = (each.table, each.key) == (of.table, of.key)
    where = each.column if own else f"{each.table} {each.key} {each.column}"
    return f"{where}: local {_value(each.local)}, remote {_value(each.remote)}"


def _value(text: str | None) -> str:
    return "has no such row" if text is None else repr(text)


def _some(what: str, things: Sequence[T], tell: Callable[[T], list[str]]) -> list[str]:
    """Return the first few, and how many more there are."""
    lines = []
    for one in things[:SHOWN]:
        first, *rest = tell(one)
        lines += [f"{what}: {first}", *(f"  {line}" for line in rest)]
    if len(things) > SHOWN:
        lines.append(f"{what}: and {len(things) - SHOWN:,} more: --json names each of them")
    return lines


def counted(number: int, thing: str) -> str:
    """Count things as people do."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str | int]]) -> list[str]:
    """Put names to the left and numbers to the right."""
    cells = [header, *([_cell(value) for value in row] for row in rows)]
    first, *others = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        f"{name:{first}}" + "".join(f"  {n:>{w}}" for n, w in zip(numbers, others, strict=True))
        for name, *numbers in cells
    ]


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value
