"""What surrounds every request: its id, its place in the watchdog's list, and its log line."""

from __future__ import annotations

import logging
import re
import time
import uuid
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

if TYPE_CHECKING:
    from backend.db.watchdog import Watchdog

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)

# Endpoints that answer without the app's own database connections, so that they go on answering
# while the database does not.
PROBES = frozenset({"health.live", "health.ready", "health.health", "public.static"})


def init_app(app: Flask, watchdog: Watchdog) -> None:
    """Give every request of `app` an id, a watchdog, and one line in the log."""

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        g.request_id = _request_id()
        if request.endpoint not in PROBES:
            watchdog.enter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        _log(response)
        return response

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        watchdog.leave()


def request_id() -> str:
    """Return the id of the running request."""
    found: str = g.get("request_id", "")
    return found


def _request_id() -> str:
    offered = request.headers.get("X-Request-ID", "")
    return offered if _REQUEST_ID.fullmatch(offered) else str(uuid.uuid4())


def _log(response: Response) -> None:
    # The route's template and never the path: paths hold ids, and query strings hold anything.
    route = request.url_rule.rule if request.url_rule else None
    quiet = request.endpoint in PROBES and response.status_code < 400
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "request",
        extra={
            "fields": {
                "request_id": g.request_id,
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "ms": round((time.perf_counter() - g.started) * 1000, 1),
                "user_id": g.get("user_id"),
                "client": _shortened(request.remote_addr),
            }
        },
    )


def _shortened(address: str | None) -> str | None:
    """Return the first bits of an address: enough to see a flood, too little to follow a person."""
    try:
        version = ip_address(address or "").version
    except ValueError:
        return None
    return str(ip_network(f"{address}/{24 if version == 4 else 48}", strict=False))
