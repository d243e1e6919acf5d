"""The log lines that fail2ban reads: refused logins, sign-ups and look-ups of accounts.

The only lines of the log that hold a whole address; see docs/internal/OPERATIONS.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from backend.errors import AppError
from backend.request.lifecycle import request_id
from backend.services.errors import NoAccount, NotAuthenticated, StateConflict, TooManyTries

# People's filters for fail2ban know it by this name.
log = logging.getLogger("backend.refusals")

_REFUSALS: dict[str, type[AppError]] = {
    "login": NotAuthenticated,
    "sign-up": StateConflict,
    "look-up": NoAccount,
}


@contextmanager
def log_refusals(what: str) -> Iterator[None]:
    """Log a login, sign-up or look-up that is refused or throttled in the block."""
    try:
        yield
    except _REFUSALS[what]:
        _note(f"{what} refused")
        raise
    except TooManyTries:
        _note(f"{what} throttled")
        raise


def _note(event: str) -> None:
    fields = {"client": request.remote_addr, "request_id": request_id()}
    log.warning(event, extra={"fields": fields})
