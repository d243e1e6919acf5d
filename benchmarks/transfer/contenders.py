"""Ways to bring the same file into Postgres, each with all keys and indexes at its end."""

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.transfer.measure import Taken, run
from benchmarks.transfer.shape import FOREIGN_KEYS, INDEXES, TABLES
from benchmarks.transfer.target import Target

OURS = (sys.executable, "backend/db_transfer_sqlite_to_postgres.py")

# What made pgloader fastest on this shape, each tried by itself.
_PGLOADER_BEST = """
LOAD DATABASE FROM sqlite://{source} INTO {target}
  WITH data only, drop indexes, workers = 4, concurrency = 1, batch rows = 100000,
       prefetch rows = 100000
  SET maintenance_work_mem to '256MB', synchronous_commit to 'off';
"""
_PGLOADER_DEFAULT = "LOAD DATABASE FROM sqlite://{source} INTO {target};\n"


@dataclass(frozen=True)
class Contender:
    """`prepare` makes the target ready and is not timed; `load` is."""

    name: str
    prepare: Callable[[Target], None]
    load: Callable[[Path, Target], Taken]


@dataclass
class Ceiling:
    """The rows as Postgres itself writes them, so that nobody has to read or cast anything."""

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)

    def keep(self, target: Target) -> None:
        """Write the files from a database that holds the rows."""
        for table in TABLES:
            self.files[table] = self.folder / f"{table}.bin"
            copy = f"\\copy {table} TO '{self.files[table]}' WITH (FORMAT binary)"
            target.at_once([copy])

    def load(self, _source: Path, target: Target) -> Taken:
        """Load them as fast as two connections can, then make everything else."""
        copies = [
            f"\\copy {table} FROM '{self.files[table]}' WITH (FORMAT binary)" for table in TABLES
        ]
        begun = time.monotonic()
        target.at_once(copies[:-1], copies[-1:])
        raised = "SET maintenance_work_mem = '256MB'"
        for part in (INDEXES, FOREIGN_KEYS):
            target.at_once(*([raised, *statements] for statements in part))
        return Taken(time.monotonic() - begun, 0.0, "")


def ours(source: Path, target: Target, *flags: str) -> Taken:
    """Run the command as people do, with its defaults."""
    command = (*OURS, "--sqlite", source, "--pg-url", target.url, "--json", *flags)
    return run([str(word) for word in command], env=target.env)


def seconds_of(taken: Taken, stage: str) -> float:
    """Return how long a stage of ours took."""
    answer = json.loads(taken.output[taken.output.index("{") :])
    return float(answer["seconds"].get(stage, 0.0))


def pgloader(text: str) -> Callable[[Path, Target], Taken]:
    """Return a way to run pgloader with these commands."""

    def load(source: Path, target: Target) -> Taken:
        commands = source.with_name("pgloader.load")
        where = target.url.replace("@", f":{target.database.password}@")
        commands.write_text(text.format(source=source, target=where))
        commands.chmod(0o600)
        try:
            return run(("pgloader", commands))
        finally:
            commands.unlink()

    return load


def batches_of_100(source: Path, target: Target) -> Taken:
    """Insert a hundred rows at a time, each batch a transaction: what most scripts do."""
    begun = time.monotonic()
    with (
        closing(sqlite3.connect(source)) as file,
        psycopg.connect(target.database.conninfo()) as connection,
    ):
        for table in TABLES:
            _insert(file, connection, table)
    return Taken(time.monotonic() - begun, 0.0, "")


def _insert(
    file: sqlite3.Connection, connection: psycopg.Connection[tuple[object, ...]], table: str
) -> None:
    rows = file.execute(f"SELECT * FROM {table}")  # noqa: S608 - one of our own
    casts = [bool if name in {"active", "settled"} else _as_it_is for name, *_ in rows.description]
    row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(casts)))
    while batch := rows.fetchmany(100):
        values = sql.SQL(", ").join([row] * len(batch))
        connection.execute(
            sql.SQL("INSERT INTO {} VALUES {} ON CONFLICT DO NOTHING").format(
                sql.Identifier(table), values
            ),
            [cast(value) for one in batch for cast, value in zip(casts, one, strict=True)],
        )
        connection.commit()


def _as_it_is(value: object) -> object:
    return value


PGLOADER_DEFAULT = Contender("pgloader, its defaults", lambda _: None, pgloader(_PGLOADER_DEFAULT))
PGLOADER_BEST = Contender("pgloader, tuned", Target.make_tables, pgloader(_PGLOADER_BEST))
OUR_TOOL = Contender("ours", Target.make_tables, ours)
