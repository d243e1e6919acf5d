"""The app in a process of its own, served by gunicorn as in the image, on a port of 127.0.0.1."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from backend.config.database_url import DatabaseUrl
from backend.config.env import Env
from backend.config.settings import read_settings
from tests.polling import PATIENCE, wait_for
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
SECRET_KEY = "invented-key-for-tests-invented-key-for-tests"


@dataclass
class LiveServer:
    """A running gunicorn."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.port}"

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, timeout: float = PATIENCE
    ) -> "Answer":
        """Ask on a new connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            return Answer.of(connection.getresponse())
        finally:
            connection.close()

    def wait_for(
        self, path: str, status: int, *, headers: Mapping[str, str] | None = None
    ) -> "Answer":
        """Ask until the answer has this status."""
        last: list[Answer] = []

        def answer() -> "Answer | None":
            assert self.process.poll() is None, self.log_text()
            with suppress(OSError):
                last[:] = [self.get(path, headers, timeout=5)]
            return next((one for one in last if one.status == status), None)

        try:
            return wait_for(answer, f"{status} from {path}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}\n{self.log_text()}") from None

    def log_text(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class Answer:
    """A response, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, response: HTTPResponse) -> "Answer":
        """Read the response."""
        return cls(
            response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        )

    @property
    def json(self) -> Any:  # Any: whatever the server sent
        """The body as JSON."""
        return json.loads(self.body)


def environment_for(database: DatabaseUrl) -> dict[str, str]:
    """Return the settings that make the app use `database`."""
    if database.path is not None:
        return {"DATABASE_URL": f"sqlite:///{database.path}"}
    return {"DATABASE_URL": database.conninfo()}


@contextmanager
def serve(database: DatabaseUrl, folder: Path, **settings: str) -> Iterator[LiveServer]:
    """Serve the app on `database` until the end of the block."""
    _refuse_unread(settings)
    port = free_port()
    log = folder / "gunicorn.log"
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": SECRET_KEY,
        **environment_for(database),
        **settings,
    }
    command = [
        sys.executable, "-m", "gunicorn", "-c", str(ROOT / "docker/app/gunicorn.conf.py"),
        "--bind", f"127.0.0.1:{port}", "backend.wsgi:app",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    server = LiveServer(port, process, log)
    try:
        server.wait_for("/api/live", 200)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _refuse_unread(settings: Mapping[str, str]) -> None:
    """Fail for a name that the app does not read: the test would try something else."""
    env = Env(settings)
    read_settings(env)
    unread = settings.keys() - env.names
    assert not unread, f"no settings of the app: {', '.join(sorted(unread))}"
