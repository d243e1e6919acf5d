"""The obstacles of a run: one list, for the dry run, the check and the run itself.

A new obstacle is one more function in `_CHECKS`; one that only the target's catalog tells goes to
`tablecopy.preflight`, one that a swap of tables causes to `swap_obstacles`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from backend.errors import DatabaseError, DataError, RefusedError
from backend.schema.match import FindingKind, SchemaMatch
from backend.tablecopy.cascade_preview import CascadePreview
from backend.tablecopy.cascades import cascade_obstacles
from backend.tablecopy.contents import Contents
from backend.tablecopy.cross_references import left_behind, without_parents
from backend.tablecopy.obstacle import Intent, Method, Obstacle
from backend.tablecopy.preflight import target_obstacles
from backend.transfer.app_schema import is_app_schema
from backend.transfer.endpoints import TransferEndpoints
from backend.transfer.migration_tables import MigrationTable
from backend.transfer.migration_tables import obstacles as migration_obstacles
from backend.transfer.options import TransferMode, TransferOptions

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
class PreflightContext:
    """What is known before anything has changed; `pending` migrations have not been applied yet."""

    options: TransferOptions
    endpoints: TransferEndpoints
    match: SchemaMatch
    pending: tuple[str, ...] = ()
    migration_tables: tuple[MigrationTable, ...] = ()
    # Whether an earlier plan of this run has shown that the server creates such tables.
    tried: bool = False
    # Empty too where rights to read the tables are missing.
    held: Contents = field(default_factory=Contents)

    @property
    def mode(self) -> TransferMode:
        """Return the mode of the run, or of the one that a check is about."""
        return self.options.effective_mode

    @property
    def is_app_schema(self) -> bool:
        """Tell whether the file is a database of this app."""
        return is_app_schema(table.name for table in self.endpoints.source.tables())

    @property
    def intent(self) -> Intent:
        """Return what the run wants of the target."""
        options, updates = self.options, self.mode is TransferMode.UPDATE
        merged = updates and bool(self.held.rows)
        # Tables that refer to each other in a circle are filled together, from staging tables.
        circle = updates and any(len(group) > 1 for group in self.match.groups)
        return Intent(
            self.endpoints.target.schema,
            tuple(pair.target.name for pair in self.match.pairs),
            _METHODS[self.mode],
            deletes=options.delete or self.mode is TransferMode.REPLACE,
            staged=merged or circle or options.mode is TransferMode.CHECK,
            merged=merged,
            tried=self.tried,
        )


_NOT_EMPTY = (
    "--truncate replaces what it holds, as where the app has just put its first rows into a fresh"
    " schema; --update keeps its rows and writes those that differ"
)
_OTHER_APP = "let that app make its tables in the target first"

ObstacleCheck = Callable[[PreflightContext], Iterator[Obstacle]]

_METHODS = {
    TransferMode.LOAD: Method.SWAP,
    TransferMode.REPLACE: Method.SWAP,
    TransferMode.UPDATE: Method.IN_PLACE,
    TransferMode.VERIFY: Method.NONE,
}


def obstacles(context: PreflightContext) -> tuple[Obstacle, ...]:
    """Return every obstacle, with the way out of it."""
    if not context.match.pairs and not context.pending:
        reason = "the target has no table that the source has too"
        return (
            Obstacle(reason, "--migrate makes the app's" if context.is_app_schema else _OTHER_APP),
        )
    return tuple(one for check in _CHECKS for one in check(context))


def _schemas_differ(context: PreflightContext) -> Iterator[Obstacle]:
    for finding in context.match.open_findings:
        yield Obstacle(str(finding), _FLAGS[finding.kind])


def _another_app(context: PreflightContext) -> Iterator[Obstacle]:
    if context.options.migrate and not context.is_app_schema:
        yield Obstacle(
            "--migrate makes this app's tables, and the file holds another's", _OTHER_APP
        )


def _migrations_differ(context: PreflightContext) -> Iterator[Obstacle]:
    if context.mode is not TransferMode.VERIFY:
        yield from migration_obstacles(context.migration_tables)


def _not_empty(context: PreflightContext) -> Iterator[Obstacle]:
    if context.mode is TransferMode.LOAD and context.held.rows:
        yield Obstacle(f"the target is not empty: {context.held}", _NOT_EMPTY)


def _unknown_types(context: PreflightContext) -> Iterator[Obstacle]:
    for pair in context.match.pairs:
        for column in context.endpoints.unconverted_columns(pair):
            yield Obstacle(
                f"{pair.target.name}.{column.target.name} is of type {column.target.type.full}, for"
                " which there is no rule how to copy a value exactly",
                "make the column text for the transfer and change its type afterwards, or leave"
                f" its table out with --exclude {pair.target.name}",
            )


def _on_target(context: PreflightContext) -> Iterator[Obstacle]:
    yield from target_obstacles(context.endpoints.session, context.intent)


def _left_behind(context: PreflightContext) -> Iterator[Obstacle]:
    if context.mode is not TransferMode.REPLACE:
        return
    session, source = context.endpoints.session, context.endpoints.source.connection
    for one in left_behind(session, source, context.match, context.options.casts):
        lacking = ", and the file has no such row" if one.values else ""
        reason = f"{one.table} ({one.constraint}) refers to {one}{lacking}"
        yield Obstacle(reason, "--update keeps such rows", one.referred)


def _without_parents(context: PreflightContext) -> Iterator[Obstacle]:
    if context.mode is TransferMode.VERIFY:
        return
    endpoints, casts = context.endpoints, context.options.casts
    for one in without_parents(
        endpoints.session, endpoints.source.connection, context.match, casts
    ):
        lacking = ", which is excluded, and the target lacks them" if one.values else ""
        reason = f"{one.constraint} refers to {one}{lacking}"
        yield Obstacle(reason, f"let {one.referred} travel, or exclude {one.table} too", one.table)


def _cascades(context: PreflightContext) -> Iterator[Obstacle]:
    """Name changes that foreign keys would make in tables that are left alone."""
    options, endpoints = context.options, context.endpoints
    if context.mode is not TransferMode.UPDATE or not context.held.rows:
        return
    pairs = context.match.pairs
    preview = CascadePreview(endpoints.source.connection, endpoints.session, pairs, options.casts)
    # Values that cannot be stored are named as such, and rights that are missing too.
    with suppress(DataError, DatabaseError, RefusedError):
        found = preview.effects(deletes=options.delete)
        yield from cascade_obstacles(found, allowed=options.allow_cascade)


_CHECKS: tuple[ObstacleCheck, ...] = (
    _another_app,
    _schemas_differ,
    _migrations_differ,
    _not_empty,
    _unknown_types,
    _on_target,
    _left_behind,
    _without_parents,
    _cascades,
)
