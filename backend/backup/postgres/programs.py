"""How programs of others are run: never by a shell, with an environment that is spelt out."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from backend.errors import DatabaseError

# A program that was told to stop puts its own affairs in order first.
_PATIENCE_SECONDS = 60

# Tells of what a program that ended badly has complained about whether it does not matter.
Forgiveness = Callable[[str], bool]


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


def nothing(_: str) -> bool:
    """Forgive nothing."""
    return False


@contextmanager
def output_of(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[BinaryIO]:
    """Run a program and lend what it writes; whoever leaves the block early ends it.

    Raises:
        DatabaseError: it ended badly, so that what it has written is not all.
    """
    with _piped(command, environ, subprocess.DEVNULL, subprocess.PIPE, nothing) as process:
        yield cast("BinaryIO", process.stdout)


@contextmanager
def input_of(
    command: Sequence[str], environ: Mapping[str, str], forgives: Forgiveness = nothing
) -> Iterator[BinaryIO]:
    """Run a program and lend what it reads; whoever leaves the block early ends it.

    Raises:
        DatabaseError: it ended badly, and not by what is forgiven.
    """
    with _piped(command, environ, subprocess.PIPE, subprocess.DEVNULL, forgives) as process:
        stdin = cast("BinaryIO", process.stdin)
        # Of one that has gone before its time it is told why, and not that the pipe is broken.
        with suppress(BrokenPipeError):
            yield stdin
        with suppress(BrokenPipeError):
            stdin.close()


@contextmanager
def _piped(
    command: Sequence[str],
    environ: Mapping[str, str],
    stdin: int,
    stdout: int,
    forgives: Forgiveness,
) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - as above
            command, stdin=stdin, stdout=stdout, stderr=complaints, env=dict(environ)
        )
        try:
            yield process
            exit_code = process.wait()
        except BaseException:
            end(process)
            raise
        finally:
            _close(process.stdin, process.stdout)
        if exit_code:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace")
            if not forgives(said):
                words = ProgramResult(exit_code, "", _own_lines(command[0], said)).last_words()
                raise DatabaseError(f"{command[0]} ended with {exit_code}: {words}")


def _own_lines(program: str, said: str) -> str:
    """Return the lines that begin with the program's name.

    Behind them stands what the server adds: the detail of its error, which shows people's rows.
    """
    return "\n".join(line for line in said.splitlines() if line.startswith(f"{program}: "))


def _close(*pipes: IO[bytes] | None) -> None:
    for pipe in filter(None, pipes):
        with suppress(BrokenPipeError):
            pipe.close()


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Tell a program to stop, and kill it if it does not."""
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
