"""The tokens of the person who asks."""

from __future__ import annotations

from uuid import UUID

from flask import Response, json

from backend.api.blueprint import IDEMPOTENCY_HEADER, protected
from backend.api.messages.accounts import NewTokenSchema, TokenInput, TokenPage
from backend.api.messages.common import PageQuery
from backend.api.replies import as_response, listing, request_key
from backend.db.transactions import writing
from backend.request.identity import require_person
from backend.services import api_tokens
from backend.services.idempotency import Reply, run_once

blueprint = protected("tokens", "Bearer tokens, revocable one by one")


@blueprint.get("/tokens")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, TokenPage)
def list_tokens(query: dict[str, object]) -> Response:
    """List the tokens that still work, newest first."""
    person = require_person()
    return listing(TokenPage, lambda page: api_tokens.page_of(person.id, page), query)


@blueprint.post("/tokens")
@blueprint.arguments(TokenInput)
@blueprint.response(201, NewTokenSchema)
@blueprint.doc(**IDEMPOTENCY_HEADER)
def create_token(body: dict[str, str]) -> Response:
    """Make a token.

    A replayed reply holds null in place of the token: it is kept nowhere. Revoke that token by
    its id and make another one.
    """
    shown: dict[str, str] = {}

    def effect() -> Reply:
        row, shown["token"] = api_tokens.create(require_person().id, body["name"])
        return Reply(201, json.dumps(NewTokenSchema().dump(row) | {"token": None}))

    response = as_response(run_once(request_key(), effect))
    if shown:
        response.set_data(json.dumps(json.loads(response.get_data()) | shown))
    return response


@blueprint.delete("/tokens/<uuid:token_id>")
@blueprint.response(204)
def revoke_token(token_id: UUID) -> Response:
    """Revoke a token; from then on it is refused."""
    with writing():
        api_tokens.revoke(require_person().id, token_id)
    return Response(status=204)
