"""What asks the app in its container whether it lives."""

import runpy
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.ports import free_port

SCRIPT = Path(__file__).resolve().parents[3] / "docker" / "app" / "healthcheck.py"


class Answer(BaseHTTPRequestHandler):
    """503 under /api/ready, 200 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/api/ready" else 200)
        self.end_headers()
        self.wfile.write(f'{{"path":"{self.path}"}}'.encode())

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def ask() -> Callable[..., tuple[int, str]]:
    found: Callable[..., tuple[int, str]] = runpy.run_path(str(SCRIPT))["ask"]
    return found


@pytest.mark.parametrize(("path", "status"), [("/api/live", 200), ("/api/ready", 503)])
def test_tells_status_and_body(
    ask: Callable[..., tuple[int, str]], port: int, path: str, status: int
) -> None:
    assert ask(path, port) == (status, f'{{"path":"{path}"}}')


def test_imports_nothing_that_has_to_be_read_from_disk() -> None:
    assert imported("-c", "pass") | {"_socket"} == imported(str(SCRIPT))


def imported(*program: str) -> set[str]:
    """Return the modules that a program imports after Python has started, and for that."""
    ran = subprocess.run(
        (sys.executable, "-IS", "-X", "importtime", *program),
        capture_output=True,
        text=True,
        check=False,
    )
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


def test_nobody_listening_is_no_answer(ask: Callable[..., tuple[int, str]]) -> None:
    status, said = ask("/api/live", free_port())

    assert status == 0
    assert said.startswith("no answer")
