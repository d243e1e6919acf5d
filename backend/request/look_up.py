"""Looking up an account by its e-mail address, which is bounded per person and network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from backend.request.identity import require_person
from backend.request.network import client_network
from backend.request.refusal_log import log_refusals
from backend.services import members


@contextmanager
def counted_look_up(email: str | None) -> Iterator[None]:
    """Limit how many addresses without an account this request's person can try to add."""
    if email is None:
        yield
        return
    with log_refusals("look-up"), members.throttled_look_up(require_person().id, client_network()):
        yield
