"""Run a command and see how long it takes, and how much memory it and its children hold."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Taken:
    """What a command took: seconds by the clock, and its peak of memory in MB."""

    seconds: float
    peak_mb: float
    output: str


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Taken:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watch = Watch(process.pid)
    output, _ = process.communicate()
    seconds = time.monotonic() - begun
    peak = watch.end()
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {output[-2000:]}")
    return Taken(seconds, peak, output)


class Watch:
    """Looks again and again how much memory a process tree holds that nobody else shares."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> float:
        """Stop looking and return the peak, in MB."""
        self._ended.set()
        self._thread.join()
        return self._peak / 1000

    def _look(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self._peak = max(self._peak, sum(map(_pss, _tree(self._pid))))


def _tree(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


def _pss(pid: int) -> int:
    """Return the memory of a process in kB, what it shares divided among those who share it."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
