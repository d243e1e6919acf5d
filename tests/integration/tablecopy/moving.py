"""A whole load as the tool does it, in few words."""

import json
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from backend.db.session import Session
from backend.schema.match import MatchOptions, TablePair, match_tables
from backend.schema.postgres import reflect_postgres
from backend.tablecopy.encoder import encoder
from backend.tablecopy.key_order import check_key_order
from backend.tablecopy.load import Load, LoadResult, load
from backend.tablecopy.pool import Pool
from backend.tablecopy.shadow.indexes import build_indexes
from backend.tablecopy.shadow.schema import drop_shadow, left_over_shadows, temporary_shadow
from backend.tablecopy.shadow.swap import Swap, swap
from backend.tablecopy.sqlite.source import Source, open_source
from backend.tablecopy.target import Target, connect
from backend.tablecopy.update import TableChange, Update, find_changed_ranges, write
from backend.values.conversion import Casts

Watch = Callable[[str, int], None]


def transfer(
    path: Path, target: Target, scratch: Path, *, batch_rows: int = 500, watch: Watch | None = None
) -> LoadResult:
    """Load a file into an empty target."""
    with (
        open_source(path, scratch=scratch) as source,
        closing(connect(target, name="test")) as session,
    ):
        for name in left_over_shadows(session, target.schema):
            drop_shadow(session, name)
        match = match_tables(
            source.tables(), reflect_postgres(session, target.schema), MatchOptions()
        )
        assert not match.open_findings
        names = [one.target.name for one in match.pairs]
        with temporary_shadow(session, target.schema, names) as shadow:
            with Pool(source, target, workers=2) as pool:
                encoders = tuple(
                    encoder(one, Casts()) for one in ordered_pairs(source, session, match.pairs)
                )
                what = Load(source, encoders, shadow.name, batch_rows, watch or (lambda *_: None))
                result = load(pool, what)
            build_indexes(shadow, target, rows=result.rows)
            high = {p.target.name: p.source.high_water or 0 for p in match.pairs}
            swap(session, Swap(shadow, tuple(p.target for p in match.pairs), high))
    return result


def bring_up(path: Path, target: Target, scratch: Path, **options: Any) -> dict[str, TableChange]:
    """Update a target that holds something."""
    with (
        open_source(path, scratch=scratch) as source,
        closing(connect(target, name="test")) as session,
    ):
        found = match_tables(
            source.tables(), reflect_postgres(session, target.schema), MatchOptions()
        )
        with Pool(source, target, workers=2) as pool:
            pairs = ordered_pairs(source, session, found.pairs)
            encoders = {one.target.name: encoder(one, Casts()) for one in pairs}
            what = Update(source, found, encoders, batch_rows=1000, **options)
            return write(session, what, find_changed_ranges(pool, what))


def ordered_pairs(
    source: Source, session: Session, pairs: tuple[TablePair, ...]
) -> tuple[TablePair, ...]:
    """Return the pairs, with `ordered` set where both sides sort the key alike."""
    return tuple(check_key_order(source.connection, session, one) for one in pairs)


def rows_of(fetch: Any, tables: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Read whole tables through a cursor's execute, sorted by Python."""
    return {
        table: sorted(fetch(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables
    }


def change(path: Path, *statements: str) -> None:
    """Run statements on a file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def counted(changes: Mapping[str, TableChange]) -> dict[str, tuple[int, int, int]]:
    """Return (inserted, updated, deleted) of each table in which anything changed."""
    return {
        name: (one.inserted, one.updated, one.deleted)
        for name, one in changes.items()
        if one.inserted or one.updated or one.deleted
    }


def main() -> None:
    """Do as a line of JSON on standard input says."""
    order = json.loads(sys.stdin.readline())
    target = Target(order["conninfo"])
    transfer(Path(order["path"]), target, Path(order["scratch"]), batch_rows=200)


if __name__ == "__main__":
    main()
