"""Three ways into tables that are there already; what each of them says is kept."""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.transfer.contenders import OURS
from benchmarks.transfer.target import Target

_PGLOADER = "LOAD DATABASE FROM sqlite://{source} INTO {target} WITH data only;\n"
_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """How a way ended, and what it said."""

    code: int
    said: str


Way = Callable[[Path, Target], Ended]


def ours(source: Path, target: Target) -> Ended:
    """Run the command with its defaults."""
    return _run((*OURS, "--sqlite", source, "--pg-url", target.url), target)


def pgloader(source: Path, target: Target) -> Ended:
    """Let pgloader put the rows into the tables, with its other defaults."""
    commands = source.with_suffix(".load")
    where = target.url.replace("@", f":{target.database.password}@")
    commands.touch(0o600)
    commands.write_text(_PGLOADER.format(source=source, target=where))
    return _run(("pgloader", commands), target)


def dump(source: Path, target: Target) -> Ended:
    """Run the `INSERT`s of `.dump` by hand; psql goes on after an error, as it does by itself."""
    script = source.with_suffix(".sql")
    with script.open("wb") as file:
        subprocess.run(("sqlite3", source, ".dump"), check=True, stdout=file)
    inserts = [line for line in script.read_bytes().splitlines() if line.startswith(b"INSERT")]
    mine = [line for line in inserts if b"sqlite_sequence" not in line]
    script.write_bytes(b"\n".join(mine) + b"\n")
    return _run((target.psql, "-X", "-q", "-d", target.url, "-f", script), target)


def _run(command: Sequence[str | Path], target: Target) -> Ended:
    done = subprocess.run(
        command,
        env={**os.environ, **target.env},
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    return Ended(done.returncode, (done.stdout + done.stderr).decode(errors="replace"))
