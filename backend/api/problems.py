"""Failures of the API as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Response

from backend.request.failures import Failure
from backend.request.lifecycle import request_id

MEDIA_TYPE = "application/problem+json"


def problem(failure: Failure) -> Response:
    """Return the problem document of a failure; `instance` is the id to quote when asking us."""
    document: dict[str, object] = {
        "type": f"/problems/{failure.status.name.lower().replace('_', '-')}",
        "title": failure.status.phrase,
        "status": failure.status.value,
        "detail": failure.detail,
        "instance": request_id(),
        "errors": [{"field": error.field, "message": error.message} for error in failure.errors],
    }
    response = Response(json.dumps(document), failure.status.value, mimetype=MEDIA_TYPE)
    if failure.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
