"""Idempotency keys: a request runs once, however often it arrives.

The key is written in the transaction of the effect: both are there, or neither. So a client that
never got its reply (we crashed, the network broke) sends the same request again and learns what
became of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError, OperationalError

from backend.db.errors import waited_too_long_for_lock
from backend.db.extension import db
from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import IdempotencyKey
from backend.services.errors import KeyReused, StateConflict
from backend.services.texts import clean_line

KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an idempotency key, bound to its content by a fingerprint."""

    user_id: UUID
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Reply:
    """A reply, as it is stored and sent."""

    status_code: int
    body: str = ""
    location: str | None = None
    replayed: bool = False


def keyed_request(user_id: UUID, key: str, *content: bytes) -> KeyedRequest:
    """Bind a key to the content that it was sent with."""
    digest = hashlib.sha256()
    for part in content:
        digest.update(len(part).to_bytes(8, "big") + part)
    key = clean_line(key, field="Idempotency-Key", at_most=200)
    return KeyedRequest(user_id, key, digest.hexdigest())


def run_once(request: KeyedRequest | None, effect: Callable[[], Reply]) -> Reply:
    """Run `effect` in one write transaction, unless this request has been run before.

    Of two that arrive at once the second waits for the first, and gets the same reply.
    """
    try:
        with writing():
            return _once(request, effect) if request else effect()
    except _AlreadyThere:
        # The other one has been committed while we waited: now its reply can be read.
        with writing():
            return _once(request, effect) if request else effect()


class _AlreadyThere(Exception):  # noqa: N818 - never leaves this file
    pass


def _once(request: KeyedRequest, effect: Callable[[], Reply]) -> Reply:
    row = db.session.get(IdempotencyKey, (request.user_id, request.key))
    if row is None or row.created_at < utc_now() - KEPT:
        row = _claim(request)
        reply = effect()
        row.status_code, row.body, row.location = reply.status_code, reply.body, reply.location
        return reply
    if row.fingerprint != request.fingerprint:
        raise KeyReused
    return _stored(row)


def _claim(request: KeyedRequest) -> IdempotencyKey:
    _forget_old(request.user_id)
    row = IdempotencyKey(user_id=request.user_id, key=request.key, fingerprint=request.fingerprint)
    db.session.add(row)
    try:
        # Waits here, on Postgres, if another transaction has claimed the key.
        db.session.flush()
    except IntegrityError as error:
        raise _AlreadyThere from error
    except OperationalError as error:
        if waited_too_long_for_lock(error):
            raise StateConflict("a request with this Idempotency-Key is still running") from error
        raise
    return row


def _stored(row: IdempotencyKey) -> Reply:
    reply = Reply(row.status_code or 500, row.body or "", row.location)
    return replace(reply, replayed=True)


def _forget_old(user_id: UUID) -> None:
    old = (IdempotencyKey.user_id == user_id) & (IdempotencyKey.created_at < utc_now() - KEPT)
    db.session.execute(delete(IdempotencyKey).where(old))
