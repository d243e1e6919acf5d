"""Put each case to each way, and print what arrived: nothing is judged here."""

import argparse
import re
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg

from benchmarks.transfer.target import Target, server
from benchmarks.traps import ways
from benchmarks.traps.cases import TRAPS, Trap
from benchmarks.traps.ways import Ended, Way
from tests.fix_postgres import PostgresServer

# As pgloader and psql begin one; pgloader's last table has a column of that name, too.
_ERROR = re.compile(r"^.* ERROR:? ", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Print a table that can be pasted into a page."""
    options = _parser().parse_args(arguments)
    here = _ways()
    traps = [trap for trap in TRAPS if options.only in trap.name]
    with tempfile.TemporaryDirectory() as name, server() as at:
        print(f"\n| | {' | '.join(here)} |\n|{' --- |' * (len(here) + 1)}")
        for number, trap in enumerate(traps):
            cells = [
                _seen(at, trap, way, Path(name) / f"{number}.db", options) for way in here.values()
            ]
            print(f"| {trap.name} | {' | '.join(cells)} |", flush=True)
    return 0


def _ways() -> dict[str, Way]:
    """Return the ways that this machine has, by name and version."""
    found: dict[str, Way] = {"this": ways.ours}
    for name, way in {"pgloader": ways.pgloader, "sqlite3": ways.dump}.items():
        if shutil.which(name) is None:
            print(f"{name} is not installed (on Debian: apt install {name}): shown without it")
            continue
        found[_version(name)] = way
    return found


def _version(program: str) -> str:
    done = subprocess.run((program, "--version"), check=True, capture_output=True, text=True)
    line = done.stdout.splitlines()[0]
    return f".dump of sqlite3 {line.split()[0]}" if program == "sqlite3" else line.replace('"', "")


def _seen(
    at: PostgresServer, trap: Trap, way: Way, source: Path, options: argparse.Namespace
) -> str:
    source.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as file:
        file.executescript(trap.source)
    target = Target(at)
    target.execute(trap.target)
    ended = way(source, target)
    if options.say:
        print(f"--- {trap.name}: {way.__name__}\n{ended.said}")
    with psycopg.connect(target.database.conninfo()) as session:
        row = session.execute(trap.ask.encode()).fetchone()
    target.rest()
    return _told(ended, row[0] if row else None)


def _told(ended: Ended, arrived: str | None) -> str:
    error = " and an error" * (bool(_ERROR.search(ended.said)) and not ended.code)
    return f"exit {ended.code}{error}: {arrived or 'nothing'}".replace("|", "¦")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.traps", description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--say", action="store_true", help="show all that the programs say, too")
    return parser
