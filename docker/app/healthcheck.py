"""Ask the app in this container: print what it answers and exit 0 if that is a 200.

    python -IS /app/healthcheck.py [PATH]    the path is /api/live unless told

It runs every few seconds in both colours, so it imports nothing that is not compiled into Python:
`http.client` would make it five times, `socket` twice as expensive.
"""

import sys
from _socket import AF_INET, SOCK_STREAM, socket


def ask(path: str, port: int = 8000) -> tuple[int, str]:
    """Return the status and the body of one GET; no wait in it lasts longer than two seconds."""
    connection = socket(AF_INET, SOCK_STREAM)
    connection.settimeout(2)
    try:
        connection.connect(("127.0.0.1", port))
        connection.sendall(_request(path))
        head, _, body = _read(connection).partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), body.decode("utf-8", "replace")
    except (OSError, ValueError, IndexError) as error:
        return 0, f"no answer: {error}"
    finally:
        connection.close()


def _request(path: str) -> bytes:
    # An answer to HTTP/1.0 ends with the connection, and comes in one piece.
    lines = (f"GET {path} HTTP/1.0", "Host: 127.0.0.1", "User-Agent: healthcheck", "", "")
    return "\r\n".join(lines).encode()


def _read(connection: socket) -> bytes:
    received = b""
    while len(received) < 65536 and (piece := connection.recv(65536)):
        received += piece
    return received


if __name__ == "__main__":
    status, body = ask(sys.argv[1] if len(sys.argv) > 1 else "/api/live")
    sys.stdout.write(body.rstrip("\n") + "\n")
    raise SystemExit(status != 200)
