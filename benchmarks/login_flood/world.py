"""The accounts, and a page worth looking at."""

import re
import secrets
from dataclasses import dataclass

from benchmarks.login_flood.client import Client, must

ORDERS = 20
API = "/api/v1"


@dataclass(frozen=True)
class Account:
    """Somebody who can log in."""

    email: str
    password: str


@dataclass(frozen=True)
class World:
    """A group with orders, its reader, the accounts that are guessed at, and an honest one."""

    port: int
    reader: Client
    page: str
    honest: Account
    bots: list[tuple[Client, Account]]


def made(port: int, bots: int) -> World:
    """Sign everybody up, each from a network of their own that no bot is in."""
    guessed = [(Client(port, f"198.18.{n}.7", {}), _signed_up(port, 100 + n)) for n in range(bots)]
    honest = _signed_up(port, 250)
    must(Client(port, home(), {}).log_in(honest.email, honest.password))
    reader = _signed_up(port, 251)
    page = _group_with_orders(port, reader)
    return World(port, _browser(port, reader), page, honest, guessed)


def home() -> str:
    """Return an address in the network that the honest people live in."""
    return "198.19.0.9"


def elsewhere() -> str:
    """Return an address in a network where nobody has logged in yet."""
    return f"198.19.{1 + secrets.randbelow(250)}.{1 + secrets.randbelow(250)}"


def _signed_up(port: int, number: int) -> Account:
    account = Account(f"{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(16))
    details = {"email": account.email, "password": account.password, "display_name": "Ana"}
    must(Client(port, f"198.18.{number}.9", {}).post(f"{API}/auth/signup", details))
    return account


def _browser(port: int, account: Account) -> Client:
    """Return a browser that is logged in."""
    client = Client(port, home(), {})
    form = client.get("/login")
    [csrf] = re.findall(r'name="csrf_token" value="([^"]+)"', form.body.decode())
    before = Client(port, home(), {"Cookie": form.cookie})
    fields = {"csrf_token": csrf, "email": account.email, "password": account.password}
    return Client(port, home(), {"Cookie": must(before.submit("/login", fields)).cookie})


def _group_with_orders(port: int, account: Account) -> str:
    token = must(Client(port, home(), {}).log_in(account.email, account.password)).json["token"]
    client = Client(port, home(), {"Authorization": f"Bearer {token}"})
    group = must(client.post(f"{API}/groups", {"name": "Flat", "currency": "TRY"})).json
    path = f"{API}/groups/{group['id']}"
    member = must(client.get(f"{path}/members")).json["items"][0]["id"]
    order = {
        "title": "Dinner",
        "currency": "TRY",
        "total": "10.00",
        "ordered_on": "2026-11-22",
        "payers": [{"member_id": member, "amount": "10.00"}],
        "split": {"mode": "equal", "members": [member]},
    }
    for _ in range(ORDERS):
        must(client.post(f"{path}/orders", order))
    return f"/groups/{group['id']}"
