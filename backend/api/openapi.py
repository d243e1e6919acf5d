"""The OpenAPI document, made from the routes and schemas themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask
from flask_smorest import Api
from marshmallow import Schema, fields

from backend.api.messages.common import one_of
from backend.api.operations import OperationsPlugin, failure_headers
from backend.api.problems import MEDIA_TYPE

_ABOUT = """
Share the bill. Amounts are decimal strings; currencies are ISO 4217 codes; times are UTC.

* **Who**: `Authorization: Bearer hp_...` from `POST /api/v1/auth/login`, or the session cookie of
  the pages with `X-CSRF-Token` (from `GET /api/v1/me`) on unsafe methods.
* **Once**: send `Idempotency-Key` with a POST. Within 24 hours the same key with the same body
  gives the stored reply (`Idempotent-Replayed: true`), with another body 422, and 409 while the
  first one is still running. Keys belong to an account; signing up repeats safely without one.
* **Pages**: `limit` and `cursor`; `next_cursor` and the `Link` header lead on.
* **Errors** are `application/problem+json`. What is not yours is answered like what is not there.
"""


class ProblemField(Schema):
    """What is wrong with one field."""

    field = fields.String(required=True)
    message = fields.String(required=True)


class Problem(Schema):
    """A failed request (RFC 9457); quote `instance` when you ask about it."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    errors = fields.List(fields.Nested(ProblemField), required=True)


class DocumentedApi(Api):
    """flask-smorest with our failures: it documents them, `backend.request.failures` makes them."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        problem = {"content": {MEDIA_TYPE: {"schema": self.ERROR_SCHEMA}}}
        for status in HTTPStatus:
            described = {"description": status.phrase, "headers": failure_headers(status)}
            self.spec.components.response(status.name, described | problem, lazy=True)
        default = {"description": "Any other failure"}
        self.spec.components.response("DEFAULT_ERROR", default | problem, lazy=True)


def make_api(app: Flask) -> DocumentedApi:
    """Return the API of `app`, which serves /api/openapi.json."""
    app.config.update(
        OPENAPI_URL_PREFIX="/api",
        API_SPEC_OPTIONS={
            "info": {"description": _ABOUT},
            "security": [{"bearer": []}, {"session": []}],
        },
    )
    api = DocumentedApi(
        app,
        spec_kwargs={
            "title": "Hesap Paylaş",
            "version": "1",
            "openapi_version": "3.1.0",
            "extra_plugins": [OperationsPlugin()],
        },
    )
    api.ma_plugin.converter.add_attribute_function(one_of)
    for name, scheme in _security_schemes(app).items():
        api.spec.components.security_scheme(name, scheme)
    return api


def _security_schemes(app: Flask) -> dict[str, dict[str, Any]]:  # Any: OpenAPI's own shape
    cookie = app.config["SESSION_COOKIE_NAME"]
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie},
    }
