"""Requests over real HTTP, in rounds that take turns between the databases they compare.

A machine is never equally busy for a minute; taking turns lets the noise fall on all alike.
"""

import http.client
import json
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.endpoints.seed import Target

CLIENTS = 4


@dataclass
class Subject:
    """One server on one database, and what was measured there."""

    port: int
    target: Target
    milliseconds: list[float] = field(default_factory=list)
    wall_seconds: float = 0.0

    @property
    def throughput(self) -> float:
        """Requests per second of the rounds of this server."""
        return len(self.milliseconds) / self.wall_seconds

    def percentile(self, percent: int) -> float:
        """Latency that `percent` of the requests did not exceed."""
        return statistics.quantiles(self.milliseconds, n=100, method="inclusive")[percent - 1]

    def forget(self) -> None:
        """Begin anew, for the next endpoint."""
        self.milliseconds, self.wall_seconds = [], 0.0


Endpoint = Callable[[Target], tuple[str, str, object]]


def balances(target: Target) -> tuple[str, str, object]:
    """Who owes whom."""
    return "GET", f"/api/v1/groups/{target.group_id}/balances", None


def list_orders(target: Target) -> tuple[str, str, object]:
    """The latest fifty orders with their parts."""
    return "GET", f"/api/v1/groups/{target.group_id}/orders?limit=50", None


def add_order(target: Target) -> tuple[str, str, object]:
    """An order that four share."""
    members = [str(member) for member in target.members]
    body = {
        "title": "Dinner",
        "currency": "TRY",
        "total": "211.60",
        "ordered_on": "2026-11-22",
        "payers": [{"member_id": members[0], "amount": "211.60"}],
        "split": {"mode": "equal", "members": members},
    }
    return "POST", f"/api/v1/groups/{target.group_id}/orders", body


# Adding comes last: it makes the measured group larger.
ENDPOINTS: dict[str, Endpoint] = {
    "balances": balances,
    "list of orders": list_orders,
    "add an order": add_order,
}


def take_turns(
    subjects: Sequence[Subject], endpoint: Endpoint, *, rounds: int, requests: int
) -> None:
    """Measure the endpoint on each subject, one round after the other; one more warms up."""
    for number in range(rounds + 1):
        for subject in subjects:
            _round(subject, endpoint, requests)
            if number == 0:
                subject.forget()


def _round(subject: Subject, endpoint: Endpoint, requests: int) -> None:
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        shares = [
            pool.submit(_client, subject, endpoint, requests // CLIENTS) for _ in range(CLIENTS)
        ]
        for share in shares:
            subject.milliseconds += share.result()
    subject.wall_seconds += time.perf_counter() - started


def _client(subject: Subject, endpoint: Endpoint, requests: int) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=30)
    taken = [_request(connection, subject.target, endpoint) for _ in range(requests)]
    connection.close()
    return taken


def _request(connection: http.client.HTTPConnection, target: Target, endpoint: Endpoint) -> float:
    method, path, body = endpoint(target)
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    started = time.perf_counter()
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status not in {200, 201}:
        raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
    return (time.perf_counter() - started) * 1000
