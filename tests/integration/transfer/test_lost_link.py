"""The network between the tool and Postgres breaks in the middle of a load."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from backend.config.database_url import DatabaseUrl
from tests.integration.transfer.conftest import contents, counts
from tests.integration.transfer.test_interrupted import finished, started


class Link:
    """Passes bytes on between a port of its own and a server, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._let_in, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and let nobody in again."""
        self._door.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(self._server)
                self._open += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def linked(database: DatabaseUrl) -> Iterator[tuple[Link, DatabaseUrl]]:
    """Give a link to the server of a database, and the way to the database through it."""
    link = Link(database.params["host"], int(database.params["port"]))
    yield link, replace(database, params={**database.params, "port": str(link.port)})
    link.cut()


def test_a_link_that_breaks_leaves_the_target_as_it_was(large, target) -> None:
    before = large.path.read_bytes()

    with linked(target) as (link, through_link):
        process = started(large, through_link, seen_by=target)
        link.cut()
        _, told = process.communicate(timeout=60)

    assert process.returncode == 69, told
    assert "Traceback" not in told
    assert not any(counts(target).values())
    assert finished(large, target).returncode == 0
    assert contents(target) == contents(large)
    assert large.path.read_bytes() == before
