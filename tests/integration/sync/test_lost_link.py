"""The network breaks in the middle of a sync: the run is made again, and ends as if it had not."""

import select
import socket
import threading
from contextlib import closing, suppress

import pytest

from backend.config.database_url import DatabaseUrl
from backend.sync import retries
from backend.sync.cli import main
from tests.integration.sync.conftest import on_port
from tests.integration.sync.pair import Pair, paired

PEOPLE = 300


class ShakyLink:
    """Passes on so many bytes to the server, then breaks; later connections hold."""

    def __init__(self, database: DatabaseUrl, last: int) -> None:
        self._server = (database.params["host"], int(database.params["port"]))
        self._lasts = [last]
        self.broken = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._threads = [threading.Thread(target=self._let_in)]
        self._threads[0].start()

    def close(self) -> None:
        """Let nobody in any more, and wait until everybody has gone."""
        self._door.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)
        self._door.close()

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                last = self._lasts.pop() if self._lasts else 10**12
                self._threads.append(threading.Thread(target=self._serve, args=(client, last)))
                self._threads[-1].start()

    def _serve(self, client: socket.socket, last: int) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            others = {client: server, server: client}
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(4096)
                    last -= len(data) if source is client else 0
                    self.broken += last < 0
                    if not data or last < 0:
                        return
                    others[source].sendall(data)


@pytest.fixture
def pair(sqlite_template, postgres_server, postgres_template, tmp_path):
    """A file with many people in it, and a server that has none of them yet."""
    path = tmp_path / "home.db"
    path.write_bytes(sqlite_template.read_bytes())
    remote = postgres_server.new_database(postgres_template)
    with paired(DatabaseUrl("sqlite", path=path), remote) as both:
        # Known to both before: what is added then travels batch by batch.
        both.push()
        for number in range(PEOPLE):
            both.local.add_user(f"p{number}@example.com")
        yield both
    postgres_server.drop_database(remote)


# How long the connection of the first try lives: from the look at both sides to the last batch.
@pytest.mark.parametrize(
    "bytes_until_it_breaks",
    [
        1_500,
        60_000,
        *(pytest.param(one, marks=pytest.mark.slow) for one in (4_000, 20_000, 90_000)),
    ],
)
def test_a_run_that_is_cut_off_is_made_again(
    pair: Pair, bytes_until_it_breaks: int, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(retries, "_WAIT", lambda _state: 0.05)
    link = ShakyLink(pair.remote.database, bytes_until_it_breaks)
    with closing(link):
        through = on_port(pair.remote.database, link.port)
        monkeypatch.setenv("RENDER_DATABASE_URL", through.conninfo())
        code = main(["local2render", "--local", str(pair.local.database), "--batch-size", "50"])

    told = capsys.readouterr()
    assert code == 0, told.err
    assert link.broken == 1
    assert "trying again try=2/4" in told.err
    assert pair.differences() == {}
    assert pair.verify() == []
    assert pair.push().written == 0
