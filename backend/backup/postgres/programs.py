"""How programs of others are run: never by a shell, with an environment that is spelt out."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# A program that was told to stop puts its own affairs in order first.
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class ProgramResult:
    """What a program has said, and how it ended."""

    exit_code: int
    stdout: str
    stderr: str

    def last_words(self) -> str:
        """Return the end of what it complained about, on one line."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines()]
        return "; ".join(filter(None, lines))[-600:]


def run_program(command: Sequence[str], environ: Mapping[str, str]) -> ProgramResult:
    """Run a program to its end and return its output.

    Whatever interrupts us is passed on as SIGTERM: killed at once, it would leave its locks and
    half of what it was writing.
    """
    process = subprocess.Popen(  # noqa: S603 - commands are tuples of ours, nothing a shell reads
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=dict(environ),
    )
    try:
        stdout, stderr = process.communicate()
    except BaseException:
        end(process)
        raise
    return ProgramResult(process.returncode, stdout, stderr)


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Tell a program to stop, and kill it if it does not."""
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
