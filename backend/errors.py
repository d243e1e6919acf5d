"""The one tree of errors that we raise on purpose, and the exit codes they end in.

AppError                 1   something we know by name went wrong
├── UsageError           2   the command line asks for something that does not exist
├── FoundWanting         3   checked, and the check failed: drift, difference, failed drill
├── DataError           65   a value is refused
├── DatabaseError       69   the database or a service does not answer
│   └── TransientError  75   the same call may succeed later
├── LockHeldError       75   somebody else holds the lock
├── RefusedError        77   refused for safety
└── ConfigError         78   a setting is missing, unknown or contradicts another
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What every command of the product ends with; 65 and up as in `sysexits.h`."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    FOUND_WANTING = 3
    DATA = 65
    UNAVAILABLE = 69
    TRY_LATER = 75
    REFUSED = 77
    CONFIG = 78


class AppError(Exception):
    """Say what was expected, what was found, and in `hint` what to do next."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} ({self.hint})" if self.hint else message


class UsageError(AppError):
    """The command line names something that does not exist."""

    exit_code = ExitCode.USAGE


class FoundWanting(AppError):  # noqa: N818 - a finding, not a malfunction
    """A check ran to its end and did not pass."""

    exit_code = ExitCode.FOUND_WANTING


class DataError(AppError):
    """A value cannot be accepted as it is."""

    exit_code = ExitCode.DATA


class DatabaseError(AppError):
    """The database does not answer, or answers that it cannot."""

    exit_code = ExitCode.UNAVAILABLE


class TransientError(DatabaseError):
    """The same call may succeed later: a lock, a lost connection, a full pool."""

    exit_code = ExitCode.TRY_LATER


class LockHeldError(AppError):
    """Somebody else is doing the same job right now."""

    exit_code = ExitCode.TRY_LATER


class RefusedError(AppError):
    """Going on could lose something; nothing has been touched."""

    exit_code = ExitCode.REFUSED


class ConfigError(AppError):
    """A setting is missing, unknown, or contradicts another one."""

    exit_code = ExitCode.CONFIG
