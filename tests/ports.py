"""Ports for servers of a test."""

import random
import socket

# Below those that systems give to clients and to Docker (Linux: from 32768, others: from 49152): a
# server that starts late still finds its port free.
_PORTS = range(20_000, 32_000)
_CHANCE = random.SystemRandom()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    while True:
        port = _CHANCE.choice(_PORTS)
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
