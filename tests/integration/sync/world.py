"""A database of the app as its people see it: written and read by ways of its own, not the sync's."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, Executable, func, insert, select, update

from backend.config.database_url import DatabaseUrl
from backend.db.base import Base
from backend.db.dialect import WRITES, PoolOptions, dialect_for
from backend.db.ids import new_id
from backend.db.types import utc_now
from backend.models import Group, GroupMember, Order, OrderPayer, OrderShare, Settlement, User
from backend.services.email_key import email_key

MODELS = (User, Group, GroupMember, Order, OrderPayer, OrderShare, Settlement)
# What an account that is on both sides keeps for itself.
OWN = {"password_hash", "status"}


@dataclass
class World:
    """One database and what people do in it."""

    database: DatabaseUrl
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = dialect_for(self.database, PoolOptions(1, "people")).create_engine()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        options = {WRITES: True}
        connecting = self.engine.connect().execution_options(**options)
        with connecting as connection, connection.begin():
            yield connection

    def do(self, *statements: Executable) -> None:
        with self.writing() as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, query: Executable) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def add_user(self, email: str = "", name: str = "Ada", **more: Any) -> UUID:
        email = email or f"{secrets.token_hex(6)}@example.com"
        values = {"id": new_id(), "email": email, "email_key": email_key(email)}
        own = {"password_hash": f"hash {secrets.token_hex(4)}", "status": "active"}
        return self._add(User, {**values, "display_name": name, **own, **more})

    def add_group(self, name: str = "Flat", **more: Any) -> UUID:
        return self._add(Group, {"id": new_id(), "name": name, "currency": "TRY", **more})

    def add_member(
        self, group: UUID, user: UUID | None = None, name: str = "M", **more: Any
    ) -> UUID:
        values = {"id": new_id(), "group_id": group, "user_id": user, "display_name": name}
        return self._add(GroupMember, {**values, **more})

    def add_order(
        self, group: UUID, payer: UUID, shares: dict[UUID, int], title: str = "Tea"
    ) -> UUID:
        order, total = new_id(), sum(shares.values())
        part = {"order_id": order, "group_id": group, "currency": "TRY", **_stamps()}
        values = {
            "id": order, "group_id": group, "created_by": payer, "title": title, "currency": "TRY",
            "total": total, "ordered_on": date(2026, 11, 1), "split_mode": "exact", "note": "",
        }  # fmt: skip
        with self.writing() as connection:
            connection.execute(insert(Order), {**values, **_stamps()})
            connection.execute(insert(OrderPayer), {**part, "member_id": payer, "amount": total})
            for member, amount in shares.items():
                row = {**part, "member_id": member, "amount": amount}
                connection.execute(insert(OrderShare), row)
        return order

    def add_settlement(self, group: UUID, sender: UUID, receiver: UUID, amount: int) -> UUID:
        values = {
            "id": new_id(), "group_id": group, "created_by": sender, "from_member_id": sender,
            "to_member_id": receiver, "currency": "TRY", "amount": amount,
            "paid_on": date(2026, 11, 2), "note": "",
        }  # fmt: skip
        return self._add(Settlement, values)

    def _add(self, model: Any, values: dict[str, Any]) -> UUID:
        with self.writing() as connection:
            connection.execute(insert(model), {**_stamps(), **values})
        number: UUID = values["id"]
        return number

    def change(self, model: Any, number: UUID, **values: Any) -> None:
        """Change a row as the app does: stamped and counted."""
        more = {"updated_at": utc_now(), "version": model.version + 1, **values}
        self.do(update(model).where(model.id == number).values(**more))

    def change_order(self, order: UUID, *, title: str, factor: int) -> None:
        """Change an order with all its parts, which add up before and after."""
        stamp = {"updated_at": utc_now()}
        self.do(
            update(Order).where(Order.id == order).values(
                title=title, total=Order.total * factor, version=Order.version + 1, **stamp),
            *(
                update(part).where(part.order_id == order).values(
                    amount=part.amount * factor, version=part.version + 1, **stamp)
                for part in (OrderPayer, OrderShare)
            ),
        )  # fmt: skip

    def delete_order(self, order: UUID) -> None:
        """Delete it as the app does."""
        now = utc_now()
        self.do(
            update(Order).where(Order.id == order).values(deleted_at=now, version=Order.version + 1),
            *(
                update(part).where(part.order_id == order).values(
                    deleted_at=now, version=part.version + 1)
                for part in (OrderPayer, OrderShare)
            ),
        )  # fmt: skip

    def one(self, model: Any, number: UUID) -> dict[str, Any]:
        """Return a row."""
        (row,) = self.ask(select(model.__table__).where(model.id == number))
        return dict(row._mapping)

    def ids(self, model: Any) -> list[UUID]:
        return [row[0] for row in self.ask(select(model.id).order_by(model.id))]

    def count(self, model: Any) -> int:
        return int(self.ask(select(func.count()).select_from(model))[0][0])

    def dump(
        self, *, without: frozenset[str] | set[str] = frozenset()
    ) -> dict[str, dict[Any, Any]]:
        """Return every row of every table that is synced, by its key."""
        found: dict[str, dict[Any, Any]] = {}
        for model in MODELS:
            table = Base.metadata.tables[model.__tablename__]
            key = [column.name for column in table.primary_key]
            rows = [dict(row._mapping) for row in self.ask(select(table))]
            found[table.name] = {
                tuple(row[name] for name in key): {
                    name: value for name, value in row.items() if name not in without
                }
                for row in rows
            }
        return found

    def balances(self) -> dict[tuple[UUID, str], int]:
        """Return what every member is owed, added up without the app's help."""
        found: dict[tuple[UUID, str], int] = {}
        for model, column, sign in (
            (OrderPayer, OrderPayer.member_id, 1),
            (OrderShare, OrderShare.member_id, -1),
            (Settlement, Settlement.from_member_id, 1),
            (Settlement, Settlement.to_member_id, -1),
        ):
            for member, currency, amount in self.ask(
                select(column, model.currency, model.amount).where(model.deleted_at.is_(None))
            ):
                found[member, currency] = found.get((member, currency), 0) + sign * amount
        return {key: value for key, value in found.items() if value}

    def run_script(self, script: Path) -> None:
        """Run SQL as the engine's own shell would, but for what is meant for the shell itself."""
        lines = script.read_text().splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith((".", "\\")))
        if self.database.path:
            with closing(sqlite3.connect(self.database.path)) as file:
                file.executescript(text)
        else:
            with psycopg.connect(self.database.conninfo(), autocommit=True) as session:
                session.execute(text.encode())

    def close(self) -> None:
        self.engine.dispose()


def _stamps() -> dict[str, Any]:
    now = utc_now()
    return {"created_at": now, "updated_at": now, "deleted_at": None, "version": 1}
