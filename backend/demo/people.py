"""Accounts, and what belongs to them: sessions, API tokens, requests that were answered."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from backend.demo import words
from backend.demo.rows import Row, synced
from backend.demo.wish import Wish
from backend.models import ApiToken, IdempotencyKey, User, UserSession, UserStatus
from backend.services.email_key import email_key


def people(wish: Wish) -> Iterator[Row]:
    """Make every account with all that is its own."""
    for number in range(wish.users):
        yield from _person(wish, number)


def user_id(wish: Wish, number: int) -> UUID:
    """Return the identity of the account of this number."""
    return wish.identity("user", number, wish.moment(number, wish.users))


def person_name(chance: random.Random) -> str:
    """Invent a name."""
    return f"{chance.choice(words.FIRST_NAMES)} {chance.choice(words.LAST_NAMES)}"


def _person(wish: Wish, number: int) -> Iterator[Row]:
    chance, born = wish.chance("person", number), wish.moment(number, wish.users)
    who = user_id(wish, number)
    # The seed is part of the address, so that a second demo fits beside the first.
    mailbox, domain = chance.choice(words.MAILBOXES), chance.choice(words.DOMAINS)
    email = f"{mailbox}.{wish.seed}.{number}@{domain}"
    closed = number % 50 == 49
    yield (
        User,
        {
            "id": who,
            "email": email,
            "email_key": email_key(email),
            "display_name": person_name(chance),
            "password_hash": _nobodys_password(chance),
            "status": UserStatus.CLOSED if closed else UserStatus.ACTIVE,
            **synced(born, deleted=closed),
        },
    )
    yield _session(wish, who, number, born)
    if number % 4 == 0:
        yield _token(wish, who, number, born)
    if number % 5 == 0:
        yield _answered(who, chance, born)


def _nobodys_password(chance: random.Random) -> str:
    """Return a hash that no password has: these accounts are to be looked at, not used."""
    return f"scrypt:32768:8:1${chance.randbytes(8).hex()}${chance.randbytes(64).hex()}"


def _session(wish: Wish, who: UUID, number: int, born: datetime) -> Row:
    begun = born + timedelta(hours=number % 400)
    return UserSession, {
        "id": wish.identity("session", number, begun),
        "user_id": who,
        "token_hash": _digest("session", who),
        "created_at": begun,
        "expires_at": begun + timedelta(days=30),
    }


def _token(wish: Wish, who: UUID, number: int, born: datetime) -> Row:
    used = born + timedelta(days=number % 90, microseconds=number)
    return ApiToken, {
        "id": wish.identity("token", number, born),
        "user_id": who,
        "name": words.TOKENS[number // 4 % len(words.TOKENS)],
        "prefix": f"hp_{_digest('prefix', who)[:6]}",
        "token_hash": _digest("token", who),
        "created_at": born,
        "last_used_at": used if number % 8 else None,
        "revoked_at": used if number % 12 == 0 else None,
    }


def _answered(who: UUID, chance: random.Random, born: datetime) -> Row:
    body = json.dumps({"title": chance.choice(words.ORDERS)}, ensure_ascii=False)
    return IdempotencyKey, {
        "user_id": who,
        "key": f"istek-{chance.randrange(10**9)}",
        "fingerprint": _digest("request", who),
        "status_code": 201,
        "location": f"/api/v1/orders/{who}" if chance.random() < 0.5 else None,
        "body": body,
        "created_at": born,
    }


def _digest(kind: str, who: UUID) -> str:
    return sha256(f"{kind}:{who}".encode()).hexdigest()
