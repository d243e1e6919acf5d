"""What every operation of the OpenAPI document says beside its own schemas.

Names, failures and headers follow from the route, so that no resource has to repeat them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from apispec import BasePlugin
from werkzeug.routing import Rule

_UNSAFE = frozenset({"post", "put", "patch", "delete"})
_WITH_BODY = frozenset({"post", "put", "patch"})

_CSRF = {
    "in": "header",
    "name": "X-CSRF-Token",
    "description": "Needed with a session cookie, not with a token: `GET /api/v1/me` brings it.",
    "schema": {"type": "string"},
}
_REQUEST_ID = {
    "description": "The id of this request; quote it when you ask about it.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 64},
}
_REPLAYED = {
    "description": "`true` if this is the stored reply to an earlier request.",
    "schema": {"type": "string", "const": "true"},
}
CSRF_TOKEN = {
    "X-CSRF-Token": {
        "description": "With a session: what unsafe methods must send.",
        "schema": {"type": "string"},
    }
}
REPLAYED = {"Idempotent-Replayed": _REPLAYED}
_LINK = {
    "description": 'Where the next page is, as `<address>; rel="next"`; absent on the last page.',
    "schema": {"type": "string"},
}
_RETRY_AFTER = {
    "description": "Seconds until it is worth trying again.",
    "schema": {"type": "integer", "minimum": 1},
}
_ALLOW = {"description": "The methods that there are.", "schema": {"type": "string"}}
_CHALLENGE = {"description": "How to log in.", "schema": {"type": "string", "const": "Bearer"}}

_FAILURE_HEADERS: dict[HTTPStatus, dict[str, Any]] = {  # Any: OpenAPI's own shape
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": _CHALLENGE},
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": _ALLOW},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": _RETRY_AFTER},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": _RETRY_AFTER},
}

# Where a created resource can be read: for `headers` of a resource's own response.
LOCATION = {
    "Location": {
        "description": "Where it can be read from now on.",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}


class OperationsPlugin(BasePlugin):
    """Completes each operation by its route and method."""

    def operation_helper(
        self,
        path: str | None = None,
        operations: dict[str, Any] | None = None,  # Any: OpenAPI's own shape
        **told: Any,  # Any: what every plugin is told; `rule` is the route
    ) -> None:
        """Give the operations of one path their names, failures and headers."""
        del path
        rule: Rule = told["rule"]
        for method, operation in (operations or {}).items():
            operation["operationId"] = rule.endpoint.rpartition(".")[2]
            for status in _failures(method, operation, rule):
                operation["responses"].setdefault(str(status.value), status.name)
            if method in _UNSAFE and operation.get("security") != []:
                operation.setdefault("parameters", []).append(_CSRF)
            _add_headers(operation)


def failure_headers(status: HTTPStatus) -> dict[str, Any]:  # Any: OpenAPI's own shape
    """Return the headers that a failure with this status carries."""
    return {"X-Request-ID": _REQUEST_ID, **_FAILURE_HEADERS.get(status, {})}


def _failures(method: str, operation: dict[str, Any], rule: Rule) -> list[HTTPStatus]:
    found = []
    if operation.get("security") != []:
        found.append(HTTPStatus.UNAUTHORIZED)
        if method in _UNSAFE:
            found.append(HTTPStatus.FORBIDDEN)
    if rule.arguments:
        found.append(HTTPStatus.NOT_FOUND)
    if method in _WITH_BODY and "requestBody" in operation:
        found += [
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ]
    if rule.endpoint not in {"health.live"}:
        found.append(HTTPStatus.SERVICE_UNAVAILABLE)
    return found


def _add_headers(operation: dict[str, Any]) -> None:  # Any: OpenAPI's own shape
    names = {parameter.get("name") for parameter in operation.get("parameters", [])}
    for status, response in operation["responses"].items():
        if not str(status).startswith("2"):
            continue
        headers = response.setdefault("headers", {})
        headers["X-Request-ID"] = _REQUEST_ID
        if "Idempotency-Key" in names:
            headers["Idempotent-Replayed"] = _REPLAYED
        if "cursor" in names:
            headers["Link"] = _LINK
