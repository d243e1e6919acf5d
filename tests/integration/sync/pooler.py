"""A transaction-mode pooler, as small as one can be: it knows where transactions end."""

import socket
import struct
import threading
from contextlib import suppress

from backend.config.database_url import DatabaseUrl

_SSL_REQUEST = 80877103
_TRUSTED = b"R" + struct.pack("!ii", 8, 0)
_IDLE = b"I"


class Pooler:
    """Lends a session of the server to a client for one transaction at a time.

    Clients are not asked for a password; the sessions are logged in by the pooler itself.
    """

    def __init__(self, database: DatabaseUrl) -> None:
        self._database = database
        self._free: list[socket.socket] = []
        self._lock = threading.Lock()
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

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError):
            _greet(client)
            while True:
                first = client.recv(65536)
                if not first or first[:1] == b"X":
                    return
                self._one_transaction(client, first)

    def _one_transaction(self, client: socket.socket, first: bytes) -> None:
        server = self._take()
        server.sendall(first)
        while _answer(server, client) != _IDLE:
            server.sendall(client.recv(65536))
        with self._lock:
            self._free.append(server)

    def _take(self) -> socket.socket:
        with self._lock:
            if self._free:
                return self._free.pop()
        server = _logged_in(self._database)
        self._open.append(server)
        return server


def _greet(client: socket.socket) -> None:
    """Let a client in, whoever it is."""
    while True:
        (length,) = struct.unpack("!i", _exactly(client, 4))
        body = _exactly(client, length - 4)
        if struct.unpack("!i", body[:4])[0] != _SSL_REQUEST:
            break
        client.sendall(b"N")
    encoding = b"client_encoding\0UTF8\0"
    status = b"S" + struct.pack("!i", 4 + len(encoding)) + encoding
    key = b"K" + struct.pack("!iii", 12, 1, 1)
    client.sendall(_TRUSTED + status + key + b"Z" + struct.pack("!i", 5) + _IDLE)


def _logged_in(database: DatabaseUrl) -> socket.socket:
    """Open a session by a role that needs no password."""
    where = (database.params["host"], int(database.params["port"]))
    server = socket.create_connection(where)
    words = b"user\0pooled\0database\0" + database.params["dbname"].encode() + b"\0\0"
    server.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
    _answer(server, None)
    return server


def _answer(server: socket.socket, client: socket.socket | None) -> bytes:
    """Pass on messages until the server waits for more; return the state of its transaction."""
    while True:
        head = _exactly(server, 5)
        kind, length = head[:1], struct.unpack("!i", head[1:])[0]
        body = _exactly(server, length - 4)
        if client is not None:
            client.sendall(head + body)
        if kind == b"Z":
            return body


def _exactly(end: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = end.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found
