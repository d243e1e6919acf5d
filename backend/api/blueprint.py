"""The blueprints of all resources: strict JSON in, access checked before each view."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Request, request
from flask_smorest import Blueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from backend.request.identity import check_access

# Documents a POST that `backend.api.replies.create` runs once.
IDEMPOTENCY_HEADER = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "description": "Your name for this request; repeating it with this key is safe.",
            "schema": {"type": "string", "maxLength": 200},
        }
    ]
}


class StrictParser(FlaskParser):
    """Reads JSON bodies; a body that is not JSON is a 400."""

    def load_json(self, req: Request, schema: Schema) -> Any:  # Any: whatever JSON can hold
        """Return the body."""
        try:
            return super().load_json(req, schema)
        except (RecursionError, ValueError) as error:
            # Nested ten thousand deep, or a number of five thousand digits.
            raise BadRequest("the body cannot be read as JSON") from error

    def handle_invalid_json_error(self, *_args: Any, **_options: Any) -> NoReturn:  # Any: theirs
        """Refuse a body that does not parse."""
        raise BadRequest("the body is not JSON")


class ResourceBlueprint(Blueprint):
    """A blueprint of flask-smorest with our parser."""

    ARGUMENTS_PARSER = StrictParser()


def protected(name: str, description: str) -> ResourceBlueprint:
    """Return a blueprint whose routes need a login, and membership of the group in the path."""
    blueprint = open_to_all(name, description)
    blueprint.before_request(check_access)
    return blueprint


def open_to_all(name: str, description: str) -> ResourceBlueprint:
    """Return a blueprint whose routes check access themselves."""
    blueprint = ResourceBlueprint(name, __name__, url_prefix="/api/v1", description=description)
    blueprint.before_request(_demand_json)
    return blueprint


def _demand_json() -> None:
    # A form that another site makes a browser send cannot claim to be JSON.
    if (
        request.method in {"POST", "PUT", "PATCH"}
        and request.content_length
        and not request.is_json
    ):
        raise UnsupportedMediaType("send application/json")
