"""A command of the backups, watched: when each of its stages began and ended."""

import json
import re
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.polling import wait_for
from tests.system.backup_tool import PROGRAM
from tests.system.stack import Stack

_ANOTHER_AT_WORK = 75
# It has looked, and says what it has found in its answer.
_ANSWERED = {0, 3}
_BEGINS = re.compile(r"INFO (.+) begins\b")


@dataclass
class StagedRun:
    """What a command answered, and the moments at which its stages began; `end` is its last one."""

    answer: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    began: dict[str, float] = field(default_factory=dict)
    end: float = 0.0

    def stage(self, name: str) -> tuple[float, float]:
        """Return when a stage began and when the next one did, or the command ended."""
        begin = self.began[name]
        return begin, min((at for at in self.began.values() if at > begin), default=self.end)

    def seconds(self, name: str) -> float:
        """Return how long a stage took."""
        begin, end = self.stage(name)
        return end - begin


def run_staged(stack: Stack, *words: str) -> StagedRun:
    """Run a command of the backups to its end; the service may have to end its own first.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    return wait_for(lambda: _turn(stack, words), "the service to end its job", every=1)


def _turn(stack: Stack, words: tuple[str, ...]) -> StagedRun | None:
    there = ("docker", "exec", stack.container("backup"), *PROGRAM, *words, "--json")
    process = subprocess.Popen(there, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run, said = StagedRun(), list[str]()
    reader = threading.Thread(target=_note, args=(process, run, said))
    reader.start()
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    text = process.stdout.read()
    code = process.wait()
    run.end = time.time()
    reader.join()
    if code == _ANOTHER_AT_WORK:
        return None
    if code not in _ANSWERED:
        raise RuntimeError(f"{' '.join(words)} ended with {code}: {''.join(said)[-2000:]}")
    run.answer = json.loads(text)
    return run


def _note(process: subprocess.Popen[str], run: StagedRun, said: list[str]) -> None:
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    for line in process.stderr:
        said.append(line)
        if found := _BEGINS.match(line):
            run.began[found[1]] = time.time()
