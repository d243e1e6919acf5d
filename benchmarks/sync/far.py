"""A door to a server that is far away: every byte takes half a round trip, and is counted."""

import asyncio
import threading
from contextlib import suppress


class FarDoor:
    """Listens on a port of 127.0.0.1 and passes everything on, later."""

    def __init__(self, port: int, *, seconds: float) -> None:
        self._to, self._half = port, seconds / 2
        self.port = 0
        self.sent = 0
        self.received = 0
        self._loop = asyncio.new_event_loop()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._closing = asyncio.Event()

    def __enter__(self) -> "FarDoor":
        """Open the door."""
        self._thread.start()
        self._open.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._let_in, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._open.set()
        await self._closing.wait()
        server.close()

    async def _let_in(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        server, there = await asyncio.open_connection("127.0.0.1", self._to)
        with suppress(ConnectionError):
            await asyncio.gather(
                self._pass(client, there, "sent"), self._pass(server, back, "received")
            )

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, counter: str
    ) -> None:
        """Send each piece half a round trip after it came; pieces follow each other at once."""
        while data := await source.read(65536):
            setattr(self, counter, getattr(self, counter) + len(data))
            self._loop.call_later(self._half, target.write, data)
        self._loop.call_later(self._half, target.close)
