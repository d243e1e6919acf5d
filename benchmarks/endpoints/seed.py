"""A database of a given size: one group that is measured, the rest in others just like it."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, insert
from werkzeug.security import generate_password_hash

from backend.config.database_url import DatabaseUrl
from backend.db.base import Base
from backend.db.dialect import WRITES, PoolOptions, dialect_for
from backend.db.ids import new_id
from backend.migrate import upgrade
from backend.models import ApiToken, Group, GroupMember, Order, OrderPayer, OrderShare, User
from backend.services.secret_tokens import new_token, token_hash
from backend.services.split import split_equally

ORDERS_PER_GROUP = 50
MEMBERS_PER_GROUP = 4
FIRST_DAY = date(2026, 1, 1)
Rows = dict[type[Base], list[dict[str, Any]]]  # Any: a column's value


@dataclass(frozen=True)
class Target:
    """What is measured: a group, its members, and a token of one of them."""

    group_id: uuid.UUID
    members: Sequence[uuid.UUID]
    token: str


def seed(database: DatabaseUrl, orders: int) -> Target:
    """Fill an empty database with `orders` orders, in groups of the same size."""
    upgrade(database)
    engine = dialect_for(database, PoolOptions(1, "seed")).create_engine()
    chance = random.Random(7)
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        user_id, token = _user(connection)
        groups = [_group(connection, user_id, chance) for _ in range(orders // ORDERS_PER_GROUP)]
        connection.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As the server's own housekeeping would have done in a database of some age.
        connection.exec_driver_sql("VACUUM ANALYZE" if _is_postgres(connection) else "ANALYZE")
    engine.dispose()
    # Neither the first nor the last: one in the middle of the others.
    group_id, members = groups[len(groups) // 2]
    return Target(group_id, members, token)


def _is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _user(connection: Connection) -> tuple[uuid.UUID, str]:
    token, user_id = new_token("hp_"), new_id()
    email = "ayse@example.com"
    secret = generate_password_hash("nobody logs in here", method="scrypt:1024:8:1")
    user = {"id": user_id, "email": email, "email_key": email, "display_name": "Ayşe"}
    row = {
        "user_id": user_id,
        "name": "bench",
        "prefix": token[:9],
        "token_hash": token_hash(token),
    }
    connection.execute(insert(User), [user | {"password_hash": secret}])
    connection.execute(insert(ApiToken), [row])
    return user_id, token


def _group(
    connection: Connection, user_id: uuid.UUID, chance: random.Random
) -> tuple[uuid.UUID, list[uuid.UUID]]:
    group_id, members = new_id(), [new_id() for _ in range(MEMBERS_PER_GROUP)]
    rows: Rows = {
        Group: [{"id": group_id, "name": "Flat", "currency": "TRY"}],
        GroupMember: [
            {
                "id": member,
                "group_id": group_id,
                "user_id": None if place else user_id,
                "display_name": f"Member {place}",
            }
            for place, member in enumerate(members)
        ],
        Order: [],
        OrderPayer: [],
        OrderShare: [],
    }
    for _ in range(ORDERS_PER_GROUP):
        _order(rows, group_id, members, chance)
    for table, values in rows.items():
        connection.execute(insert(table), values)
    return group_id, members


def _order(
    rows: Rows, group_id: uuid.UUID, members: Sequence[uuid.UUID], chance: random.Random
) -> None:
    order_id, total = new_id(), chance.randint(100, 100_000)
    order = {"id": order_id, "group_id": group_id, "currency": "TRY", "total": total}
    day = FIRST_DAY + timedelta(days=chance.randrange(300))
    more = {"title": "Dinner", "ordered_on": day, "split_mode": "equal", "created_by": members[0]}
    part = {"order_id": order_id, "group_id": group_id, "currency": "TRY"}
    rows[Order].append(order | more)
    rows[OrderPayer].append(part | {"member_id": chance.choice(members), "amount": total})
    shares = split_equally(total, members, order_id=order_id)
    rows[OrderShare] += [part | {"member_id": who, "amount": cut} for who, cut in shares.items()]
