"""Tokens of API clients: shown once, recognised by their hash, revocable."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError

from backend.db.extension import db
from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import ApiToken, User, UserStatus
from backend.services.accounts import Person
from backend.services.errors import NotFound
from backend.services.pagination import Page, PageRequest, SortKey, newest_first
from backend.services.secret_tokens import new_token, token_hash
from backend.services.texts import clean_line

log = logging.getLogger(__name__)

PREFIX = "hp_"
SHOWN = len(PREFIX) + 6

# "Last used" is for a person who wonders whether a token may go. Writing it with every request
# would turn each read into a write.
_LAST_USED_EVERY = timedelta(hours=1)


def create(user_id: UUID, name: str) -> tuple[ApiToken, str]:
    """Create a token; return its row and the token itself, which is stored nowhere."""
    token = new_token(PREFIX)
    row = ApiToken(
        user_id=user_id,
        name=clean_line(name, field="name", at_most=80),
        prefix=token[:SHOWN],
        token_hash=token_hash(token),
    )
    db.session.add(row)
    db.session.flush()
    return row, token


def find_person(token: str) -> tuple[Person, ApiToken] | None:
    """Return the person and the row of a token, unless it was revoked."""
    found = db.session.execute(
        select(ApiToken, User.id, User.email, User.display_name)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.token_hash == token_hash(token),
            ApiToken.revoked_at.is_(None),
            User.status == UserStatus.ACTIVE,
        )
    ).one_or_none()
    return (Person(*found[1:]), found[0]) if found else None


def note_use(token: ApiToken) -> None:
    """Write when the token was last used, at most once an hour."""
    stale = utc_now() - _LAST_USED_EVERY
    if token.last_used_at is not None and token.last_used_at > stale:
        return
    try:
        _write_use(token.id, stale)
    except OperationalError as error:
        # Another write is in the way, or writes are not possible at all just now: a note for a
        # person is not worth failing a read.
        log.info("use of a token not noted: %s", type(error.orig).__name__)


def _write_use(token_id: UUID, stale: datetime) -> None:
    not_noted = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= stale)
    with writing() as session:
        session.execute(
            update(ApiToken)
            .where(ApiToken.id == token_id, not_noted)
            .values(last_used_at=utc_now())
            .execution_options(synchronize_session=False)
        )


def page_of(user_id: UUID, page: PageRequest) -> Page[ApiToken]:
    """Return the tokens of a user that still work, newest first."""
    query = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return newest_first(query, [SortKey(ApiToken.id.expression, UUID)], page)


def revoke(user_id: UUID, token_id: UUID) -> None:
    """End a token; asking twice is no error."""
    token = db.session.get(ApiToken, token_id)
    if token is None or token.user_id != user_id:
        raise NotFound("there is no such token")
    token.revoked_at = token.revoked_at or utc_now()
