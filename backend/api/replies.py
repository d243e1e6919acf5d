"""Replies that several resources share: a created row, a page of a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode

from flask import Response, json, jsonify, request
from flask.json.provider import DefaultJSONProvider
from marshmallow import Schema

from backend.request.identity import require_person
from backend.services.idempotency import KeyedRequest, Reply, keyed_request, run_once
from backend.services.pagination import Page, PageRequest

T = TypeVar("T")


class UniformJson(DefaultJSONProvider):
    """JSON as every reply writes it: in the order of the schema, with letters as they are."""

    ensure_ascii = False
    sort_keys = False


def create(
    schema: type[Schema], make: Callable[[], T], where: Callable[[T], str] | None = None
) -> Response:
    """Run `make` once for this request's `Idempotency-Key`, and answer 201 with what it made."""

    def effect() -> Reply:
        row = make()
        body = json.dumps(schema().dump(row))
        return Reply(201, body, where(row) if where else None)

    return as_response(run_once(request_key(), effect))


def request_key() -> KeyedRequest | None:
    """Return the key of this request, bound to who sent what where."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    address = f"{request.method} {request.path}".encode()
    return keyed_request(require_person().id, key, address, request.get_data())


def as_response(reply: Reply) -> Response:
    """Return a reply as the client gets it, the first time and every other time."""
    response = Response(reply.body, reply.status_code, mimetype="application/json")
    if reply.location:
        response.headers["Location"] = reply.location
    if reply.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def listing(
    schema: type[Schema], find: Callable[[PageRequest], Page[T]], query: dict[str, object]
) -> Response:
    """Answer one page of a list, with the way to the next one."""
    wanted = PageRequest(**query)  # type: ignore[arg-type] # the query's schema has checked it
    page = find(wanted)
    response = jsonify(schema().dump(page))
    if page.next_cursor:
        arguments = urlencode(query | {"cursor": page.next_cursor})
        following = f"{request.root_path}{request.path}?{arguments}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response
