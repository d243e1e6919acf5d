"""The people, groups and orders that the load is about, and the ledger of what was acknowledged."""

import itertools
import json
import secrets
import threading
from dataclasses import dataclass, field

from benchmarks.swap_drill.http_client import Call, ask

GROUPS = 20
# Above the proxy's buffer, so that the application itself waits for a slow client.
PADDING = 40_000
API = "/api/v1"


@dataclass(frozen=True)
class Group:
    """A group with one member, who owes to nobody."""

    id: str
    member: str


@dataclass
class World:
    """One account with its groups."""

    port: int
    token: str
    email: str
    password: str
    groups: list[Group]
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def made(cls, port: int) -> "World":
        """Sign somebody up and give them groups."""
        email, password = f"drill-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16)
        login = {"email": email, "password": password}
        ask(port, "POST", f"{API}/auth/signup", **login, display_name="Drill")
        token = ask(port, "POST", f"{API}/auth/login", **login)["token"]
        groups = [_group(port, token, number) for number in range(GROUPS)]
        return cls(port, token, email, password, groups)

    @property
    def headers(self) -> dict[str, str]:
        """Return what proves who is asking."""
        return {"Authorization": f"Bearer {self.token}"}

    def balances(self) -> Call:
        """Read the balances of a group that nobody writes to."""
        return self._get("balances", f"{API}/groups/{self.groups[0].id}/balances")

    def orders(self) -> Call:
        """Read the newest orders of a group that everybody writes to."""
        return self._get("orders", f"{API}/groups/{self._group().id}/orders?limit=10")

    def page(self) -> Call:
        """Read a page that needs no login."""
        return Call("page", "GET", "/login")

    def add_order(self) -> tuple[Call, str]:
        """Add an order under a name of its own; return the call and that name."""
        return self._order("add order", padding=0)

    def add_order_slowly(self) -> tuple[Call, str]:
        """Add an order as a client on a bad line does: a second for the body."""
        return self._order("slow order", padding=PADDING)

    def _get(self, kind: str, path: str) -> Call:
        return Call(kind, "GET", path, headers=self.headers)

    def _order(self, kind: str, *, padding: int) -> tuple[Call, str]:
        group, key = self._group(), f"drill-{secrets.token_hex(8)}"
        body = {
            "title": key,
            "currency": "TRY",
            "total": "10.00",
            "ordered_on": "2026-11-22",
            "payers": [{"member_id": group.member, "amount": "10.00"}],
            "split": {"mode": "equal", "members": [group.member]},
        }
        headers = {**self.headers, "Content-Type": "application/json", "Idempotency-Key": key}
        text = json.dumps(body).encode() + b" " * padding
        slow = {"pieces": 5, "pause": 0.25} if padding else {}
        path = f"{API}/groups/{group.id}/orders"
        return Call(kind, "POST", path, 201, text, headers, **slow), key  # type: ignore[arg-type] # numbers both

    def _group(self) -> Group:
        with self._lock:
            number = next(self._numbers)
        return self.groups[1 + number % (len(self.groups) - 1)]


def _group(port: int, token: str, number: int) -> Group:
    made = ask(port, "POST", f"{API}/groups", token=token, name=f"Drill {number}", currency="TRY")
    members = ask(port, "GET", f"{API}/groups/{made['id']}/members", token=token)
    return Group(made["id"], members["items"][0]["id"])
