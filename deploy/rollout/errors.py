"""The errors that end a rollout, each with the exit code and the cause that scripts rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes that every command of the project shares."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    FOUND_WANTING = 3
    DATA = 65
    UNAVAILABLE = 69
    TRY_LATER = 75
    REFUSED = 77
    CONFIG = 78


class RolloutError(Exception):
    """Stop a rollout and tell the operator why, what was seen, and what to do next."""

    code = ExitCode.UNEXPECTED
    cause = "unexpected"

    def __init__(self, message: str, *, hint: str = "", evidence: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.evidence = evidence


class StackUnavailableError(RolloutError):
    """Docker, the stack or a part of it that the command needs does not answer."""

    code = ExitCode.UNAVAILABLE
    cause = "stack_unavailable"


class CommandTimeoutError(StackUnavailableError):
    """A command of Docker did not end in its time."""

    cause = "command_timeout"


class ComposeConfigError(RolloutError):
    """The compose file or its environment is not valid."""

    code = ExitCode.CONFIG
    cause = "compose_config"


class LockedError(RolloutError):
    """Somebody else is deploying."""

    code = ExitCode.TRY_LATER
    cause = "locked"


class BuildError(RolloutError):
    """The checkout does not build, or the image is not one of our releases."""

    code = ExitCode.DATA
    cause = "build_failed"


class MigrationError(RolloutError):
    """The release's migration failed; the schema is the business of whoever wrote it."""

    code = ExitCode.DATA
    cause = "migration_failed"


class ReleaseRefusedError(RolloutError):
    """The release was started and found wanting before any user met it."""

    code = ExitCode.FOUND_WANTING
    cause = "release_refused"


class CrashedError(ReleaseRefusedError):
    """The release's process ended instead of serving."""

    cause = "crashed"


class NotReadyError(ReleaseRefusedError):
    """The release started, but did not say that it is ready."""

    cause = "not_ready"


class WrongSchemaError(ReleaseRefusedError):
    """The release needs another schema than the database has after its own migration."""

    cause = "wrong_schema"


class SmokeTestError(ReleaseRefusedError):
    """The release says that it is ready, but does not answer like one."""

    cause = "smoke_test_failed"


class FlippedBackError(ReleaseRefusedError):
    """Users met errors after the flip, so the old release serves them again."""

    cause = "flipped_back"


class UndoError(RolloutError):
    """A rollout failed, and so did undoing it; the next call finishes what the history says."""

    cause = "undo_failed"

    def __init__(self, message: str, *, evidence: str = "") -> None:
        hint = "the live colour was never stopped; see `status`, then `rollback` undoes the rest"
        super().__init__(message, hint=hint, evidence=evidence)


class UnsafeError(RolloutError):
    """The command would do harm; nothing was changed."""

    code = ExitCode.REFUSED
    cause = "unsafe"
