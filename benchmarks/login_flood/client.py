"""One request through the proxy, from any network: a trusted proxy in front would say which."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

PATIENCE = 90


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    seconds: float
    body: bytes
    retry_after: float
    cookie: str = ""

    @property
    def json(self) -> Any:  # Any: whatever the app sent
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Client:
    """Somebody at an address; 198.18.0.0/15 is set aside for benchmarks and is nobody's."""

    port: int
    address: str
    headers: dict[str, str]

    def get(self, path: str) -> Answer:
        """GET a path."""
        return self._send("GET", path)

    def post(self, path: str, body: object) -> Answer:
        """POST JSON."""
        return self._send("POST", path, json.dumps(body), "application/json")

    def submit(self, path: str, fields: dict[str, str]) -> Answer:
        """Send a form."""
        return self._send("POST", path, urlencode(fields), "application/x-www-form-urlencoded")

    def log_in(self, email: str, password: str) -> Answer:
        """Try to trade credentials for a token."""
        return self.post("/api/v1/auth/login", {"email": email, "password": password})

    def _send(self, method: str, path: str, body: str | None = None, kind: str = "") -> Answer:
        """Ask once, on a connection of its own; status 0 is no answer."""
        headers = {"X-Forwarded-For": self.address, "Content-Type": kind, **self.headers}
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            return Answer(0, time.monotonic() - started, b"", 1)
        finally:
            connection.close()
        return Answer(
            response.status,
            time.monotonic() - started,
            text,
            float(response.getheader("Retry-After", "1")),
            response.getheader("Set-Cookie", "").partition(";")[0],
        )


def must(answer: Answer) -> Answer:
    """Return an answer that preparing the benchmark cannot do without."""
    if answer.status not in {200, 201, 303}:
        raise RuntimeError(f"{answer.status}: {answer.body[:300]!r}")
    return answer
