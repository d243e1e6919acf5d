"""Bring one notification to its address: bounded in time, in redirects, and in what is read."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Event, Timer
from typing import Literal

from backend.backup.notification.notify_address import NotifyAddress
from backend.errors import AppError
from backend.version import __version__

NotificationKind = Literal["heartbeat", "failure"]

_DEADLINE_SECONDS = 30.0
_MOST_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_OK = range(200, 300)
# Documentation addresses (RFC 5737, RFC 3849): nobody has them, and nothing is sent.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


@dataclass(frozen=True)
class Notification:
    """What is told: a heartbeat says nothing but that all is well."""

    kind: NotificationKind
    text: str = ""


def deliver(
    address: NotifyAddress, told: Notification, *, deadline: float = _DEADLINE_SECONDS
) -> None:
    """Tell it.

    Raises:
        AppError: nobody there has taken it; the message names the host alone.
    """
    until = time.monotonic() + deadline
    there = address if told.kind == "heartbeat" else address.of_failure()
    for _ in range(_MOST_REDIRECTS + 1):
        status, location = _answer(there, told, until - time.monotonic())
        if status in _OK:
            return
        if status not in _REDIRECTS or not location:
            raise AppError(f"{there.origin} answers {status}", hint="see BACKUP_NOTIFY_URL")
        there = there.redirected(location)
    raise AppError(f"{there.origin} redirects without end", hint="see BACKUP_NOTIFY_URL")


def _answer(there: NotifyAddress, told: Notification, seconds: float) -> tuple[int, str]:
    if seconds <= 0:
        raise AppError(f"{there.origin} takes too long")
    connection = there.connection(seconds)
    # Timeouts of a socket are of one wait, and whoever sends a byte now and then never reaches one.
    is_late = Event()
    watchdog = Timer(seconds, _break_off, (connection, is_late))
    watchdog.daemon = True
    watchdog.start()
    try:
        # While it is being opened, there is nothing yet that could be broken off.
        connection.connect()
        _require_time(is_late)
        answer = _ask(connection, there, told)
        # Broken off within its head, an answer looks like a whole one.
        _require_time(is_late)
        return answer
    except (OSError, HTTPException) as error:
        raise AppError(f"{there.origin} cannot be told: {_reason(error)}") from None
    finally:
        watchdog.cancel()
        connection.close()


def _require_time(is_late: Event) -> None:
    if is_late.is_set():
        raise TimeoutError("it takes too long")


def _reason(error: OSError | HTTPException) -> str:
    # http.client quotes what came, and whoever is no web service may send the token back.
    said = str(error) if isinstance(error, OSError) else ""
    return said or type(error).__name__


def _ask(connection: HTTPConnection, there: NotifyAddress, told: Notification) -> tuple[int, str]:
    headers = {"User-Agent": f"hesap-paylas/{__version__}"}
    if told.kind == "heartbeat":
        # Every service of this kind takes a GET; some take nothing else.
        connection.request("GET", there.target, headers=headers)
    else:
        headers["Content-Type"] = "text/plain; charset=utf-8"
        connection.request("POST", there.target, told.text.encode(), headers)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Location", "")


def _break_off(connection: HTTPConnection, is_late: Event) -> None:
    # First: whoever reads must not see the end before it knows what the end means.
    is_late.set()
    with suppress(OSError, AttributeError):  # not open yet, or closed already
        connection.sock.shutdown(socket.SHUT_RDWR)


def has_way_out() -> bool:
    """Tell whether this container has a route to others; connecting a datagram sends nothing."""
    return any(_has_route(*one) for one in _ELSEWHERE)


def _has_route(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
    except OSError:
        return False
    return True
