"""A transaction-mode pooler, as small as one can be: it knows where transactions end."""

import socket
import struct
import threading
from contextlib import suppress

from backend.config.database_url import DatabaseUrl

_SSL_REQUEST = 80877103
_TRUSTED = b"R" + struct.pack("!ii", 8, 0)
_IDLE = b"I"
_OWN_KEY = struct.pack("!ii", 1, 1)


class Pooler:
    """Lends a session of the server to a client for one transaction at a time.

    Clients are not asked for a password; the sessions are logged in by the pooler itself.
    `in_turn` lends the one that has waited longest, as some poolers do and others do not;
    `replays` greets with the number of the session that it logged in first; `most` lets clients
    wait while so many sessions are lent.
    """

    def __init__(
        self,
        database: DatabaseUrl,
        *,
        in_turn: bool = False,
        replays: bool = False,
        most: int = 100,
    ) -> None:
        self._database = database
        self._in_turn = in_turn
        self._replays = replays
        self._key = _OWN_KEY
        self._free: list[socket.socket] = []
        self._lock = threading.Lock()
        self._to_lend = threading.Semaphore(most)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._door]
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._let_in, daemon=True).start()

    def close(self) -> None:
        """Hang up on everybody."""
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @property
    def sessions(self) -> int:
        """The number of sessions of the server that nobody uses now."""
        with self._lock:
            return len(self._free)

    def fill(self, sessions: int) -> None:
        """Log in as often as it takes to have so many sessions to lend."""
        with self._lock:
            self._free += [self._logged_in() for _ in range(sessions - len(self._free))]

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError):
            _greet(client, self._key)
            while True:
                first = client.recv(65536)
                if not first or first[:1] == b"X":
                    return
                self._one_transaction(client, first)

    def _one_transaction(self, client: socket.socket, first: bytes) -> None:
        self._to_lend.acquire()
        server = self._take()
        server.sendall(first)
        while (state := _answer(server, client)) != _IDLE:
            client.sendall(_ready(state))
            server.sendall(client.recv(65536))
        # Lent again before its client hears of it: whoever comes next finds it.
        with self._lock:
            self._free.append(server)
        self._to_lend.release()
        client.sendall(_ready(state))

    def _take(self) -> socket.socket:
        with self._lock:
            if self._free:
                return self._free.pop(0 if self._in_turn else -1)
        return self._logged_in()

    def _logged_in(self) -> socket.socket:
        server, key = _logged_in(self._database)
        self._open.append(server)
        if self._replays and self._key == _OWN_KEY:
            self._key = key
        return server


def _greet(client: socket.socket, number: bytes) -> None:
    """Let a client in, whoever it is."""
    while True:
        (length,) = struct.unpack("!i", _exactly(client, 4))
        body = _exactly(client, length - 4)
        if struct.unpack("!i", body[:4])[0] != _SSL_REQUEST:
            break
        client.sendall(b"N")
    encoding = b"client_encoding\0UTF8\0"
    status = b"S" + struct.pack("!i", 4 + len(encoding)) + encoding
    key = b"K" + struct.pack("!i", 4 + len(number)) + number
    client.sendall(_TRUSTED + status + key + _ready(_IDLE))


def _logged_in(database: DatabaseUrl) -> tuple[socket.socket, bytes]:
    """Open a session by a role that needs no password; return it and the number it has."""
    where = (database.params["host"], int(database.params["port"]))
    server = socket.create_connection(where)
    words = b"user\0pooled\0database\0" + database.params["dbname"].encode() + b"\0\0"
    server.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
    key = b""
    while True:
        kind, body = _message(server)
        if kind == b"K":
            key = body
        if kind == b"Z":
            return server, key


def _answer(server: socket.socket, client: socket.socket) -> bytes:
    """Pass on messages until the server waits for more; return the state of its transaction."""
    while True:
        kind, body = _message(server)
        if kind == b"Z":
            return body
        client.sendall(kind + struct.pack("!i", 4 + len(body)) + body)


def _ready(state: bytes) -> bytes:
    return b"Z" + struct.pack("!i", 5) + state


def _message(server: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(server, 5)
    return head[:1], _exactly(server, struct.unpack("!i", head[1:])[0] - 4)


def _exactly(end: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = end.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found
