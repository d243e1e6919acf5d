"""Give loaded tables what makes them whole: checks, indexes, keys, references, rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress

from backend.errors import DatabaseError, DataError
from backend.tablecopy.postgres.findings import Offences, OffendingRowsError, offences
from backend.tablecopy.postgres.planning import plan_steps
from backend.tablecopy.postgres.session import Session, Target, connect
from backend.tablecopy.postgres.shadow import Shadow
from backend.tablecopy.postgres.steps import OnStep, run_steps

CONNECTIONS = 2
_SETTINGS = {
    # Sorting in memory is most of what an index costs; the server's own setting is for vacuum.
    "maintenance_work_mem": "256MB",
    # Our connections keep the processors busy; helpers of the server would only share them.
    "max_parallel_maintenance_workers": "0",
}


def finish(
    shadow: Shadow, target: Target, *, rows: Mapping[str, int], on_step: OnStep | None = None
) -> None:
    """Make the shadow's tables like the live ones in everything but their schema.

    It begins when all is loaded: building the first indexes beside the last COPY was tried, and
    gains nothing where loading already keeps the processors busy.

    Raises:
        OffendingRowsError: rows break constraints; it holds all of them, and what refers to them.
        DataError: a row is refused for another reason.
    """
    steps = plan_steps(shadow.blueprint, rows)
    try:
        with _sessions(target) as sessions:
            run_steps(steps, sessions, on_step)
    except DataError as error:
        found = _offences(shadow, target)
        if not found.rows:
            raise
        raise OffendingRowsError(found) from error


def _offences(shadow: Shadow, target: Target) -> Offences:
    """Name the rows; nothing, where the right to make the temporary table for that is missing."""
    with (
        suppress(DatabaseError),
        closing(connect(target, name=f"tablecopy:{shadow.name}")) as session,
    ):
        return offences(session, shadow.blueprint)
    return Offences()


@contextmanager
def _sessions(target: Target) -> Iterator[list[Session]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(connect(target, name="tablecopy:finishing", **_SETTINGS)))
            for _ in range(CONNECTIONS)
        ]
