"""The parts of a report as lines for a person: aligned, and cut off after some of a kind."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from backend.config.database_url import DatabaseUrl
from backend.errors import ExitCode
from backend.sync.options import Direction, Endpoints
from backend.sync.result import (
    ConflictKind,
    Deletion,
    DuplicatePair,
    FieldDifference,
    MergeConflict,
    SyncResult,
    TableCount,
)

SHOWN = 20
# By whether nothing is left to decide.
DONE = {True: "done, connection good", False: "connection good"}
_BY_OPTION = {ConflictKind.BOTH_CHANGED, ConflictKind.DELETED_AND_CHANGED}
_PLAIN_URL = re.compile(r"postgresql://[\w.-]+@[\w.-]+:\d+/[\w.-]+")
_WHERE = ("host", "hostaddr", "port", "user", "dbname")

T = TypeVar("T")


def table_lines(tables: Mapping[str, TableCount]) -> list[str]:
    """Say what happened to each table to which something happened."""
    rows = [
        (name, count.inserted, count.updated, count.deleted, count.same)
        for name, count in tables.items()
        if count.written or count.same
    ]
    return aligned(("table", "inserted", "updated", "deleted", "alike"), rows) if rows else []


def paired_lines(pairs: Sequence[DuplicatePair]) -> list[str]:
    """Name each pair and what moved with it."""
    return some_lines("paired", pairs, _paired)


def conflict_lines(conflicts: Sequence[MergeConflict]) -> list[str]:
    """Name each conflict with its fields; those to decide come first."""
    return some_lines("conflict", sorted(conflicts, key=lambda one: bool(one.resolved)), _conflict)


def deletion_lines(deletions: Sequence[Deletion]) -> list[str]:
    """Name the deletions that travelled, and those that were held back and why."""
    gone = [one for one in deletions if one.travelled]
    held = [one for one in deletions if not one.travelled]
    lines = some_lines("deleted", gone, _deletion) + some_lines(
        "deleted on one side only", held, _deletion
    )
    if held:
        lines.append(f"{counted(len(held), 'deletion')} held back: --deletes lets deletions travel")
    return lines


def _deletion(one: Deletion) -> list[str]:
    return [f"{one.table} {one.key}"]


def _paired(one: DuplicatePair) -> list[str]:
    said = f"{one.table} {one.local_key} is {one.survivor_key} there, and is called so here now"
    return [said, *some_lines("moved", one.moved, lambda row: [" ".join(row)])]


def _conflict(one: MergeConflict) -> list[str]:
    because = f" ({one.because})" if one.because else ""
    kept = f"; the {one.resolved} one was kept" if one.resolved else ""
    head = f"{one.table} {one.key}: {one.kind.value}{because}{kept}"
    return [head, *(_field(each, one) for each in one.fields)]


def _field(each: FieldDifference, of: MergeConflict) -> str:
    own = (each.table, each.key) == (of.table, of.key)
    where = each.column if own else f"{each.table} {each.key} {each.column}"
    return f"{where}: local {_value(each.local)}, remote {_value(each.remote)}"


def _value(text: str | None) -> str:
    return "has no such row" if text is None else repr(text)


def some_lines(what: str, things: Sequence[T], tell: Callable[[T], list[str]]) -> list[str]:
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


def aligned(header: Sequence[str], rows: Sequence[Sequence[str | int]]) -> list[str]:
    """Put names to the left and numbers to the right."""
    cells = [header, *([_cell(value) for value in row] for row in rows)]
    first, *others = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        f"{name:{first}}" + "".join(f"  {n:>{w}}" for n, w in zip(numbers, others, strict=True))
        for name, *numbers in cells
    ]


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def committed_lines(outcomes: tuple[SyncResult, ...], endpoints: Endpoints) -> list[str]:
    """Say what was committed to which side, and what takes it back."""
    return [
        f"{counted(one.written, 'row')} {'was' if one.written == 1 else 'were'} committed to"
        f" {_target(one, endpoints)} by a try that was cut off"
        f" ({'; '.join(undo_command(one, endpoints)) or 'no script takes that back'})"
        for one in outcomes
    ]


def undo_command(result: SyncResult, endpoints: Endpoints) -> list[str]:
    """Name the command that takes a run back, or the file as it was, if there is one."""
    path = result.backup
    if path is None:
        return []
    if path.suffix != ".sql":
        return [f"the file as it was: {path}"]
    target = _target(result, endpoints)
    script, name = shlex.quote(str(path)), shlex.quote(_program_address(target))
    command = f"sqlite3 {name} <" if target.engine == "sqlite" else f"psql -d {name} -f"
    return [f"to take this run back: {command} {script}"]


def _program_address(target: DatabaseUrl) -> str:
    """Return the address as sqlite3 and psql take it; psql asks for the password."""
    if target.path:
        return str(target.path)
    if _PLAIN_URL.fullmatch(str(target)):
        return str(target)
    # The folder of a socket, several hosts, a name with an @: as keywords they need no encoding.
    params = {key: target.params[key] for key in _WHERE if key in target.params}
    return DatabaseUrl("postgres", params=params).conninfo()


def _target(result: SyncResult, endpoints: Endpoints) -> DatabaseUrl:
    return endpoints.remote if result.direction is Direction.LOCAL_TO_RENDER else endpoints.local


def how_to_decide(conflicts: Sequence[MergeConflict]) -> str:
    """Say what settles them: a word for those in which one side can win, and people for others."""
    by_option = [one.kind in _BY_OPTION for one in conflicts]
    by_time = any(one.has_later for one in conflicts if one.kind in _BY_OPTION)
    words = "local, remote or newer" if by_time else "local or remote"
    option, people = f"decide with --on-conflict {words}", "change one of the rows"
    if all(by_option):
        return option
    return f"{option}; where that does not help, {people}" if any(by_option) else people


def exit_code(*, is_clean: bool) -> ExitCode:
    """Return the exit code of a command that has done its work."""
    return ExitCode.DONE if is_clean else ExitCode.FOUND_WANTING
