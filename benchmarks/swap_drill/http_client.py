"""One request, once: no retry, no pool, no redirect; whatever goes wrong counts as failed."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

SLOWEST = 2.0
TOOK = "took"


@dataclass(frozen=True)
class Call:
    """What is asked."""

    kind: str
    method: str
    path: str
    expected: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    # A slow client: the body goes out in this many pieces, with a pause before each further one.
    pieces: int = 1
    pause: float = 0.0


@dataclass(frozen=True)
class Sample:
    """What came of a call."""

    kind: str
    started: float
    seconds: float
    problem: str
    # What names this request in the ledger; empty for those that write nothing.
    key: str = ""

    @property
    def failed(self) -> bool:
        """Say whether a user would have noticed."""
        return bool(self.problem)

    @property
    def is_only_slow(self) -> bool:
        """Say whether the answer was right, but late."""
        return self.problem.startswith(TOOK)

    @property
    def is_unanswered(self) -> bool:
        """Say whether nobody knows what became of the request."""
        return self.failed and not self.problem.startswith(TOOK)


class Caller:
    """Somebody with a connection, kept or made anew for each call."""

    def __init__(self, port: int, *, keep_alive: bool) -> None:
        self._port = port
        self._keep_alive = keep_alive
        self._connection: HTTPConnection | None = None

    def call(self, call: Call, *, due: float | None = None, key: str = "") -> Sample:
        """Make a call; its time runs from when it was due, not from when it was free to start."""
        started = time.time() if due is None else due
        problem = self._problem(call)
        # Time that the client itself chose to be slow in is not the server's.
        seconds = time.time() - started - call.pause * (call.pieces - 1)
        if not problem and seconds > SLOWEST:
            problem = f"{TOOK} {seconds:.1f} s"
        return Sample(call.kind, started, seconds, problem, key)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _problem(self, call: Call) -> str:
        try:
            response = self._send(call)
        except (OSError, HTTPException) as error:
            self.close()
            return f"{type(error).__name__}: {error}"
        if not self._keep_alive or response.will_close:
            self.close()
        if response.status == call.expected:
            return ""
        # Only the application names the request.
        who = "application" if response.getheader("X-Request-ID") else "proxy"
        return f"{who} answered {response.status}"

    def _send(self, call: Call) -> HTTPResponse:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        body: Iterable[bytes] | bytes | None = (
            _pieces(call) if call.pieces > 1 else call.body or None
        )
        headers = {"Content-Length": str(len(call.body))} if call.pieces > 1 else {}
        self._connection.request(call.method, call.path, body, {**call.headers, **headers})
        response = self._connection.getresponse()
        response.read()
        return response


def _pieces(call: Call) -> Iterable[bytes]:
    size = -(-len(call.body) // call.pieces)
    for start in range(0, len(call.body), size):
        if start:
            time.sleep(call.pause)
        yield call.body[start : start + size]


def ask(port: int, method: str, path: str, *, token: str = "", **body: Any) -> Any:  # Any: JSON
    """Ask the API while preparing or checking, when failing is an error of the drill."""
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path} answered {response.status}: {text[:500]!r}")
    return json.loads(text or b"{}")
