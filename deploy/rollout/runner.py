"""Run commands: the only place where this tool starts a process."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import IO

from deploy.rollout.errors import CommandTimeoutError, StackUnavailableError

Command = tuple[str, ...]

_SECRETS = (
    (re.compile(r"(://[^:/@\s]*:)[^@\s]+@"), r"\1***@"),
    (re.compile(r"(?i)\b(\w*(?:password|secret_key|token)\w*\s*[=:]\s*)('[^']*'|\S+)"), r"\1***"),
)


def redact(text: str) -> str:
    """Return the text without anything that looks like a secret."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Say whether the command succeeded."""
        return self.code == 0

    @property
    def said(self) -> str:
        """Return the end of everything the command printed, fit to be shown."""
        return redact("\n".join((self.out + self.err).strip().splitlines()[-40:]))


@dataclass
class Runner:
    """Run commands without a shell, with a time limit, and never with a secret among the words."""

    # Children keep these open, so that a killed tool's lock lasts until its last command has ended.
    inherited: list[int] = field(default_factory=list)

    def run(self, command: Command, *, stdin: str = "", timeout: float = 60) -> Result:
        """Run a command to its end and return what it said, whatever the exit code."""
        try:
            done = subprocess.run(  # noqa: S603 — tuples of commands.py and compose.py
                command,
                input=stdin,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout,
                check=False,
                pass_fds=self._inheritance(),
            )
        except FileNotFoundError:
            raise _missing(command) from None
        except subprocess.TimeoutExpired:
            raise CommandTimeoutError(
                f"`{' '.join(command)}` did not end within {timeout:.0f} s",
                hint="see what Docker is doing: docker ps, docker compose ls",
            ) from None
        return Result(done.returncode, done.stdout, done.stderr)

    def hold(self, command: Command) -> subprocess.Popen[str]:
        """Start a command that lasts as long as its standard input stays open."""
        try:
            return subprocess.Popen(  # noqa: S603 — as above
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                # A Ctrl-C is for the tool, which then puts things right while it holds the lock.
                start_new_session=sys.platform != "win32",
            )
        except FileNotFoundError:
            raise _missing(command) from None

    def inherit(self, pipe: IO[str]) -> None:
        """Let every later child keep the pipe open."""
        self.inherited.append(pipe.fileno())

    def release(self, pipe: IO[str]) -> None:
        """Let later children do without the pipe."""
        self.inherited.remove(pipe.fileno())

    def _inheritance(self) -> tuple[int, ...]:
        # Windows has no such numbers to pass on; there the lock ends with the tool itself.
        return () if sys.platform == "win32" else tuple(self.inherited)


def _missing(command: Command) -> StackUnavailableError:
    return StackUnavailableError(
        f"{command[0]} was not found on this machine",
        hint="install Docker Engine 20.10 or later with the compose plugin",
    )
