"""What fail2ban reads: who was refused a login, or a look at who has an account.

The only lines of the log that hold a whole address; see docs/internal/OPERATIONS.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from backend.errors import AppError
from backend.request.lifecycle import request_id
from backend.services.errors import Conflict, NoAccount, NotAuthenticated, TooManyTries

# People's filters for fail2ban know it by this name.
log = logging.getLogger("backend.refusals")

_REFUSALS: dict[str, type[AppError]] = {
    "login": NotAuthenticated,
    "sign-up": Conflict,
    "look-up": NoAccount,
}


@contextmanager
def noted(what: str) -> Iterator[None]:
    """Write a line when a login, sign-up or look-up is refused in the block, or throttled."""
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
