"""Look at what a drill has restored, as the release that serves would: its rules, its readiness.

    python /app/drill_check.py serve FOLDER SECONDS    answer questions, each within so many seconds
    python /app/drill_check.py look FOLDER             look once, and print the answer

The service `backup` puts a file with a token into the folder of the scratch server's socket, and
waits for an answer with the same token. It carries no app; this one has nothing but that socket.
Each look is a process of its own: between two nights nothing of the app is kept in memory.
Who stops it waits until a look has ended: a deploy exchanges it for the new release's, and must not
fail the drill that runs.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import FrameType

FOLDER = Path("/run/drill")
POLL_SECONDS = 1.0
# DRILL_CHECK_SECONDS: the patience of who waits, and `stop_grace_period` in the compose file.
PATIENCE_SECONDS = 300
# Of these kept back, so that the answer comes in time.
ANSWER_SECONDS = 20


def serve(folder: Path, seconds: int) -> None:
    """Answer one question after the other, until SIGTERM; what was begun is answered first."""
    stopped = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    answered = ""
    while not stopped.is_set():
        token = _read(folder / "request")
        if token not in ("", answered):
            _answer(folder, token, seconds - ANSWER_SECONDS)
            answered = token
        stopped.wait(POLL_SECONDS)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _answer(folder: Path, token: str, seconds: int) -> None:
    lines = _look_apart(folder, seconds)
    answer = json.dumps({"token": token, "ok": not lines, "lines": lines})
    # Under another name first: nobody reads half of it. The group of the backups may read it.
    partial = folder / f"answer.{token[:8]}.tmp"
    partial.write_text(answer, encoding="utf-8")
    partial.chmod(0o640)
    partial.rename(folder / "answer.json")
    sys.stderr.write(f"drill-check: {'; '.join(lines) or 'the restored data is as it should be'}\n")


def _look_apart(folder: Path, seconds: int) -> list[str]:
    command = (sys.executable, __file__, "look", str(folder))
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, capture_output=True, text=True, check=False, timeout=seconds
        )
        lines: list[str] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return [f"no end after {seconds} s: see DRILL_CHECK_SECONDS"]
    except ValueError:
        return [*_unexpected(done.stderr), f"it ended with {done.returncode}"]
    return lines


def _unexpected(stderr: str) -> Iterator[str]:
    """Yield the type of the error that a traceback ends in, and log where it was raised.

    What it says is left out: a driver's words may hold rows, and whoever is notified gets it.
    """
    _, begun, last = stderr.rpartition("Traceback (most recent call last):\n")
    lines = last.splitlines() if begun else []
    sys.stderr.writelines(f"{line}\n" for line in lines if line.startswith('  File "'))
    for line in lines:
        if not line.startswith(" "):
            yield f"{line.partition(':')[0]}: see the log of drill-check"
            return


def look(folder: Path) -> list[str]:
    """Return what is wrong with the restored data, as lines; nothing if nothing is."""
    from backend.errors import AppError

    try:
        return _findings(folder)
    except AppError as error:
        return [f"it could not look: {error}"]


def _findings(folder: Path) -> list[str]:
    from backend.config.database_url import DatabaseUrl
    from backend.db.dialect import dialect_for
    from backend.db.schema_state import read_schema
    from backend.invariants.checks import check

    params = {"host": str(folder), "user": "postgres", "dbname": "hesap_paylas"}
    database = DatabaseUrl("postgres", params=params, origin="the drill")
    schema = read_schema(dialect_for(database), seconds=10)
    if schema.state != "ok":
        return [f"not ready: the schema is {schema.state}, {json.dumps(schema.as_dict())}"]
    report = check(database)
    # The rules, and not the rows that break them: the answer is kept in the open, and goes out to
    # whoever is notified. `python -m backend check` names the rows.
    return [] if report.is_clean else [one for one in report.lines() if not one.startswith(" ")]


if __name__ == "__main__":
    where = Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER
    if sys.argv[1:2] == ["look"]:
        sys.stdout.write(json.dumps(look(where)))
    else:
        serve(where, int(sys.argv[3]) if len(sys.argv) > 3 else PATIENCE_SECONDS)
