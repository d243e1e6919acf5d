"""Everything that would stop a run: one list, for the dry run, the check and the run itself.

A new reason is one more function in `_CHECKS`; what only the target's catalog tells is one in
`tablecopy.preflight`, and what tables lose by an exchange one in `swap_obstacles`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from backend.errors import DatabaseError, DataError, RefusedError
from backend.schema.match import FindingKind, SchemaMatch
from backend.tablecopy.cascade_preview import Outlook
from backend.tablecopy.cascades import refused
from backend.tablecopy.contents import Contents
from backend.tablecopy.cross_references import left_behind, without_parents
from backend.tablecopy.obstacle import Intent, Method, Obstacle
from backend.tablecopy.postgres.tables import rules
from backend.tablecopy.preflight import target_obstacles
from backend.transfer.migration_tables import History
from backend.transfer.migration_tables import obstacles as history_obstacles
from backend.transfer.options import Options, Task
from backend.transfer.rules import is_ours
from backend.transfer.sides import Sides

_FLAGS = {
    FindingKind.TABLE_ONLY_IN_SOURCE: "--allow-extra-tables",
    FindingKind.VIRTUAL_TABLE: "--allow-extra-tables",
    FindingKind.TABLE_ONLY_IN_TARGET: "--allow-missing-tables",
    FindingKind.COLUMN_ONLY_IN_SOURCE: "--allow-extra-columns",
    FindingKind.COLUMN_ONLY_IN_TARGET: "--allow-missing-columns",
    FindingKind.COLUMN_WITHOUT_VALUE: "give it a default, or leave its table out with --exclude",
    FindingKind.NO_COMMON_COLUMN: "leave it out with --exclude",
}


@dataclass(frozen=True)
class Scene:
    """What is known before anything has changed; `pending` migrations have yet to make tables."""

    options: Options
    sides: Sides
    pairing: SchemaMatch
    pending: tuple[str, ...] = ()
    histories: tuple[History, ...] = ()
    # Whether all of this has been asked before in this run.
    tried: bool = False
    # Empty too while rights are missing to look into the tables.
    held: Contents = field(default_factory=Contents)

    @property
    def is_ours(self) -> bool:
        """Tell whether the file is one of this app."""
        return is_ours(table.name for table in self.sides.source.tables())

    @property
    def intent(self) -> Intent:
        """Return what the run wants of the target."""
        options, groups = self.options, self.pairing.groups
        merged = options.way is Task.UPDATE and bool(self.held.tables)
        # Tables that refer to each other are filled together, from beside them.
        circle = options.way is Task.UPDATE and any(len(group) > 1 for group in groups)
        return Intent(
            self.sides.target.schema,
            tuple(pair.target.name for pair in self.pairing.pairs),
            _METHODS[options.way],
            deletes=options.delete or options.way is Task.REPLACE,
            staged=merged or circle or options.task is Task.CHECK,
            merged=merged,
            tried=self.tried,
        )


_NOT_EMPTY = (
    "--truncate replaces what it holds, as where the app has just put its first rows into a fresh"
    " schema; --update keeps its rows and writes those that differ"
)
_THEIRS = "let that app make its tables in the target first"

Check = Callable[[Scene], Iterator[Obstacle]]

_METHODS = {
    Task.LOAD: Method.SWAP,
    Task.REPLACE: Method.SWAP,
    Task.UPDATE: Method.IN_PLACE,
    Task.VERIFY: Method.NONE,
}


def obstacles(scene: Scene) -> tuple[Obstacle, ...]:
    """Return what is in the way, and by what it would not be."""
    if not scene.pairing.pairs and not scene.pending:
        reason = "the target has no table that the source has too"
        return (Obstacle(reason, "--migrate makes the app's" if scene.is_ours else _THEIRS),)
    return tuple(one for check in _CHECKS for one in check(scene))


def _schemas_differ(scene: Scene) -> Iterator[Obstacle]:
    for finding in scene.pairing.open_findings:
        yield Obstacle(str(finding), _FLAGS[finding.kind])


def _another_app(scene: Scene) -> Iterator[Obstacle]:
    if scene.options.migrate and not scene.is_ours:
        yield Obstacle("--migrate makes this app's tables, and the file holds another's", _THEIRS)


def _histories_differ(scene: Scene) -> Iterator[Obstacle]:
    if scene.options.way is not Task.VERIFY:
        yield from history_obstacles(scene.histories)


def _not_empty(scene: Scene) -> Iterator[Obstacle]:
    if scene.options.way is Task.LOAD and scene.held.tables:
        yield Obstacle(f"the target is not empty: {scene.held}", _NOT_EMPTY)


def _unknown_types(scene: Scene) -> Iterator[Obstacle]:
    for pair in scene.pairing.pairs:
        for column in scene.sides.without_rule(pair):
            yield Obstacle(
                f"{pair.target.name}.{column.target.name} is of type {column.target.type.full}, for"
                " which there is no rule how to copy a value exactly",
                "make the column text for the transfer and change its type afterwards, or leave"
                f" its table out with --exclude {pair.target.name}",
            )


def _on_target(scene: Scene) -> Iterator[Obstacle]:
    yield from target_obstacles(scene.sides.session, scene.intent)


def _left_behind(scene: Scene) -> Iterator[Obstacle]:
    if scene.options.way is not Task.REPLACE:
        return
    sides, casts = scene.sides, scene.options.casts
    for one in left_behind(sides.session, sides.source.connection, scene.pairing, casts):
        lacking = ", and the file has no such row" if one.values else ""
        reason = f"{one.table} ({one.constraint}) refers to {one}{lacking}"
        yield Obstacle(reason, "--update keeps such rows", one.referred)


def _without_parents(scene: Scene) -> Iterator[Obstacle]:
    if scene.options.way is Task.VERIFY:
        return
    sides, casts = scene.sides, scene.options.casts
    for one in without_parents(sides.session, sides.source.connection, scene.pairing, casts):
        lacking = ", which is excluded, and the target lacks them" if one.values else ""
        reason = f"{one.constraint} refers to {one}{lacking}"
        yield Obstacle(reason, f"let {one.referred} travel, or exclude {one.table} too", one.table)


def _rewritten(scene: Scene) -> Iterator[Obstacle]:
    if scene.options.way is Task.UPDATE and scene.held.tables:
        intent = scene.intent
        for table, rule, off in rules(scene.sides.session, intent.schema, intent.tables):
            reason = f"the rule {rule} rewrites what is written"
            yield Obstacle(reason, f"for the transfer: {off}", table)


def _reached(scene: Scene) -> Iterator[Obstacle]:
    """Name what foreign keys would do to tables that are left alone."""
    options, sides = scene.options, scene.sides
    if options.way is not Task.UPDATE or not scene.held.tables:
        return
    pairs = scene.pairing.pairs
    outlook = Outlook(sides.source.connection, sides.session, pairs, options.casts)
    # Values that cannot be stored are named as such, and rights that are missing too.
    with suppress(DataError, DatabaseError, RefusedError):
        found = outlook.of_an_update(deletes=options.delete)
        yield from refused(found, allowed=options.allow_cascade)


_CHECKS: tuple[Check, ...] = (
    _another_app,
    _schemas_differ,
    _histories_differ,
    _not_empty,
    _unknown_types,
    _on_target,
    _left_behind,
    _without_parents,
    _rewritten,
    _reached,
)
