"""Write a demo into a database: all of it, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, exc, insert, select

from backend.config.database_url import DatabaseUrl
from backend.db.base import data_tables
from backend.db.dialect import WRITES, PoolOptions, dialect_for
from backend.db.errors import translate
from backend.demo.config import DemoConfig
from backend.demo.groups import invent_group
from backend.demo.people import invent_people
from backend.demo.rows import DemoRow
from backend.errors import RefusedError
from backend.migrate import upgrade
from backend.version import release

_ROWS_AT_ONCE = 10_000

_TABLES = data_tables()


@dataclass(frozen=True)
class DemoResult:
    """The number of rows that were written, by table."""

    rows: dict[str, int]

    def lines(self) -> list[str]:
        """Return a line for each table."""
        width = max(map(len, self.rows))
        return [f"{name:{width}}  {number:>10,}" for name, number in self.rows.items()]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the counts for JSON."""
        return {"rows": self.rows}


def fill(database: DatabaseUrl, config: DemoConfig, *, add: bool = False) -> DemoResult:
    """Migrate the database, then write the demo in one transaction.

    Raises:
        RefusedError: the database holds rows and `add` is False, or holds this very demo.
    """
    upgrade(database)
    with _writing(database) as connection:
        if not add:
            _refuse_rows(connection, database)
        batches = Batches(connection)
        for row in invent_people(config):
            batches.add(row)
        batches.write()
        for number in range(config.groups):
            for row in invent_group(config, number):
                batches.add(row)
        batches.write()
    return DemoResult({table.name: batches.written[table.name] for table in _TABLES})


class Batches:
    """Collects rows and writes them by the thousand, parents before children."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in _TABLES}
        self._waiting = 0
        self.written: Counter[str] = Counter()

    def add(self, row: DemoRow) -> None:
        """Take one row; it may refer to any that came before it."""
        model, values = row
        self._rows[model.__tablename__].append(values)
        self._waiting += 1
        if self._waiting >= _ROWS_AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write what has been collected."""
        for table in _TABLES:
            if rows := self._rows[table.name]:
                self._connection.execute(insert(table), rows)
                self.written[table.name] += len(rows)
                rows.clear()
        self._waiting = 0


@contextmanager
def _writing(database: DatabaseUrl) -> Iterator[Connection]:
    options = PoolOptions(1, f"demo:{release()}")
    engine = dialect_for(database, options).create_engine()
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            yield connection
    except exc.IntegrityError:
        raise RefusedError(
            f"{database} holds rows of a demo with this seed", hint="choose another --seed NUMBER"
        ) from None
    except exc.DBAPIError as error:
        known = translate(error)
        if known is None:
            raise
        raise known from None
    finally:
        engine.dispose()


def _refuse_rows(connection: Connection, database: DatabaseUrl) -> None:
    filled = [table.name for table in _TABLES if _has_rows(connection, table)]
    if filled:
        raise RefusedError(
            f"{database} holds rows already, in {', '.join(filled)}",
            hint="use an empty database, or say --add to put invented rows beside them",
        )


def _has_rows(connection: Connection, table: Table) -> bool:
    return connection.execute(select(1).select_from(table).limit(1)).first() is not None
