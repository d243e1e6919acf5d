"""Sessions of browsers, stored in the database so that they can be ended there."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from backend.db.extension import db
from backend.db.types import utc_now
from backend.models import User, UserSession, UserStatus
from backend.services.accounts import Person
from backend.services.secret_tokens import new_token, token_hash

LIFETIME = timedelta(days=30)


def start(user_id: UUID) -> str:
    """Log a browser in and return the token that its cookie carries."""
    token = new_token()
    now = utc_now()
    expired = (UserSession.user_id == user_id) & (UserSession.expires_at < now)
    db.session.execute(delete(UserSession).where(expired))
    db.session.add(
        UserSession(user_id=user_id, token_hash=token_hash(token), expires_at=now + LIFETIME)
    )
    return token


def find_person(token: str) -> Person | None:
    """Return who is logged in with this token."""
    found = db.session.execute(
        select(User.id, User.email, User.display_name)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_hash == token_hash(token),
            UserSession.expires_at > utc_now(),
            User.status == UserStatus.ACTIVE,
        )
    ).one_or_none()
    return Person(*found) if found else None


def end(token: str) -> None:
    """Log the browser out; the cookie is worthless from now on, wherever copies of it are."""
    db.session.execute(delete(UserSession).where(UserSession.token_hash == token_hash(token)))
