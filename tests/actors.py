"""People of the tests: each with an account, a token, and the calls that they make most."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from backend.db.transactions import writing
from backend.models import User
from backend.services import api_tokens
from backend.services.accounts import Person
from backend.services.email_key import email_key

PASSWORD = "a few good words"
# The real parameters take a quarter of a second, which only the tests of logins must pay.
_QUICK_HASH = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
_numbers = itertools.count(1)


@dataclass
class Actor:
    """Somebody who uses the API with a token of their own."""

    app: Flask
    person: Person
    token: str
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if "json" in options:
            # Escaped, as clients may send it: so even half of a surrogate pair can be sent.
            options["data"] = json.dumps(options.pop("json"))
            headers["Content-Type"] = "application/json"
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: object, key: str | None = None) -> TestResponse:
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("POST", path, json=body, headers=headers)

    def delete(self, path: str) -> TestResponse:
        return self.call("DELETE", path)

    def make_group(self, name: str = "Flat 7", currency: str = "TRY") -> "GroupOfTest":
        made = self.post("/api/v1/groups", {"name": name, "currency": currency})
        path = f"/api/v1/groups/{made.get_json()['id']}"
        me = self.get(f"{path}/members").get_json()["items"][0]["id"]
        return GroupOfTest(self, path, made.get_json()["id"], me)


@dataclass
class GroupOfTest:
    """A group, and its owner's view of it."""

    owner: Actor
    path: str
    id: str
    me: str

    def add_member(self, name: str = "Mehmet") -> str:
        made = self.owner.post(f"{self.path}/members", {"display_name": name})
        member: str = made.get_json()["id"]
        return member

    def order(self, *among: str, total: str = "10.00", **changes: Any) -> dict[str, Any]:
        """A body for a new order that the owner paid."""
        body = {
            "title": "Dinner",
            "currency": "TRY",
            "total": total,
            "ordered_on": "2026-11-22",
            "payers": [{"member_id": self.me, "amount": total}],
            "split": {"mode": "equal", "members": list(among or (self.me,))},
        }
        return body | changes

    def add_order(self, *among: str, **changes: Any) -> dict[str, Any]:
        made = self.owner.post(f"{self.path}/orders", self.order(*among, **changes))
        assert made.status_code == 201, made.get_data(as_text=True)
        order: dict[str, Any] = made.get_json()
        return order

    def balances(self, currency: str = "TRY") -> dict[str, str]:
        """What each member is owed, by name."""
        sheets = self.owner.get(f"{self.path}/balances").get_json()["balances"]
        found = [sheet["members"] for sheet in sheets if sheet["currency"] == currency]
        return {row["display_name"]: row["balance"] for row in (found[0] if found else [])}


def make_actor(app: Flask, name: str = "Ayşe") -> Actor:
    """Return somebody with an account."""
    email = f"person{next(_numbers)}@example.com"
    with app.app_context():
        user = User(
            email=email, email_key=email_key(email), display_name=name, password_hash=_QUICK_HASH
        )
        with writing() as session:
            session.add(user)
            session.flush()
            _, token = api_tokens.create(user.id, "tests")
        return Actor(app, Person(user.id, email, name), token)
