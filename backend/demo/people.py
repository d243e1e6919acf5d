"""Invented accounts, each with a session, and some with API tokens and idempotency keys."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from backend.demo import vocabulary
from backend.demo.config import DemoConfig
from backend.demo.rows import DemoRow, synced
from backend.models import ApiToken, IdempotencyKey, User, UserSession, UserStatus
from backend.services.email_key import email_key


def invent_people(config: DemoConfig) -> Iterator[DemoRow]:
    """Yield the rows of every account and of what belongs to it."""
    for number in range(config.users):
        yield from _person(config, number)


def user_id(config: DemoConfig, number: int) -> UUID:
    """Return the identity of the account of this number."""
    return config.identity("user", number, config.moment(number, config.users))


def person_name(chance: random.Random) -> str:
    """Invent a name."""
    return f"{chance.choice(vocabulary.FIRST_NAMES)} {chance.choice(vocabulary.LAST_NAMES)}"


def _person(config: DemoConfig, number: int) -> Iterator[DemoRow]:
    chance, born = config.chance("person", number), config.moment(number, config.users)
    who = user_id(config, number)
    # The seed is part of the address, so that a second demo fits beside the first.
    mailbox, domain = chance.choice(vocabulary.MAILBOXES), chance.choice(vocabulary.DOMAINS)
    email = f"{mailbox}.{config.seed}.{number}@{domain}"
    closed = number % 50 == 49
    yield (
        User,
        {
            "id": who,
            "email": email,
            "email_key": email_key(email),
            "display_name": person_name(chance),
            "password_hash": _unusable_hash(chance),
            "status": UserStatus.CLOSED if closed else UserStatus.ACTIVE,
            **synced(born, deleted=closed),
        },
    )
    yield _session(config, who, number, born)
    if number % 4 == 0:
        yield _token(config, who, number, born)
    if number % 5 == 0:
        yield _idempotency_key(who, chance, born)


def _unusable_hash(chance: random.Random) -> str:
    """Return a password hash that no password fits: nobody can log in to these accounts."""
    return f"scrypt:32768:8:1${chance.randbytes(8).hex()}${chance.randbytes(64).hex()}"


def _session(config: DemoConfig, who: UUID, number: int, born: datetime) -> DemoRow:
    begun = born + timedelta(hours=number % 400)
    return UserSession, {
        "id": config.identity("session", number, begun),
        "user_id": who,
        "token_hash": _digest("session", who),
        "created_at": begun,
        "expires_at": begun + timedelta(days=30),
    }


def _token(config: DemoConfig, who: UUID, number: int, born: datetime) -> DemoRow:
    used = born + timedelta(days=number % 90, microseconds=number)
    return ApiToken, {
        "id": config.identity("token", number, born),
        "user_id": who,
        "name": vocabulary.TOKENS[number // 4 % len(vocabulary.TOKENS)],
        "prefix": f"hp_{_digest('prefix', who)[:6]}",
        "token_hash": _digest("token", who),
        "created_at": born,
        "last_used_at": used if number % 8 else None,
        "revoked_at": used if number % 12 == 0 else None,
    }


def _idempotency_key(who: UUID, chance: random.Random, born: datetime) -> DemoRow:
    body = json.dumps({"title": chance.choice(vocabulary.ORDERS)}, ensure_ascii=False)
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
