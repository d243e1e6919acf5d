"""The gunicorn worker: requests that never reach the app are refused as problem documents too."""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.workers.gthread import ThreadWorker

_TOO_LONG = {
    LimitRequestLine: (HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long."),
    LimitRequestHeaders: (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The headers are too many, or too long.",
    ),
}


class ProblemWorker(ThreadWorker):  # type: ignore[misc] # gunicorn carries no types
    """A threaded worker whose own refusals are `application/problem+json`."""

    def handle_error(
        self, req: Any, client: Any, addr: Any, exc: Exception
    ) -> None:  # Any: gunicorn's
        """Answer a request that could not be read."""
        known = _TOO_LONG.get(type(exc))
        if known is None:
            super().handle_error(req, client, addr, exc)
            return
        status, detail = known
        self.log.warning("request refused: %s", status.phrase)
        util.write_nonblock(client, _problem(status, detail))


def _problem(status: HTTPStatus, detail: str) -> bytes:
    # As `backend.api.problems` writes it; nothing of the app has been reached here.
    request_id = str(uuid.uuid4())
    document: dict[str, object] = {
        "type": f"/problems/{status.phrase.lower().replace(' ', '-')}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": request_id,
        "errors": [],
    }
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/problem+json\r\n"
        "Cache-Control: no-store\r\n"
        f"X-Request-ID: {request_id}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
