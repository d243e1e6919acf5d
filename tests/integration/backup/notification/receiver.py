"""A web service that is notified, on a port of 127.0.0.1: notes what comes, answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

Act = Callable[[BaseHTTPRequestHandler], None]


class Asked(NamedTuple):
    """One request."""

    method: str
    target: str
    body: str


@dataclass
class Receiver:
    """What was asked so far, and how the next requests are answered: by 200 unless told."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


@contextmanager
def receiver(*, certificate: Path | None = None) -> Iterator[Receiver]:
    """Serve until the end of the block, over TLS with a file of certificate and key."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            found.asked.append(Asked(self.command, self.path, body))
            (found.acts.pop(0) if found.acts else answer(200))(self)

        do_POST = do_GET  # noqa: N815 - the library's name

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if certificate is not None:
        context, scheme = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "https"
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"{scheme}://localhost:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(status: int, **headers: str) -> Act:
    """Answer so."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return act
