"""A door that speaks TLS in front of a Postgres that does not, with a certificate of its own."""

import shutil
import socket
import ssl
import struct
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from tests.fix_missing import not_here

_REQUEST_BYTES = 8


class TlsDoor:
    """Takes the TLS off and passes on what was in it."""

    def __init__(self, database: DatabaseUrl, folder: Path) -> None:
        self._server = (database.params["host"], int(database.params["port"]))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*_certificate(folder))
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._let_in, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            request = client.recv(_REQUEST_BYTES, socket.MSG_WAITALL)
            if len(request) < _REQUEST_BYTES:  # whoever called has hung up again
                return
            assert struct.unpack("!ii", request) == (8, 80877103)
            client.sendall(b"S")
            with self._context.wrap_socket(client, server_side=True) as inside:
                back = threading.Thread(target=_pass_on, args=(server, inside), daemon=True)
                back.start()
                _pass_on(inside, server)
                back.join()


def _certificate(folder: Path) -> tuple[Path, Path]:
    if not shutil.which("openssl"):
        not_here("openssl, which makes a certificate, is not installed")
    certificate, key = folder / "server.crt", folder / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
         "-days", "2", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
