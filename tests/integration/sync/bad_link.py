"""A way to a server that is long, and that breaks again and again."""

import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_HANDSHAKE = b"\x16\x03"


class BadLink:
    """Passes on what is sent, late; each time a budget of bytes is used up, all calls break off."""

    def __init__(self, port: int, *, one_way_seconds: float) -> None:
        self._server = ("127.0.0.1", port)
        self._seconds = one_way_seconds
        self._budgets: list[int] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.broken = 0
        # How often somebody said something to the server: each may have waited for the answer.
        self.said = 0
        # What each call began with: the wish for TLS, and the first thing after it.
        self.began: list[bytes] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._threads = [threading.Thread(target=self._let_in)]
        self._threads[0].start()

    def break_after(self, budgets: Sequence[int]) -> None:
        """Break when so many bytes have passed, and so many again after that."""
        with self._lock:
            self._budgets = list(budgets)

    def close(self) -> None:
        """Let nobody in any more, and wait until everybody has gone."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._break_off()
        for thread in self._threads:
            thread.join(30)
        self._door.close()

    @property
    def is_encrypted(self) -> bool:
        """Tell whether every call that said anything asked for TLS, and then spoke it."""
        return all(
            (_SSL_REQUEST + _HANDSHAKE).startswith(words[: len(_SSL_REQUEST + _HANDSHAKE)])
            for words in self.began
        )

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(self._server)
                with self._lock:
                    self._open |= {client, server}
                    self.began.append(b"")
                    number = len(self.began) - 1
                for words in ((client, server, number), (server, client, None)):
                    self._threads.append(threading.Thread(target=self._pass_on, args=words))
                    self._threads[-1].start()

    def _pass_on(self, source: socket.socket, target: socket.socket, number: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self._seconds)
                self.said += number is not None
                if number is not None and len(self.began[number]) < 100:
                    self.began[number] += data
                if self._is_used_up(len(data)):
                    self._break_off()
                    return
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _is_used_up(self, size: int) -> bool:
        with self._lock:
            if not self._budgets:
                return False
            self._budgets[0] -= size
            if self._budgets[0] >= 0:
                return False
            self._budgets.pop(0)
            self.broken += 1
            return True

    def _break_off(self) -> None:
        with self._lock:
            endpoints, self._open = self._open, set()
        for end in endpoints:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
