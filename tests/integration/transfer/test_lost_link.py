"""The network between the tool and Postgres breaks in the middle of a load."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from backend.config.database_url import DatabaseUrl
from tests.integration.transfer.conftest import contents, counts, reading
from tests.integration.transfer.test_interrupted import finished, started
from tests.polling import PATIENCE


class Link:
    """Passes bytes on between a port of its own and a server, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._open = [self._door]
        self._threads: list[threading.Thread] = []
        self._start(self._let_in)

    def cut(self) -> None:
        """Break every connection, and let nobody in again."""
        # Closed alone it would let in one more, who is waited for already.
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break every connection, and wait until everybody has gone."""
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE)
        for end in self._open:
            end.close()

    def _start(self, work: Callable[..., None], *words: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=words, daemon=True))
        self._threads[-1].start()

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(self._server)
                self._open += [client, server]
                for ends in ((client, server), (server, client)):
                    self._start(_pass_on, *ends)


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
    with closing(link):
        yield link, replace(database, params={**database.params, "port": str(link.port)})


def test_a_link_that_breaks_leaves_the_target_as_it_was(large, target) -> None:
    before = large.path.read_bytes()

    with reading(target), linked(target) as (link, through_link):
        process = started(large, through_link, seen_by=target)
        link.cut()
        _, told = process.communicate(timeout=PATIENCE)

    assert process.returncode == 69, told
    assert "Traceback" not in told
    assert not any(counts(target).values())
    assert finished(large, target).returncode == 0
    assert contents(target) == contents(large)
    assert large.path.read_bytes() == before
