"""Somebody who uses the stack through its front door: the proxy's port and the public API."""

import json
import secrets
from dataclasses import dataclass
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.system.stack import Stack

Body = dict[str, Any]  # Any: JSON


@dataclass
class Person:
    """An account with a token; every POST carries a fresh Idempotency-Key."""

    stack: Stack
    email: str
    password: str
    token: str = ""

    @classmethod
    def signed_up(cls, stack: Stack) -> Self:
        """Sign up with an invented address and take a token."""
        person = cls(stack, f"ana-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16))
        person.post("auth/signup", **person.credentials, display_name="Ana")
        person.log_in()
        return person

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": self.password}

    def log_in(self) -> None:
        """Trade the password for a token."""
        self.token = self.post("auth/login", **self.credentials)["token"]

    def get(self, path: str) -> Body:
        """Return what GET under /api/v1 answers; anything but success fails the test."""
        return self._send("GET", path, None)

    def post(self, path: str, **body: object) -> Body:
        """Return what POST under /api/v1 answers; anything but success fails the test."""
        return self._send("POST", path, json.dumps(body).encode())

    def _send(self, method: str, path: str, body: bytes | None) -> Body:
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        url = f"{self.stack.url}/api/v1/{path}"
        try:
            with urlopen(Request(url, body, headers, method=method), timeout=60) as response:  # noqa: S310 - our own URL
                answer: Body = json.loads(response.read() or b"{}")
                return answer
        except HTTPError as error:
            said = error.read().decode("utf-8", "replace")
            raise AssertionError(f"{method} {path}: {error.code} {said}") from None
